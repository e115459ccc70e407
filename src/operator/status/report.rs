//! The result as plain data, for people and programs alike.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use super::View;
use super::oddity::{Oddity, Severity};
use crate::cloud::AttachmentStatus;
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, PoolName, SlotNumber};
use crate::operator::servers::Server;
use crate::operator::session::Session;
use crate::operator::target::Target;
use crate::pool::Slot;
use crate::zookeeper::answer::Srvr;

/// How a pool is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The pool.
    pub pool: PoolName,
    /// When EC2 was asked, in UTC.
    pub at: String,
    /// All in one word.
    pub health: Health,
    /// The same as a sentence.
    pub verdict: String,
    /// Who votes.
    pub quorum: Quorum,
    /// Every slot, in slot order.
    pub slots: Vec<SlotReport>,
    /// What is odd, the worst first.
    pub oddities: Vec<OddityReport>,
    /// What a session through the connect string shows.
    pub session: Session,
}

/// All in one word; the exit status is 0, 1, 2 and 3, as monitoring plugins have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// A quorum, every slot votes, and nothing is to be mended.
    Healthy,
    /// A quorum, and something to be mended.
    Degraded,
    /// No quorum, whatever the servers do that cannot be seen; or several leaders.
    NoQuorum,
    /// Too few servers vote of those that are seen, and with those that are not they may be enough.
    Unknown,
}

/// Who votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Quorum {
    /// How many slots the pool has.
    pub slots: usize,
    /// How many servers the ensemble's own list has, where a session could read it.
    pub ensemble: Option<usize>,
    /// How many of the slots are a majority.
    pub majority: usize,
    /// How many servers say that they lead or follow.
    pub voting: usize,
    /// How many servers of held slots cannot be seen from here.
    pub unseen: usize,
    /// The slots whose servers say that they lead: one, in a quorum whose leader is seen.
    pub leaders: Vec<SlotNumber>,
    /// How many more of the voting servers may be lost; absent without a quorum.
    pub survives: Option<usize>,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SlotReport {
    /// Its number, also the ZooKeeper server id.
    pub slot: SlotNumber,
    /// Its private addresses; the first is its name in the connect string.
    pub addresses: Vec<IpAddr>,
    /// Its availability zone.
    pub zone: String,
    /// Its ENI.
    pub eni: EniId,
    /// Where it is attached; absent while it is free.
    pub holder: Option<HolderReport>,
    /// Its server.
    pub server: ServerReport,
    /// The lineage of the data that it last served with, by the tag `steadfast:initialized`; absent
    /// before its first boot.
    pub initialized: Option<String>,
    /// Whether an empty disk may vote at its next start (`pool bootstrap`).
    pub has_bootstrap_override: bool,
}

/// Where a slot is attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HolderReport {
    /// The instance; absent if it is none of this account's.
    pub instance: Option<InstanceId>,
    /// Its state in EC2's words, or `gone` if EC2 does not describe it; absent if it is not known.
    pub state: Option<String>,
    /// Its Auto Scaling group.
    pub group: Option<String>,
    /// The attachment.
    pub attachment: AttachmentId,
    /// How far the attachment has come.
    pub attachment_status: String,
    /// Where on the instance.
    pub device_index: DeviceIndex,
    /// Since when, in UTC.
    pub attached_at: Option<String>,
    /// How long that is.
    pub attached_seconds: Option<u64>,
}

/// What a slot's server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServerReport {
    /// Where it was asked.
    pub address: SocketAddr,
    /// `leader`, `follower`, `observer` or `standalone` if it serves.
    pub mode: Option<String>,
    /// Why it does not serve, or why that is not known.
    pub problem: Option<String>,
    /// Whether it may well serve for all that was learnt.
    pub is_unseen: bool,
    /// The last transaction that it has applied, in hexadecimal.
    pub zxid: Option<String>,
    /// Clients' connections, the one that asked included.
    pub connections: Option<u64>,
    /// Its version.
    pub version: Option<String>,
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OddityReport {
    /// Its name, which never changes its meaning.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// The slots that it is about; none if it is about the whole pool.
    pub slots: Vec<SlotNumber>,
    /// What is so.
    pub sentence: String,
    /// What to do about it, a command where there is one.
    pub next_step: Option<String>,
}

impl Health {
    /// The exit status.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded => 1,
            Self::NoQuorum => 2,
            Self::Unknown => 3,
        }
    }
}

impl OddityReport {
    pub(super) fn of(oddity: &Oddity, target: &Target) -> Self {
        Self {
            kind: oddity.kind().to_owned(),
            severity: oddity.severity(),
            slots: oddity.slots(),
            sentence: oddity.to_string(),
            next_step: oddity.next_step(target),
        }
    }
}

/// A slot's row.
pub(super) fn slot(view: &View, slot: &Slot, server: &Server) -> SlotReport {
    SlotReport {
        slot: slot.number,
        addresses: slot.addresses.clone(),
        zone: slot.zone.clone(),
        eni: slot.eni.clone(),
        holder: holder(view, slot),
        server: answer(server),
        initialized: slot.initialized.clone(),
        has_bootstrap_override: is_override_current(slot),
    }
}

/// Whether the override is meant for the attachment that the slot has: no other is heeded.
pub(super) fn is_override_current(slot: &Slot) -> bool {
    let attachment = slot.attachment.as_ref().map(|it| it.id.as_str());
    slot.bootstrap.is_some() && slot.bootstrap.as_deref() == attachment
}

fn holder(view: &View, slot: &Slot) -> Option<HolderReport> {
    let attachment = slot.attachment.as_ref()?;
    let described = view.holder(slot);
    let gone = view.holders.is_ok() && attachment.instance.is_some();
    let state = described.map(|it| it.state.to_string());
    let since = view.attached_for(slot);
    Some(HolderReport {
        instance: attachment.instance.clone(),
        state: state.or_else(|| gone.then(|| "gone".to_owned())),
        group: described.and_then(|it| it.group()).map(str::to_owned),
        attachment: attachment.id.clone(),
        attachment_status: attachment_status(attachment.status).to_owned(),
        device_index: attachment.index,
        attached_at: since.map(|since| utc(view.at.checked_sub(since).unwrap_or(view.at))),
        attached_seconds: since.map(|since| since.as_secs()),
    })
}

pub(super) fn attachment_status(status: AttachmentStatus) -> &'static str {
    match status {
        AttachmentStatus::Attaching => "attaching",
        AttachmentStatus::Attached => "attached",
        AttachmentStatus::Detaching => "detaching",
        AttachmentStatus::Detached => "detached",
    }
}

fn answer(server: &Server) -> ServerReport {
    let serving = match &server.answer {
        Srvr::Serves(serving) => Some(serving),
        _ => None,
    };
    ServerReport {
        address: server.address,
        mode: serving.map(|it| it.mode.to_string()),
        problem: serving.is_none().then(|| server.answer.to_string()),
        is_unseen: server.is_unseen(),
        zxid: serving.and_then(|it| it.zxid).map(|zxid| format!("{zxid:#x}")),
        connections: serving.and_then(|it| it.connections),
        version: serving.and_then(|it| it.version.clone()),
    }
}

/// A moment as `2026-11-22T21:57:24Z`.
pub(super) fn utc(at: SystemTime) -> String {
    // Before 1970 or after 9999 it would be none: the program would panic on a broken clock.
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let last = Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since.min(last)).to_string()
}
