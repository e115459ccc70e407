//! The agent dies like a power cut at any moment, and is started again: it resumes or begins
//! anew, with one slot, a whole network and whole facts. Seeds are printed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use steadfast_sim::control::FaultKind;

use crate::region::{Instance, Region, eventually};
use crate::run::Running;
use crate::tampering::{ATTACH, DESCRIBE, DETACH};

/// More lines than a clean claim says on standard error.
const LINES_MAX: usize = 12;

/// The same as after a claim that nobody disturbed.
fn check_resumed(instance: &Instance<'_>, when: &str) {
    let held = instance.holds();
    assert_eq!(held.len(), 1, "{when}: {held:?}");
    let facts = instance.slot_json();
    assert_eq!(facts["slot"], held[0], "{when}");
    assert!(instance.has_address(facts["address"].as_str().unwrap()), "{when}");
    let mark = instance.mark();
    let network = instance.network();
    instance.claim(&[]).done();
    assert_eq!(instance.calls_since(mark), [format!("{DESCRIBE} ok")], "{when}");
    assert_eq!(instance.network(), network, "{when}");
}

fn check_released(instance: &Instance<'_>, network: &serde_json::Value, when: &str) {
    instance.release(&[]).done();
    assert_eq!(instance.holds(), [0; 0], "{when}");
    assert_eq!(&instance.network(), network, "{when}");
}

/// After each step that it tells of.
#[test]
fn a_claim_killed_at_each_step_resumes() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    let mut steps = 0;
    for count in 1..=LINES_MAX {
        let mut claim = instance.start_claim(&[]);
        if !claim.wait_count(count) {
            claim.finish().done();
            break;
        }
        let lines = claim.kill();
        steps += 1;
        let when = format!("killed after {:?}", lines.last());
        instance.claim(&[]).done();
        check_resumed(&instance, &when);
        check_released(&instance, &network, &when);
    }
    assert!((5..LINES_MAX).contains(&steps), "{steps} steps");
}

/// At a moment that a seed chooses, from before its start to after its end.
#[test]
fn a_claim_killed_at_any_moment_resumes() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    let whole = time(|| instance.claim(&[]).done());
    instance.release(&[]).done();
    for seed in 0..16_u64 {
        let claim = instance.start_claim(&[]);
        let when = kill_after(claim, seed, whole.mul_f64(1.1));
        instance.claim(&[]).done();
        check_resumed(&instance, &when);
        check_released(&instance, &network, &when);
    }
}

/// Between the NIC's appearance and the facts: with some of the network's changes made.
#[test]
fn a_claim_killed_while_it_configures_resumes() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    for seed in 200..212_u64 {
        let mut claim = instance.start_claim(&[]);
        assert!(claim.wait_line("is in the kernel"));
        let when = kill_after(claim, seed, Duration::from_millis(12));
        instance.claim(&[]).done();
        check_resumed(&instance, &when);
        check_released(&instance, &network, &when);
    }
}

/// While it waits for an answer: the call was not applied, or it was.
#[test]
fn a_claim_killed_during_a_call_resumes() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    let cases = [
        (DESCRIBE, FaultKind::Hang, " hang"),
        (ATTACH, FaultKind::Hang, " hang"),
        (ATTACH, FaultKind::LoseReply, " lose-reply"),
        (ATTACH, FaultKind::Delay { ms: 300 }, " ok"),
    ];
    for (action, kind, outcome) in cases {
        let when = format!("killed during {action} with {kind:?}");
        let delayed = matches!(kind, FaultKind::Delay { .. });
        region.fail(action, 1, kind);
        let mark = instance.mark();
        let mut claim = instance.start_claim(&["--call-timeout", "60s"]);
        if delayed {
            // The call has been sent, and will be applied although nobody waits for it any more.
            assert!(claim.wait_line("attaching slot"), "{when}");
            sleep(Duration::from_millis(150));
        } else {
            wait_call(&instance, mark, &format!("{action}{outcome}"));
        }
        claim.kill();
        instance.claim(&[]).done();
        check_resumed(&instance, &when);
        check_released(&instance, &network, &when);
    }
}

/// In the middle of giving back a slot whose NIC does not appear.
#[test]
fn a_rollback_that_is_killed_is_taken_up_by_the_next_claim() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    region.fail(ATTACH, 1, FaultKind::NicNeverAppears);
    region.fail(DETACH, 1, FaultKind::Hang);
    let mark = instance.mark();
    let claim = instance.start_claim(&["--nic-timeout", "1s"]);
    wait_call(&instance, mark, &format!("{DETACH} hang"));
    claim.kill();
    assert_eq!(instance.holds().len(), 1);
    let again = instance.claim(&["--nic-timeout", "1s"]);
    again.fails(crate::run::exit::TEMPFAIL, &["did not appear"]);
    eventually("the slot is free", || instance.holds().is_empty().then_some(()));
    instance.claim(&[]).done();
    check_resumed(&instance, "after the rollback");
}

/// The next claim waits until its own slot has left, or takes the other one.
#[test]
fn a_release_killed_at_any_moment_is_finished_by_whatever_comes_next() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    instance.claim(&[]).done();
    let whole = time(|| instance.release(&[]).done());
    for seed in 100..112_u64 {
        instance.claim(&[]).done();
        let release = instance.start(&["release", "--pool", crate::region::POOL]);
        let when = kill_after(release, seed, whole.mul_f64(1.1));
        if seed % 2 == 0 {
            instance.claim(&[]).done();
            check_resumed(&instance, &when);
        }
        check_released(&instance, &network, &when);
        assert!(!instance.has_facts(), "{when}");
    }
}

/// The slot of a stopped holder: detached or not, the next run gets it.
#[test]
fn a_takeover_that_is_killed_is_taken_up_by_the_next_claim() {
    for (kind, outcome) in [(FaultKind::Hang, "hang"), (FaultKind::LoseReply, "lose-reply")] {
        let region = Region::with_pool(1);
        let (holder, instance) = (region.launch("a"), region.launch("a"));
        holder.claim(&[]).done();
        region.stop(&holder.id).unwrap();
        region.fail(DETACH, 1, kind);
        let claim = instance.start_claim(&["--call-timeout", "60s"]);
        wait_call(&instance, 0, &format!("{DETACH} {outcome}"));
        claim.kill();
        instance.claim(&[]).done();
        check_resumed(&instance, outcome);
    }
}

/// Kills it at a moment within `window` that the seed chooses; when that was.
fn kill_after(running: Running, seed: u64, window: Duration) -> String {
    let after = window.mul_f64(fastrand::Rng::with_seed(seed).f64());
    sleep(after);
    let lines = running.kill();
    let when = format!("seed {seed}, killed after {after:?} and {:?}", lines.last());
    println!("{when}");
    when
}

fn time<T>(action: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

fn wait_call(instance: &Instance<'_>, since: usize, call: &str) {
    eventually(call, || instance.calls_since(since).iter().any(|it| it == call).then_some(()));
}
