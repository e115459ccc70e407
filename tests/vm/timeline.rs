//! Where a boot's time went, by the machine's own clock: pure, but for the asking.

use std::fmt::Write;

use crate::guest::{Guest, UNIT};

/// Who a time counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    Kernel,
    System,
    CloudInit,
    UserData,
    Agent,
    ZooKeeper,
}

/// Something that had been done by a time.
#[derive(Debug, Clone, PartialEq)]
struct Mark {
    /// In seconds since the kernel's start.
    at: f64,
    whose: Whose,
    what: String,
}

/// A boot's marks in order of time.
#[derive(Debug)]
pub struct Timeline {
    /// What it is the boot of.
    title: String,
    marks: Vec<Mark>,
}

const CLOUD_INIT: [(&str, &str); 4] = [
    ("cloud-init-local", "local: addresses, user-data from IMDS"),
    ("cloud-init", "network: the disk, the host's name"),
    ("cloud-config", "config"),
    ("cloud-final", "final"),
];
/// What the agent says at its steps, and what is told of them here.
const AGENT: [(&str, &str); 7] = [
    (" this is i-", "knows its instance"),
    (" this instance holds slot ", "finds that it has a slot"),
    (" attaching slot ", "asks for a slot"),
    (" is in the kernel", "the slot's card is plugged in"),
    ("INFO holds slot ", "holds the slot, network configured"),
    (" start gate: open", "start gate open"),
    (" started /", "has started ZooKeeper"),
];
const USER_DATA: &str = "steadfast user-data: ";

impl Timeline {
    /// Asks a machine for that of its present boot.
    pub fn of(title: &str, guest: &Guest<'_>) -> Self {
        let units = CLOUD_INIT.map(|(unit, _)| unit).join(" ");
        let script = format!(
            "echo kernel $(systemctl show -P UserspaceTimestampMonotonic)
             for unit in {units} {UNIT}; do
               echo unit $unit $(systemctl show -P InactiveExitTimestampMonotonic $unit) \
                 $(systemctl show -P ActiveEnterTimestampMonotonic $unit)
             done
             journalctl -b -o short-monotonic --no-hostname \
               _SYSTEMD_UNIT=cloud-final.service + _SYSTEMD_UNIT={UNIT} |
               grep -E '{USER_DATA}|Z +INFO ' || true"
        );
        Self { title: title.to_owned(), marks: marks(&guest.sh(&script)) }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = format!("{}\n{:>8} {:>8}\n", self.title, "at s", "took s");
        let mut before = 0.0;
        let mut sums: Vec<(Whose, f64)> = Vec::new();
        for mark in &self.marks {
            let took = mark.at - before;
            before = mark.at;
            let _ = writeln!(table, "{:8.1} {took:8.1}  {}", mark.at, mark.what);
            match sums.iter_mut().find(|(whose, _)| *whose == mark.whose) {
                Some((_, sum)) => *sum += took,
                None => sums.push((mark.whose, took)),
            }
        }
        let sums: Vec<_> = sums.iter().map(|(whose, sum)| format!("{whose:?} {sum:.1}")).collect();
        table + "         in all: " + &sums.join(", ") + " s\n"
    }
}

/// Reads what a machine has told. What came after the server was a member is no part of its boot.
fn marks(told: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = told.lines().flat_map(line).collect();
    marks.sort_by(|a, b| a.at.total_cmp(&b.at));
    name_what_ended(&mut marks);
    let member = marks.iter().position(|mark| mark.whose == Whose::ZooKeeper);
    marks.truncate(member.map_or(marks.len(), |member| member + 1));
    marks
}

/// User-data tells each step when it begins: the one before has ended then, or what came before the first.
fn name_what_ended(marks: &mut [Mark]) {
    let mut steps = marks.iter_mut().filter(|mark| mark.whose == Whose::UserData);
    let Some(first) = steps.next() else { return };
    let mut step = std::mem::replace(&mut first.what, "cloud-init final, to user-data".to_owned());
    first.whose = Whose::CloudInit;
    for mark in steps {
        step = std::mem::replace(&mut mark.what, format!("user-data: {step}"));
    }
}

fn line(line: &str) -> Vec<Mark> {
    let mark = |at: f64, whose, what: &str| Mark { at, whose, what: what.to_owned() };
    let words: Vec<_> = line.split_whitespace().collect();
    match words[..] {
        ["kernel", at] => vec![mark(seconds(at), Whose::Kernel, "kernel and initrd")],
        ["unit", UNIT, from, to] => vec![
            mark(seconds(from), Whose::System, "the unit's turn"),
            mark(seconds(to), Whose::ZooKeeper, "ZooKeeper: a member"),
        ],
        ["unit", unit, from, to] => {
            let Some((_, what)) = CLOUD_INIT.iter().find(|(name, _)| *name == unit) else {
                return Vec::new();
            };
            let to = mark(seconds(to), Whose::CloudInit, &format!("cloud-init {what}"));
            let from = mark(seconds(from), Whose::System, "systemd, to cloud-init's begin");
            match unit {
                "cloud-init-local" => vec![from, to],
                _ => vec![to],
            }
        }
        _ => said(line).into_iter().collect(),
    }
    .into_iter()
    // Not yet.
    .filter(|mark| mark.at > 0.0)
    .collect()
}

/// A line of the journal, such as `[   12.345678] steadfast[345]: text`.
fn said(line: &str) -> Option<Mark> {
    let (at, text) = line.strip_prefix('[')?.split_once(']')?;
    let at = at.trim().parse().ok()?;
    if let Some((_, step)) = text.split_once(USER_DATA) {
        let step = step.split(':').next().unwrap_or(step);
        return Some(Mark { at, whose: Whose::UserData, what: step.to_owned() });
    }
    let (_, what) = AGENT.iter().find(|(says, _)| text.contains(says))?;
    Some(Mark { at, whose: Whose::Agent, what: format!("agent: {what}") })
}

/// systemd's microseconds.
fn seconds(microseconds: &str) -> f64 {
    microseconds.parse::<f64>().map_or(0.0, |it| it / 1e6)
}

#[test]
fn a_boot_is_told_in_order_and_ends_with_the_member() {
    let told = "kernel 11000000\n\
                unit cloud-init-local 17000000 28500000\n\
                unit cloud-final 40000000 0\n\
                unit steadfast-zookeeper.service 50000000 70500000\n\
                [   41.5] cloud-init[300]: steadfast user-data: look at the values\n\
                [   45.0] cloud-init[300]: steadfast user-data: done: steadfast claims\n\
                [   52.250000] steadfast[457]: 2026-11-23T01:48:20.9Z  INFO holds slot 1 of pool a\n\
                [   90.0] steadfast[457]: 2026-11-23T01:48:20.9Z  INFO holds slot 1 of pool a\n";
    let seen: Vec<_> = marks(told).into_iter().map(|mark| (mark.at, mark.whose)).collect();
    let expected = [
        (11.0, Whose::Kernel),
        (17.0, Whose::System),
        (28.5, Whose::CloudInit),
        (41.5, Whose::CloudInit),
        (45.0, Whose::UserData),
        (50.0, Whose::System),
        (52.25, Whose::Agent),
        (70.5, Whose::ZooKeeper),
    ];
    assert_eq!(seen, expected);
    let steps: Vec<_> = marks(told).into_iter().map(|mark| mark.what).collect();
    assert_eq!(steps[4], "user-data: look at the values");
}
