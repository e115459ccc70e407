//! A release: the slot is free, and the host is as it was.

use steadfast_sim::control::{FaultKind, Timings};

use crate::region::{POOL, Region};
use crate::tampering::{ATTACH, DESCRIBE, DETACH, error};

#[test]
fn a_release_leaves_the_host_as_it_was_and_the_slot_free() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    instance.claim(&[]).done();
    assert_ne!(instance.network(), before);
    let mark = instance.mark();
    let said = instance.release(&[]).done().stdout;
    assert_eq!(said, "released slot 1 of pool kafka\n");
    let calls = [format!("{DESCRIBE} ok"), format!("{DETACH} ok")];
    assert_eq!(instance.calls_since(mark), calls);
    assert_eq!(instance.network(), before);
    assert!(!instance.has_facts());
    assert_eq!(region.slots()[0].instance, None);
}

#[test]
fn a_second_release_is_a_no_op() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    instance.release(&[]).done();
    let (mark, network) = (instance.mark(), instance.network());
    let said = instance.release(&[]).done().stdout;
    assert_eq!(said, "this instance holds no slot of pool kafka\n");
    assert_eq!(instance.calls_since(mark), [format!("{DESCRIBE} ok")]);
    assert_eq!(instance.network(), network);
}

#[test]
fn a_released_slot_is_anothers() {
    let region = Region::with_pool(1);
    let (one, two) = (region.launch("a"), region.launch("a"));
    for _ in 0..2 {
        one.claim(&[]).done();
        one.release(&[]).done();
        two.claim(&[]).done();
        assert_eq!((one.holds(), two.holds()), (vec![], vec![1]));
        two.release(&[]).done();
    }
}

/// The facts name the pool where nothing else does.
#[test]
fn a_release_knows_the_pool_by_the_facts() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    instance.steadfast(&["release"]).done();
    assert_eq!(instance.holds(), [0; 0]);
}

#[test]
fn a_dry_run_asks_and_changes_nothing() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let before = (region.changes(), instance.network(), instance.slot_json());
    let said = instance.release(&["--dry-run"]).done().stdout;
    assert_eq!(said, format!("would release slot 1 of pool {POOL}; EC2 permits ec2:{DETACH}\n"));
    assert_eq!((region.changes(), instance.network(), instance.slot_json()), before);
    let last = region.log(0).unwrap().pop().unwrap();
    assert_eq!((last.action.as_str(), last.outcome.as_str()), (DETACH, "DryRunOperation"));
}

#[test]
fn a_slow_detach_is_waited_for() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    instance.claim(&[]).done();
    let slow = Timings { detach_ms: Some(4_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    instance.release(&[]).done();
    assert_eq!(region.slots()[0].instance, None);
    assert_eq!(instance.network(), before);
}

#[test]
fn trouble_on_the_way_is_got_over() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    let faults = [
        (DESCRIBE, error("RequestLimitExceeded", "Slow down.")),
        (DESCRIBE, FaultKind::LoseReply),
        (DETACH, error("RequestLimitExceeded", "Slow down.")),
        (DETACH, FaultKind::Hang),
        (DETACH, FaultKind::LoseReply),
    ];
    for (action, kind) in faults {
        let when = format!("{action} {kind:?}");
        instance.claim(&[]).done();
        region.fail(action, 1, kind);
        instance.release(&["--call-timeout", "1s"]).done();
        assert_eq!(instance.holds(), [0; 0], "{when}");
        assert_eq!(instance.network(), before, "{when}");
        assert!(!instance.has_facts(), "{when}");
    }
}

/// Somebody took the slot away: the blackhole and the facts that are left go, too.
#[test]
fn what_is_left_of_a_slot_that_is_gone_is_removed() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    instance.claim(&[]).done();
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", "true")]);
    crate::region::eventually("the slot is free", || instance.holds().is_empty().then_some(()));
    assert!(instance.sh("ip route show table 10001").contains("blackhole"));
    instance.release(&[]).done();
    assert_eq!(instance.network(), before);
    assert!(!instance.has_facts());
}

/// A stale `slot.json` does not keep a new claim from a new slot.
#[test]
fn a_claim_after_the_slot_was_taken_away_begins_anew() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let first = instance.slot_json();
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", "true")]);
    crate::region::eventually("the slot is free", || instance.holds().is_empty().then_some(()));
    let mark = instance.mark();
    instance.claim(&[]).done();
    assert_eq!(instance.calls_since(mark), [format!("{DESCRIBE} ok"), format!("{ATTACH} ok")]);
    let second = instance.slot_json();
    assert_ne!(second["attachment"], first["attachment"]);
    assert_eq!(second["address"], first["address"]);
}
