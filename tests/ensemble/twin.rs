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
use crate::zookeeper::{Config, How, Version, each_version};

/// The slot that is moved. A server takes a connection for its election from a larger number alone,
/// and calls a smaller one back: so the old process can do most harm with the largest number.
const MOVED: u8 = 3;
/// The server that leads, and is left beside the old process.
const LEADER: u8 = 2;
/// The server that goes down.
const DOWN: u8 = 1;

/// How long the writes may take: several elections.
const WRITES: Duration = Duration::from_secs(10);

/// An ensemble of which one slot has been taken from its host, and its former host.
fn moved<'a>(region: &'a Region, version: Version, defence: Defence) -> (Ensemble<'a>, Host<'a>) {
    // The old process's own word is heard on its host's primary address.
    let config = Config { serves_everywhere: true, ..Config::SAFE };
    let mut it = Ensemble::new(region, version, How::ByHand(config));
    it.hosts.values().for_each(|host| defence.leave(host));
    it.form_led_by(LEADER, DOWN, MOVED);
    let old = &it.hosts[&MOVED];
    assert_eq!(it.mode_beside(old).as_deref(), Some("follower"), "it is heard there");
    impatient(old);

    let old = it.take(MOVED);
    it.give(MOVED, region.launch("a"));
    defence.leave(&it.hosts[&MOVED]);
    it.start(MOVED);
    it.wait_members(&ALL);
    (it, old)
}

/// TCP gives up after three seconds of silence on this host, and not after a quarter of an hour:
/// until then a connection that leads nowhere keeps a server from dialling anew.
fn impatient(host: &Host<'_>) {
    host.instance.sh("echo 3 >/proc/sys/net/ipv4/tcp_retries2");
}

/// What became of the 50 writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Writes {
    acknowledged: u64,
    /// Of those, gone in the end.
    lost: u64,
}

/// The steps once the replacement has joined.
fn write_and_lose(mut it: Ensemble<'_>, old: Host<'_>) -> Writes {
    it.kill(DOWN);
    it.kill(MOVED);
    let leader = it.hosts[&LEADER].client_address();
    let acknowledged = it.client.write(&leader, "fifty", 50, WRITES).acknowledged;
    it.kill(LEADER);
    if let Some(server) = old.server {
        server.kill();
    }
    it.start(MOVED);
    it.start(DOWN);
    it.wait_members(&[MOVED, DOWN]);
    it.hosts.remove(&LEADER);
    let found = it.found("fifty", acknowledged);
    let lost = acknowledged - found.into_values().min().unwrap();
    Writes { acknowledged, lost }
}

fn tell(version: Version, defence: &str, followers: Option<u8>, writes: Writes) {
    let Writes { acknowledged, lost } = writes;
    let followers = followers.map_or("?".to_owned(), |count| count.to_string());
    println!(
        "| twin | {version} | {defence} | synced followers {followers} of 2 | acknowledged \
         {acknowledged} of 50 | lost {lost} |"
    );
}

/// The old process follows beside its replacement, and what it acknowledges is lost.
fn loses(version: Version, defence: Defence) {
    let region = Region::with_pool(3);
    let (it, old) = moved(&region, version, defence);
    let followers = eventually("the old process follows beside its replacement", || {
        let count = it.synced_followers(LEADER)?;
        let follows = it.mode_beside(&old).as_deref() == Some("follower");
        (follows && count == 3).then_some(count)
    });
    let writes = write_and_lose(it, old);
    tell(version, &format!("{defence:?}"), Some(followers), writes);
    assert_eq!(writes, Writes { acknowledged: 50, lost: 50 }, "the loss does not appear");
}

/// The old process finds its way to the others closed for good.
fn holds(version: Version, defence: Defence) {
    let region = Region::with_pool(3);
    let (it, old) = moved(&region, version, defence);
    eventually("the old process has noticed", || it.mode_beside(&old).is_none().then_some(()));
    // Long enough for TCP to have given up: what it dials now leads nowhere.
    eventually("it has dialled in vain", || {
        let refused = old.log().matches("Cannot open channel to").count();
        (refused >= 5).then_some(())
    });
    assert_eq!(it.mode_beside(&old), None);
    let followers = it.synced_followers(LEADER);
    let writes = write_and_lose(it, old);
    tell(version, &format!("{defence:?}"), followers, writes);
    assert_eq!((followers, writes.acknowledged), (Some(2), 0));
}

each_version!(without_a_defence_what_the_old_process_acknowledges_is_lost, |version| {
    loses(version, Defence::None);
});
// It drops out when its connections fall silent, and is back as soon as TCP gives them up: the routes
// through the slot's NIC have vanished with it, and those of the primary NIC lead to the peers.
each_version!(source_routes_alone_keep_the_old_process_out_for_a_while_only, |version| {
    loses(version, Defence::SourceRoutes);
});
each_version!(the_blackhole_alone_keeps_the_old_process_out, |version| {
    holds(version, Defence::Blackhole);
});
each_version!(what_a_claim_makes_keeps_the_old_process_out, |version| {
    holds(version, Defence::Claimed);
});
