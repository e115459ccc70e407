//! `report.json`: what was seen, with the pool and without it, in the units that the names end in.

use serde::{Deserialize, Serialize};

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Kafka's version, by its own log.
    pub kafka: String,
    /// ZooKeeper's version, by a server's own word.
    pub zookeeper: String,
    /// Whether it is the shorter script that the tests run.
    pub is_short: bool,
    /// Why it ended before its end, if it did.
    pub cut_short: Option<String>,
    /// ZooKeeper's servers and Kafka's brokers hold slots; absent if that part did not begin.
    pub with_pool: Option<Part>,
    /// The same losses with plain instances, whose addresses change.
    pub without_pool: Option<Part>,
}

/// One of the two parts. Counts are of the whole part, also where Kafka was down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Messages that Kafka acknowledged (acks=all).
    pub messages_acknowledged: u64,
    /// Different messages that the consumer got, in time or later.
    pub messages_consumed: u64,
    /// Acknowledged messages that are not in Kafka's log, read from its beginning in the end; absent if
    /// that could not be done.
    pub messages_lost: Option<u64>,
    /// Messages beyond the first of the same number in that log; absent likewise.
    pub messages_duplicated: Option<u64>,
    /// Acknowledged messages that the consumer had not got when it had read to the end; absent if it is not
    /// known.
    pub messages_missed: Option<u64>,
    /// Messages in that log whose checksum does not fit; absent if it could not be read.
    pub messages_corrupt: Option<u64>,
    /// Starts of a broker that had served before on the same instance.
    pub broker_restarts: u64,
    /// Brokers whose `zookeeper.connect` was not what it was at first; absent if nobody came to look.
    pub zookeeper_connect_edits: Option<u64>,
    /// Brokers' sessions with ZooKeeper that expired: by the brokers' own logs; and of brokers that cannot
    /// hear of it, by their missing znodes. A lost broker's own session does not count.
    pub zookeeper_sessions_expired: u64,
    /// The longest time between two acknowledgements.
    pub longest_produce_gap_s: f64,
    /// The longest time between two messages at the consumer.
    pub longest_consume_gap_s: f64,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Something that happened, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// The slots, or the server ids, that it happened to.
    pub slots: Vec<u8>,
    /// Whether ZooKeeper's leader was among them, or Kafka's controller.
    pub was_leader: bool,
    /// Since the part's beginning.
    pub at_s: f64,
    /// From the loss to the moment when all was as before: every ZooKeeper server a member, to a tenth of a
    /// second, or every replica in sync, to a second; what operators did, and asked for, included. Absent if
    /// that did not come about.
    pub full_after_s: Option<f64>,
    /// The longest time between two acknowledgements from the event to its end.
    pub produce_gap_s: f64,
    /// The longest time between two messages at the consumer from the event to its end.
    pub consume_gap_s: f64,
    /// The same of sessions, from the event to its end.
    pub sessions_expired: u64,
    /// What Kafka was asked to do that needs ZooKeeper, and whether it did.
    pub asked: Vec<Asked>,
}

/// A change that needs ZooKeeper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Such as `create a topic`.
    pub what: String,
    /// Whether Kafka did it.
    pub is_done: bool,
    /// Until its answer, or until nobody waited any more.
    pub after_s: f64,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A ZooKeeper server's instance is terminated.
    Terminated,
    /// It is stopped.
    Stopped,
    /// Every process of it stands still, and EC2 calls it running.
    Hung,
    /// No packet gets in or out, and EC2 calls it running.
    CutOff,
    /// A server is away for long enough that Kafka is asked for changes meanwhile.
    ChangesMeanwhile,
    /// Two servers' instances are terminated at once.
    TwoTerminated,
    /// A broker's instance is terminated.
    BrokerTerminated,
    #[serde(rename = "zookeeper-mended")]
    /// Operators mend ZooKeeper, whose servers know each other's old addresses.
    ZooKeeperMended,
    /// Operators restart every broker, one after the other, with the new list of addresses.
    BrokersRestarted,
}

impl Kind {
    /// Whether it is the loss of one ZooKeeper server, during which no session may expire.
    pub fn is_single_loss(self) -> bool {
        match self {
            Self::Terminated
            | Self::Stopped
            | Self::Hung
            | Self::CutOff
            | Self::ChangesMeanwhile => true,
            Self::TwoTerminated
            | Self::BrokerTerminated
            | Self::ZooKeeperMended
            | Self::BrokersRestarted => false,
        }
    }
}
