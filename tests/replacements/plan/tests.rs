use std::collections::BTreeSet;

use super::*;
use crate::{REPLACEMENTS, SEED, SLOTS};

const SEEDS: std::ops::Range<u64> = 0..300;

fn replaced(plan: &[Event]) -> usize {
    let losses = plan.iter().flat_map(|event| &event.losses);
    losses.filter(|loss| loss.kind.is_replaced()).count()
}

#[test]
fn a_seed_gives_one_plan_and_seeds_differ() {
    let plans: Vec<_> = SEEDS.map(|seed| plan(seed, REPLACEMENTS, SLOTS)).collect();
    let texts: BTreeSet<_> = plans.iter().map(|plan| format!("{plan:?}")).collect();
    assert_eq!(texts.len(), plans.len());
    for (seed, once) in SEEDS.zip(&plans) {
        assert_eq!(plan(seed, REPLACEMENTS, SLOTS), *once);
    }
}

#[test]
fn every_plan_has_all_kinds_and_roles_and_exactly_the_replacements() {
    for seed in SEEDS {
        let plan = plan(seed, REPLACEMENTS, SLOTS);
        assert_eq!(replaced(&plan), REPLACEMENTS, "seed {seed}");
        let losses = plan.iter().flat_map(|event| &event.losses);
        let dealt: BTreeSet<_> =
            losses.map(|loss| (loss.kind, loss.victim == Victim::Leader)).collect();
        assert_eq!(dealt.len(), Kind::ALL.len() * 2, "seed {seed}");
        assert!(plan.iter().any(|event| event.losses.len() == 2), "seed {seed}");
        assert!(plan.iter().any(|event| event.hasty), "seed {seed}");
    }
}

#[test]
fn no_plan_loses_the_quorum_for_good() {
    for (seed, slots) in SEEDS.flat_map(|seed| [(seed, 3), (seed, 5), (seed, 7)]) {
        let mut disks = Disks::whole(slots);
        for event in plan(seed, REPLACEMENTS, slots) {
            let before = if event.hasty { disks } else { Disks::whole(slots) };
            assert!(allowed(before, &event.kinds()), "seed {seed}, {slots} slots: {event}");
            disks = before.after(&event.kinds());
            let leaders = event.losses.iter().filter(|loss| loss.victim == Victim::Leader);
            assert!(leaders.count() <= 1, "seed {seed}: {event}");
        }
    }
}

#[test]
fn with_three_slots_two_disks_are_never_lost_at_once() {
    for event in SEEDS.flat_map(|seed| plan(seed, REPLACEMENTS, 3)) {
        assert!(event.kinds().iter().filter(|kind| kind.loses_disk()).count() < 2, "{event}");
    }
}

#[test]
fn an_event_is_told_in_words() {
    let loss = |kind, victim| Loss { kind, victim };
    let losses = vec![loss(Kind::Cut, Victim::Leader), loss(Kind::Hang, Victim::Follower(3))];
    let event = Event { losses, hasty: true };
    assert_eq!(event.to_string(), "leader cut off and follower hung, while the last one syncs");
    assert!(!plan(SEED, REPLACEMENTS, SLOTS)[0].hasty);
}
