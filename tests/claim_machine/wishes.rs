//! Which slot: any, one first, one only; and what this instance holds already.

use steadfast::claim::order::spread;
use steadfast::claim::{Effect, Event, Failure, Setup, Want};
use steadfast::cloud::{CallError, InstanceState};

use super::given::*;

fn only(slot: u8) -> Claim {
    Claim::new(wanting(Want::Only(number(slot))))
}

fn prefer(slot: u8) -> Claim {
    Claim::new(wanting(Want::Prefer(number(slot))))
}

#[test]
fn a_preferred_slot_is_tried_first_and_any_other_after_it() {
    for wanted in [1, 2, 3] {
        let mut claim = prefer(wanted);
        claim.tell(read([1, 2, 3].map(free))).attaches(wanted, 1);
        let next = spread([1, 2, 3].map(number), &instance(ME), Some(number(wanted)))[1];
        claim.tell(Event::Attached(Err(CallError::InUse))).attaches(next.get(), 1);
    }
}

#[test]
fn a_preferred_slot_that_is_held_or_missing_does_not_hinder() {
    prefer(1).tell(read([held(1, OTHER, Attached), free(2)])).attaches(2, 1);
    prefer(9).tell(read([free(2)])).attaches(2, 1);
    prefer(1).tell(read([elsewhere(free(1)), free(2)])).attaches(2, 1);
}

#[test]
fn a_demanded_slot_is_the_only_candidate() {
    let mut claim = only(2);
    claim.tell(read([1, 2, 3].map(free))).attaches(2, 1);
    claim.tell(Event::Attached(Err(CallError::InUse))).is("pausing").tell(Event::PauseOver);
    // Nor is another holder asked about.
    claim.tell(read([held(1, OTHER, Attached), held(2, 0xb1, Attached), free(3)]));
    assert_eq!(claim.asks(), &Effect::ReadHolders(vec![instance(0xb1)]));
    claim.tell(holders([(0xb1, InstanceState::Terminated)])).detaches(2, true);
}

#[test]
fn a_demand_that_no_waiting_fulfils_fails_at_once() {
    only(9).tell(read([free(1)])).failed(&Failure::NoSuchSlot(number(9)), None);
    let why = Failure::SlotElsewhere { slot: number(2), zone: "eu-west-1b".into() };
    only(2).tell(read([free(1), elsewhere(free(2))])).failed(&why, None);
    let mut claim = Claim::new(setup());
    claim.tell(read([elsewhere(free(1))])).failed(&Failure::NoSlotInZone, None);
}

#[test]
fn a_demand_for_another_slot_than_the_held_one_changes_nothing() {
    let why = Failure::HoldsAnother { held: number(1), wanted: number(2) };
    only(2).tell(read([held(1, ME, Attached), free(2)])).failed(&why, None);
    // Nor if only EC2's refusal shows it.
    let mut claim = only(2);
    claim.tell(read([free(1), free(2)])).tell(Event::Attached(Err(CallError::IndexTaken)));
    claim.tell(Event::OwnRead(Ok(vec![own(Some(1), 1, Attached)]))).failed(&why, None);
}

#[test]
fn the_held_slot_is_kept_whatever_is_preferred() {
    let mut claim = prefer(2);
    claim.tell(read([held(1, ME, Attached), free(2)]));
    assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(1, true)));
}

#[test]
fn of_two_held_slots_the_one_in_use_is_kept_then_the_wanted_one_then_the_lowest() {
    let both = || read([held(1, ME, Attached), held(2, ME, Attached)]);
    let kept = |setup: Setup, slot: u8| {
        let mut claim = Claim::new(setup);
        claim.tell(both());
        assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(slot, true)));
    };
    kept(setup(), 1);
    kept(wanting(Want::Prefer(number(2))), 2);
    kept(wanting(Want::Only(number(2))), 2);
    kept(Setup { in_use: Some(attachment(1)), ..wanting(Want::Prefer(number(2))) }, 1);
}

#[test]
fn a_slot_on_its_way_out_is_not_held_and_nothing_else_is_attached_until_it_has_gone() {
    let mut claim = Claim::new(setup());
    claim.tell(read([held(1, ME, Detaching), free(2)])).is("pausing").tell(Event::PauseOver);
    claim.tell(read([free(2)])).attaches(2, 1);
}
