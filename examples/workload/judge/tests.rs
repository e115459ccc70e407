//! Each way to break the word is seen, and counted as what it is; nothing else is.

use super::*;

const SERVERS: [&str; 3] = ["a:2181", "b:2181", "c:2181"];

fn entry(number: u64, czxid: i64) -> Acknowledged {
    Acknowledged { number, czxid, at: 0.0 }
}

/// Writes 1, 2 and 4 were acknowledged; 3 has an unknown outcome, and so has 5.
fn entries() -> Vec<Acknowledged> {
    vec![entry(1, 101), entry(2, 102), entry(4, 104)]
}

/// All three servers hold what was acknowledged.
fn whole() -> Read {
    let found = |entry: &Acknowledged| Found { czxid: entry.czxid, is_ours: true };
    let znodes = entries().iter().map(|entry| (entry.number, found(entry))).collect();
    let holdings = Holdings { znodes, foreign: Vec::new() };
    SERVERS.into_iter().map(|server| (server.to_owned(), Ok(holdings.clone()))).collect()
}

fn holdings<'a>(read: &'a mut Read, server: &str) -> &'a mut Holdings {
    read.get_mut(server).unwrap().as_mut().unwrap()
}

fn judged(entries: &[Acknowledged], read: &Read) -> Checked {
    judge(entries, 5, &Znodes::below("test"), read)
}

#[test]
fn a_word_kept() {
    let checked = judged(&entries(), &whole());
    assert!(checked.is_good(), "{checked:?}");
    assert_eq!(checked.read_back(), 3);
    checked.nothing_lost().unwrap();
}

#[test]
fn a_write_of_unknown_outcome_may_be_there_or_not() {
    let mut read = whole();
    for server in SERVERS {
        holdings(&mut read, server).znodes.insert(3, Found { czxid: 103, is_ours: true });
    }
    assert!(judged(&entries(), &read).is_good());
}

#[test]
fn a_write_of_unknown_outcome_on_some_servers_is_a_divergence() {
    let mut read = whole();
    holdings(&mut read, "b:2181").znodes.insert(3, Found { czxid: 103, is_ours: true });
    let checked = judged(&entries(), &read);
    assert_eq!((checked.diverged, checked.missing), (1, 0), "{checked:?}");
    assert!(!checked.is_good() && checked.read_back() == 3);
}

#[test]
fn a_write_under_way_is_none() {
    let mut read = whole();
    holdings(&mut read, "b:2181").znodes.insert(6, Found { czxid: 106, is_ours: true });
    assert!(judged(&entries(), &read).is_good());
}

#[test]
fn a_lost_write_is_missing_on_the_server_that_has_it_not() {
    let mut read = whole();
    holdings(&mut read, "c:2181").znodes.remove(&2);
    let checked = judged(&entries(), &read);
    assert_eq!((checked.missing, checked.diverged, checked.read_back()), (1, 1, 2), "{checked:?}");
    assert!(checked.nothing_lost().unwrap_err().to_string().contains("2 of 3"));
}

#[test]
fn writes_lost_everywhere_are_missing_though_servers_agree() {
    let mut read = whole();
    for server in SERVERS {
        holdings(&mut read, server).znodes.clear();
    }
    let checked = judged(&entries(), &read);
    assert_eq!((checked.missing, checked.diverged, checked.read_back()), (9, 0, 0));
    assert!(!checked.is_good());
}

#[test]
fn a_znode_made_by_another_transaction_is_not_the_acknowledged_one() {
    let mut read = whole();
    for server in SERVERS {
        holdings(&mut read, server).znodes.get_mut(&2).unwrap().czxid = 999;
    }
    let checked = judged(&entries(), &read);
    assert_eq!((checked.remade, checked.diverged, checked.read_back()), (3, 0, 2), "{checked:?}");
}

#[test]
fn foreign_content_and_foreign_names() {
    let mut read = whole();
    holdings(&mut read, "a:2181").znodes.get_mut(&4).unwrap().is_ours = false;
    holdings(&mut read, "b:2181").foreign.push("/test/intruder".to_owned());
    let checked = judged(&entries(), &read);
    assert_eq!((checked.foreign, checked.read_back["a:2181"]), (2, 2), "{checked:?}");
    assert!(!checked.is_good());
}

#[test]
fn an_acknowledgement_out_of_order() {
    let mut read = whole();
    let entries = [entry(1, 101), entry(2, 104), entry(4, 102)];
    for server in SERVERS {
        holdings(&mut read, server).znodes.get_mut(&2).unwrap().czxid = 104;
        holdings(&mut read, server).znodes.get_mut(&4).unwrap().czxid = 102;
    }
    let checked = judged(&entries, &read);
    assert_eq!((checked.out_of_order, checked.read_back()), (1, 3), "{checked:?}");
    assert!(!checked.is_good());
}

#[test]
fn a_server_that_cannot_be_read_has_nothing() {
    let mut read = whole();
    read.insert("b:2181".to_owned(), Err("timeout".to_owned()));
    let checked = judged(&entries(), &read);
    assert_eq!((checked.read_back(), checked.diverged), (0, 0), "{checked:?}");
    assert!(checked.nothing_lost().unwrap_err().to_string().contains("b:2181: timeout"));
}
