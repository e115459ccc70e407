//! What is odd is found, told and answered with what mends it.

use super::*;

#[test]
fn each_oddity_is_found_and_degrades() {
    type Change = fn(&mut View);
    let cases: [(&str, Change); 19] = [
        ("delete-on-termination", |it| eni(it, 2).delete_on_termination = true),
        ("source-dest-check-off", |it| eni(it, 2).source_dest_check = false),
        ("holder-not-running", |it| holder(it, 2).state = InstanceState::Stopped),
        ("holder-not-running", |it| {
            it.holders.as_mut().unwrap().remove(&instance_id(2));
        }),
        ("holder-unknown", |it| slot(it, 2).attachment.as_mut().unwrap().instance = None),
        ("attachment-in-transit", |it| {
            slot(it, 2).attachment.as_mut().unwrap().status = AttachmentStatus::Detaching;
        }),
        ("attachment-in-transit", |it| {
            slot(it, 2).attachment.as_mut().unwrap().status = AttachmentStatus::Attaching;
        }),
        ("slot-free", |it| free(it, 2)),
        ("server-without-slot", |it| {
            free(it, 2);
            answers(it, 2, serves(Mode::Follower));
        }),
        ("server-down", |it| answers(it, 2, refused())),
        ("server-unreachable-from-here", |it| answers(it, 2, late())),
        ("server-not-serving", |it| answers(it, 2, Srvr::NotServing)),
        ("server-without-vote", |it| answers(it, 2, serves(Mode::Standalone))),
        ("server-without-vote", |it| answers(it, 2, serves(Mode::Observer))),
        ("bootstrap-override", |it| {
            let id = slot(it, 2).attachment.as_ref().unwrap().id.to_string();
            slot(it, 2).bootstrap = Some(id);
        }),
        ("server-far-behind", |it| serving(it, 3).zxid = Some(0x1_0000_4000)),
        ("holders-unknown", |it| it.holders = Err("EC2 refuses".to_owned())),
        ("no-session", |it| {
            let (slot, server) = (number(1), ([10, 0, 0, 1], 2181).into());
            let problem = "it opens no session".to_owned();
            let refusal = Refusal { slot, server, needs_authentication: false, problem };
            it.session = Session::NotOpened(vec![refusal]);
        }),
        ("server-list-differs", |it| {
            let in_ensemble = Some("10.0.0.4:2888:3888:participant".to_owned());
            it.session = opened(vec![Difference { id: 4, in_pool: None, in_ensemble }]);
        }),
    ];
    for (kind, change) in cases {
        let report = after(change);
        assert!(kinds(&report).contains(&kind), "{kind}: {:?}", report.oddities);
        assert_eq!(report.health, Health::Degraded, "{kind}");
        let odd = report.oddities.iter().find(|it| it.kind == kind).unwrap();
        assert_eq!(odd.severity, Severity::Warning);
        assert!(odd.sentence.len() > 10, "{odd:?}");
        report.oddities.iter().filter_map(|it| it.next_step.as_deref()).for_each(acts_here);
    }
}

/// The commands in it name the pool and the region: where they are pasted both may be others.
fn acts_here(step: &str) {
    let named = |what: &str| step.matches(what).count();
    assert_eq!(named("--pool kafka"), named("--pool kafka --region eu-west-1"), "{step}");
    assert_eq!(named("aws "), if step.contains("aws ") { named("--region eu-west-1") } else { 0 });
}

#[test]
fn what_is_only_to_be_known_leaves_it_healthy() {
    type Change = fn(&mut View);
    let cases: [(&str, Change); 4] = [
        ("first-boot-untagged", |it| slot(it, 2).initialized = None),
        ("bootstrap-override", |it| slot(it, 2).bootstrap = Some("eni-attach-00000000".to_owned())),
        ("several-versions", |it| serving(it, 2).version = Some("3.9.2".to_owned())),
        ("authentication-required", |it| {
            let (slot, server) = (number(1), ([10, 0, 0, 1], 2181).into());
            let refusal = Refusal { slot, server, needs_authentication: true, problem: "".into() };
            it.session = Session::NotOpened(vec![refusal]);
        }),
    ];
    for (kind, change) in cases {
        let report = after(change);
        assert_eq!(kinds(&report), [kind]);
        assert_eq!(report.health, Health::Healthy, "{kind}");
    }
}

#[test]
fn a_holder_that_is_about_to_boot_is_not_to_be_robbed() {
    let report = after(|it| holder(it, 2).state = InstanceState::Pending);
    assert_eq!(kinds(&report), ["holder-not-running"]);
    let step = report.oddities[0].next_step.as_deref().unwrap();
    assert!(step.contains("it is starting") && !step.contains("takes it over"), "{step}");
}

/// A group's name can be nearly anything.
#[test]
fn a_groups_name_in_a_command_is_quoted() {
    let report = after(|it| {
        for (n, group) in [(1, "it's; reboot"), (2, "it's; reboot"), (3, "c")] {
            let key = "aws:autoscaling:groupName".to_owned();
            holder(it, n).tags.insert(key, group.to_owned());
        }
    });
    let step = report.oddities[0].next_step.as_deref().unwrap();
    assert!(step.ends_with(r"names 'it'\''s; reboot' --region eu-west-1"), "{step}");
}

#[test]
fn two_slots_on_one_instance_are_told() {
    let report = after(|it| {
        let id = Some(instance_id(1));
        slot(it, 2).attachment.as_mut().unwrap().instance = id;
    });
    assert_eq!(kinds(&report), ["several-slots-on-one-instance"]);
    assert_eq!(report.oddities[0].slots, [number(1), number(2)]);
}

/// Groups of holders by slot, and which group is odd, if any.
#[test]
fn a_group_that_strays_into_another_zone_is_told() {
    let cases: [([&str; 3], Option<&str>); 5] = [
        (["a", "b", "c"], None),
        (["all", "all", "all"], None),
        (["a", "a", "c"], Some("a")),
        (["", "", ""], None),
        (["a", "", "c"], None),
    ];
    for (groups, odd) in cases {
        let report = after(|it| {
            for (n, group) in (1..).zip(groups).filter(|(_, group)| !group.is_empty()) {
                let key = "aws:autoscaling:groupName".to_owned();
                holder(it, n).tags.insert(key, group.to_owned());
            }
        });
        let told: Vec<&str> = report.oddities.iter().map(|it| it.sentence.as_str()).collect();
        match odd {
            None => assert!(told.is_empty(), "{groups:?}: {told:?}"),
            Some(group) => {
                assert_eq!(kinds(&report), ["group-in-several-zones"]);
                assert!(told[0].contains(&format!(
                    "group {group} holds slots 1 in eu-west-1a; 2 in eu-west-1b, and"
                )));
                assert_eq!(report.oddities[0].slots, [number(1), number(2)]);
            }
        }
    }
}

#[test]
fn a_twin_is_told_by_the_leaders_count_and_by_two_leaders() {
    let report = after(|it| {
        let text = "zk_version\t3.8.0\nzk_synced_followers\t3\n";
        it.servers[2].counts = answer::mntr(text.as_bytes());
    });
    assert_eq!(kinds(&report), ["twin"]);
    assert_eq!(report.health, Health::Degraded);
    let report = after(|it| answers(it, 1, serves(Mode::Leader)));
    assert_eq!(kinds(&report), ["several-leaders"]);
    assert_eq!(report.health, Health::NoQuorum);
    assert!(report.verdict.contains("2 servers lead"), "{}", report.verdict);
}

/// An idle follower shows the new leader's epoch only with its first transaction.
#[test]
fn a_new_epoch_is_no_lag() {
    for (leader, follower, is_behind) in [
        (0x2_0000_0000, 0x1_ffff_ffff, false),
        (0x2_0000_0001, 0x1_0000_0000, false),
        (0x2_0000_4000, 0x1_0000_0000, true),
        (0x2_0000_4000, 0x2_0000_3fff, false),
        (0x1_0000_0000, 0x2_0000_4000, false),
    ] {
        let report = after(|it| {
            serving(it, 3).zxid = Some(leader);
            serving(it, 1).zxid = Some(follower);
            serving(it, 2).zxid = Some(leader);
        });
        assert_eq!(kinds(&report).contains(&"server-far-behind"), is_behind, "{leader:x}");
    }
}
