//! Stale reads, and a region that is the same for the same seed.

use super::model;
use crate::control::Timings;

#[test]
fn reads_are_present_unless_told_otherwise() {
    let mut model = model();
    for made in 1..=20 {
        model.eni_in('a');
        assert_eq!(model.read().interfaces.len(), made);
    }
}

#[test]
fn a_read_is_behind_by_no_more_than_it_may_be() {
    let mut model = model();
    model.set_timings(&Timings { stale_ms: Some(100), ..Timings::default() });
    // One interface each 10 ms, so that the count tells the age.
    for _ in 0..100 {
        model.eni_in('a');
        model.pass(10);
    }
    let seen: Vec<_> = (0..200).map(|_| model.read().interfaces.len()).collect();
    let (oldest, newest) = (*seen.iter().min().unwrap(), *seen.iter().max().unwrap());
    assert!((90..=92).contains(&oldest), "{oldest}");
    assert_eq!(newest, 100);
    model.pass(101);
    assert!((0..200).all(|_| model.read().interfaces.len() == 100));
}

#[test]
fn a_stale_read_does_not_make_an_attach_stale() {
    let mut model = model();
    model.set_timings(&Timings { stale_ms: Some(10_000), ..Timings::default() });
    let (a, b) = (model.running_in('a', "t3.small"), model.running_in('a', "t3.small"));
    let eni = model.eni_in('a');
    model.pass(5_000);
    model.attach_at(&eni, &a, 1).unwrap();
    let is_free = |world: &crate::model::world::World| {
        world.interface(&eni).is_ok_and(|eni| eni.attachment.is_none())
    };
    assert!((0..1_000).any(|_| is_free(&model.read())), "no read was stale");
    assert!(model.attach_at(&eni, &b, 1).is_err());
}

#[test]
fn the_seed_makes_the_ids() {
    let ids = |seed| {
        let mut model = crate::model::Model::new("eu-west-1", 3, seed, 0);
        (model.eni_in('a'), model.launch_in('b', "t3.small"))
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}
