//! `steadfast reclaim`: what it refuses, what it takes, from whom, and what it says.

pub mod asked;
mod bad_input;
pub mod cast;
mod given;
mod holders;
mod refusals;
mod serving;
mod two;
