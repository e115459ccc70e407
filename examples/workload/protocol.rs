//! What `workload run` says and what it can be told, a line of JSON each; and what the one-shot
//! commands print. Times are seconds since the epoch: the one clock that all instances of a local
//! region share.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A line on its standard input. The end of input ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Reads every server and judges; answered by [`Line::Checked`].
    Check,
    /// The longest time without an acknowledged write that ended after `since`, the present one
    /// among them; answered by [`Line::Gap`].
    Gap {
        /// Seconds since the epoch; 0 for the whole run.
        since: f64,
    },
    /// All acknowledged writes; answered by [`Line::Ledger`].
    Ledger,
}

/// A line on its standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How it fares: unasked, ten times a second.
    Tick(Tick),
    /// To [`Command::Check`].
    Checked(Checked),
    /// To [`Command::Gap`].
    Gap(Gap),
    /// To [`Command::Ledger`]: in order of acknowledgement.
    Ledger(Vec<Acknowledged>),
}

/// How the client fares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tick {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Writes that failed: they may or may not be there, and are not counted on.
    pub unknown: usize,
    /// Reads that returned what was written.
    pub reads: usize,
    /// Sessions that expired.
    pub sessions_lost: usize,
    /// The longest time between two acknowledged writes, in seconds.
    pub longest_gap_s: f64,
    /// Each server's mode as `srvr` tells it, absent if it does not.
    pub modes: BTreeMap<String, String>,
    /// When the modes were asked.
    pub at: f64,
}

/// A time without an acknowledged write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The acknowledgement that it began with, or the start of the run.
    pub from: f64,
    /// The acknowledgement that ended it, or now.
    pub to: f64,
}

impl Gap {
    /// In seconds.
    pub fn length_s(&self) -> f64 {
        self.to - self.from
    }
}

/// An acknowledged write.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The write's number, which tells the znode's path and content. Numbers of writes that failed
    /// are left out.
    pub number: u64,
    /// The transaction that made it, as the acknowledgement said.
    pub czxid: i64,
    /// When the acknowledgement arrived.
    pub at: f64,
}

/// What a check found. All counts are of znodes, over all servers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Checked {
    /// Writes that had been acknowledged when it began.
    pub acknowledged: usize,
    /// For each server, how many of them it has, as they were acknowledged.
    pub read_back: BTreeMap<String, usize>,
    /// Acknowledged and not there.
    pub missing: usize,
    /// There, but made by another transaction than the acknowledged one.
    pub remade: usize,
    /// There, with content or a name that the client never wrote.
    pub foreign: usize,
    /// Acknowledged after another write and made by an earlier transaction.
    pub out_of_order: usize,
    /// Not the same on every server, acknowledged or not.
    pub diverged: usize,
    /// The first few of each in words, and why a server could not be read.
    pub troubles: Vec<String>,
}

impl Checked {
    /// How many every server has.
    pub fn read_back(&self) -> usize {
        self.read_back.values().copied().min().unwrap_or(0)
    }

    /// Whether every server has every acknowledged write, in order, and nothing else than the
    /// others.
    pub fn is_good(&self) -> bool {
        self.read_back() == self.acknowledged && self.troubles.is_empty()
    }

    /// An error if the ensemble has broken its word.
    pub fn nothing_lost(&self) -> Result<(), Box<dyn std::error::Error>> {
        match self.is_good() {
            true => Ok(()),
            false => Err(format!("{self}: {}", self.troubles.join("; ")).into()),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.read_back.len();
        let (all, back) = (self.acknowledged, self.read_back());
        write!(f, "{back} of {all} acknowledged znodes read back from each of {servers} servers")
    }
}

/// What `workload write` prints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Written {
    /// How many were acknowledged, the first ones.
    pub acknowledged: u64,
    /// Why it stopped there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What `workload read` prints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadBack {
    /// How many are there with the content that was written.
    pub found: u64,
    /// The numbers of those that are not there.
    pub missing: Vec<u64>,
    /// The numbers of those that hold something else.
    pub foreign: Vec<u64>,
}
