//! Whether there is a quorum, what it survives, and what is seen at all.

use super::*;

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
