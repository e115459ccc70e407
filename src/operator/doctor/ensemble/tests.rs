use std::net::SocketAddr;

use super::super::testing::{facts, kafka};
use super::super::{Severity, tags};
use super::*;
use crate::operator::server_list::Difference;
use crate::zookeeper::answer;

/// What is changed, and what is wrong then.
type Case<T> = (fn(&mut T), &'static [(&'static str, Severity)]);

fn serves(mode: &str, version: &str) -> Srvr {
    answer::srvr(format!("Zookeeper version: {version}\nMode: {mode}\n\n").as_bytes())
}

fn counts(followers: u64) -> Result<answer::Mntr, Silence> {
    let text = format!("zk_version\t3.8.0\nzk_synced_followers\t{followers}\n");
    answer::mntr(text.as_bytes())
}

fn opened() -> Opened {
    let timed = || Timed { seconds: Some(0.003), problem: None };
    Opened {
        slot: 1.try_into().unwrap(),
        server: SocketAddr::from(([10, 0, 1, 9], 2181)),
        established_seconds: 0.01,
        is_read_only: false,
        read: timed(),
        write: Some(timed()),
        config_differences: Some(Vec::new()),
    }
}

fn wrong(change: impl FnOnce(&mut Ensemble)) -> Vec<Finding> {
    let interfaces = facts().interfaces.unwrap();
    let (seen, _) = tags::slots(&kafka(), &interfaces);
    let slots = seen.iter().map(|it| (it.number(), it.slot.clone())).collect();
    let server = |n: u8, mode| Server {
        slot: n.try_into().unwrap(),
        address: SocketAddr::from(([10, 0, n, 9], 2181)),
        answer: serves(mode, "3.8.0"),
        counts: counts(2),
        is_held: true,
    };
    let mut ensemble = Ensemble {
        pool: Pool { name: kafka(), slots },
        servers: vec![server(1, "leader"), server(2, "follower"), server(3, "follower")],
        session: Some(Session::Opened(Box::new(opened()))),
    };
    change(&mut ensemble);
    check(&ensemble).into_iter().filter(|it| it.severity != Severity::Ok).collect()
}

fn said(found: &[Finding]) -> Vec<(&str, Severity)> {
    found.iter().map(|it| (it.check, it.severity)).collect()
}

fn refused() -> Srvr {
    Srvr::Silent(Silence::Unreachable("Connection refused (os error 111)".to_owned()))
}

#[test]
fn servers_are_told_one_by_one_and_by_what_they_make() {
    use Severity::{Error, Unknown, Warning};
    assert_eq!(wrong(|_| {}), []);
    let cases: [Case<Ensemble>; 7] = [
        (|it| it.servers[1].answer = refused(), &[("servers", Error)]),
        (
            |it| it.servers[1].answer = Srvr::Silent(Silence::Late(Duration::from_secs(2))),
            &[("servers", Unknown)],
        ),
        (|it| it.servers[1].answer = serves("follower", "3.9.3"), &[("versions", Warning)]),
        (|it| it.servers[0].counts = counts(3), &[("twin", Error)]),
        (|it| it.servers[2].counts = Err(Silence::NotAllowed("mntr")), &[("mntr", Warning)]),
        (|it| it.servers[2].answer = serves("standalone", "3.8.0"), &[("servers", Error)]),
        (
            |it| {
                it.servers[0].answer = Srvr::NotServing;
                it.servers[1].answer = refused();
            },
            &[("servers", Error), ("servers", Error), ("quorum", Error)],
        ),
    ];
    for (change, want) in cases {
        let found = wrong(change);
        assert_eq!(said(&found), want, "{found:#?}");
    }
}

/// The ensemble's own list counts as well as the pool's, until every server was restarted with that.
#[test]
fn a_pool_that_has_grown_or_shrunk_has_the_quorum_that_its_servers_go_by() {
    let alike = |id: u64, in_pool: bool| Difference {
        id,
        in_pool: in_pool.then(|| "x".to_owned()),
        in_ensemble: (!in_pool).then(|| "x".to_owned()),
    };
    let with = |differences: Vec<Difference>, change: fn(&mut Ensemble)| {
        wrong(|it| {
            let opened = Opened { config_differences: Some(differences), ..opened() };
            it.session = Some(Session::Opened(Box::new(opened)));
            change(it);
        })
    };
    let is_about = |found: &[Finding], check| said(found).iter().any(|(name, _)| *name == check);
    // Of the three slots of the pool, two are new: the one server that there is leads itself.
    let found = with(vec![alike(2, true), alike(3, true)], |it| {
        it.servers[1].answer = Srvr::NotServing;
        it.servers[2].answer = Srvr::NotServing;
    });
    assert!(!is_about(&found, "quorum"), "{found:#?}");
    // Of five servers two have left the pool, and follow still: no twin.
    let left = || vec![alike(4, false), alike(5, false)];
    let found = with(left(), |it| it.servers[0].counts = counts(4));
    assert!(!is_about(&found, "twin"), "{found:#?}");
    let found = with(left(), |it| it.servers[0].counts = counts(5));
    assert!(is_about(&found, "twin"), "{found:#?}");
}

#[test]
fn a_place_that_reaches_no_server_says_so_once() {
    let found = wrong(|it| {
        for server in &mut it.servers {
            server.answer = Srvr::Silent(Silence::Late(Duration::from_secs(2)));
        }
    });
    assert_eq!(said(&found), [("servers", Severity::Unknown)]);
    let found = wrong(|it| it.servers.iter_mut().for_each(|server| server.is_held = false));
    assert_eq!(said(&found), [("servers", Severity::Skipped)]);
}

#[test]
fn a_session_shows_the_rest() {
    use Severity::{Error, Skipped, Warning};
    let cases: [Case<Opened>; 5] = [
        (|it| it.is_read_only = true, &[("session", Error)]),
        (
            |it| {
                let only = Difference { id: 9, in_pool: None, in_ensemble: Some("x".into()) };
                it.config_differences = Some(vec![only]);
            },
            &[("server-list", Error)],
        ),
        (|it| it.write = Some(Timed { seconds: Some(2.5), problem: None }), &[("write", Warning)]),
        (|it| it.write = None, &[("write", Skipped)]),
        (
            |it| it.read = Timed { seconds: None, problem: Some("no answer".to_owned()) },
            &[("read", Error)],
        ),
    ];
    for (change, want) in cases {
        let found = wrong(|it| {
            let mut opened = opened();
            change(&mut opened);
            it.session = Some(Session::Opened(Box::new(opened)));
        });
        assert_eq!(said(&found), want, "{found:#?}");
    }
    let found = wrong(|it| it.session = Some(Session::NotOpened(Vec::new())));
    assert_eq!(said(&found), [("session", Error)]);
}
