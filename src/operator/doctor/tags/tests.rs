use super::super::Severity;
use super::super::testing::{interface, kafka};
use super::*;

#[test]
fn every_defect_is_told_with_a_number_that_is_free() {
    let mut all = vec![interface(1), interface(2), interface(3), interface(4)];
    all[1].eni.tags.remove(TAG_SLOT);
    all[2].eni.tags.insert(TAG_SLOT.to_owned(), "x".to_owned());
    all[3].eni.tags.insert(TAG_SLOT.to_owned(), "1".to_owned());
    let (seen, defects) = slots(&kafka(), &all);
    assert_eq!(seen.len(), 1);
    let commands: Vec<&str> = defects.iter().map(|it| it.commands[0].as_str()).collect();
    let set = |eni: &str, number| {
        format!("aws ec2 create-tags --resources {eni} --tags Key=steadfast:slot,Value={number}")
    };
    let ids: Vec<&str> = all.iter().map(|it| it.eni.id.as_str()).collect();
    assert_eq!(commands, [set(ids[1], 2), set(ids[2], 3), set(ids[3], 4)]);
    assert!(defects.iter().all(|it| it.severity == Severity::Error));
    let (_, defects) = slots(&kafka(), &[]);
    assert!(defects[0].what.contains("pool kafka has no ENI"), "{defects:?}");
}

#[test]
fn an_override_is_told_for_as_long_as_it_is_there() {
    let mut it = interface(1);
    let tagged = "eni-attach-00000000000000001";
    it.eni.tags.insert(TAG_BOOTSTRAP.to_owned(), tagged.to_owned());
    let all = [it];
    let (seen, _) = slots(&kafka(), &all);
    let found = override_left(&seen[0]).unwrap();
    assert!(found.what.ends_with("which is over"), "{found:?}");
    assert!(found.commands[0].contains("Key=steadfast:bootstrap"), "{found:?}");
}

#[test]
fn sizes_are_judged() {
    let of = |count| size(count).severity;
    assert_eq!(
        [1, 2, 3, 4, 5, 7, 9, 10, 11].map(of).map(|it| it == Severity::Ok),
        [false, false, true, false, true, true, true, false, false]
    );
}

#[test]
fn slots_are_listed_as_people_do() {
    let slots = |all: &[u8]| listed(all.iter().map(|it| (*it).try_into().unwrap()));
    assert_eq!(slots(&[2]), "slot 2");
    assert_eq!(slots(&[1, 2]), "slots 1 and 2");
    assert_eq!(slots(&[1, 2, 5]), "slots 1, 2 and 5");
}
