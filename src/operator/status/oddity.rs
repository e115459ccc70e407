//! What can be odd about a pool: a sentence, how much it matters, and the next step.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cloud::InstanceState;
use crate::ids::{AttachmentId, EniId, InstanceId, SlotNumber};
use crate::operator::server_list::Difference;
use crate::operator::session::{Refusal, reasons};
use crate::pool::PoolError;
use crate::zookeeper::twin::Twin;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To know; a pool with nothing worse is healthy.
    Note,
    /// To be mended: the pool is degraded.
    Warning,
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what the names say, and the sentence says the rest")]
pub enum Oddity {
    /// No server answers this place: nothing is known of any.
    Blind,
    /// A server does not answer this place.
    Unseen { slot: SlotNumber, server: SocketAddr, why: String },
    /// Nobody holds the slot.
    Free { slot: SlotNumber, zone: String },
    /// Nobody holds the slot, and its address answers.
    Ghost { slot: SlotNumber, server: SocketAddr },
    /// The holder is not running.
    NotRunning { slot: SlotNumber, holder: InstanceId, state: InstanceState },
    /// The holder is no instance of this account.
    OtherAccount { slot: SlotNumber, eni: EniId },
    /// The attachment is between two states.
    InTransit { slot: SlotNumber, status: &'static str, since: Option<Duration> },
    /// The holder runs, and nothing listens there, or no ZooKeeper does.
    Down { slot: SlotNumber, holder: InstanceId, why: String },
    /// The server has no leader.
    NotServing { slot: SlotNumber, holder: InstanceId },
    /// The server is a member that does not vote, or none.
    NoVoter { slot: SlotNumber, mode: &'static str },
    /// More than one server leads.
    SeveralLeaders { slots: Vec<SlotNumber> },
    /// Servers follow one that this place does not see.
    LeaderUnseen,
    /// The leader counts a follower too many.
    Twin(Twin),
    /// The slot's ENI ends with its holder.
    DeletedWithHolder { slot: SlotNumber, eni: EniId, attachment: AttachmentId },
    /// The slot's ENI lets strangers' packets pass.
    NoSourceCheck { slot: SlotNumber, eni: EniId },
    /// One loss takes several votes.
    SeveralSlots { holder: InstanceId, slots: Vec<SlotNumber> },
    /// A group holds slots of another group's zone.
    SeveralZones { group: String, zones: BTreeMap<String, Vec<SlotNumber>> },
    /// A follower lags behind its leader.
    FarBehind { slot: SlotNumber, transactions: u64 },
    /// Servers run different versions.
    SeveralVersions { versions: BTreeMap<String, Vec<SlotNumber>> },
    /// The server serves, and the slot's ENI does not say that one ever did.
    Untagged { slot: SlotNumber },
    /// An empty disk may vote at the next start.
    Override { slot: SlotNumber, is_current: bool },
    /// The ensemble's list of servers is another than the pool's.
    OtherServers { server: SlotNumber, differences: Vec<Difference> },
    /// Servers serve, and none opens a session.
    NoSession { refusals: Vec<Refusal> },
    /// No session without authentication.
    NeedsAuthentication,
    /// A read or a write through the session failed.
    NotDone { what: &'static str, problem: String },
    /// EC2 does not tell how the holders are.
    HoldersUnknown { why: String },
    /// An ENI bears the pool's name and fits no slot.
    Defect(PoolError),
}

/// The second halves of sentences, where they are long.
const BLIND: &str = "no server answers this place, so nothing is known of any: it may well be this \
    place that is cut off, and not they";
const NO_SOURCE_CHECK: &str =
    "is off, so EC2 would let packets of a former holder of the address pass";
const UNTAGGED: &str = "serves without the tag steadfast:initialized: `steadfast run` has not started \
    it, and would let an empty disk vote there once";
const SEVERAL_ZONES: &str = "and other groups of the pool keep to one: its next replacement may start \
    in the wrong one";
const STALE: &str =
    "bears an override (pool bootstrap) for an earlier attachment, which nobody heeds";
const NO_AUTHENTICATION: &str =
    "clients are to authenticate, which this program does not: no session was opened";

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blind => f.write_str(BLIND),
            Self::Unseen { slot, server, why } => {
                write!(f, "slot {slot} ({server}) cannot be seen from here: {why}")
            }
            Self::Free { slot, zone } => {
                write!(f, "slot {slot} is free: nobody in {zone} holds it")
            }
            Self::Ghost { slot, server } => {
                write!(f, "slot {slot} is held by nobody, and a ZooKeeper answers at {server}")
            }
            Self::NotRunning { slot, holder, state } => {
                write!(f, "slot {slot} is held by {holder}, which is {state}")
            }
            Self::OtherAccount { slot, eni } => {
                write!(f, "slot {slot} ({eni}) is attached to no instance of this account")
            }
            Self::InTransit { slot, status, since } => {
                write!(f, "slot {slot} is {status}{}", ago(*since))
            }
            Self::Down { slot, holder, why } => {
                write!(f, "slot {slot}: {holder} runs, but its ZooKeeper does not: {why}")
            }
            Self::NotServing { slot, holder } => {
                write!(f, "slot {slot}: ZooKeeper runs on {holder}, and has no leader")
            }
            Self::NoVoter { slot, mode } => write!(f, "slot {slot}: its server is {mode}: no vote"),
            Self::SeveralLeaders { slots } => {
                write!(f, "several servers lead: slots {}", list(slots))
            }
            Self::LeaderUnseen => f.write_str("no server that is seen from here leads the others"),
            Self::Twin(twin) => twin.fmt(f),
            Self::DeletedWithHolder { slot, eni, .. } => {
                write!(f, "slot {slot}: {eni}, and with it the address, is deleted with its holder")
            }
            Self::NoSourceCheck { slot, eni } => {
                write!(f, "slot {slot}: the source/destination check of {eni} {NO_SOURCE_CHECK}")
            }
            Self::SeveralSlots { holder, slots } => {
                write!(f, "{holder} holds slots {}: its loss takes as many votes", list(slots))
            }
            Self::SeveralZones { group, zones } => {
                let zones = by_name(zones, "in");
                write!(f, "Auto Scaling group {group} holds slots {zones}, {SEVERAL_ZONES}")
            }
            Self::FarBehind { slot, transactions } => {
                write!(
                    f,
                    "slot {slot}: its server is {transactions} transactions behind the leader"
                )
            }
            Self::SeveralVersions { versions } => {
                write!(f, "the servers differ in version: slots {}", by_name(versions, "with"))
            }
            Self::Untagged { slot } => write!(f, "slot {slot} {UNTAGGED}"),
            Self::Override { slot, is_current: true } => {
                write!(f, "slot {slot}: an empty disk may vote at its next start (pool bootstrap)")
            }
            Self::Override { slot, is_current: false } => write!(f, "slot {slot} {STALE}"),
            Self::OtherServers { server, differences } => {
                write!(f, "slot {server} goes by another list of servers: {}", joined(differences))
            }
            Self::NoSession { refusals } => {
                write!(f, "no server opens a session: {}", reasons(refusals))
            }
            Self::NeedsAuthentication => f.write_str(NO_AUTHENTICATION),
            Self::NotDone { what, problem } => write!(f, "{what} through a session: {problem:?}"),
            Self::HoldersUnknown { why } => write!(f, "how the holders are is not known: {why}"),
            Self::Defect(error) => error.fmt(f),
        }
    }
}

fn list(slots: &[SlotNumber]) -> String {
    slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn joined(all: &[impl fmt::Display]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// `1, 2 in eu-west-1a; 3 in eu-west-1b`. The names are escaped: servers tell some of them.
fn by_name(named: &BTreeMap<String, Vec<SlotNumber>>, word: &str) -> String {
    let one = |(name, slots): (&String, &Vec<SlotNumber>)| {
        format!("{} {word} {}", list(slots), name.escape_default())
    };
    named.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn ago(since: Option<Duration>) -> String {
    let seconds = since.map(|since| Duration::from_secs(since.as_secs()));
    let told = seconds.map(|it| format!(", asked for {} ago", humantime::format_duration(it)));
    told.unwrap_or_default()
}
