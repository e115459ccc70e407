//! What the client says to whom started it, and what it can be told: lines of JSON.

use serde::{Deserialize, Serialize};

/// What it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How it fares, about twice a second.
    Tick(Tick),
    /// Its last word, after [`Command::End`].
    Verdict(Verdict),
}

/// How it fares. Times are in seconds since the epoch, the one clock that instances share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// When this was said.
    pub at: f64,
    /// Messages acknowledged so far.
    pub acknowledged: u64,
    /// Different messages that the consumer got so far.
    pub consumed: u64,
    /// When the oldest message was sent that is not acknowledged yet.
    pub oldest_pending: Option<f64>,
    /// Acknowledged since the last tick.
    pub produced: Vec<Passed>,
    /// Got by the consumer since the last tick, each once.
    pub received: Vec<Passed>,
    /// The topic's partitions, if a broker has told lately.
    pub partitions: Option<Partitions>,
}

/// A message's way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Passed {
    /// When it was sent.
    pub sent: f64,
    /// When it had arrived.
    pub arrived: f64,
}

/// How the topic's partitions are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partitions {
    /// With a replica out of sync.
    pub under_replicated: u64,
    /// Without a leader.
    pub leaderless: u64,
    /// Brokers that the cluster counts.
    pub brokers: u64,
}

/// What became of the messages. The log is read from its beginning by a consumer of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Messages that Kafka acknowledged.
    pub acknowledged: u64,
    /// Different messages that the consumer had got when it had read to the end.
    pub consumed: u64,
    /// Acknowledged messages that are not in the log, as far as it was read.
    pub lost: u64,
    /// Acknowledged messages that the consumer never got.
    pub missed: u64,
    /// Messages in the log beyond the first of the same number.
    pub duplicated: u64,
    /// Messages in the log whose checksum does not fit.
    pub corrupt: u64,
    /// Partitions of the log that could not be read to their end.
    pub unread: u64,
    /// Messages that were given up, unacknowledged.
    pub given_up: u64,
}

/// What it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Send nothing more, wait for what is under way, read to the end, say the verdict and end.
    End,
}
