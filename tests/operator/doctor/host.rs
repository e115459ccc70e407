//! The host's part, on instances: what is broken there is found, and gone after the printed commands,
//! which a shell runs as they are. Where they call a service manager or a package manager there is a
//! stand-in that does nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{healthy, members, wrong};
use crate::region::{Instance, POOL, Region, eventually, program};
use crate::run::Running;
use crate::schema::checked;

/// The checks that depend on the machine that the tests run on, whose `/proc` and `/usr` the instances
/// see: they are judged on files of their own elsewhere.
const OF_THE_MACHINE: [&str; 4] = ["swap", "disk-space", "java", "time-service"];

/// As the agent on the instance.
fn report(on: &Instance<'_>) -> Value {
    let args = ["doctor", "--pool", POOL, "--no-zookeeper", "--output", "json"];
    let outcome = on.steadfast(&args);
    let report = checked("doctor", &outcome.stdout);
    assert_eq!(report["exit_status"], outcome.code, "{report:#}");
    report
}

/// On a host whose ZooKeeper `steadfast run` has started, with what it needs.
pub fn finds_a_server(on: &Instance<'_>) {
    let report = report(on);
    let findings = report["findings"].as_array().unwrap();
    let of = |check: &str| findings.iter().find(|it| it["check"] == check);
    for check in ["data-dir", "slot-json", "slot-network", "metadata"] {
        assert_eq!(of(check).unwrap()["severity"], "ok", "{check}: {report:#}");
    }
    // It is found among the processes, whatever its limit is on this machine.
    assert!(of("open-files").is_some(), "{report:#}");
}

fn wrong_here(report: &Value) -> BTreeSet<String> {
    let all = wrong(report).into_iter().map(|(check, _)| check);
    all.filter(|check| !OF_THE_MACHINE.contains(&check.as_str())).collect()
}

fn set(checks: &[&str]) -> BTreeSet<String> {
    checks.iter().map(|it| (*it).to_owned()).collect()
}

/// Runs the commands of a check's findings, with stand-ins for what an instance here does not have.
fn mend(on: &Instance<'_>, report: &Value, check: &str) {
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|it| it["check"] == check && it["severity"] != "ok");
    let commands = findings.flat_map(|it| it["commands"].as_array().unwrap());
    let commands: Vec<&str> = commands.map(|it| it.as_str().unwrap()).collect();
    assert!(!commands.is_empty(), "{check}: {report:#}");
    for command in commands {
        on.sh(&format!("PATH=/run/stand-ins:$PATH\n{command}"));
    }
}

/// A host with nothing wrong: the account of the packages, and nothing of them.
fn prepare(on: &Instance<'_>) {
    on.sh(&format!(
        "mkdir -p /run/stand-ins; cd /run/stand-ins; ln -s {} steadfast\n\
         for it in systemctl networkctl apt-get; do ln -s /bin/true $it; done\n\
         grep -q ^zookeeper: /etc/passwd || echo zookeeper:x:0:0::/:/bin/sh >>/etc/passwd\n\
         rm -rf /var/lib/zookeeper /etc/zookeeper /etc/systemd /etc/init.d /etc/rc?.d",
        program()
    ));
}

#[test]
fn a_slots_network_is_held_against_what_it_should_be() {
    let region = healthy();
    region.throttle(None);
    let instance = &members(&region)[0];
    prepare(instance);
    let well = report(instance);
    assert_eq!(wrong_here(&well), set(&[]), "{well:#}");
    for check in ["slot-json", "slot-network", "metadata", "clock", "ipv6"] {
        let findings = well["findings"].as_array().unwrap();
        assert!(
            findings.iter().any(|it| it["check"] == check && it["severity"] == "ok"),
            "{check}"
        );
    }
    // A rule, a route and the address that somebody removed.
    for script in [
        "ip rule del priority 8300",
        "ip route flush table $(grep -o '\"table\": [0-9]*' /run/steadfast/slot.json | cut -c10-)",
        "ip address flush dev $(grep NIC= /run/steadfast/slot.env | cut -d= -f2)",
    ] {
        instance.sh(script);
        let sick = report(instance);
        assert_eq!(wrong_here(&sick), set(&["slot-network"]), "{script}: {sick:#}");
        mend(instance, &sick, "slot-network");
        let mended = report(instance);
        assert_eq!(wrong_here(&mended), set(&[]), "{script}: {mended:#}");
    }
    // An address that is configured and a kernel that has no IPv6 for it.
    instance.sh("sysctl -qw net.ipv6.conf.$(grep NIC= /run/steadfast/slot.env | cut -d= -f2).disable_ipv6=1");
    let sick = report(instance);
    assert!(wrong_here(&sick).contains("ipv6"), "{sick:#}");
    mend(instance, &sick, "ipv6");
    assert!(!wrong_here(&report(instance)).contains("ipv6"));
}

#[test]
fn what_an_instance_says_that_it_holds_is_held_against_ec2() {
    let region = healthy();
    region.throttle(None);
    let instance = &members(&region)[0];
    prepare(instance);
    instance.sh("rm /run/steadfast/slot.json");
    let sick = report(instance);
    // Without the file nobody knows what the rules are for.
    assert_eq!(wrong_here(&sick), set(&["leftovers", "slot-json"]), "{sick:#}");
    mend(instance, &sick, "slot-json");
    let mended = report(instance);
    assert_eq!(wrong_here(&mended), set(&[]), "{mended:#}");
    // Somebody takes the slot away.
    let eni = instance.slot_json()["eni"].as_str().unwrap().to_owned();
    region.detach_by_force(&eni).unwrap();
    eventually("it is free", || (region.eni(&eni).status == "available").then_some(()));
    let sick = report(instance);
    assert_eq!(wrong_here(&sick), set(&["held", "slot-json", "slot-network"]), "{sick:#}");
    mend(instance, &sick, "slot-json");
    let mended = report(instance);
    assert_eq!(wrong_here(&mended), set(&["held"]), "{mended:#}");
}

#[test]
fn what_fights_with_steadfast_on_a_host_is_found() {
    let region = healthy();
    region.throttle(None);
    let instance = &members(&region)[0];
    prepare(instance);
    // systemd-networkd, as far as others see it.
    instance.sh(
        "cp $(command -v sleep) /run/systemd-networkd; setsid /run/systemd-networkd 1000 </dev/null \
         >/dev/null 2>&1 &\n\
         nic=$(grep NIC= /run/steadfast/slot.env | cut -d= -f2)\n\
         mkdir -p /run/systemd/netif/links /etc/systemd/network\n\
         echo ADMIN_STATE=configured >/run/systemd/netif/links/$(cat /sys/class/net/$nic/ifindex)",
    );
    let sick = eventually("it runs", || {
        let sick = report(instance);
        wrong_here(&sick).contains("network-managers").then_some(sick)
    });
    assert_eq!(wrong_here(&sick), set(&["network-managers", "networkd-foreign-rules"]), "{sick:#}");
    mend(instance, &sick, "networkd-foreign-rules");
    mend(instance, &sick, "network-managers");
    let macs = instance.sh("cat /etc/systemd/network/05-steadfast.network");
    assert!(region.slots().iter().all(|eni| macs.contains(&eni.mac)), "{macs}");
    // What networkd says once it has read that.
    instance.sh("for it in /run/systemd/netif/links/*; do echo ADMIN_STATE=unmanaged >$it; done");
    let mended = report(instance);
    assert_eq!(wrong_here(&mended), set(&[]), "{mended:#}");
    // Debian's package: no logging, and a script of its own.
    instance.sh(
        "mkdir -p /etc/zookeeper/conf /etc/init.d /etc/rc3.d; touch /etc/init.d/zookeeper\n\
         echo 'CLASSPATH=\"/etc/zookeeper/conf:/usr/share/java/zookeeper.jar\"' \
         >/etc/zookeeper/conf/environment; ln -s ../init.d/zookeeper /etc/rc3.d/S01zookeeper",
    );
    let sick = report(instance);
    let both = set(&["zookeeper-autostart", "zookeeper-logging"]);
    assert_eq!(wrong_here(&sick), both, "{sick:#}");
    mend(instance, &sick, "zookeeper-logging");
    // What `systemctl disable` does with a script of SysV's.
    instance.sh("mv /etc/rc3.d/S01zookeeper /etc/rc3.d/K01zookeeper");
    let mended = report(instance);
    assert_eq!(wrong_here(&mended), set(&[]), "{mended:#}");
}

/// A pipe that nobody writes to stands for a disk that hangs. `timeout` is the judge: without it a
/// doctor that hangs would hang the test.
#[test]
fn a_host_whose_disk_hangs_is_told_of_in_time() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    host.sh("mkdir -p /run/network && rm -f /run/network/ifstate && mkfifo /run/network/ifstate");
    let line =
        ["timeout", "60", program(), "doctor", "--pool", POOL, "--no-zookeeper", "--timeout"];
    let outcome = Running::start(host.command(&[&line[..], &["50s", "--output", "json"]].concat()));
    let report = checked("doctor", &outcome.finish().stdout);
    let findings = report["findings"].as_array().unwrap();
    let unread = findings.iter().find(|it| it["check"] == "readable").unwrap();
    assert_eq!(unread["severity"], "unknown");
    assert!(unread["what"].as_str().unwrap().contains("no answer within 5s"), "{unread}");
    assert!(findings.iter().any(|it| it["check"] == "clock"), "the rest is told");
}
