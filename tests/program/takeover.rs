//! Slots that have a holder: a lost one's is taken over, a running one's never; and what is said
//! when nothing is to be had.

use steadfast_sim::control::{Call, FaultKind, Timings};

use crate::region::{DEADLINE, Instance, Region};
use crate::run::exit;
use crate::tampering::{ATTACH, DETACH};

/// A region of one slot, which the first instance holds.
fn held(region: &Region) -> (Instance<'_>, Instance<'_>) {
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    (holder, instance)
}

fn detaches(region: &Region) -> Vec<Call> {
    region.log(0).unwrap().into_iter().filter(|call| call.action == DETACH).collect()
}

#[test]
fn a_terminated_holders_slot_is_claimed_when_it_comes_free() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    let mut claim = instance.start_claim(&[]);
    assert!(claim.wait_line("0 free"));
    region.terminate(&holder.id).unwrap();
    claim.finish().done();
    assert_eq!(instance.holds(), [1]);
}

#[test]
fn a_holder_that_shuts_down_is_not_waited_for_in_vain() {
    let region = Region::with_pool(1);
    let slow = Timings { terminate_ms: Some(2_500), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let (holder, instance) = held(&region);
    region.terminate(&holder.id).unwrap();
    instance.claim(&[]).done();
    assert_eq!(instance.holds(), [1]);
    let state = region.wait_state(&holder.id, "terminated", DEADLINE).unwrap();
    assert_eq!(state.state, "terminated");
}

#[test]
fn a_stopped_holders_slot_is_taken_by_force_and_by_its_attachment() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.stop(&holder.id).unwrap();
    region.wait_state(&holder.id, "stopped", DEADLINE).unwrap();
    assert_eq!(holder.holds(), [1], "a stopped instance keeps its interfaces");
    let outcome = instance.claim(&[]).done();
    assert_eq!(instance.holds(), [1]);
    let detaches = detaches(&region);
    assert_eq!(detaches.len(), 1);
    assert_eq!(detaches[0].caller, instance.id);
    assert_eq!(detaches[0].parameters["AttachmentId"], attachment);
    assert_eq!(detaches[0].parameters["Force"], "true");
    let told = format!("taking slot 1 from {} (stopped), by force", holder.id);
    assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
}

#[test]
fn a_holder_that_is_stopping_loses_its_slot_too() {
    let region = Region::with_pool(1);
    let slow = Timings { stop_ms: Some(3_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let (holder, instance) = held(&region);
    region.stop(&holder.id).unwrap();
    instance.claim(&[]).done();
    assert_eq!(instance.holds(), [1]);
}

/// What was stopped and lost its slot claims another one when it starts again, or waits.
#[test]
fn a_holder_that_comes_back_does_not_get_its_slot_by_force() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    region.stop(&holder.id).unwrap();
    region.wait_state(&holder.id, "stopped", DEADLINE).unwrap();
    instance.claim(&[]).done();
    region.start(&holder.id).unwrap();
    holder.wait_up();
    let named = format!("slot 1 is held by {} (running)", instance.id);
    holder.claim(&["--wait", "2s"]).fails(exit::UNAVAILABLE, &[&named]);
    assert_eq!(instance.holds(), [1]);
}

/// Somebody else was faster: the attachment is gone when the detach arrives.
#[test]
fn a_takeover_that_comes_too_late_is_no_error() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.stop(&holder.id).unwrap();
    region.wait_state(&holder.id, "stopped", DEADLINE).unwrap();
    // Its call arrives whenever it likes, and is performed a second later: after the operator's.
    region.fail_for(&instance.id, DETACH, FaultKind::Delay { ms: 1_000 });
    let mut claim = instance.start_claim(&[]);
    assert!(claim.wait_line("taking slot 1"));
    region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", "true")]);
    claim.finish().done();
    assert_eq!(instance.holds(), [1]);
    let outcomes: Vec<_> = detaches(&region).into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["ok", "InvalidAttachmentID.NotFound"]);
}

#[test]
fn a_running_holder_is_not_robbed_even_when_it_is_unreachable() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    let before = region.slots()[0].attachment.clone();
    holder.sh("for nic in $(ls /sys/class/net); do ip link set \"$nic\" down; done");
    let named = format!("slot 1 is held by {} (running)", holder.id);
    let texts = ["no free slot in eu-west-1a after 4s", &named, "no slot is free elsewhere"];
    instance.claim(&["--wait", "4s"]).fails(exit::UNAVAILABLE, &texts);
    assert_eq!(region.slots()[0].attachment, before);
    assert_eq!(detaches(&region).len(), 0);
    assert!(!instance.calls().iter().any(|call| call.starts_with(ATTACH)));
}

#[test]
fn a_holder_that_boots_is_not_robbed_either() {
    let region = Region::with_pool(1);
    let (holder, instance) = held(&region);
    region.stop(&holder.id).unwrap();
    region.wait_state(&holder.id, "stopped", DEADLINE).unwrap();
    let slow = Timings { boot_ms: Some(600_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    region.start(&holder.id).unwrap();
    let named = format!("slot 1 is held by {} (pending)", holder.id);
    instance.claim(&["--wait", "3s"]).fails(exit::UNAVAILABLE, &[&named]);
    assert_eq!(detaches(&region).len(), 0);
}

#[test]
fn free_slots_of_other_zones_are_named() {
    let region = Region::up();
    region.pool(6);
    let holders = region.launch_many("a", 2);
    for holder in &holders {
        holder.claim(&[]).done();
    }
    let instance = region.launch("a");
    let texts = ["no free slot in eu-west-1a", "free slots are in eu-west-1b (2), eu-west-1c (2)"];
    instance.claim(&["--wait", "1s"]).fails(exit::UNAVAILABLE, &texts);
}

/// Waiting would not help: it is told at once, whatever `--wait` says.
#[test]
fn a_zone_without_any_slot_is_told_at_once() {
    let region = Region::up();
    region.pool(2);
    let instance = region.launch("c");
    let texts =
        ["pool kafka of 2 slots has no slot in eu-west-1c", "eu-west-1a (1), eu-west-1b (1)"];
    instance.claim(&[]).fails(exit::CONFIG, &texts);
    assert_eq!(instance.calls(), ["DescribeNetworkInterfaces ok"]);
}
