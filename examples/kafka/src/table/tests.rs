use std::collections::BTreeSet;

use super::*;
use crate::fixture;

/// The fields by their rows.
const NAMES: [&str; FIELDS.len()] = [
    "messages_acknowledged",
    "messages_consumed",
    "messages_lost",
    "messages_duplicated",
    "messages_missed",
    "messages_corrupt",
    "broker_restarts",
    "zookeeper_connect_edits",
    "zookeeper_sessions_expired",
    "longest_produce_gap_s",
    "longest_consume_gap_s",
];

#[test]
fn every_field_of_a_part_has_its_row() {
    let part = serde_json::to_value(Part::default()).unwrap();
    let fields: BTreeSet<&str> = part.as_object().unwrap().keys().map(String::as_str).collect();
    let rows: BTreeSet<&str> = NAMES.into_iter().chain(["events"]).collect();
    assert_eq!(rows, fields);
}

#[test]
fn every_row_tells_its_own_field() {
    for (field, name) in FIELDS.iter().zip(NAMES) {
        let mut part = serde_json::to_value(Part::default()).unwrap();
        let is_time = name.ends_with("_s");
        part[name] = if is_time { 7.25.into() } else { 7.into() };
        let value = (field.value)(&serde_json::from_value(part).unwrap());
        assert_eq!(value, if is_time { "7.2 s" } else { "7" }, "{name}");
    }
}

#[test]
fn events_are_told_by_kind() {
    let rows = events(&fixture::report());
    let row = |label: &str| rows.iter().find(|row| row[0] == label).unwrap()[1..].to_vec();
    assert_eq!(row("a server terminated"), ["1, 2, 3: 11.0 to 25.0 s", "1: not by itself"]);
    assert_eq!(row("two servers terminated at once"), ["1, 3: 58.0 s", "-"]);
    assert_eq!(row("operators restart the brokers"), ["-", "1, 2, 3: 80.0 s"]);
    assert_eq!(row("admin requests done"), ["3 of 3", "1 of 3"]);
    assert_eq!(rows.len(), 10);
}

#[test]
fn one_of_several_that_did_not_come_back_is_told() {
    let mut part = fixture::report().with_pool.unwrap();
    part.events[1].full_after_s = None;
    let told = outcome(&part, Kind::Terminated).unwrap();
    assert_eq!(told, "1, 2, 3: 11.0 to 25.0 s, 1 of 3 not by the end");
}

#[test]
fn every_kind_is_told() {
    let known: BTreeSet<&str> = KINDS.into_iter().map(words::kind).collect();
    assert_eq!(known.len(), KINDS.len());
    for part in [fixture::report().with_pool, fixture::report().without_pool] {
        let kinds = part.unwrap().events.into_iter().map(|it| it.kind);
        kinds.for_each(|kind| assert!(KINDS.contains(&kind), "{kind:?}"));
    }
}

#[test]
fn the_readme_s_block_is_two_tables() {
    let text = readme(&fixture::report());
    assert!(
        text.starts_with("\nKafka 3.9.1, ZooKeeper 3.9.3\n\n| over the whole part |"),
        "{text}"
    );
    assert!(text.contains("\n| acknowledged messages lost | 0 | 0 |\n"), "{text}");
    let cells: BTreeSet<usize> =
        text.lines().filter(|it| it.starts_with('|')).map(|it| it.matches('|').count()).collect();
    assert_eq!(cells, [4].into());
    assert!(text.ends_with(".\n") && !text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_cell_cannot_end_its_row() {
    assert_eq!(cell("a | b\nc"), "a \\| b c");
}

#[test]
fn parts_that_did_not_begin_are_told_so() {
    let report = Report { cut_short: Some("interrupted".to_owned()), ..Report::default() };
    assert!(numbers(&report).iter().all(|[_, with, without]| with == "-" && without == "-"));
    assert!(events(&report).is_empty());
    assert!(versions(&report).ends_with(", cut short: interrupted"));
}

#[test]
fn the_readme_has_the_tables_of_the_committed_report() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let report: Report = serde_json::from_str(&read("docs/kafka/report.json")).unwrap();
    assert!(!report.is_short && report.cut_short.is_none(), "it is of no whole run");
    let text = read("README.md");
    let (_, rest) = text.split_once("<!-- kafka: begin -->").expect("the beginning's marker");
    let (block, _) = rest.split_once("<!-- kafka: end -->").expect("the end's marker");
    assert_eq!(block, readme(&report), "copy target/demo-kafka/readme.md between the markers");
}
