//! Two operators at once, under seeds: never two ENIs of one number, and whoever yields says so.

use std::collections::BTreeSet;

use steadfast_sim::control::{Fault, FaultKind};

use super::{Laptop, make_eni, subnets};
use crate::region::{Region, slot_of};
use crate::run::exit;

/// Half of the calls take longer, which ones depends on the seed.
fn shuffle(region: &Region, seed: u64) {
    region.clear_faults().unwrap();
    for (action, ms) in [("CreateNetworkInterface", 150), ("DescribeNetworkInterfaces", 80)] {
        let (action, kind) = (action.to_owned(), FaultKind::Delay { ms });
        let probability = Some(0.5);
        let fault = Fault { action, caller: None, after: 0, times: None, probability, seed, kind };
        region.fault(&fault).unwrap();
    }
}

fn numbers(region: &Region) -> Vec<u8> {
    region.slots().iter().map(slot_of).collect()
}

#[test]
fn with_the_same_wish_they_make_one_pool() {
    for seed in 0..4 {
        let region = Region::up();
        let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
        shuffle(&region, seed);
        let args = ["create", "--subnet", &subnets, "--count", "5", "--yes"];
        let both = [laptop.start(&args), laptop.start(&args)];
        for run in both {
            run.finish().done();
        }
        assert_eq!(numbers(&region), [1, 2, 3, 4, 5], "seed {seed}");
        assert_eq!(region.state().unwrap().enis.len(), 5, "seed {seed}");
    }
}

#[test]
fn with_different_wishes_no_number_is_there_twice_in_the_end() {
    for seed in 0..6 {
        let region = Region::up();
        let (laptop, subnets) = (Laptop(&region), subnets(&region));
        shuffle(&region, seed);
        let wish =
            |subnet: &str| laptop.start(&["create", "--subnet", subnet, "--count", "3", "--yes"]);
        let both = [wish(&subnets[0]), wish(&subnets[1])];
        let both = both.map(|run| run.finish());
        for run in &both {
            if run.code != 0 {
                run.fails(exit::TEMPFAIL, &["run the same command again"]);
            }
        }
        region.clear_faults().unwrap();
        // Whatever they met with, what they do next ends it.
        for subnet in &subnets[..2] {
            laptop.pool(&["create", "--subnet", subnet, "--count", "3", "--yes"]).done();
        }
        assert_eq!(numbers(&region), [1, 2, 3], "seed {seed}: {both:?}");
        assert_eq!(region.state().unwrap().enis.len(), 3, "seed {seed}: {both:?}");
    }
}

#[test]
fn two_enis_adopted_as_one_slot_are_one_slot_in_the_end() {
    let mut yielded = BTreeSet::new();
    for seed in 0..4 {
        let region = Region::up();
        let (laptop, subnets) = (Laptop(&region), subnets(&region));
        let enis = [0, 1].map(|z| format!("1={}", make_eni(&region, &subnets[z], &[])));
        shuffle(&region, seed);
        let both = [0, 1].map(|k| laptop.start(&["adopt", "--yes", "--eni", &enis[k]]));
        let both = both.map(|run| run.finish());
        region.clear_faults().unwrap();
        assert_eq!(numbers(&region), [1], "seed {seed}: {both:?}");
        assert!(both.iter().any(|run| run.code != 0), "seed {seed}: {both:?}");
        yielded.extend(both.iter().map(|run| run.code));
    }
    assert!(yielded.is_subset(&[0, exit::TEMPFAIL, exit::CONFIG].into()), "{yielded:?}");
}
