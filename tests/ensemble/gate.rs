//! A leader that is lost without a sign, and whose replacement starts before the others have
//! noticed: it collects stale votes, leads an ensemble of nobody with its empty database, and holds
//! on to that for `initLimit`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steadfast_sim::control::Timings;

use crate::ensemble::{ALL, Ensemble};
use crate::host::peers;
use crate::region::{DEADLINE, Instance, Region, eventually};
use crate::version::Version;
use crate::zookeeper::{Config, How, Times, each_version, one_version};

/// The largest number leads a new ensemble.
const LEADER: u8 = 3;
const SURVIVORS: [u8; 2] = [1, 2];

/// From the leader's loss to the slot's NIC in its replacement, as on a slow day of EC2's.
const AWAY_MS: u64 = 3500;

/// How often the replacement is given a chance to lead: a survivor that has just noticed spoils it.
const TRIES_MAX: u32 = 5;

/// How it went.
struct Seen {
    /// The longest time without an acknowledged write, from before the loss on.
    gap: Duration,
    /// Whether the replacement led at first.
    led: bool,
}

/// The leader's slot is taken from its host, which loses every way to the others; a replacement with
/// an empty disk is started on it at once. The client writes through the survivors.
fn play(version: Version, how: How) -> Seen {
    let region = Region::with_pool(3);
    let mut it = Ensemble::form(&region, version, how);
    let mut client = it.start_workload(&SURVIVORS);
    client.wait_acknowledged(100, DEADLINE).unwrap();
    let replacement = region.launch("a");
    let timings = Timings { attach_nic_ms: Some(AWAY_MS), ..Timings::default() };
    region.set_timings(&timings).unwrap();
    let loss = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let _old = it.take(LEADER);
    match how {
        How::ByHand(_) => start_unnoticed(&mut it, replacement),
        How::ByRun(_) => {
            it.give(LEADER, replacement);
            it.start(LEADER);
        }
    }
    it.wait_members(&ALL);
    client.wait_acknowledged(100, DEADLINE).unwrap();
    let gap = Duration::from_secs_f64(client.gap(loss).unwrap().length_s());
    let led = it.hosts[&LEADER].was("LEADING");
    let checked = client.check(DEADLINE).unwrap();
    let lost = client.tick().sessions_lost;
    println!(
        "| gate | {} | {} | replacement led: {led} | longest gap {:.1} s | sessions lost \
         {lost} | {checked} |",
        version.name(),
        if let How::ByRun(_) = how { "run" } else { "none" },
        gap.as_secs_f64(),
    );
    checked.nothing_lost().unwrap();
    Seen { gap, led }
}

/// Starts the replacement's server before the survivors have noticed anything. Without more, that is
/// a matter of luck: what they send to a host that knows nothing of their connections is answered by
/// a reset, which ends their doubt. Here, as behind a firewall that drops such an answer, nothing
/// leaves for the peers until the server takes part in the election.
fn start_unnoticed<'a>(it: &mut Ensemble<'a>, replacement: Instance<'a>) {
    let peers = || peers(it.region).into_iter().filter(|(slot, _)| *slot != LEADER);
    let each_rule = |verb: &str| -> String {
        let rule = |(_, ip)| format!("ip rule {verb} to {ip} blackhole priority 1\n");
        peers().map(rule).collect()
    };
    let (deny, admit) = (each_rule("add"), each_rule("del"));
    it.give(LEADER, replacement.clone());
    replacement.sh(&deny);
    it.start(LEADER);
    let host = &it.hosts[&LEADER];
    eventually("its server looks for a leader", || host.was("LOOKING").then_some(()));
    replacement.sh(&admit);
}

/// What the ensemble makes of it is a matter of chance: at times the survivors elect one of them
/// nevertheless, at times the false leader draws each of them in until it gives up after `initLimit`.
fn leads_falsely(version: Version) {
    let config = Config { times: Times::MEASURED, ..Config::SAFE };
    let led = (0..TRIES_MAX).any(|_| play(version, How::ByHand(config)).led);
    assert!(led, "the false leader does not appear");
}

fn goes_on(version: Version) {
    let seen = play(version, How::ByRun(Times::MEASURED));
    assert!(!seen.led && seen.gap < Times::MEASURED.stall(), "{:?}", seen.gap);
}

one_version!(without_the_gate_an_early_replacement_leads_an_ensemble_of_nobody, leads_falsely);
each_version!(behind_the_gate_a_replacement_joins_and_the_gap_is_the_ensembles_own, goes_on);
