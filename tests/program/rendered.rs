//! `steadfast render` and the settings that `run` refuses, before it claims anything.

use crate::region::{POOL, Region};
use crate::run::exit;

#[test]
fn render_prints_the_slots_configuration_and_touches_nothing() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    let before = instance.sh("find /run /var/lib /etc -newer /proc/1/cmdline -type f | sort");
    let render = |more: &[&str]| instance.steadfast(&[&["render", "--pool", POOL], more].concat());
    render(&[]).fails(exit::CONFIG, &["holds no slot", "--slot N"]);
    render(&["--slot", "7"]).fails(exit::CONFIG, &["no slot 7", "1, 2, 3"]);
    let second = render(&["--slot", "2"]).done().stdout;
    let addresses: Vec<String> = region.slots().iter().map(|eni| eni.ipv4[0].clone()).collect();
    for (n, address) in (1..).zip(&addresses) {
        assert!(second.contains(&format!("\nserver.{n}={address}:2888:3888\n")), "{second}");
    }
    assert!(second.contains(&format!("\nclientPortAddress={}\n", addresses[1])), "{second}");
    assert!(second.contains("\ndb.autocreate=false\n"), "{second}");
    let after = instance.sh("find /run /var/lib /etc -newer /proc/1/cmdline -type f | sort");
    assert_eq!(after, before);

    instance.claim(&["--only-slot", "3"]).done();
    let mark = instance.mark();
    let third = instance.steadfast(&["render"]).done().stdout;
    assert!(third.contains(&format!("\nclientPortAddress={}\n", addresses[2])), "{third}");
    assert_eq!(instance.calls_since(mark), [""; 0]);
}

#[test]
fn settings_come_from_the_table_and_from_a_file() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh("mkdir -p /etc/steadfast; cat >/etc/steadfast/steadfast.toml <<'X'\n\
                 pool = \"kafka\"\nzookeeper-config = \"/etc/steadfast/more.cfg\"\n\
                 [zookeeper]\ntickTime = 500\nautopurge.purgeInterval = 3\nX\n\
                 printf 'initLimit=33\\n' >/etc/steadfast/more.cfg");
    let text = instance.steadfast(&["render", "--slot", "1"]).done().stdout;
    for line in ["tickTime=500", "autopurge.purgeInterval=3", "initLimit=33", "syncLimit=5"] {
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
}

#[test]
fn what_the_safety_rules_own_is_refused_before_anything_is_claimed() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let cases = [
        ("db.autocreate = true", "db.autocreate"),
        ("standaloneEnabled = true", "standaloneEnabled"),
        ("reconfigEnabled = true", "reconfigEnabled"),
        ("clientPort = 2182", "clientPort"),
        ("\"server.1\" = \"10.0.0.1:2888:3888\"", "server.1"),
        ("tickTime = \"soon\"", "tickTime"),
    ];
    for (line, key) in cases {
        let write = format!(
            "mkdir -p /etc/steadfast; cat >/etc/steadfast/steadfast.toml <<'X'\n\
             pool = \"kafka\"\n[zookeeper]\n{line}\nX"
        );
        instance.sh(&write);
        for command in [&["run", "--", "true"][..], &["render", "--slot", "1"]] {
            let refused = instance.steadfast(command);
            refused.fails(exit::CONFIG, &[key, "steadfast.toml"]);
        }
    }
    assert_eq!(instance.calls(), [""; 0]);
}

#[test]
fn data_of_another_pool_is_refused_before_anything_is_claimed() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance
        .sh("mkdir -p /var/lib/zookeeper/version-2; touch /var/lib/zookeeper/version-2/log.1; \
                 echo other >/var/lib/zookeeper/steadfast.pool");
    let refused =
        instance.steadfast(&["run", "--pool", POOL, "--user", "root", "--", "sleep", "10001"]);
    refused.fails(exit::CONFIG, &["other", "kafka", "/var/lib/zookeeper"]);
    assert_eq!(instance.calls(), [""; 0]);
}
