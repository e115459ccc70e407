//! What an earlier run has left is neither ignored nor obeyed blindly: a slot of another pool, a
//! slot whose tags are gone, a facts file that is none.

use steadfast_sim::control::Timings;

use crate::region::{POOL, Region, eventually};
use crate::run::exit;
use crate::tampering::DETACH;

/// A second pool's slot would be a second one on the instance, and take the first one's routes.
#[test]
fn a_slot_of_another_pool_is_neither_joined_by_a_second_nor_undone() {
    let region = Region::with_pool(1);
    region.create_pool("other", 1, true).unwrap();
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let before = (region.changes(), instance.network(), instance.slot_json());
    let told = ["holds slot 1 of pool kafka", "steadfast release --pool kafka"];
    for command in ["claim", "release"] {
        for more in [&[][..], &["--dry-run"]] {
            let args = [&[command, "--pool", "other"], more].concat();
            instance.steadfast(&args).fails(exit::CONFIG, &told);
            assert_eq!((region.changes(), instance.network(), instance.slot_json()), before);
        }
    }
    instance.release(&[]).done();
    instance.steadfast(&["claim", "--pool", "other"]).done();
}

#[test]
fn a_facts_file_that_is_none_keeps_nobody_from_a_slot() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    for text in ["", "{", "{\"version\": 2}", "\\0377\\0376"] {
        instance.claim(&[]).done();
        let whole = instance.slot_json();
        instance.sh(&format!("printf '{text}' >/run/steadfast/slot.json"));
        let again = instance.claim(&[]).done();
        assert!(again.stderr.contains("slot.json is not heeded"), "{}", again.stderr);
        assert_eq!(instance.slot_json(), whole);
        instance.sh(&format!("printf '{text}' >/run/steadfast/slot.json"));
        instance.release(&[]).done();
        assert_eq!((instance.holds(), instance.network()), (vec![], before.clone()));
        assert!(!instance.has_facts());
    }
}

/// What was done to a pool, and how, given the ENI that is held.
type Breakage<'a> = (&'a str, &'a dyn Fn(&str));

/// Whatever has become of the pool, what is attached here can be given back.
#[test]
fn a_slot_is_given_back_though_its_pool_is_broken() {
    let region = Region::of_one_zone();
    let enis = region.pool(2);
    let instance = region.launch("a");
    let before = instance.network();
    let breakages: [Breakage<'_>; 3] = [
        ("another slot of its number", &|mine| {
            let others = enis.iter().filter(|eni| *eni != mine);
            others.for_each(|eni| region.tag(eni, "steadfast:slot", "1"));
        }),
        ("no number", &|mine| region.untag(mine, "steadfast:slot")),
        ("no pool", &|mine| region.untag(mine, "steadfast:pool")),
    ];
    for (what, break_it) in breakages {
        instance.claim(&[]).done();
        let mine = instance.slot_json()["eni"].as_str().unwrap().to_owned();
        break_it(&mine);
        let said = instance.release(&[]).done().stdout;
        assert!(said.starts_with("released slot "), "{what}: {said}");
        assert_eq!(region.eni(&mine).instance, None, "{what}");
        assert_eq!(instance.network(), before, "{what}");
        for (number, eni) in enis.iter().enumerate() {
            region.tag(eni, "steadfast:pool", POOL);
            region.tag(eni, "steadfast:slot", &(number + 1).to_string());
        }
    }
}

/// What reads them must not start on an address that is another's by now.
#[test]
fn facts_of_a_slot_that_was_taken_away_do_not_outlive_the_next_claim() {
    let region = Region::with_pool(1);
    let (loser, taker) = (region.launch("a"), region.launch("a"));
    loser.claim(&[]).done();
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", "true")]);
    eventually("the slot is free", || loser.holds().is_empty().then_some(()));
    taker.claim(&[]).done();
    loser.claim(&["--wait", "1s"]).fails(exit::UNAVAILABLE, &["slot 1 is held by", &taker.id]);
    assert!(!loser.has_facts());
}

/// A read that is older than the claim shows no slot: it would stay attached for good.
#[test]
fn a_release_is_not_fooled_by_a_stale_read() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let before = instance.network();
    for round in 0..4 {
        region.set_timings(&Timings { stale_ms: Some(3_000), ..Timings::default() }).unwrap();
        instance.claim(&[]).done();
        instance.release(&[]).done();
        region.set_timings(&Timings { stale_ms: Some(0), ..Timings::default() }).unwrap();
        // What is changed now makes an end of what was read before: it is not of the next round.
        region.tag(&region.slots()[0].id, "round", &round.to_string());
        assert_eq!(instance.holds(), [0; 0], "round {round}");
        assert_eq!(instance.network(), before, "round {round}");
    }
}
