//! What the picture shows of one part, over time: `timeline.json`. Times are seconds since the
//! part's beginning.

use serde::{Deserialize, Serialize};

/// Both parts over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timelines {
    /// With the pool; absent if that part did not begin.
    pub with_pool: Option<Timeline>,
    /// Without it.
    pub without_pool: Option<Timeline>,
}

/// One part over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// How long it took.
    pub seconds: f64,
    /// Of each second's messages, from their sending to Kafka's acknowledgement.
    pub produce: Vec<Latency>,
    /// Of each second's messages, from their sending to their arrival at the consumer.
    pub consume: Vec<Latency>,
    /// Partitions with a replica out of sync, whenever that changes.
    pub under_replicated: Vec<Count>,
    /// Partitions without a leader, whenever that changes.
    pub leaderless: Vec<Count>,
    /// Each broker's session with ZooKeeper, in pieces.
    pub sessions: Vec<Session>,
    /// Each election of a controller.
    pub controllers: Vec<Controller>,
    /// What happened.
    pub marks: Vec<Mark>,
}

/// How long the messages took that were sent in one second. One that never arrived counts up to the
/// part's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The second.
    pub at: f64,
    /// Of the message in the middle.
    pub median_s: f64,
    /// Of the slowest.
    pub worst_s: f64,
}

/// A number from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The moment.
    pub at: f64,
    /// How many from then on.
    pub count: u64,
}

/// A piece of a broker's life.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its `broker.id`.
    pub broker: u8,
    /// How it stands with ZooKeeper.
    pub state: SessionState,
    /// From.
    pub from: f64,
    /// To.
    pub to: f64,
}

/// How a broker stands with ZooKeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// It is connected to a server.
    Connected,
    /// It looks for one; its session lives.
    Disconnected,
    /// Its session has expired, and it has no new one.
    Expired,
    /// The broker does not run.
    Down,
}

/// A controller's election.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// When.
    pub at: f64,
    /// The broker that is it from then on.
    pub broker: u8,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When it began.
    pub at: f64,
    /// When all was as before; absent if that did not come about.
    pub until: Option<f64>,
    /// In a few words, such as `server 1 terminated`.
    pub label: String,
    /// Whether it is what operators did, not what happened to them.
    pub is_mending: bool,
}
