//! The first start of an ensemble: empty disks without a marker never form a quorum, so the marker
//! is what makes the first one.

use crate::ensemble::{ALL, Ensemble};
use crate::region::{Region, eventually};
use crate::version::Version;
use crate::zookeeper::{Config, How, each_version};

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

each_version!(three_empty_servers_without_a_marker_never_form_a_quorum, without_a_marker);
