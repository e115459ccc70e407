//! The same server twice: the old process of a slot lives on beside its replacement, and both are
//! counted as one server, so that a majority of servers is none of disks.
//!
//! The steps: the slot is taken from its host without a word, and its process lives on; the
//! replacement joins; one server goes down; the replacement crashes; 50 writes through the server
//! that is left; it and the old process die; the replacement and the other server return.

use std::time::Duration;

use crate::defence::Defence;
use crate::ensemble::{ALL, Ensemble};
use crate::host::Host;
use crate::region::{Region, eventually};
use crate::run::exit;
use crate::version::Version;
use crate::zookeeper::{Config, How, Times, each_version, one_version};

/// The slot that is moved. A server takes a connection for its election from a larger number alone,
/// and calls a smaller one back: so the old process can do most harm with the largest number.
const MOVED: u8 = 3;
/// The server that leads, and is left beside the old process.
const LEADER: u8 = 2;
/// The server that goes down.
const DOWN: u8 = 1;

/// How long writes may take that are to be acknowledged.
const ACKNOWLEDGED: Duration = Duration::from_secs(100);
/// The same where they are not: several elections.
const REFUSED: Duration = Duration::from_secs(6);

/// An ensemble, of which one slot is about to be moved.
fn form(region: &Region, version: Version, how: How, defence: Defence) -> Ensemble<'_> {
    let mut it = Ensemble::new(region, version, how);
    it.hosts.values_mut().for_each(|host| host.defence = defence);
    it.form_led_by(LEADER, DOWN, MOVED);
    impatient(&it.hosts[&MOVED]);
    it
}

/// TCP gives up after three seconds of silence on this host, and not after a quarter of an hour:
/// until then a connection that leads nowhere keeps a server from dialling anew.
fn impatient(host: &Host<'_>) {
    host.instance.sh("echo 3 >/proc/sys/net/ipv4/tcp_retries2");
}

/// Moves the slot; the answer is its former host.
fn shift<'a>(it: &mut Ensemble<'a>, defence: Defence) -> Host<'a> {
    let replacement = it.region.launch("a");
    let old = it.take(MOVED);
    it.give(MOVED, replacement);
    it.host(MOVED).defence = defence;
    it.start(MOVED);
    it.wait_members(&ALL);
    // The leader is ahead of the old process from here on.
    it.write(LEADER, "moved", 10);
    old
}

/// The steps once the replacement has joined, up to the writes; `wake` is done when only one server
/// is left beside the old process. The answer is how many of the 50 are acknowledged.
fn write(it: &mut Ensemble<'_>, time: Duration, wake: impl FnOnce()) -> u64 {
    it.kill(DOWN);
    it.kill(MOVED);
    wake();
    let leader = it.hosts[&LEADER].client_address();
    it.client.write(&leader, "fifty", 50, time).acknowledged
}

/// The last steps: the answer is how many of those that were acknowledged are gone.
fn lose(it: &mut Ensemble<'_>, old: &mut Host<'_>, acknowledged: u64) -> u64 {
    it.kill(LEADER);
    if let Some(server) = old.server.take() {
        server.kill();
    }
    it.start(MOVED);
    it.start(DOWN);
    it.wait_modes("the replacement and the other server return", |modes| modes.len() == 2);
    let found = [MOVED, DOWN].map(|slot| it.read(slot, "fifty", acknowledged).found);
    acknowledged - found[0].min(found[1])
}

fn tell(version: Version, what: &str, acknowledged: u64, lost: u64) {
    let version = version.name();
    println!("| twin | {version} | {what} | acknowledged {acknowledged} of 50 | lost {lost} |");
}

/// Servers that are started by hand. The old process's own word is heard on its host's primary
/// address.
const BY_HAND: How = How::ByHand(Config { serves_everywhere: true, ..Config::SAFE });

/// The old process follows beside its replacement, and what it acknowledges is lost.
fn loses(version: Version, defence: Defence) {
    let region = Region::with_pool(3);
    let mut it = form(&region, version, BY_HAND, defence);
    let mut old = shift(&mut it, defence);
    eventually("the old process follows beside its replacement", || {
        let follows = it.mode_beside(&old).as_deref() == Some("follower");
        (follows && it.synced_followers(LEADER) == Some(3)).then_some(())
    });
    let acknowledged = write(&mut it, ACKNOWLEDGED, || ());
    let lost = lose(&mut it, &mut old, acknowledged);
    tell(version, &format!("by hand, {defence:?}"), acknowledged, lost);
    assert_eq!((acknowledged, lost), (50, 50), "the loss does not appear");
}

/// The old process finds its way to the others closed for good.
fn keeps_out(version: Version, defence: Defence) {
    let region = Region::with_pool(3);
    let mut it = form(&region, version, BY_HAND, defence);
    assert_eq!(it.mode_beside(&it.hosts[&MOVED]).as_deref(), Some("follower"), "it is heard there");
    let old = shift(&mut it, defence);
    eventually("the old process has noticed", || it.mode_beside(&old).is_none().then_some(()));
    // TCP has given up by then: what it dials leads nowhere.
    let dialled = || old.log().matches("Cannot open channel to").count();
    eventually("it has dialled in vain", || (dialled() >= 5).then_some(()));
    assert_eq!(it.mode_beside(&old), None);
    assert_eq!(it.synced_followers(LEADER), Some(2));
    let acknowledged = write(&mut it, REFUSED, || ());
    tell(version, &format!("by hand, {defence:?}"), acknowledged, 0);
    assert_eq!(acknowledged, 0);
}

/// The host hangs while its slot is moved, and wakes up when its old process could do harm. Tells how
/// many writes are acknowledged, how many of them lost, and whether its agent has noticed.
fn wakes(version: Version, how: How, defence: Defence, time: Duration) -> (u64, u64, bool) {
    let region = Region::with_pool(3);
    let mut it = form(&region, version, how, defence);
    let host = it.hosts[&MOVED].instance.id.clone();
    region.hang(&host).unwrap();
    let mut old = shift(&mut it, defence);
    let acknowledged = write(&mut it, time, || region.resume(&host).unwrap());
    let lost = lose(&mut it, &mut old, acknowledged);
    tell(
        version,
        if let How::ByRun(_) = how { "run, hung" } else { "by hand, hung" },
        acknowledged,
        lost,
    );
    (acknowledged, lost, old.agent_log().contains("fenced: "))
}

/// The guard kills the old process at once.
fn is_fenced(version: Version, defence: Defence) {
    let region = Region::with_pool(3);
    let mut it = form(&region, version, How::ByRun(Times::SHORT), defence);
    let mut old = shift(&mut it, defence);
    old.server.take().unwrap().ends(exit::FENCED);
    assert_eq!(it.synced_followers(LEADER), Some(2));
    let acknowledged = write(&mut it, REFUSED, || ());
    it.hosts.values_mut().for_each(Host::restore_defence);
    let lost = lose(&mut it, &mut old, acknowledged);
    tell(version, &format!("run, {defence:?}"), acknowledged, lost);
    assert_eq!(acknowledged, 0);
}

each_version!(without_a_defence_what_the_old_process_acknowledges_is_lost, |version| {
    loses(version, Defence::None);
});
// It drops out when its connections fall silent, and is back as soon as TCP gives them up: the routes
// through the slot's NIC have vanished with it, and those of the primary NIC lead to the peers.
one_version!(source_routes_alone_keep_the_old_process_out_for_a_while_only, |version| {
    loses(version, Defence::SourceRoutes);
});
one_version!(the_blackhole_alone_keeps_the_old_process_out, |version| {
    keeps_out(version, Defence::Blackhole);
});
one_version!(what_a_claim_makes_keeps_the_old_process_out, |version| {
    keeps_out(version, Defence::Claimed);
});
one_version!(the_guard_alone_ends_the_old_process, |version| {
    is_fenced(version, Defence::None);
});
each_version!(with_run_the_old_process_ends_and_nothing_is_lost, |version| {
    is_fenced(version, Defence::Claimed);
});
one_version!(a_hung_host_that_wakes_up_without_a_defence_loses_what_it_acknowledges, |version| {
    let (acknowledged, lost, _) = wakes(version, BY_HAND, Defence::None, ACKNOWLEDGED);
    assert_eq!((acknowledged, lost), (50, 50), "the loss does not appear");
});
each_version!(a_hung_host_that_wakes_up_finds_itself_fenced, |version| {
    let run = How::ByRun(Times::SHORT);
    let (acknowledged, _, was_fenced) = wakes(version, run, Defence::Claimed, REFUSED);
    assert!(was_fenced);
    assert_eq!(acknowledged, 0);
});
