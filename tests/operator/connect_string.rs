//! `steadfast connect-string`.

use crate::region::{POOL, Region};
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
