//! Why a slot was not reclaimed, in one line that a person can act on.

use super::judge::Refusal;
use crate::cloud::CallError;
use crate::ids::{InstanceId, SlotNumber};
use crate::pool::PoolError;

/// Why it was not done, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum ReclaimError {
    /// EC2.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The pool's tags, or there is no such slot.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// It would do harm, or cannot be.
    #[error("slot {slot} is left as it is: {}", told(refusals))]
    Refused {
        /// The slot.
        slot: SlotNumber,
        /// Everything that speaks against it.
        refusals: Vec<Refusal>,
    },
    /// What was agreed to is not there any more.
    #[error("slot {slot} changed while you were asked: {now}; nothing was done: look again")]
    Changed {
        /// The slot.
        slot: SlotNumber,
        /// How it is now.
        now: String,
    },
    /// The detach was asked for, and has no end.
    #[error(
        "slot {slot} is still {status} {holder} after {waited}: EC2 waits for that instance's kernel \
         to let go; run it again with --force"
    )]
    StillHeld {
        /// The slot.
        slot: SlotNumber,
        /// Its holder.
        holder: String,
        /// `attached to` or `being detached from`.
        status: &'static str,
        /// How long it was waited for.
        waited: String,
    },
    /// It was free, and another instance was faster.
    #[error(
        "slot {slot} was claimed by {by} before it could be attached to {to}: let it be, or reclaim \
         it again when nobody waits for it"
    )]
    Outrun {
        /// The slot.
        slot: SlotNumber,
        /// Who has it.
        by: String,
        /// Who was to have it.
        to: InstanceId,
    },
    /// EC2 does not show what it has said that it did.
    #[error(
        "slot {slot} is free, but not attached to {to} after {waited}: look at `steadfast status`, \
         and run it again"
    )]
    NotAttached {
        /// The slot.
        slot: SlotNumber,
        /// Who was to have it.
        to: InstanceId,
        /// How long it was tried.
        waited: String,
    },
}

fn told(refusals: &[Refusal]) -> String {
    let told = refusals.iter().map(|refusal| match refusal.overridden_by() {
        Some(word) => format!("{refusal} ({word} overrides)"),
        None => refusal.to_string(),
    });
    told.collect::<Vec<_>>().join("; ")
}
