//! The numbers of a run in tables: for the README in markdown, for the terminal in plain text of 80
//! columns. Both have the same rows, and the page has them, too. Pure.

pub mod terminal;

use crate::report::{Event, Kind, Part, Report};
use crate::words;

/// A label, what it is with the pool, and without.
pub type Row = [String; 3];

/// What stands where a part did not begin, or did not have such an event.
const NONE: &str = "-";
/// The heads of the columns, after that of the labels.
const PARTS: [&str; 2] = ["with the pool", "without"];
/// The heads of the columns of labels: of the parts' numbers, of what happened.
pub const HEADS: [&str; 2] = ["over the whole part", "until all was as before"];

/// Every kind, in the order of the script.
const KINDS: [Kind; 9] = [
    Kind::Terminated,
    Kind::Stopped,
    Kind::Hung,
    Kind::CutOff,
    Kind::ChangesMeanwhile,
    Kind::TwoTerminated,
    Kind::BrokerTerminated,
    Kind::ZooKeeperMended,
    Kind::BrokersRestarted,
];

/// A field of [`Part`]: the words for it, and its value in words.
struct Field {
    words: &'static str,
    value: fn(&Part) -> String,
}

/// All but the events, in the order of [`Part`].
const FIELDS: [Field; 11] = [
    Field {
        words: "messages acknowledged",
        value: |part| words::count(part.messages_acknowledged),
    },
    Field { words: "messages consumed", value: |part| words::count(part.messages_consumed) },
    Field { words: "acknowledged messages lost", value: |part| words::counted(part.messages_lost) },
    Field { words: "messages duplicated", value: |part| words::counted(part.messages_duplicated) },
    Field {
        words: "acknowledged but not consumed",
        value: |part| words::counted(part.messages_missed),
    },
    Field { words: "wrong checksums", value: |part| words::counted(part.messages_corrupt) },
    Field { words: "broker restarts", value: |part| words::count(part.broker_restarts) },
    Field {
        words: "edits of `zookeeper.connect`",
        value: |part| words::counted(part.zookeeper_connect_edits),
    },
    Field {
        words: "brokers' sessions expired",
        value: |part| words::count(part.zookeeper_sessions_expired),
    },
    Field {
        words: "longest pause of producing",
        value: |part| words::seconds(part.longest_produce_gap_s),
    },
    Field {
        words: "longest pause of consuming",
        value: |part| words::seconds(part.longest_consume_gap_s),
    },
];

/// The head of a table.
pub fn head(label: &str) -> Row {
    let [with, without] = PARTS;
    [label, with, without].map(str::to_owned)
}

/// The parts' numbers.
pub fn numbers(report: &Report) -> Vec<Row> {
    let row = |field: &Field| cells(report, field.words, |part| Some((field.value)(part)));
    FIELDS.iter().map(row).collect()
}

/// What happened, by kind: to whom, and how long it took until all was as before.
pub fn events(report: &Report) -> Vec<Row> {
    let both = || report.with_pool.iter().chain(&report.without_pool);
    let happened = |kind: &Kind| both().flat_map(|part| &part.events).any(|it| it.kind == *kind);
    let row = |kind: Kind| cells(report, words::kind(kind), |part| outcome(part, kind));
    let mut rows: Vec<Row> = KINDS.into_iter().filter(happened).map(row).collect();
    if both().any(|part| words::done(part).is_some()) {
        rows.push(cells(report, "admin requests done", words::done));
    }
    rows
}

fn cells(report: &Report, label: &str, value: impl Fn(&Part) -> Option<String>) -> Row {
    let cell = |part: &Option<Part>| part.as_ref().and_then(&value).unwrap_or(NONE.to_owned());
    [label.to_owned(), cell(&report.with_pool), cell(&report.without_pool)]
}

/// To whom it happened and how it ended: `1, 2, 3: 11.0 to 25.0 s`.
fn outcome(part: &Part, kind: Kind) -> Option<String> {
    let events: Vec<&Event> = part.events.iter().filter(|it| it.kind == kind).collect();
    let last = events.last()?;
    let mut slots: Vec<u8> = events.iter().flat_map(|it| &it.slots).copied().collect();
    slots.sort_unstable();
    slots.dedup();
    let slots: Vec<String> = slots.iter().map(u8::to_string).collect();
    let ended: Vec<f64> = events.iter().filter_map(|it| it.full_after_s).collect();
    let not = words::not_again(words::is_mended_later(part, last));
    let how = match (range(&ended), events.len() - ended.len()) {
        (Some(range), 0) => range,
        (Some(range), n) => format!("{range}, {n} of {} {not}", events.len()),
        (None, _) => not.to_owned(),
    };
    Some(format!("{}: {how}", slots.join(", ")))
}

/// The shortest and the longest.
fn range(seconds: &[f64]) -> Option<String> {
    let least = seconds.iter().copied().reduce(f64::min)?;
    let most = seconds.iter().copied().reduce(f64::max)?;
    let [least, most] = [least, most].map(words::seconds);
    Some(match least == most {
        true => most,
        false => format!("{} to {most}", least.trim_end_matches(" s")),
    })
}

/// What the README has between its markers `<!-- kafka: begin -->` and `<!-- kafka: end -->`, with
/// the line ends beside these.
pub fn readme(report: &Report) -> String {
    let tables = [numbers(report), events(report)];
    let tables = HEADS.iter().zip(tables).map(|(label, rows)| markdown(&head(label), &rows));
    let said = [versions(report), LEGEND.to_owned()].map(|line| line + "\n");
    let [first, last] = said;
    let blocks: Vec<String> = [first].into_iter().chain(tables).chain([last]).collect();
    format!("\n{}", blocks.join("\n"))
}

/// What the cells of the second table mean.
pub const LEGEND: &str = "Servers or brokers, then seconds: the shortest and the longest.";

/// Whose numbers these are.
pub fn versions(report: &Report) -> String {
    let Report { kafka, zookeeper, is_short, cut_short, .. } = report;
    let script = if *is_short { ", the shorter script" } else { "" };
    let cut = cut_short.as_ref().map_or(String::new(), |why| format!(", cut short: {why}"));
    let [kafka, zookeeper] = [("Kafka", kafka), ("ZooKeeper", zookeeper)]
        .map(|(name, version)| words::version(name, version));
    format!("{kafka}, {zookeeper}{script}{cut}")
}

fn markdown(head: &Row, rows: &[Row]) -> String {
    let line = |row: &Row| format!("| {} |\n", row.each_ref().map(|it| cell(it)).join(" | "));
    let rule = "|---|---:|---:|\n".to_owned();
    [line(head), rule].into_iter().chain(rows.iter().map(line)).collect()
}

/// A cell that cannot end its row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
