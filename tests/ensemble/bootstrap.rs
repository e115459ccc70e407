//! The first start of an ensemble: empty disks without a marker never form a quorum, so the marker
//! is what makes the first one.

use crate::ensemble::{ALL, Ensemble};
use crate::region::{POOL, Region, eventually};
use crate::version::Version;
use crate::zookeeper::{Config, How, Times, each_version, one_version};

/// How many rounds of an election each server takes part in before it counts as undecided for good.
const ROUNDS: usize = 4;

/// What a server logs when a round of an election brought no decision.
const UNDECIDED: &str = "Notification time out";

/// Waits until these servers have tried to elect a leader for long enough, and asserts that nobody
/// serves.
pub fn wait_undecided(it: &Ensemble<'_>, slots: &[u8]) {
    let rounds = |slot: &u8| it.hosts[slot].log().matches(UNDECIDED).count();
    let before: Vec<usize> = slots.iter().map(rounds).collect();
    eventually("each server has tried often enough", || {
        let mut tried = slots.iter().map(rounds).zip(&before);
        tried.all(|(now, before)| now >= before + ROUNDS).then_some(())
    });
    assert!(it.modes().is_empty(), "{:?}", it.modes());
}

fn without_a_marker(version: Version) {
    let region = Region::with_pool(3);
    let mut it = Ensemble::new(&region, version, How::ByHand(Config::SAFE));
    for slot in ALL {
        it.start(slot);
    }
    wait_undecided(&it, &ALL);
    assert!(!it.hosts.values().any(|host| host.was("LEADING") || host.was("FOLLOWING")));
}

/// The agent is killed at a step of a slot's first boot. Whatever it had done, nothing is acknowledged
/// by a vote that should not be: the other two form the ensemble, and it joins.
fn crashed(version: Version) {
    for step in ["holds slot", "tagged eni-", "first boot", "started sh"] {
        let region = Region::with_pool(3);
        let mut it = Ensemble::new(&region, version, How::ByRun(Times::SHORT));
        it.start(3);
        eventually(step, || it.hosts[&3].agent_log().contains(step).then_some(()));
        it.kill(3);
        for slot in [3, 2, 1] {
            it.start(slot);
        }
        it.wait_members(&ALL);
        it.write(1, "after", 20);
        assert!(it.found("after", 20).into_values().all(|found| found == 20), "{step}");
        assert!(it.agree(), "{step}");
    }
}

/// Two of three disks are lost: nobody serves until an operator lets one empty disk vote; then all
/// that the third disk holds is everywhere.
fn overridden(version: Version) {
    let region = Region::with_pool(3);
    let mut it = Ensemble::form(&region, version, How::ByRun(Times::SHORT));
    it.write(1, "hundred", 100);
    assert!(it.found("hundred", 100).into_values().all(|found| found == 100));
    for slot in ALL {
        it.kill(slot);
    }
    it.replace(2);
    it.replace(3);
    for slot in ALL {
        it.start(slot);
    }
    wait_undecided(&it, &[1]);
    let bootstrap = ["pool", "bootstrap", "--pool", POOL, "--slot", "2", "--confirm", "kafka/2"];
    it.hosts[&2].instance.steadfast(&bootstrap).done();
    assert!(it.modes().is_empty(), "{:?}", it.modes());
    it.kill(2);
    it.start(2);
    it.wait_members(&ALL);
    assert!(it.found("hundred", 100).into_values().all(|found| found == 100));
    assert!(it.agree());
}

each_version!(three_empty_servers_without_a_marker_never_form_a_quorum, without_a_marker);
one_version!(an_agent_that_is_killed_at_a_step_of_a_first_boot_costs_nothing, crashed);
each_version!(of_three_disks_two_are_lost_and_an_operator_decides, overridden);
