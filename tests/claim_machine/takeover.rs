//! Slots are taken over from holders that are lost, and from no other.

use steadfast::claim::{Effect, Event, Failure};
use steadfast::cloud::{CallError, InstanceState};

use super::given::*;

const LATER: u8 = 0xb1;

/// A claim that asks what state the holder of slot 1 is in, after this many reads and pauses.
fn checking() -> Claim {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, OTHER, Attached)]));
    assert_eq!(claim.asks(), &Effect::ReadHolders(vec![instance(OTHER)]));
    claim
}

/// Told the holder's state; then paused over and read again, if it only waits.
fn sees(claim: &mut Claim, state: InstanceState) -> &mut Claim {
    claim.tell(holders([(OTHER, state)]))
}

fn reads_again(claim: &mut Claim) -> &mut Claim {
    claim.is("pausing").tell(Event::PauseOver);
    claim.tell(read([held(1, OTHER, Attached)]));
    claim.is("checking-holders");
    claim
}

#[test]
fn one_that_shuts_down_or_is_terminated_is_taken_over_at_once() {
    sees(&mut checking(), InstanceState::ShuttingDown).detaches(1, false);
    sees(&mut checking(), InstanceState::Terminated).detaches(1, true);
}

#[test]
fn one_that_stops_is_taken_over_after_two_sightings() {
    for (state, force) in [(InstanceState::Stopping, false), (InstanceState::Stopped, true)] {
        let mut claim = checking();
        sees(&mut claim, state);
        sees(reads_again(&mut claim), state).detaches(1, force);
    }
}

#[test]
fn one_that_is_gone_is_taken_over_after_three() {
    let mut claim = checking();
    sees(&mut claim, InstanceState::Gone);
    sees(reads_again(&mut claim), InstanceState::Gone);
    // Not described at all is the same.
    reads_again(&mut claim).tell(holders([])).detaches(1, true);
}

#[test]
fn a_running_one_never_is_and_to_be_seen_running_starts_the_count_anew() {
    let mut claim = checking();
    for _ in 0..20 {
        sees(&mut claim, InstanceState::Stopped).is("pausing");
        sees(reads_again(&mut claim), InstanceState::Running).is("pausing");
        sees(reads_again(&mut claim), InstanceState::Gone).is("pausing");
        sees(reads_again(&mut claim), InstanceState::Pending).is("pausing");
        reads_again(&mut claim);
    }
    sees(&mut claim, InstanceState::Running).is("pausing").tell(Event::DeadlinePassed);
    claim.failed(&Failure::NoSlot, None);
}

#[test]
fn sightings_count_for_one_attachment_only() {
    let mut claim = checking();
    sees(&mut claim, InstanceState::Stopped).tell(Event::PauseOver);
    // The slot has changed hands; this holder was never seen stopped.
    let mut slot = held(1, LATER, Attached);
    slot.attachment =
        slot.attachment.map(|a| steadfast::cloud::Attachment { id: attachment(0x77), ..a });
    claim.tell(read([slot])).tell(holders([(LATER, InstanceState::Stopped)])).is("pausing");
}

#[test]
fn it_is_asked_for_once_and_then_once_by_force() {
    let mut claim = checking();
    sees(&mut claim, InstanceState::ShuttingDown).detaches(1, false);
    claim.tell(Event::Detached(Ok(())));
    sees(reads_again(&mut claim), InstanceState::ShuttingDown).is("pausing");
    sees(reads_again(&mut claim), InstanceState::Terminated).detaches(1, true);
    claim.tell(Event::Detached(Err(CallError::AttachmentGone)));
    sees(reads_again(&mut claim), InstanceState::Terminated).is("pausing");
    claim.tell(Event::PauseOver).tell(read([free(1)])).attaches(1, 1);
}

#[test]
fn a_detach_that_failed_is_asked_for_again() {
    for error in
        [lost(), in_transition(), not_found(), no_credentials(), CallError::Throttled(ATTACH)]
    {
        let mut claim = checking();
        sees(&mut claim, InstanceState::Terminated).tell(Event::Detached(Err(error)));
        sees(reads_again(&mut claim), InstanceState::Terminated).detaches(1, true);
    }
    for error in final_refusals() {
        let mut claim = checking();
        sees(&mut claim, InstanceState::Terminated).tell(Event::Detached(Err(error.clone())));
        claim.failed(&Failure::Call(error), None);
    }
}

#[test]
fn of_several_holders_the_lost_one_is_found() {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, OTHER, Attached), held(2, LATER, Attached)]));
    assert_eq!(claim.asks(), &Effect::ReadHolders(vec![instance(OTHER), instance(LATER)]));
    let states = [(OTHER, InstanceState::Running), (LATER, InstanceState::Terminated)];
    claim.tell(holders(states)).detaches(2, true);
}

#[test]
fn a_free_slot_comes_before_a_takeover_and_other_zones_are_left_alone() {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, OTHER, Attached), free(2)])).attaches(2, 1);
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, OTHER, Attached), elsewhere(held(2, LATER, Attached))]));
    assert_eq!(claim.asks(), &Effect::ReadHolders(vec![instance(OTHER)]));
}

#[test]
fn a_slot_that_an_aws_service_holds_is_waited_for() {
    let mut slot = held(1, OTHER, Attached);
    slot.attachment = slot.attachment.map(|a| steadfast::cloud::Attachment { instance: None, ..a });
    Claim::new(setup()).tell(read([slot])).is("pausing");
}
