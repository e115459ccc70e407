//! What EC2 does to a caller on a bad day: no answers, late answers, stale answers, a NIC that
//! never comes. One slot an instance at the most, and none left where it is of no use.

use std::collections::BTreeSet;

use steadfast_sim::control::{FaultKind, Timings};

use crate::region::{Instance, Region, eventually};
use crate::run::exit;
use crate::tampering::{ATTACH, DESCRIBE, DETACH, INSTANCES};

/// The ENIs that an instance has asked EC2 to attach, each once.
fn asked_for(instance: &Instance<'_>) -> BTreeSet<String> {
    let calls = instance.region.log(0).unwrap().into_iter();
    let own = calls.filter(|call| call.caller == instance.id && call.action == ATTACH);
    let real = own.filter(|call| call.outcome != "DryRunOperation");
    real.map(|call| call.parameters["NetworkInterfaceId"].clone()).collect()
}

fn stale(region: &Region, ms: u64) {
    region.set_timings(&Timings { stale_ms: Some(ms), ..Timings::default() }).unwrap();
}

#[test]
fn an_attach_whose_answer_is_lost_is_found_by_reading() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    region.fail(ATTACH, 1, FaultKind::LoseReply);
    instance.claim(&[]).done();
    assert_eq!(instance.holds().len(), 1);
    assert_eq!(asked_for(&instance).len(), 1, "{:?}", instance.calls());
}

/// The read that follows may show the slot free still: then the very same attach is asked again,
/// never another one.
#[test]
fn a_lost_answer_and_stale_reads_never_make_two_slots() {
    let region = Region::with_pool(3);
    for seed in 0..4 {
        let instance = region.launch("a");
        stale(&region, 700);
        region.fail(ATTACH, 1, FaultKind::LoseReply);
        instance.claim(&[]).done();
        assert_eq!(instance.holds().len(), 1, "round {seed}");
        assert_eq!(asked_for(&instance).len(), 1, "round {seed}: {:?}", instance.calls());
        stale(&region, 0);
        instance.release(&[]).done();
    }
}

#[test]
fn answers_lost_again_and_again_still_make_one_slot() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    region.fail(DESCRIBE, 2, FaultKind::LoseReply);
    region.fail(ATTACH, 3, FaultKind::LoseReply);
    stale(&region, 1_000);
    instance.claim(&[]).done();
    assert_eq!(instance.holds().len(), 1);
    assert_eq!(asked_for(&instance).len(), 1, "{:?}", instance.calls());
}

/// The kernel shows the NIC, so a read that does not is known to be stale.
#[test]
fn a_restart_after_the_nic_is_there_is_not_fooled_by_stale_reads() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    restart_on_stale_reads(&instance, || {
        let nics = || instance.sh("ip -o link").lines().filter(|it| it.contains("ether")).count();
        eventually("the NIC is there", || (nics() == 2).then_some(()));
    });
    assert_eq!(asked_for(&instance).len(), 1, "{:?}", instance.calls());
}

/// Nothing on the instance tells of the attachment yet, and most reads do not: EC2's refusal of
/// the device index must, or there would be two slots.
#[test]
fn a_restart_before_the_nic_is_there_is_kept_from_a_second_slot_by_the_device_index() {
    let region = Region::with_pool(8);
    let nothing_tells = Timings {
        attach_nic_ms: Some(3_000),
        attached_ms: Some(3_000),
        imds_lag_ms: Some(600_000),
        ..Timings::default()
    };
    region.set_timings(&nothing_tells).unwrap();
    // A read may happen to be fresh, so one restart may be let off.
    let met = (0..3).any(|_| {
        let instance = region.launch("a");
        restart_on_stale_reads(&instance, || ());
        asked_for(&instance).len() > 1
    });
    assert!(met, "no restart asked for a second slot: nothing was shown");
}

fn restart_on_stale_reads(instance: &Instance<'_>, meanwhile: impl FnOnce()) {
    let region = instance.region;
    // Time to switch stale reads on between the claim's read and what they are not to show.
    region.fail(ATTACH, 1, FaultKind::Delay { ms: 700 });
    let mut first = instance.start_claim(&[]);
    assert!(first.wait_line("attaching slot"));
    stale(region, 2_500);
    eventually("the attach is applied", || (instance.holds().len() == 1).then_some(()));
    first.kill();
    meanwhile();
    instance.claim(&[]).done();
    assert_eq!(instance.holds().len(), 1, "{:?}", instance.calls());
    stale(region, 0);
}

#[test]
fn calls_that_hang_are_given_up_and_made_again() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    region.fail(DESCRIBE, 1, FaultKind::Hang);
    region.fail(ATTACH, 1, FaultKind::Hang);
    instance.claim(&["--call-timeout", "1s"]).done();
    let calls = instance.calls();
    assert_eq!(calls.iter().filter(|call| call.ends_with(" hang")).count(), 2, "{calls:?}");
    assert_eq!(instance.holds().len(), 1);
}

#[test]
fn an_ec2_that_never_answers_is_named_at_the_deadline() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always(DESCRIBE, FaultKind::Hang);
    let outcome = instance.claim(&["--call-timeout", "500ms", "--wait", "2s"]);
    outcome.fails(
        exit::TEMPFAIL,
        &["within 2s", "no answer from EC2 to DescribeNetworkInterfaces: timed out"],
    );
    assert!(instance.calls().len() >= 2);
}

#[test]
fn a_holders_state_that_cannot_be_read_at_once_is_read_again() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    region.stop(&holder.id).unwrap();
    region.fail(INSTANCES, 1, FaultKind::Hang);
    region.fail(DETACH, 1, FaultKind::LoseReply);
    instance.claim(&["--call-timeout", "1s"]).done();
    assert_eq!(instance.holds(), [1]);
}

#[test]
fn a_nic_that_never_appears_is_rolled_back() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let network = instance.network();
    region.fail(ATTACH, 1, FaultKind::NicNeverAppears);
    let outcome = instance.claim(&["--nic-timeout", "1s"]);
    outcome.fails(
        exit::TEMPFAIL,
        &["slot 1 is attached", "did not appear within 1s", "slot 1 was given back"],
    );
    wait_free(&region);
    assert_eq!(instance.network(), network);
    assert!(!instance.has_facts());
    instance.claim(&[]).done();
}

#[test]
fn a_rollback_gets_over_trouble_of_its_own() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail(ATTACH, 1, FaultKind::NicNeverAppears);
    region.fail(DETACH, 1, crate::tampering::error("RequestLimitExceeded", "Slow down."));
    region.fail(DETACH, 1, FaultKind::LoseReply);
    let outcome = instance.claim(&["--nic-timeout", "1s"]);
    outcome.fails(exit::TEMPFAIL, &["did not appear"]);
    wait_free(&region);
}

#[test]
fn a_rollback_that_is_denied_says_what_stays_attached() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail(ATTACH, 1, FaultKind::NicNeverAppears);
    region.fail_always(DETACH, FaultKind::Deny);
    let outcome = instance.claim(&["--nic-timeout", "1s"]);
    let stays = format!("slot 1 stays attached to {}", instance.id);
    outcome.fails(exit::TEMPFAIL, &["did not appear", &stays, "steadfast release"]);
    assert_eq!(instance.holds(), [1]);
}

/// The host refuses the configuration: the same address is on another NIC.
#[test]
fn a_host_that_cannot_be_configured_gives_the_slot_back() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let address = region.slots()[0].ipv4[0].clone();
    instance.sh(&format!("ip address add {address}/32 dev lo"));
    let network = instance.network();
    let outcome = instance.claim(&[]);
    outcome.fails(exit::TEMPFAIL, &[&address, "lo", "ip address del", "slot 1 was given back"]);
    wait_free(&region);
    eventually("the NIC is gone", || (instance.network() == network).then_some(()));
    assert!(!instance.has_facts());
}

/// IMDS tells of a new interface late; the primary one's subnet is known and does for the slot.
#[test]
fn imds_may_lag_for_as_long_as_it_likes() {
    let region = Region::with_pool(1);
    let lag = Timings { imds_lag_ms: Some(600_000), ..Timings::default() };
    region.set_timings(&lag).unwrap();
    let instance = region.launch("a");
    instance.claim(&[]).done();
    assert_eq!(instance.holds(), [1]);
}

fn wait_free(region: &Region) {
    eventually("slot 1 is free", || (region.slots()[0].status == "available").then_some(()));
}
