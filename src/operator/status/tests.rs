//! The verdict by table: a healthy pool of three, and one thing changed at a time.

use std::time::{Duration, SystemTime};

use super::oddity::Severity;
use super::report::{Health, Report};
use super::*;
use crate::cloud::account::{Instance, MetadataOptions};
use crate::cloud::{Attachment, AttachmentStatus, InstanceState};
use crate::ids::DeviceIndex;
use crate::operator::server_list::Difference;
use crate::operator::session::{Opened, Refusal, Timed};
use crate::operator::testing;
use crate::zookeeper::answer::{self, Mode, Serving, Silence, Srvr};

/// A million seconds after 1970; slots were attached an hour before.
const NOW: u64 = 1_000_000;

fn number(slot: u8) -> SlotNumber {
    slot.try_into().unwrap()
}

fn instance_id(slot: u8) -> InstanceId {
    format!("i-000000000000000{slot:02x}").parse().unwrap()
}

fn serves(mode: Mode) -> Srvr {
    Srvr::Serves(Serving {
        mode,
        zxid: Some(0x1_0000_0100),
        connections: Some(1),
        version: Some("3.8.0".to_owned()),
    })
}

fn refused() -> Srvr {
    Srvr::Silent(Silence::Unreachable("Connection refused (os error 111)".to_owned()))
}

fn late() -> Srvr {
    Srvr::Silent(Silence::Late(Duration::from_millis(1500)))
}

fn instance(slot: u8, zone: &str) -> Instance {
    let id = instance_id(slot);
    Instance {
        id,
        state: InstanceState::Running,
        kind: "m5.large".to_owned(),
        zone: zone.to_owned(),
        launched_at: None,
        address: None,
        tags: BTreeMap::new(),
        interfaces: vec![],
        metadata: MetadataOptions {
            is_enabled: true,
            tokens_required: true,
            hop_limit: 1,
            shows_tags: true,
        },
        profile: None,
    }
}

fn interface(slot: &Slot, eni: crate::cloud::Eni) -> Interface {
    Interface {
        eni,
        description: String::new(),
        vpc: "vpc-00000001".parse().unwrap(),
        groups: vec![],
        source_dest_check: true,
        attached_at: slot.attachment.is_some().then_some(NOW as i64 - 3600),
        delete_on_termination: false,
        is_requester_managed: false,
    }
}

/// A pool of so many slots, each in a zone of its own, held and serving; the last leads.
fn healthy(slots: u8) -> View {
    let addresses: Vec<String> = (1..=slots).map(|slot| format!("10.0.0.{slot}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let (mut pool, enis) = testing::pool_of(&addresses);
    let mut view_interfaces = BTreeMap::new();
    let mut holders = BTreeMap::new();
    for (slot, eni) in pool.slots.values_mut().zip(enis) {
        let n = slot.number.get();
        slot.zone = format!("eu-west-1{}", char::from(b'a' + (n - 1) % 26));
        slot.attachment = Some(Attachment {
            id: format!("eni-attach-000000000000000{n:02x}").parse().unwrap(),
            instance: Some(instance_id(n)),
            index: DeviceIndex(1),
            status: AttachmentStatus::Attached,
        });
        slot.initialized = Some("some-lineage".to_owned());
        view_interfaces.insert(slot.eni.clone(), interface(slot, eni));
        holders.insert(instance_id(n), instance(n, &slot.zone));
    }
    let server = |slot: &Slot| Server {
        slot: slot.number,
        address: (slot.address(), 2181).into(),
        answer: serves(if slot.number.get() == slots { Mode::Leader } else { Mode::Follower }),
        counts: Err(Silence::NotServing),
        is_held: true,
    };
    View {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
        servers: pool.slots.values().map(server).collect(),
        pool,
        defects: vec![],
        interfaces: view_interfaces,
        holders: Ok(holders),
        session: opened(vec![]),
    }
}

fn opened(differences: Vec<Difference>) -> Session {
    let done = || Timed { seconds: Some(0.001), problem: None };
    Session::Opened(Box::new(Opened {
        slot: number(1),
        server: ([10, 0, 0, 1], 2181).into(),
        established_seconds: 0.002,
        is_read_only: false,
        read: done(),
        write: Some(done()),
        config_differences: Some(differences),
    }))
}

fn slot(view: &mut View, slot: u8) -> &mut Slot {
    view.pool.slots.get_mut(&number(slot)).unwrap()
}

fn eni(view: &mut View, n: u8) -> &mut Interface {
    let id = slot(view, n).eni.clone();
    view.interfaces.get_mut(&id).unwrap()
}

fn holder(view: &mut View, n: u8) -> &mut Instance {
    view.holders.as_mut().unwrap().get_mut(&instance_id(n)).unwrap()
}

fn answers(view: &mut View, n: u8, answer: Srvr) {
    view.servers[usize::from(n) - 1].answer = answer;
}

fn serving(view: &mut View, n: u8) -> &mut Serving {
    match &mut view.servers[usize::from(n) - 1].answer {
        Srvr::Serves(serving) => serving,
        other => panic!("{other}"),
    }
}

fn free(view: &mut View, n: u8) {
    slot(view, n).attachment = None;
    view.servers[usize::from(n) - 1].is_held = false;
    answers(view, n, late());
}

fn kinds(report: &Report) -> Vec<&str> {
    report.oddities.iter().map(|it| it.kind.as_str()).collect()
}

/// The verdict on a healthy pool of three after a change.
fn after(change: impl Fn(&mut View)) -> Report {
    let mut view = healthy(3);
    change(&mut view);
    verdict(&view)
}

#[test]
fn a_healthy_pool_is_healthy() {
    for (slots, survives) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (7, 3)] {
        let report = verdict(&healthy(slots));
        assert_eq!(report.health, Health::Healthy, "{:?}", report.oddities);
        assert_eq!(report.quorum.survives, Some(survives));
        assert_eq!(report.quorum.leaders, [number(slots)]);
    }
    let report = verdict(&healthy(3));
    let verdict = "healthy: there is a quorum, 3 of 3 servers vote, and it survives one more loss";
    assert_eq!(report.verdict, verdict);
    assert_eq!(report.at, "1970-01-12T13:46:40Z");
    let first = report.slots[0].holder.as_ref().unwrap();
    assert_eq!(first.attached_seconds, Some(3600));
    assert_eq!(first.attached_at.as_deref(), Some("1970-01-12T12:46:40Z"));
    assert_eq!(report.slots[0].server.zxid.as_deref(), Some("0x100000100"));
}

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
    }
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

/// Two of five slots were retired: until all servers have the shorter list, three of five vote.
#[test]
fn what_it_survives_goes_by_the_ensembles_own_list_too() {
    let listed = |id: u64| Difference {
        id,
        in_pool: None,
        in_ensemble: Some(format!("10.0.0.{id}:2888:3888:participant")),
    };
    let report = after(|it| it.session = opened(vec![listed(4), listed(5)]));
    assert_eq!((report.quorum.survives, report.quorum.ensemble), (Some(0), Some(5)));
    assert_eq!(
        report.verdict,
        "degraded: there is a quorum, 3 of 3 servers vote (they still go by a list of 5), and the \
         next loss ends it"
    );
    // The session may have been with any server, the leader too.
    let step = report.oddities[0].next_step.as_deref().unwrap();
    assert!(step.ends_with("the leader's last"), "{step}");
    // Two slots were added, and nobody holds them: the pool's majority is what is aimed at.
    let mut view = healthy(5);
    free(&mut view, 1);
    free(&mut view, 2);
    let missing = |id: u64| Difference {
        id,
        in_pool: Some(format!("10.0.0.{id}:2888:3888")),
        in_ensemble: None,
    };
    view.session = opened(vec![missing(1), missing(2)]);
    let quorum = verdict(&view).quorum;
    assert_eq!((quorum.survives, quorum.ensemble), (Some(0), Some(3)));
    // One of the three is lost: the two that are left go by a list of three, and serve.
    free(&mut view, 3);
    let report = verdict(&view);
    assert_eq!((report.health, report.quorum.survives), (Health::Degraded, Some(0)));
    let says =
        "there is a quorum, 2 of 5 servers vote (they still go by a list of 3), and the next";
    assert!(report.verdict.contains(says), "{}", report.verdict);
    answers(&mut view, 4, refused());
    assert_eq!(verdict(&view).health, Health::NoQuorum);
    assert_eq!(after(|_| {}).quorum.ensemble, Some(3));
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
    assert!(step.ends_with(r"--auto-scaling-group-names 'it'\''s; reboot'"), "{step}");
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

/// What the servers of a pool answer, a letter each, and what follows from it.
#[test]
fn servers_that_are_not_seen_are_given_the_benefit_of_the_doubt() {
    // L leads, F follows, N has no leader, R refuses, . is silent, - is free.
    let cases = [
        ("LFF", Health::Healthy, Some(1)),
        ("LFR", Health::Degraded, Some(0)),
        ("LF-", Health::Degraded, Some(0)),
        ("LF.", Health::Degraded, Some(0)),
        // Two follow one that this place does not see.
        (".FF", Health::Degraded, Some(0)),
        // All in sight and none leads: they are about to notice it.
        ("RFF", Health::NoQuorum, None),
        ("NRR", Health::NoQuorum, None),
        ("NR-", Health::NoQuorum, None),
        ("N--", Health::NoQuorum, None),
        ("N.-", Health::NoQuorum, None),
        ("RR.", Health::NoQuorum, None),
        // This place may be cut off together with the one that has no leader.
        ("N..", Health::Unknown, None),
        ("L..", Health::Unknown, None),
        ("...", Health::Unknown, None),
        ("..-", Health::Unknown, None),
        (".--", Health::NoQuorum, None),
        ("---", Health::NoQuorum, None),
        ("LFFF...", Health::Degraded, Some(0)),
        ("LFFFF..", Health::Degraded, Some(1)),
        ("LF..RRR", Health::Unknown, None),
        ("LF.RRRR", Health::NoQuorum, None),
        ("LLFFFFF", Health::NoQuorum, None),
    ];
    for (letters, health, survives) in cases {
        let mut view = healthy(u8::try_from(letters.len()).unwrap());
        for (n, letter) in (1..).zip(letters.chars()) {
            match letter {
                'L' => answers(&mut view, n, serves(Mode::Leader)),
                'F' => answers(&mut view, n, serves(Mode::Follower)),
                'N' => answers(&mut view, n, Srvr::NotServing),
                'R' => answers(&mut view, n, refused()),
                '.' => answers(&mut view, n, late()),
                _ => free(&mut view, n),
            }
        }
        if !letters.contains(['L', 'F']) {
            view.session = Session::NotOpened(vec![]);
        }
        let report = verdict(&view);
        assert_eq!((report.health, report.quorum.survives), (health, survives), "{letters}");
        assert!(!report.verdict.is_empty());
        println!("{letters:<8} {} {:?}", report.verdict, kinds(&report));
    }
}

#[test]
fn a_place_that_sees_no_server_says_so_and_blames_none() {
    let report = after(|it| {
        (1..=3).for_each(|n| answers(it, n, late()));
        it.session = Session::NotOpened(vec![]);
    });
    assert_eq!(kinds(&report), ["servers-unreachable-from-here"]);
    assert_eq!(report.verdict, "unknown: none of the servers can be seen from here");
    assert_eq!(report.health.exit_code(), 3);
    // What EC2 says is told all the same.
    let report = after(|it| {
        (1..=3).for_each(|n| answers(it, n, late()));
        it.session = Session::NotOpened(vec![]);
        eni(it, 1).delete_on_termination = true;
    });
    assert_eq!(kinds(&report), ["servers-unreachable-from-here", "delete-on-termination"]);
    assert_eq!(report.slots[0].holder.as_ref().unwrap().state.as_deref(), Some("running"));
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

#[test]
fn one_wrong_tag_does_not_hide_the_rest() {
    let (_, enis) = testing::pool_of(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    let view = healthy(3);
    let mut found: Vec<Interface> = view.interfaces.values().cloned().collect();
    found[1].eni = enis[1].clone();
    found[1].eni.tags.remove(crate::cloud::TAG_SLOT);
    let name = view.pool.name.clone();
    let (pool, defects) = as_far_as_possible(&name, &found).unwrap();
    assert_eq!(pool.slots.len(), 2);
    assert!(matches!(defects[..], [PoolError::NoNumber { .. }]), "{defects:?}");
    // Of two with one number the lower id stays; with nothing left the first defect is the error.
    found[1].eni = enis[1].clone();
    let tag = |n: &str| (crate::cloud::TAG_SLOT.to_owned(), n.to_owned());
    found[1].eni.tags.extend([tag("1")]);
    let (pool, defects) = as_far_as_possible(&name, &found).unwrap();
    assert_eq!(pool.slots[&number(1)].eni, enis[0].id);
    assert!(matches!(defects[..], [PoolError::Twice { .. }]), "{defects:?}");
    found.iter_mut().for_each(|it| it.eni.tags.extend([tag("x")]));
    let error = as_far_as_possible(&name, &found).unwrap_err();
    assert!(matches!(error, PoolError::BadNumber { .. }), "{error}");
    assert!(matches!(as_far_as_possible(&name, &[]), Err(PoolError::Empty { .. })));
}
