//! Each broken promise is a problem, and a promise kept is none.

use super::*;

const SERVERS: &str = "10.0.0.1:2181,10.0.0.2:2181";

fn replacement(slot: u8) -> Replacement {
    Replacement {
        slot,
        address: format!("10.0.0.{slot}"),
        address_after: format!("10.0.0.{slot}"),
        instance_before: format!("i-0{slot}"),
        instance_after: format!("i-1{slot}"),
        claimed_s: 1.0,
        member_s: 2.0,
        ec2_calls: 2,
        connect_string: SERVERS.to_owned(),
    }
}

fn event(kind: Kind) -> Event {
    let losses = u8::try_from(kind.losses()).unwrap();
    let fence = Fence {
        instance: "i-01".to_owned(),
        processes: 1,
        processes_left: 0,
        fenced_s: Some(0.01),
        dead_s: 0.02,
        exit_status: Some(79),
        gap_s: 0.02,
    };
    Event {
        kind,
        replacements: (1..=losses).map(replacement).collect(),
        gap_s: 0.5,
        fence: (kind == Kind::LeaderHung).then_some(fence),
    }
}

pub fn good() -> Report {
    Report {
        connect_string: SERVERS.to_owned(),
        events: Kind::ALL.map(event).into(),
        znodes_acknowledged: 10,
        znodes_read_back: 10,
        twin_writes: Some(0),
        synced_followers_max: 4,
        leader_looks: 100,
        ..Report::default()
    }
}

fn fence(report: &mut Report) -> &mut Fence {
    report.events[4].fence.as_mut().unwrap()
}

#[test]
fn each_broken_promise_is_a_problem() {
    assert_eq!(good().problems(None), [""; 0]);
    type Break = fn(&mut Report);
    let broken: [(&str, Break); 20] = [
        ("slot 1 changed from", |r| {
            r.events[1].replacements[0].address_after = "10.0.0.9".into();
        }),
        ("slot 2 changed from", |r| {
            r.events[3].replacements[1].address_after = "10.0.0.9".into();
        }),
        ("slot 1 was not replaced", |r| {
            r.events[2].replacements[0].instance_after = "i-01".into();
        }),
        ("1 instances replaced 2", |r| r.events[3].replacements.truncate(1)),
        ("1 instances replaced 2", |r| {
            r.events[3].replacements[1].instance_after = "i-11".into();
        }),
        ("the connect string changed", |r| {
            r.events[4].replacements[0].connect_string = "10.0.0.1:2181".into();
        }),
        ("4 of 5 events", |r| r.events.truncate(4)),
        ("0 of 5 events", |r| r.events.clear()),
        ("9 of 10 acknowledged", |r| r.znodes_read_back = 9),
        ("0 of 0 acknowledged", |r| (r.znodes_acknowledged, r.znodes_read_back) = (0, 0)),
        ("acknowledged 1 writes", |r| r.twin_writes = Some(1)),
        ("nobody looked for writes", |r| r.twin_writes = None),
        ("5 followers in step", |r| r.synced_followers_max = 5),
        ("no leader was asked", |r| r.leader_looks = 0),
        ("nobody saw whether", |r| r.events[4].fence = None),
        ("without a ZooKeeper", |r| fence(r).processes = 0),
        ("1 of ZooKeeper's processes outlived", |r| fence(r).processes_left = 1),
        ("did not find itself fenced", |r| fence(r).fenced_s = None),
        ("ended with 0 and not 79", |r| fence(r).exit_status = Some(0)),
        ("`run` has not ended", |r| fence(r).exit_status = None),
    ];
    for (text, breaks) in broken {
        let mut report = good();
        breaks(&mut report);
        let problems = report.problems(None);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(text), "{text}: {problems:?}");
    }
}

#[test]
fn what_ended_the_play_comes_first() {
    let problems = Report::default().problems(Some("the region fell over".into()));
    assert_eq!(problems[0], "the region fell over");
    assert!(problems.len() > 1);
}
