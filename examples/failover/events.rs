//! What happens in the play, and what is reported of it.

use serde::{Deserialize, Serialize};

use super::hung::Fence;
use super::victims::Member;

/// How instances are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A follower's instance is terminated.
    FollowerTerminated,
    /// The leader's instance is terminated.
    LeaderTerminated,
    /// A follower's instance is stopped: its slot stays attached until it is taken over.
    HolderStopped,
    /// Both instances of a zone, of followers, are terminated at once.
    TwoTerminated,
    /// The leader's host hangs, its slot is taken, and it wakes up again.
    LeaderHung,
}

impl Kind {
    /// The whole play, in order.
    pub const ALL: [Self; 5] = [
        Self::FollowerTerminated,
        Self::LeaderTerminated,
        Self::HolderStopped,
        Self::TwoTerminated,
        Self::LeaderHung,
    ];

    /// How many instances are lost.
    pub fn losses(self) -> usize {
        if self == Self::TwoTerminated { 2 } else { 1 }
    }
}

/// A loss and its replacements.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// How instances were lost.
    pub kind: Kind,
    /// Their replacements, by slot.
    pub replacements: Vec<Replacement>,
    /// The longest time without an acknowledged write, in seconds.
    pub gap_s: f64,
    /// What became of a host that hung and woke up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<Fence>,
}

/// A replacement of a server. Times are in seconds from the loss.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replacement {
    /// The slot.
    pub slot: u8,
    /// Its address before, and so after.
    pub address: String,
    /// The address that the replacement claimed.
    pub address_after: String,
    /// The instance that was lost.
    pub instance_before: String,
    /// Its replacement.
    pub instance_after: String,
    /// Until the claim's end.
    pub claimed_s: f64,
    /// Until `srvr` on the address told a mode again.
    pub member_s: f64,
    /// EC2 calls that the replacement made, by the region's log.
    pub ec2_calls: usize,
    /// The connect string that the replacement found.
    pub connect_string: String,
}

/// What happens, for the timeline.
pub fn title(kind: Kind, lost: &[Member]) -> String {
    let list =
        |tell: fn(&Member) -> String| lost.iter().map(tell).collect::<Vec<_>>().join(" and ");
    let slots = list(|member| member.claim.slot.to_string());
    let instances = list(|member| member.claim.instance.clone());
    match kind {
        Kind::FollowerTerminated => {
            format!("a follower's instance is terminated: slot {slots} loses {instances}")
        }
        Kind::LeaderTerminated => {
            format!("the leader's instance is terminated: slot {slots} loses {instances}")
        }
        Kind::HolderStopped => format!(
            "a follower's instance is stopped, and keeps its slot attached: slot {slots} loses \
             {instances}"
        ),
        Kind::TwoTerminated => format!(
            "both instances of a zone are terminated at once: slots {slots} lose {instances}"
        ),
        Kind::LeaderHung => format!(
            "the leader's host hangs, every process of it stopped: slot {slots} on {instances}"
        ),
    }
}
