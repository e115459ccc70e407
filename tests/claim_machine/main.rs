//! The claim's state machine, pair by pair: every state with every event is taken to the state that
//! the table here says, written by hand, or refused by name. Then its rules, one by one.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test says what it expects by panicking")]

mod attach;
mod doubt;
mod given;
mod pairs;
mod rollback;
mod takeover;
mod wishes;
