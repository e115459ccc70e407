//! `steadfast connect-string`.

use crate::pool::{error, fail};
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

/// A role that is broken is not waited for: a person sees to it.
#[test]
fn missing_credentials_are_told_with_what_gives_some() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let args = ["connect-string", "--pool", POOL, "--region", "eu-west-1", "--timeout", "1h"];
    // Of a token, of the instance's role.
    let forbidden = "IMDS, asked for the role's, answers with HTTP status 403";
    for (after, status, because) in
        [(0, 403, forbidden), (1, 403, forbidden), (1, 404, "there are none in")]
    {
        region.clear_faults().unwrap();
        fail(&region, "imds", after, None, error(status, ""));
        let outcome = host.steadfast(&args);
        outcome
            .fails(78, &["no credentials: ", because, "attach an instance profile", "AWS_PROFILE"]);
        // Told once, and not tried again.
        assert_eq!(outcome.stderr.matches("no credentials").count(), 1, "{}", outcome.stderr);
    }
}

/// What the metadata service cannot do now it may do in a moment.
#[test]
fn credentials_that_only_come_late_are_waited_for() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    for after in [0, 1] {
        fail(&region, "imds", after, None, error(503, ""));
        let args = ["connect-string", "--pool", POOL, "--region", "eu-west-1", "--timeout", "1h"];
        let mut asked = host.start(&args);
        assert!(asked.wait_line("no credentials came"));
        region.clear_faults().unwrap();
        assert!(asked.finish().done().stdout.ends_with(":2181\n"));
    }
}
