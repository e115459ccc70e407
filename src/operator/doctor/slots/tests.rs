use super::super::Severity;
use super::super::testing::{self, held, instance_id, interface, kafka, vpc_id};
use super::*;
use crate::cloud::account::Interface;

/// What is changed, the check that finds it, and a part of what mends it.
type Case = (fn(&mut Vec<Interface>), &'static str, &'static str);

fn found(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let target = Target { pool: kafka(), region: "eu-west-1".to_owned() };
    testing::found(change, |seen, facts| check(&target, seen, facts))
}

/// What is wrong after a slot was changed.
fn wrong(change: impl FnOnce(&mut Vec<Interface>)) -> Vec<Finding> {
    let all = found(|facts| change(facts.interfaces.as_mut().unwrap()));
    all.into_iter().filter(|it| it.severity != Severity::Ok).collect()
}

#[test]
fn a_healthy_pool_has_nothing_wrong() {
    let all = found(|_| {});
    assert!(all.iter().all(|it| it.severity == Severity::Ok), "{all:#?}");
    assert_eq!(all.len(), 8);
}

#[test]
fn each_defect_is_found_alone_with_what_mends_it() {
    let cases: [Case; 6] = [
        (
            |all| all[0].delete_on_termination = true,
            "delete-on-termination",
            "AttachmentId=eni-attach-00000000000000001,DeleteOnTermination=false",
        ),
        (|all| all[1].source_dest_check = false, "source-dest-check", "--source-dest-check"),
        (|all| all[2].is_requester_managed = true, "owner", ""),
        (|all| all[2].vpc = vpc_id(2), "vpc", ""),
        (|all| drop(all[2].eni.tags.remove(crate::cloud::TAG_INITIALIZED)), "started", ""),
        (|all| all[0] = interface(1), "held", ""),
    ];
    for (change, check, command) in cases {
        let wrong = wrong(change);
        let [finding] = &wrong[..] else { panic!("{check}: {wrong:#?}") };
        assert_eq!(finding.check, check);
        assert!(finding.commands.concat().contains(command), "{finding:#?}");
        assert!(!finding.commands.is_empty() || finding.hint.is_some(), "{finding:#?}");
    }
}

#[test]
fn two_slots_on_one_instance_are_both_named() {
    let wrong = wrong(|all| {
        all[1] = held(2);
        all[1].eni.attachment.as_mut().unwrap().instance = Some(instance_id(1));
    });
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert_eq!(wrong[0].what, format!("{} holds slots 1 and 2", instance_id(1)));
    // Pasted whole, commands would free the one that serves, too.
    assert!(wrong[0].commands.is_empty());
    let command = "`steadfast reclaim SLOT --pool kafka --region eu-west-1`";
    assert!(wrong[0].hint.as_deref().unwrap().contains(command));
}

#[test]
fn a_holder_that_does_not_run_is_told_with_its_state() {
    let of = |change: fn(&mut BTreeMap<InstanceId, crate::cloud::account::Instance>)| {
        let all = found(|facts| change(facts.instances.as_mut().unwrap()));
        let wrong: Vec<_> = all.into_iter().filter(|it| it.check == "holder").collect();
        wrong[0].what.clone()
    };
    let gone = of(|all| drop(all.remove(&instance_id(1))));
    assert!(gone.ends_with("which is gone"), "{gone}");
    let stopped = of(|all| all.get_mut(&instance_id(2)).unwrap().state = InstanceState::Stopped);
    assert!(stopped.ends_with("which is stopped"), "{stopped}");
}
