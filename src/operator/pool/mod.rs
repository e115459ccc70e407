//! What makes a pool and what ends it: ENIs made or adopted as slots, shown, and retired.
//!
//! EC2 alone is asked, never ZooKeeper. Each command reads the pool first and changes only what is
//! missing, so that it can be run again after any failure; what it cannot know to be safe it refuses,
//! with all its reasons at once.

pub mod adopt;
pub mod create;
mod members;
pub mod retire;
pub mod show;

use std::fmt;

pub use members::{Members, Retired};

use crate::cloud::CallError;
use crate::ids::{EniId, PoolName, SlotNumber};

/// The tag [`TAG_INITIALIZED`](crate::cloud::TAG_INITIALIZED) of a slot that joins a pool which has
/// served: its disk has no part in what the others have acknowledged, so it must be filled by them
/// before it votes. No disk is ever noted to be of this lineage.
pub const JOINED_LATER: &str = "joined a pool that had served";

/// Why a command of these is not done, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum PoolCommandError {
    /// EC2, before anything was changed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was asked for does not fit what there is; nothing was changed.
    #[error("{}; nothing was changed", .0.join("; "))]
    Unfit(Vec<String>),
    /// It stands in the way now, and may be over the next time; nothing was changed.
    #[error("{0}; nothing was changed")]
    NotNow(String),
    /// It ended half-way.
    #[error("{done}; {cause}")]
    HalfWay {
        /// What is done, what is not, and what to do.
        done: String,
        /// EC2's refusal.
        cause: CallError,
    },
    /// All was done, but somebody else did something of the kind at the same time.
    #[error("{0}")]
    Collision(String),
}

/// A list for a sentence: `slot 1`, `slots 1, 2 and 5`.
pub fn slots<'a>(numbers: impl IntoIterator<Item = &'a SlotNumber>) -> String {
    let all: Vec<String> = numbers.into_iter().map(ToString::to_string).collect();
    let word = if all.len() == 1 { "slot" } else { "slots" };
    format!("{word} {}", listed(&all))
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed<T: fmt::Display>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(ToString::to_string).collect();
            format!("{} and {last}", most.join(", "))
        }
    }
}

/// A name for a slot where there are several pools.
fn slot_of(pool: &PoolName, number: SlotNumber) -> String {
    format!("slot {number} of pool {pool}")
}

/// Two ENIs of one number: all commands refuse such a pool until one of them is gone.
fn twice(number: SlotNumber, ours: &EniId, theirs: &EniId) -> String {
    format!("slot {number} is there twice: {ours} of this run and {theirs} of another operator's")
}
