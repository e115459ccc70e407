//! What a caller may wish: a slot, that slot alone, a dry run, an end.

use std::time::Instant;

use rustix::process::Signal;
use steadfast_sim::control::{FaultKind, Timings};

use crate::region::{DEADLINE, Region, eventually};
use crate::run::exit;
use crate::tampering::{ATTACH, DESCRIBE, DETACH};

#[test]
fn a_preferred_slot_is_tried_first() {
    let region = Region::with_pool(5);
    for slot in 1..=5_u8 {
        let instance = region.launch("a");
        instance.claim(&["--slot", &slot.to_string()]).done();
        assert_eq!(instance.holds(), [slot]);
        assert_eq!(instance.calls().len(), 2, "{:?}", instance.calls());
    }
}

#[test]
fn a_preferred_slot_that_is_taken_gives_way_to_another() {
    let region = Region::with_pool(2);
    let (first, second) = (region.launch("a"), region.launch("a"));
    first.claim(&["--slot", "2"]).done();
    second.claim(&["--slot", "2"]).done();
    assert_eq!((first.holds(), second.holds()), (vec![2], vec![1]));
}

#[test]
fn a_demanded_slot_that_is_taken_is_waited_for_alone() {
    let region = Region::with_pool(2);
    let (first, second) = (region.launch("a"), region.launch("a"));
    first.claim(&["--only-slot", "2"]).done();
    assert_eq!(first.holds(), [2]);
    let named = format!("slot 2 is held by {} (running)", first.id);
    let outcome = second.claim(&["--only-slot", "2", "--wait", "2s"]);
    let line = outcome.fails(exit::UNAVAILABLE, &[&named, "after 2s"]);
    assert!(!line.contains("slot 1 is"), "slot 1 was not asked for: {line}");
    assert_eq!(second.holds(), [0; 0]);
    let mut waiting = second.start_claim(&["--only-slot", "2"]);
    assert!(waiting.wait_line("kafka"));
    first.release(&[]).done();
    waiting.finish().done();
    assert_eq!(second.holds(), [2]);
}

#[test]
fn a_demanded_slot_that_does_not_exist_is_final() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let texts = ["kafka", "no slot 7", "--only-slot"];
    instance.claim(&["--only-slot", "7"]).fails(exit::CONFIG, &texts);
    assert_eq!(instance.calls().len(), 1);
}

#[test]
fn a_demanded_slot_of_another_zone_is_final() {
    let region = Region::up();
    region.pool(3);
    let instance = region.launch("a");
    let texts = ["slot 2 lies in eu-west-1b", "--only-slot"];
    instance.claim(&["--only-slot", "2"]).fails(exit::CONFIG, &texts);
    assert_eq!(instance.calls().len(), 1);
}

#[test]
fn another_slot_than_the_demanded_one_is_kept_and_told() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    instance.claim(&["--slot", "1"]).done();
    let (facts, network) = (instance.slot_json(), instance.network());
    let texts = ["holds slot 1, not slot 2", "steadfast release", "--only-slot"];
    instance.claim(&["--only-slot", "2"]).fails(exit::CONFIG, &texts);
    assert_eq!(instance.holds(), [1]);
    assert_eq!((instance.slot_json(), instance.network()), (facts, network));
}

#[test]
fn a_dry_run_says_what_it_would_attach_and_changes_nothing() {
    let region = Region::with_pool(3);
    let instance = region.launch("a");
    let (before, network) = (region.changes(), instance.network());
    let outcome = instance.claim(&["--dry-run", "--slot", "2"]).done();
    let eni = &region.slots()[1].id;
    let said = format!("would attach slot 2 ({eni}) at device index 1; EC2 permits ec2:{ATTACH}\n");
    assert_eq!(outcome.stdout, said);
    assert_eq!(region.changes(), before);
    assert_eq!(instance.network(), network);
    assert_eq!(instance.sh("ls -A /run/steadfast 2>/dev/null || true"), "");
    let last = region.log(0).unwrap().pop().unwrap();
    assert_eq!((last.outcome.as_str(), last.action.as_str()), ("DryRunOperation", ATTACH));
}

#[test]
fn a_dry_run_that_is_denied_names_the_statement() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always(ATTACH, FaultKind::Deny);
    let outcome = instance.claim(&["--dry-run"]);
    outcome.fails(exit::NOPERM, &[r#""Action":"ec2:AttachNetworkInterface""#]);
    assert_eq!(instance.holds(), [0; 0]);
}

#[test]
fn a_dry_run_on_a_holder_says_that_it_would_keep_its_slot() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let before = region.changes();
    let outcome = instance.claim(&["--dry-run"]).done();
    assert_eq!(outcome.stdout, "would keep slot 1, which it holds\n");
    assert_eq!(region.changes(), before);
}

#[test]
fn a_dry_run_that_would_wait_says_for_whom() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    let before = region.changes();
    let outcome = instance.claim(&["--dry-run"]);
    assert_eq!(outcome.code, exit::UNAVAILABLE);
    let named = format!("slot 1 is held by {} (running)", holder.id);
    assert!(outcome.stderr.contains(&named), "{}", outcome.stderr);
    assert_eq!(region.changes(), before);
}

/// The holder is seen to be lost at the first look, so the first change is the detach.
#[test]
fn a_dry_run_of_a_takeover_asks_for_the_detach() {
    let region = Region::with_pool(1);
    let slow = Timings { terminate_ms: Some(600_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    region.terminate(&holder.id).unwrap();
    let before = region.changes();
    let outcome = instance.claim(&["--dry-run"]).done();
    let attachment = region.slots()[0].attachment.clone().unwrap();
    assert!(outcome.stdout.contains(&attachment), "{}", outcome.stdout);
    assert!(outcome.stdout.contains(&format!("EC2 permits ec2:{DETACH}")), "{}", outcome.stdout);
    assert_eq!(region.changes(), before);
}

#[test]
fn a_signal_ends_the_wait_promptly() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    let mut claim = instance.start_claim(&["--wait", "1h"]);
    assert!(claim.wait_line("0 free"));
    let asked = Instant::now();
    claim.signal(Signal::TERM);
    claim.finish().fails(exit::TEMPFAIL, &["interrupted by a signal"]);
    // Far less than the longest pause between two reads, were the machine not slow.
    assert!(asked.elapsed() < DEADLINE / 4, "{:?}", asked.elapsed());
    assert_eq!(instance.holds(), [0; 0]);
}

/// In a call that hangs the first signal has to wait, and so has the same once more; Ctrl-C does not.
#[test]
fn ctrl_c_while_it_gives_back_ends_it_at_once() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always(DESCRIBE, FaultKind::Hang);
    let mut claim = instance.start_claim(&["--call-timeout", "1h"]);
    eventually("the call hangs", || (instance.calls().len() == 1).then_some(()));
    claim.signal(Signal::TERM);
    assert!(claim.wait_line("asked to end"));
    claim.signal(Signal::TERM);
    instance.sh("kill -INT $(pgrep -of 'steadfast claim')");
    claim.finish().fails(exit::TEMPFAIL, &["ended at once by SIGINT", "steadfast claim"]);
}

#[test]
fn a_signal_while_the_nic_is_awaited_gives_the_slot_back() {
    let region = Region::with_pool(1);
    let slow = Timings { attach_nic_ms: Some(600_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let instance = region.launch("a");
    let mut claim = instance.start_claim(&["--nic-timeout", "1h"]);
    assert!(claim.wait_line("attaching slot 1"));
    eventually("it is attached", || (instance.holds() == [1]).then_some(()));
    claim.signal(Signal::TERM);
    claim.finish().fails(exit::TEMPFAIL, &["interrupted by a signal", "slot 1 was given back"]);
    eventually("the slot is free", || instance.holds().is_empty().then_some(()));
}

#[test]
fn a_second_agent_on_the_instance_is_refused() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    region.fail(ATTACH, 1, FaultKind::Delay { ms: 3_000 });
    let mut first = instance.start_claim(&[]);
    assert!(first.wait_line("attaching slot"));
    let texts = ["another steadfast works on this instance", "/run/steadfast/lock"];
    instance.claim(&[]).fails(exit::TEMPFAIL, &texts);
    instance.release(&[]).fails(exit::TEMPFAIL, &texts);
    first.finish().done();
    assert_eq!(instance.holds().len(), 1);
}

/// The lock lies in the run directory, so two of those keep nobody apart: then EC2's device index
/// does.
#[test]
fn two_agents_that_do_not_know_of_each_other_share_one_slot() {
    let region = Region::with_pool(5);
    for _ in 0..5 {
        let instance = region.launch("a");
        let started = ["/run/one", "/run/two"].map(|dir| instance.start_claim(&["--run-dir", dir]));
        for running in started {
            running.finish().done();
        }
        assert_eq!(instance.holds().len(), 1, "{:?}", instance.calls());
        let facts = |dir: &str| instance.sh(&format!("cat {dir}/slot.json"));
        assert_eq!(facts("/run/one"), facts("/run/two"));
        region.terminate(&instance.id).unwrap();
    }
}
