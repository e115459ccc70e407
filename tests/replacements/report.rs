//! What was seen, for people and for programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::figures::{Figure, longest_gaps};
use crate::plan::Kind;
use crate::play::now;
use crate::protocol::{Acknowledged, Checked};
use crate::seen::{EventSeen, LossSeen};
use crate::twins::{Sample, judge};
use crate::version::Version;

/// The figures of like events: the client's longest gap.
#[derive(Debug, Serialize)]
struct Gaps {
    events: usize,
    gap_s: Option<Figure>,
}

/// The figures of like losses.
#[derive(Debug, Serialize)]
struct Returns {
    losses: usize,
    claimed_s: Option<Figure>,
    member_s: Option<Figure>,
    /// From the claim to the member.
    joined_s: Option<Figure>,
    ec2_calls: Option<Figure>,
}

/// What was seen.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    version: String,
    seed: u64,
    pub connect_string: String,
    begin: f64,
    seconds: f64,
    pub checked: Checked,
    pub sessions_lost: usize,
    /// How often a leader was asked, and how often it counted a connection that was dead, and a
    /// server that lived twice.
    samples: usize,
    ghosts: usize,
    twins: usize,
    gaps: BTreeMap<String, Gaps>,
    returns: BTreeMap<String, Returns>,
    fenced_s: Option<Figure>,
    pub events: Vec<EventSeen>,
    pub losses: Vec<LossSeen>,
}

impl Report {
    /// Nothing seen yet.
    pub fn new(version: Version, seed: u64, connect_string: &str) -> Self {
        let (version, connect_string) = (version.name().to_owned(), connect_string.to_owned());
        Self { version, seed, connect_string, begin: now(), ..Self::default() }
    }

    /// A time, in seconds since the beginning.
    pub fn seconds(&self, at: f64) -> f64 {
        at - self.begin
    }

    /// Reckons the figures.
    pub fn finish(&mut self, ledger: &[Acknowledged], samples: Vec<Sample>, slots: usize) {
        self.seconds = self.seconds(now());
        let begins: Vec<f64> = self.events.iter().map(|event| event.at).collect();
        for (event, gap_s) in self.events.iter_mut().zip(longest_gaps(ledger, &begins)) {
            event.gap_s = gap_s;
        }
        let silent = self.losses.iter().filter(|loss| loss.kind.is_silent());
        let silent: Vec<f64> = silent.map(|loss| loss.at).collect();
        let (ghosts, twins) = judge(&samples, slots, &silent);
        (self.samples, self.ghosts, self.twins) = (samples.len(), ghosts.len(), twins.len());
        for event in &self.events {
            let like = || self.events.iter().filter(|it| it.class == event.class);
            let gaps =
                Gaps { events: like().count(), gap_s: Figure::of(like().map(|it| it.gap_s)) };
            self.gaps.insert(event.class.clone(), gaps);
        }
        for kind in Kind::ALL {
            let like: Vec<_> = self.losses.iter().filter(|it| it.kind == kind).collect();
            let figure =
                |of: fn(&LossSeen) -> Option<f64>| Figure::of(like.iter().filter_map(|it| of(it)));
            let returns = Returns {
                losses: like.len(),
                claimed_s: figure(|it| it.claimed_s),
                member_s: figure(|it| it.member_s),
                joined_s: figure(|it| Some(it.member_s? - it.claimed_s?)),
                ec2_calls: figure(|it| Some(it.ec2_calls as f64)),
            };
            self.returns.insert(kind.to_string(), returns);
        }
        self.fenced_s = Figure::of(self.losses.iter().filter_map(|it| it.fenced_s));
    }

    /// Prints the figures.
    pub fn print(&self) {
        let Self { seconds, checked, sessions_lost, .. } = self;
        println!("\n{checked}; {sessions_lost} sessions lost; {seconds:.0} s in all");
        println!("\n| event | number | gap: median | longest |\n|---|---|---|---|");
        for (class, Gaps { events, gap_s }) in &self.gaps {
            println!("| {class} | {events} | {} |", told(*gap_s));
        }
        println!("\n| loss | number | claimed: median | worst | member: median | worst |");
        println!("|---|---|---|---|---|---|");
        for (kind, Returns { losses, claimed_s, member_s, .. }) in &self.returns {
            println!("| {kind} | {losses} | {} | {} |", told(*claimed_s), told(*member_s));
        }
        if let Some(Figure { median, worst }) = self.fenced_s {
            println!("\nwoken up to all dead: median {median:.3} s, worst {worst:.3} s");
        }
        println!("leaders' counts: {}; of them ghosts: {}", self.samples, self.ghosts);
    }

    /// Writes all of it as JSON; the answer is the file.
    pub fn write(&self, directory: &Path) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let path = directory.join("report.json");
        std::fs::write(&path, serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
        path
    }

    /// Refuses what was not to be, as far as it shows only when all is over.
    pub fn judge(&self) {
        assert_eq!(self.twins, 0, "a leader counted a server twice");
        // The watch was there in every event.
        assert!(self.samples >= 3 * self.events.len(), "{} samples", self.samples);
        let unclaimed = self.losses.iter().filter(|loss| loss.member_s.is_none());
        assert_eq!(unclaimed.count(), 0);
        assert!(self.checked.is_good() && self.checked.acknowledged > 0);
    }
}

fn told(figure: Option<Figure>) -> String {
    match figure {
        Some(Figure { median, worst }) => format!("{median:.1} s | {worst:.1} s"),
        None => "- | -".to_owned(),
    }
}
