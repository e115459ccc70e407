//! The claim as a pure state machine: `step(state, event) -> (state, effects)`.
//!
//! No IO, no clock, no randomness: the agent performs the effects and feeds the events, and the
//! tests enumerate the very same function. What it promises, under every interleaving:
//!
//! - an instance never attaches a second slot while the fate of a first one is unknown;
//! - a running holder is never robbed;
//! - what it attached and cannot use, it detaches by attachment id;
//! - a terminal state is never left.
//!
//! [`State`], [`Event`] and [`Effect`] are its words, [`step()`] has the edges, [`order`] the order in
//! which slots are tried.

mod failure;
pub mod lost;
mod memory;
pub mod order;
mod reading;
mod state;
mod step;
mod ways;

pub use failure::{Failure, HostFault};
pub use memory::{Doubt, Memory};
pub use state::{
    Effect, Event, Held, HoldersView, LocalNics, OwnAttachment, OwnView, PoolView, Setup, State,
    Target, Want,
};
pub use step::{Unexpected, step};
