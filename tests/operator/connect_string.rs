//! `steadfast connect-string`.

use crate::region::{POOL, Region};
use crate::run::Running;
use crate::schema::checked;

#[test]
fn it_is_written_as_asked_for() {
    let region = Region::with_pool(3);
    let laptop = region.launch("a");
    let text = laptop.steadfast(&["connect-string", "--pool", POOL]).done().stdout;
    let slots = region.slots();
    let servers: Vec<String> = slots.iter().map(|eni| format!("{}:2181", eni.ipv4[0])).collect();
    let servers = servers.join(",");
    assert_eq!(text, format!("{servers}\n"));
    let with = |format: &str| {
        let args = ["connect-string", "--pool", POOL, "--chroot", "/kafka", "--format", format];
        laptop.steadfast(&args).done().stdout
    };
    assert_eq!(with("properties"), format!("zookeeper.connect={servers}/kafka\n"));
    assert_eq!(with("env"), format!("STEADFAST_CONNECT_STRING={servers}/kafka\n"));
    let json = checked("connect-string", &with("json"));
    assert_eq!(json["connect_string"], format!("{servers}/kafka"));
    assert_eq!(json["servers"].as_array().unwrap().len(), 3);
}

#[test]
fn bad_input_is_told() {
    let region = Region::with_pool(1);
    let laptop = region.launch("a");
    let run = |args: &[&str]| laptop.steadfast(&[&["connect-string"], args].concat());
    run(&["--pool", "nowhere"]).fails(78, &["pool nowhere has no ENI"]);
    let typed = run(&["--pool", POOL, "--chroot", "kafka"]);
    assert_eq!(typed.code, 64);
    assert!(typed.stderr.contains("is not a chroot (as /kafka"), "{}", typed.stderr);
    run(&[]).fails(78, &["no pool is named"]);
}

/// As on most laptops: the region is where the AWS CLI has it from.
#[test]
fn the_region_may_be_that_of_the_aws_profile() {
    let region = Region::with_pool(1);
    let laptop = crate::pool::Laptop(&region);
    let dir = std::env::temp_dir().join(format!("steadfast-profile-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("config");
    let name = &region.info().unwrap().environment["AWS_REGION"];
    std::fs::write(&file, format!("[profile ops]\nregion = {name}\n")).unwrap();
    let run = |key: &str, value: &str| {
        let mut command = laptop.command();
        command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
        command.env("AWS_CONFIG_FILE", &file).env(key, value);
        command.args(["connect-string", "--pool", POOL]);
        Running::start(command).finish()
    };
    assert!(run("AWS_PROFILE", "ops").done().stdout.ends_with(":2181\n"));
    assert!(run("AWS_DEFAULT_REGION", name).done().stdout.ends_with(":2181\n"));
    run("AWS_PROFILE", "default").fails(78, &["no region is named", "the AWS profile's region"]);
    std::fs::remove_dir_all(&dir).unwrap();
}
