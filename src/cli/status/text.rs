//! A pool for people: a row a slot, the verdict, what is odd.

use crate::cli::screen::{Cell, Table, Tone};
use crate::operator::session::{Opened, Session, Timed, reasons};
use crate::operator::status::oddity::Severity;
use crate::operator::status::report::{Health, OddityReport, Report, SlotReport};

/// What a slot without a value shows.
const NONE: &str = "-";

/// A column: its heading, how soon it is left out where there is no room for all (the largest first),
/// and its cell.
struct Column {
    heading: &'static str,
    dispensable: u8,
    cell: fn(&SlotReport) -> Cell,
}

const COLUMNS: [Column; 13] = [
    Column { heading: "SLOT", dispensable: 0, cell: |it| it.slot.into() },
    Column { heading: "ADDRESS", dispensable: 1, cell: |it| it.addresses[0].into() },
    Column { heading: "ALSO", dispensable: 12, cell: other_addresses },
    Column { heading: "ZONE", dispensable: 6, cell: |it| (&it.zone).into() },
    Column { heading: "ENI", dispensable: 11, cell: |it| (&it.eni).into() },
    Column { heading: "HOLDER", dispensable: 4, cell: holder },
    Column { heading: "STATE", dispensable: 3, cell: state },
    Column { heading: "SINCE", dispensable: 5, cell: since },
    Column { heading: "ZOOKEEPER", dispensable: 2, cell: mode },
    Column { heading: "ZXID", dispensable: 7, cell: |it| or_none(it.server.zxid.as_ref()) },
    Column { heading: "CONN", dispensable: 8, cell: |it| or_none(it.server.connections) },
    Column { heading: "VERSION", dispensable: 10, cell: |it| or_none(version(it)) },
    Column { heading: "FIRST BOOT", dispensable: 9, cell: first_boot },
];

/// How next steps are broken into lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// Not at all: what is copied from the terminal, which breaks them itself, is one command.
    Whole,
    /// As all else, where the terminal breaks no line.
    Broken,
}

/// All of it, in no more columns than these, if there is a limit; with its line breaks.
pub fn text(report: &Report, columns: Option<usize>, steps: Steps) -> String {
    let mut text = table(report, columns).to_string();
    text.push('\n');
    let tone = match report.health {
        Health::Healthy => Tone::Good,
        Health::Degraded => Tone::Warning,
        Health::NoQuorum | Health::Unknown => Tone::Bad,
    };
    text += &paragraph("", &format!("pool {}: {}", report.pool, report.verdict), tone, columns);
    text += &paragraph("", &session(&report.session), Tone::Dim, columns);
    for oddity in &report.oddities {
        text += &told(oddity, columns, steps);
    }
    text
}

/// As many columns as there is room for.
fn table(report: &Report, columns: Option<usize>) -> Table {
    let with_at_most = |dispensable: u8| {
        let shown: Vec<&Column> =
            COLUMNS.iter().filter(|column| column.dispensable <= dispensable).collect();
        let headings: Vec<&str> = shown.iter().map(|column| column.heading).collect();
        let mut table = Table::new(&headings);
        for slot in &report.slots {
            table.row(shown.iter().map(|column| (column.cell)(slot)).collect());
        }
        table
    };
    let has_more = report.slots.iter().any(|slot| slot.addresses.len() > 1);
    let fits = |table: &Table| columns.is_none_or(|columns| table.width() <= columns);
    let most = if has_more { 12 } else { 11 };
    let mut tables = (3..=most).rev().map(with_at_most);
    tables.find(fits).unwrap_or_else(|| with_at_most(2))
}

fn or_none(value: Option<impl std::fmt::Display>) -> Cell {
    value.map_or_else(|| Cell::new(NONE, Tone::Dim), Cell::from)
}

fn other_addresses(slot: &SlotReport) -> Cell {
    let others: Vec<String> = slot.addresses.iter().skip(1).map(ToString::to_string).collect();
    or_none((!others.is_empty()).then(|| others.join(",")))
}

fn holder(slot: &SlotReport) -> Cell {
    or_none(slot.holder.as_ref().and_then(|it| it.instance.as_ref()))
}

fn state(slot: &SlotReport) -> Cell {
    let Some(holder) = &slot.holder else { return Cell::new("free", Tone::Warning) };
    if holder.attachment_status != "attached" {
        return Cell::new(&holder.attachment_status, Tone::Warning);
    }
    match holder.state.as_deref() {
        Some("running") => "running".into(),
        Some(other) => Cell::new(other, Tone::Bad),
        None => Cell::new("unknown", Tone::Warning),
    }
}

fn since(slot: &SlotReport) -> Cell {
    or_none(slot.holder.as_ref().and_then(|it| it.attached_seconds).map(age))
}

/// The server's part, or in a word or two why it has none; the sentences below say the rest.
fn mode(slot: &SlotReport) -> Cell {
    let server = &slot.server;
    match (server.mode.as_deref(), &slot.holder) {
        (Some("leader"), _) => Cell::new("leader", Tone::Good),
        (Some("follower"), _) => "follower".into(),
        (Some(other), _) => Cell::new(other, Tone::Warning),
        (None, None) => Cell::new(NONE, Tone::Dim),
        (None, _) if server.problem.as_deref() == Some("not serving") => {
            Cell::new("not serving", Tone::Bad)
        }
        (None, _) if server.is_unseen => Cell::new("not seen", Tone::Warning),
        (None, _) => Cell::new("down", Tone::Bad),
    }
}

/// What a server says of itself must not write to a terminal.
fn version(slot: &SlotReport) -> Option<String> {
    slot.server.version.as_ref().map(|it| it.escape_default().take(12).collect())
}

fn first_boot(slot: &SlotReport) -> Cell {
    match (slot.has_bootstrap_override, &slot.initialized) {
        (true, _) => Cell::new("override", Tone::Warning),
        (false, Some(_)) => "done".into(),
        (false, None) => Cell::new("not yet", Tone::Dim),
    }
}

/// The two largest units of a time: `3d 4h`, `12m 5s`.
fn age(seconds: u64) -> String {
    let units = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(3);
    let mut left = seconds;
    let mut parts = Vec::new();
    for (unit, name) in units.iter().skip(first).take(2) {
        if left >= *unit || parts.is_empty() {
            parts.push(format!("{}{name}", left / unit));
        }
        left %= unit;
    }
    parts.join(" ")
}

fn session(session: &Session) -> String {
    match session {
        Session::Opened(opened) => opened_session(opened),
        Session::NotOpened(refusals) if refusals.is_empty() => "no session: no slot is held".into(),
        Session::NotOpened(refusals) => format!("no session: {}", reasons(refusals)),
    }
}

fn opened_session(opened: &Opened) -> String {
    let timed = |timed: &Timed| match (timed.seconds, &timed.problem) {
        (Some(seconds), _) => milliseconds(seconds),
        (None, problem) => format!("failed ({})", problem.as_deref().unwrap_or_default()),
    };
    let write = opened.write.as_ref().map(|write| format!(", a write {}", timed(write)));
    format!(
        "a session with slot {} opened in {}, a read {}{}{}",
        opened.slot,
        milliseconds(opened.established_seconds),
        timed(&opened.read),
        write.unwrap_or_default(),
        if opened.is_read_only { "; it is read-only" } else { "" }
    )
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1000.0)
}

fn told(oddity: &OddityReport, columns: Option<usize>, steps: Steps) -> String {
    let (mark, tone) = match oddity.severity {
        Severity::Warning => ("! ", Tone::Warning),
        Severity::Note => ("- ", Tone::Plain),
    };
    let mut text = paragraph(mark, &oddity.sentence, tone, columns);
    if let Some(step) = &oddity.next_step {
        let columns = columns.filter(|_| steps == Steps::Broken);
        text += &paragraph("  > ", step, Tone::Dim, columns);
    }
    text
}

/// A text, broken between words where there is a limit, behind its mark; with its line breaks.
pub(super) fn paragraph(mark: &str, text: &str, tone: Tone, columns: Option<usize>) -> String {
    let room = columns.unwrap_or(usize::MAX).saturating_sub(mark.len()).max(20);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(last) if line == 0 => last.push_str(word),
            Some(last) if line + 1 + word.chars().count() <= room => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let indent = " ".repeat(mark.len());
    let marks = std::iter::once(mark).chain(std::iter::repeat(indent.as_str()));
    lines.iter().zip(marks).map(|(line, mark)| format!("{mark}{}\n", tone.paint(line))).collect()
}

#[cfg(test)]
mod tests;
