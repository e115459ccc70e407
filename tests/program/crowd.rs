//! Many at once: one slot each, none twice, and those without one are told who has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::region::{Instance, Region, slot_of};
use crate::run::{Outcome, Running, exit};

fn claim_together(instances: &[Instance<'_>], wait: &str) -> Vec<Outcome> {
    let started: Vec<_> =
        instances.iter().map(|instance| instance.start_claim(&["--wait", wait])).collect();
    started.into_iter().map(Running::finish).collect()
}

/// With token buckets too small for so many, as an account's are where other things go on.
#[test]
fn fifty_agents_at_once_each_get_one_slot_of_their_own_zone() {
    let region = Region::up();
    region.pool(50);
    let zones = [("a", 17), ("b", 17), ("c", 16)];
    let instances: Vec<_> =
        zones.iter().flat_map(|(zone, count)| region.launch_many(zone, *count)).collect();
    region.throttle(Some(0.3));
    for outcome in claim_together(&instances, "5m") {
        outcome.done();
    }
    let mut slots = BTreeSet::new();
    for instance in &instances {
        let held = instance.holds();
        assert_eq!(held.len(), 1, "{}: {held:?}", instance.id);
        slots.extend(held);
    }
    assert_eq!(slots.len(), 50);
    let zone_of: BTreeMap<_, _> =
        region.state().unwrap().instances.into_iter().map(|it| (it.id, it.zone)).collect();
    let astray: Vec<_> = region
        .slots()
        .into_iter()
        .filter(|eni| zone_of[eni.instance.as_ref().unwrap()] != eni.zone)
        .collect();
    assert!(astray.is_empty(), "{astray:#?}");
    let calls = region.log(0).unwrap();
    let throttled = calls.iter().filter(|call| call.outcome == "RequestLimitExceeded").count();
    assert!(throttled > 0, "the buckets were large enough: nothing was shown");
}

#[test]
fn of_six_agents_on_three_slots_three_fail_and_name_the_holders() {
    let region = Region::with_pool(3);
    let instances = region.launch_many("a", 6);
    let outcomes = claim_together(&instances, "6s");
    let (won, lost): (Vec<_>, Vec<_>) =
        instances.iter().zip(&outcomes).partition(|(_, outcome)| outcome.code == 0);
    assert_eq!((won.len(), lost.len()), (3, 3), "{outcomes:#?}");
    let holders = region.slots().into_iter().map(|eni| {
        format!("slot {} is held by {} (running)", slot_of(&eni), eni.instance.as_ref().unwrap())
    });
    let holders: Vec<_> = holders.collect();
    let mut texts = vec!["no free slot in eu-west-1a after 6s: "];
    texts.extend(holders.iter().map(String::as_str));
    for (instance, outcome) in lost {
        outcome.fails(exit::UNAVAILABLE, &texts);
        assert_eq!(instance.holds(), [0; 0]);
    }
    for (instance, _) in won {
        assert_eq!(instance.holds().len(), 1);
    }
}
