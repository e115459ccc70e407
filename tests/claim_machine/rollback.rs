//! What was attached and cannot be used is given back, unless it is in use.

use steadfast::claim::{Effect, Event, Failure, HostFault, Setup};
use steadfast::cloud::CallError;

use super::given::*;

fn fault() -> HostFault {
    HostFault { text: "no route".into(), is_permission: false }
}

/// A claim that has attached slot 1 and waits for its NIC.
fn awaiting(setup: Setup) -> Claim {
    let mut claim = Claim::new(setup);
    claim.tell(read([free(1)])).tell(Event::Attached(Ok(attachment(1)))).is("awaiting-nic");
    claim
}

/// Each way to fail after the attach.
fn failures() -> Vec<(Vec<Event>, Failure)> {
    vec![
        (vec![Event::NicMissing], Failure::NoNic { slot: number(1) }),
        (vec![Event::Interrupted], Failure::Interrupted),
        (vec![Event::NicAppeared, Event::Configured(Err(fault()))], Failure::Host(fault())),
    ]
}

#[test]
fn whatever_fails_after_the_attach_is_undone_in_reverse() {
    for (events, why) in failures() {
        let mut claim = awaiting(setup());
        for event in events {
            claim.tell(event);
        }
        assert_eq!(claim.asks(), &Effect::Unconfigure(on_me(1, false)), "{why}");
        claim.tell(Event::Unconfigured).detaches(1, false);
        claim.tell(Event::Detached(Ok(()))).failed(&why, None);
    }
}

#[test]
fn what_is_gone_already_is_given_back() {
    let mut claim = awaiting(setup());
    claim.tell(Event::NicMissing).tell(Event::Unconfigured);
    claim.tell(Event::Detached(Err(CallError::AttachmentGone)));
    claim.failed(&Failure::NoNic { slot: number(1) }, None);
}

#[test]
fn a_detach_that_fails_is_tried_nine_times_past_the_deadline_and_then_what_is_left_is_named() {
    let retried =
        [lost(), in_transition(), not_found(), no_credentials(), CallError::Throttled(ATTACH)];
    for error in retried {
        let mut claim = awaiting(setup());
        claim.tell(Event::NicMissing).tell(Event::Unconfigured);
        for round in 0..8 {
            claim.detaches(1, false);
            claim.tell(Event::Detached(Err(error.clone()))).is("rollback-pausing");
            assert_eq!(claim.asks(), &Effect::Pause { round, past_deadline: true });
            claim.tell(Event::PauseOver);
        }
        claim.detaches(1, false).is("rolling-back");
        claim.tell(Event::Detached(Err(error)));
        claim.failed(&Failure::NoNic { slot: number(1) }, Some(1));
    }
}

#[test]
fn a_detach_that_is_refused_for_good_leaves_the_slot_and_says_so() {
    for error in final_refusals() {
        let mut claim = awaiting(setup());
        claim.tell(Event::Interrupted).tell(Event::Unconfigured);
        claim.tell(Event::Detached(Err(error))).failed(&Failure::Interrupted, Some(1));
    }
}

#[test]
fn a_slot_in_use_is_never_rolled_back() {
    for (events, why) in failures() {
        let in_use = Setup { in_use: Some(attachment(1)), ..setup() };
        let mut claim = Claim::new(in_use);
        claim.tell(read([held(1, ME, Attached)])).is("awaiting-nic");
        for event in events {
            claim.tell(event);
        }
        claim.failed(&why, Some(1));
    }
}

#[test]
fn the_facts_of_an_attachment_that_has_ended_protect_no_other() {
    let stale = Setup { in_use: Some(attachment(0x99)), ..setup() };
    let mut claim = awaiting(stale);
    claim.tell(Event::NicMissing).is("undoing");
}

#[test]
fn a_slot_that_a_crash_left_attached_is_rolled_back_like_any_other() {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, ME, Attached), free(2)]));
    assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(1, true)));
    claim.tell(Event::NicMissing).tell(Event::Unconfigured).detaches(1, false);
}
