//! Takes a slot from its holder by hand: what would do harm is refused, with the word that overrides it.
//!
//! What is taken is the one attachment that was looked at. A detach by its id cannot hit a later
//! holder, and EC2 grants an unforced one to one caller alone: of two people who reclaim one slot at
//! once, one does it, and the other is told so.
//!
//! | module | what it does |
//! |---|---|
//! | `look` | what there is: the slot, its holder, every server, the instance that is to have it |
//! | `judge` | pure: what speaks against it |
//! | `tell` | the plan and its consequences, in words |
//! | `audit` | who, when and why, as a tag of the ENI |
//! | `take` | the detach, and the wait for its end |
//! | `race` | what becomes of the audit tag when two do it at once |
//! | `give` | the attach to a named instance |

mod audit;
mod error;
mod give;
mod judge;
mod look;
mod race;
mod take;
mod tell;

use std::fmt;

pub use audit::{Word, asker};
pub use error::ReclaimError;
pub use give::{Given, give};
pub use judge::{Misfit, Refusal, judge};
pub use look::{Destination, Held, Holder, Seen, Task, look};
pub use take::{Successor, Taken, take};
pub use tell::{next_steps, plan};

use crate::ids::{InstanceId, SlotNumber};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The slot.
    pub slot: SlotNumber,
    /// The instance that is to have it; whoever claims it if absent.
    pub to: Option<InstanceId>,
    /// Whether EC2 is not to wait for the holder's kernel to let go.
    pub force: bool,
    /// What is not to keep anyone from it.
    pub despite: Vec<Override>,
}

/// A person's word against a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    /// The holder's ZooKeeper serves.
    Serving,
    /// The holder runs, and nobody here knows whether its ZooKeeper serves.
    Unseen,
    /// The other servers are no quorum.
    WithoutQuorum,
    /// Another slot is down.
    AnotherDown,
}

impl Override {
    /// As it is typed.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Serving => "--even-if-serving",
            Self::Unseen => "--even-if-unseen",
            Self::WithoutQuorum => "--even-without-quorum",
            Self::AnotherDown => "--even-if-another-is-down",
        }
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.flag())
    }
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub fn utc(seconds: i64) -> String {
    let since = std::time::Duration::from_secs(seconds.max(0).cast_unsigned());
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since).to_string()
}
