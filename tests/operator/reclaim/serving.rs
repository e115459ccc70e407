//! A real ensemble: a member is refused; one whose host hangs is told by its leader's count, and loses
//! its slot while the others go on.

use super::cast::eni;
use crate::region::{Instance, POOL, Region, eventually, program};
use crate::run::{Running, exit};
use crate::schema::checked;
use crate::version::{SERVER, Version};

/// A quarter of ZooKeeper's usual times.
const TIMES: &str = "tickTime=500\ninitLimit=10\nsyncLimit=5\n";

fn start(host: &Instance<'_>, slot: u8) -> Running {
    let java = Version::V3_8.java();
    let words = java.iter().map(String::as_str).chain([SERVER, "/run/steadfast/zoo.cfg"]);
    let command = words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ");
    host.sh(&format!("cat >/run/fragment.cfg <<'END'\n{TIMES}END"));
    let script = format!(
        "exec {} run --pool {POOL} --only-slot {slot} --zookeeper-config /run/fragment.cfg -- \
         {command} >>/var/log/zookeeper.log 2>&1",
        program()
    );
    Running::start(host.command(&["sh", "-c", &script]))
}

#[test]
fn a_member_is_refused_and_one_that_hangs_is_replaced() {
    let region = Region::with_pool(3);
    let mut hosts = region.launch_many("a", 4);
    let laptop = hosts.pop().unwrap();
    let _servers: Vec<Running> = (1..).zip(&hosts).map(|(slot, host)| start(host, slot)).collect();
    let args = ["reclaim", "--pool", POOL, "--output", "json"];
    let dry = |slot: &str| {
        let outcome = laptop.steadfast(&[&args[..], &[slot, "--dry-run"]].concat());
        (outcome.code, checked("reclaim", &outcome.stdout))
    };
    let held = || region.slots().iter().all(|eni| eni.instance.is_some());
    eventually("all are held", || held().then_some(()));
    eventually("all are members", || {
        let servers = dry("1").1["servers"].as_array().unwrap().clone();
        servers.iter().all(|server| server["votes"] == true).then_some(())
    });
    // Each of them serves, and is refused for that alone.
    for slot in ["1", "2", "3"] {
        let (code, json) = dry(slot);
        assert_eq!(code, exit::TEMPFAIL);
        let flags: Vec<_> =
            json["refusals"].as_array().unwrap().iter().map(|it| &it["flag"]).collect();
        assert_eq!(flags, ["--even-if-serving"], "{json:#}");
    }
    // The leader hangs: the others elect one of their own, who does not count it.
    let leader = (1_u8..=3).find(|slot| {
        let json = dry("1").1;
        json["servers"][usize::from(*slot) - 1]["answer"] == "leader"
    });
    let leader = leader.expect("a leader");
    let host = &hosts[usize::from(leader) - 1];
    region.hang(&host.id).unwrap();
    let slot = leader.to_string();
    eventually("it is left out", || (dry(&slot).0 == 0).then_some(()));
    laptop.steadfast(&[&args[..], &[&slot, "--yes", "--force"]].concat()).done();
    assert_eq!(eni(&region, leader).instance, None);
    let (_, json) = dry(if leader == 1 { "2" } else { "1" });
    let voting = json["servers"].as_array().unwrap().iter().filter(|it| it["votes"] == true);
    assert_eq!(voting.count(), 2, "{json:#}");
    region.resume(&host.id).unwrap();
}
