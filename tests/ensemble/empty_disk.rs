//! An empty disk that votes loses what it never had (ZOOKEEPER-261): two of three servers form a
//! quorum, of which one knows of nothing.

use std::collections::BTreeMap;

use crate::bootstrap::wait_undecided;
use crate::ensemble::{ALL, Ensemble};
use crate::region::Region;
use crate::version::Version;
use crate::zookeeper::{Config, How, Times, each_version, one_version};

const A: u8 = 1;
const B: u8 = 2;
const C: u8 = 3;

/// C is down while A and B acknowledge 100 writes; A goes down; B's instance is lost with its disk,
/// and a new one holds its slot. No server runs.
fn lose_disk(region: &Region, version: Version, how: How) -> Ensemble<'_> {
    let mut it = Ensemble::form(region, version, how);
    it.write(A, "earlier", 10);
    // Which also makes sure that C has them.
    assert_eq!(it.found("earlier", 10)[&C], 10);
    it.kill(C);
    it.wait_members(&[A, B]);
    it.write(A, "hundred", 100);
    it.kill(A);
    it.kill(B);
    it.replace(B);
    it
}

/// When A is back, too: how many of the 100 each server has.
fn found_in_the_end(version: Version, setting: &str, it: &Ensemble<'_>) -> BTreeMap<u8, u64> {
    it.wait_members(&ALL);
    let (found, agree) = (it.found("hundred", 100), it.agree());
    let version = version.name();
    println!("| empty disk | {version} | {setting} | found, of 100: {found:?} | agree: {agree} |");
    assert!(it.found("earlier", 10).into_values().all(|found| found == 10));
    found
}

/// B and C, started, form a quorum without A; with it back, 100 acknowledged writes are gone.
fn loses(version: Version, setting: &str, config: Config, first_boot: bool) {
    let region = Region::with_pool(3);
    let mut it = lose_disk(&region, version, How::ByHand(config));
    if first_boot {
        it.host(B).mark_first_boot();
    }
    it.start(B);
    it.start(C);
    it.wait_members(&[B, C]);
    it.start(A);
    let found = found_in_the_end(version, setting, &it);
    assert!(found.into_values().any(|found| found < 100), "the loss does not appear");
}

fn by_default(version: Version) {
    loses(version, "default", Config { autocreate: true, ..Config::SAFE }, false);
}

fn with_a_marker(version: Version) {
    loses(version, "marker", Config::SAFE, true);
}

/// The same steps: B and C form no quorum; with A back, nothing is lost and no server differs.
fn keeps(version: Version) {
    let region = Region::with_pool(3);
    let mut it = lose_disk(&region, version, How::ByRun(Times::SHORT));
    it.start(B);
    it.start(C);
    wait_undecided(&it, &[B, C]);
    it.start(A);
    let found = found_in_the_end(version, "run", &it);
    assert!(found.into_values().all(|found| found == 100));
    assert!(it.agree());
}

each_version!(by_default_an_empty_disk_loses_acknowledged_writes, by_default);
one_version!(with_a_marker_on_the_empty_disk_they_are_lost_all_the_same, with_a_marker);
each_version!(with_run_an_empty_disk_has_no_vote_and_nothing_is_lost, keeps);
