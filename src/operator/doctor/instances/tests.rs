use super::super::testing::{self, instance_id};
use super::*;

/// What is changed, the check that finds it, and a part of what mends it.
type Case = (fn(&mut Instance), &'static str, &'static str);

fn wrong(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    testing::wrong(change, check)
}

fn changed(change: impl FnOnce(&mut Instance)) -> Vec<Finding> {
    wrong(|facts| {
        let instances = facts.instances.as_mut().unwrap();
        change(instances.get_mut(&instance_id(1)).unwrap());
    })
}

#[test]
fn each_option_that_is_wrong_is_found_alone_with_what_mends_it() {
    assert_eq!(wrong(|_| {}), []);
    let cases: [Case; 5] = [
        (|it| it.metadata.is_enabled = false, "metadata-enabled", "--http-endpoint enabled"),
        (|it| it.metadata.tokens_required = false, "metadata-tokens", "--http-tokens required"),
        (|it| it.metadata.hop_limit = 3, "metadata-hop-limit", "-hop-limit 1"),
        (
            |it| {
                it.metadata.shows_tags = false;
                it.tags.insert(TAG_POOL.to_owned(), "kafka".to_owned());
            },
            "metadata-tags",
            "--instance-metadata-tags enabled",
        ),
        (|it| it.profile = None, "instance-profile", "Arn=arn:aws:iam::1:instance-profile/st"),
    ];
    for (change, check, command) in cases {
        let wrong = changed(change);
        let [finding] = &wrong[..] else { panic!("{check}: {wrong:#?}") };
        assert_eq!(finding.check, check);
        assert!(finding.commands[0].contains(command), "{finding:#?}");
        assert!(finding.commands[0].contains(instance_id(1).as_str()), "{finding:#?}");
    }
    // Two hops are for containers, and no fault; tags are missed by those alone that have them.
    assert_eq!(changed(|it| it.metadata.hop_limit = 2), []);
    assert_eq!(changed(|it| it.metadata.shows_tags = false), []);
}

#[test]
fn room_is_missed_by_those_alone_that_have_no_slot() {
    let full = |facts: &mut Facts| {
        let limits = InterfaceLimits { total: 2, on_card_0: 2 };
        facts.limits = Ok([("m5.large".to_owned(), limits)].into());
    };
    assert_eq!(wrong(full), []);
    let wrong = wrong(|facts| {
        full(facts);
        facts.me = Some(instance_id(3));
        facts.interfaces.as_mut().unwrap()[2].eni.attachment = None;
    });
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].what.contains("2 of 2 interfaces on network card 0"), "{wrong:#?}");
}

#[test]
fn who_does_not_run_is_not_looked_at() {
    let stopped = changed(|it| {
        it.state = InstanceState::Stopped;
        it.metadata.tokens_required = false;
    });
    assert_eq!(stopped, []);
}
