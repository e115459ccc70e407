//! What EC2 may answer to an attach: each row of the design's table of errors.

use steadfast::claim::order::spread;
use steadfast::claim::{Effect, Event, Failure, State, Want};
use steadfast::cloud::CallError;
use steadfast::ids::DeviceIndex;

use super::given::*;

/// A claim that has asked to attach the first of these slots, in the order of their numbers if
/// `Prefer` makes it so.
fn attaching(slots: &[u8]) -> Claim {
    let mut claim = Claim::new(wanting(Want::Prefer(number(slots[0]))));
    claim.tell(read(slots.iter().copied().map(free)));
    claim.attaches(slots[0], 1);
    claim
}

fn refuse(claim: &mut Claim, error: CallError) -> &mut Claim {
    claim.tell(Event::Attached(Err(error)))
}

#[test]
fn a_clean_claim_reads_once_and_attaches_once() {
    let mut claim = attaching(&[1, 2, 3]);
    claim.tell(Event::Attached(Ok(attachment(1)))).is("awaiting-nic");
    assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(1, false)));
    claim.tell(Event::NicAppeared).tell(Event::Configured(Ok(())));
    assert_eq!(claim.state, State::Held(on_me(1, false)));
}

#[test]
fn a_lost_race_is_followed_by_the_next_candidate_and_a_fresh_read_only_after_the_last() {
    let order = spread([1, 2, 3].map(number), &instance(ME), Some(number(2)));
    let mut claim = Claim::new(wanting(Want::Prefer(number(2))));
    claim.tell(read([1, 2, 3].map(free)));
    for slot in order {
        claim.attaches(slot.get(), 1);
        refuse(&mut claim, CallError::InUse);
    }
    claim.is("pausing").tell(Event::PauseOver).is("reading");
}

#[test]
fn only_free_slots_of_this_zone_are_candidates() {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, OTHER, Attached), elsewhere(free(2)), free(3)])).attaches(3, 1);
    refuse(&mut claim, CallError::InUse).is("pausing");
}

#[test]
fn a_slot_is_attached_at_the_lowest_index_that_nothing_is_known_to_have() {
    let mut claim = Claim::new(setup());
    claim.tell(read_with([free(1)], [], [1, 3])).attaches(1, 2);
}

#[test]
fn an_index_that_a_stranger_has_is_passed_over() {
    let mut claim = attaching(&[1]);
    refuse(&mut claim, CallError::IndexTaken).is("explaining");
    claim.tell(Event::OwnRead(Ok(vec![own(None, 1, Attached)]))).is("reading");
    claim.tell(read([free(1)])).attaches(1, 2);
    // And so is the next, while the first is remembered.
    refuse(&mut claim, CallError::IndexTaken);
    claim.tell(Event::OwnRead(Ok(vec![own(None, 2, Attached)]))).tell(read([free(1)]));
    claim.attaches(1, 3);
}

#[test]
fn an_index_that_our_own_slot_has_since_a_crash_is_resumed() {
    let mut claim = attaching(&[1]);
    refuse(&mut claim, CallError::IndexTaken);
    claim.tell(Event::OwnRead(Ok(vec![own(None, 0, Attached), own(Some(2), 1, Attaching)])));
    assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(2, true)));
}

#[test]
fn an_index_that_nothing_is_seen_to_have_is_not_passed_over() {
    let mut claim = attaching(&[1]);
    refuse(&mut claim, CallError::IndexTaken);
    // A stranger elsewhere explains nothing, and neither does a slot on its way out.
    let shown = vec![own(None, 4, Attached), own(Some(2), 1, Detaching)];
    claim.tell(Event::OwnRead(Ok(shown))).is("pausing");
    claim.tell(Event::PauseOver).tell(read([free(1)])).attaches(1, 1);
}

#[test]
fn no_room_is_final_unless_a_slot_of_ours_takes_it() {
    let mut claim = attaching(&[1]);
    refuse(&mut claim, no_room()).tell(Event::OwnRead(Ok(vec![own(None, 0, Attached)])));
    claim.failed(&Failure::Call(no_room()), None);

    let mut claim = attaching(&[1]);
    refuse(&mut claim, no_room()).tell(Event::OwnRead(Ok(vec![own(Some(2), 1, Attached)])));
    claim.is("awaiting-nic");
}

#[test]
fn what_is_in_transition_or_throttled_is_read_again() {
    for error in [in_transition(), no_credentials(), CallError::Throttled(ATTACH)] {
        let mut claim = attaching(&[1, 2]);
        refuse(&mut claim, error).is("pausing").tell(Event::PauseOver).is("reading");
    }
}

#[test]
fn what_is_not_found_is_read_again_three_times_and_then_believed() {
    let mut claim = attaching(&[1]);
    for _ in 0..3 {
        refuse(&mut claim, not_found()).is("pausing");
        claim.tell(Event::PauseOver).tell(read([free(1)])).attaches(1, 1);
    }
    refuse(&mut claim, not_found()).failed(&Failure::Call(not_found()), None);
}

#[test]
fn the_other_refusals_are_final() {
    for error in final_refusals() {
        let mut claim = attaching(&[1, 2]);
        refuse(&mut claim, error.clone()).failed(&Failure::Call(error), None);
    }
}

#[test]
fn a_read_that_is_refused_is_final_and_one_that_fails_is_not() {
    for error in [lost(), in_transition(), no_credentials(), CallError::Throttled(ATTACH)] {
        Claim::new(setup()).tell(Event::PoolRead(Err(error))).is("pausing");
    }
    for error in final_refusals() {
        let mut claim = Claim::new(setup());
        claim.tell(Event::PoolRead(Err(error.clone()))).failed(&Failure::Call(error), None);
    }
}

#[test]
fn the_pauses_grow_and_a_deadline_or_signal_ends_them() {
    let mut claim = Claim::new(setup());
    let mut rounds = vec![];
    for _ in 0..8 {
        claim.tell(Event::PoolRead(Err(lost())));
        let Effect::Pause { round, past_deadline: false } = claim.asks() else {
            panic!("{:?}", claim.effects);
        };
        rounds.push(*round);
        claim.tell(Event::PauseOver);
    }
    assert_eq!(rounds, [0, 1, 2, 3, 4, 5, 6, 6]);
    claim.tell(Event::PoolRead(Err(lost()))).tell(Event::DeadlinePassed);
    claim.failed(&Failure::NoSlot, None);
    let mut claim = Claim::new(setup());
    claim.tell(Event::PoolRead(Err(lost()))).tell(Event::Interrupted);
    claim.failed(&Failure::Interrupted, None);
}

#[test]
fn a_nic_that_a_read_does_not_explain_is_waited_for() {
    // The kernel or IMDS shows slot 2's NIC: the read is stale, or the NIC is about to go.
    let mut claim = Claim::new(setup());
    claim.tell(read_with([free(1), free(2)], [2], [1])).is("pausing");
    claim.tell(Event::PauseOver).tell(read_with([free(1), free(2)], [], [])).is("attaching");
    let State::Attaching { target, .. } = &claim.state else { panic!("{:?}", claim.state) };
    assert_eq!(target.index, DeviceIndex(1));
}
