//! The operator's commands, whole: the real program on a local region, judged by the region's own log
//! of calls and state, by what it prints and by its exit status.
//!
//! Needs `steadfast-sim` beside `steadfast` (`cargo build --workspace --bins`), but not root: the
//! region makes its own namespaces. Nothing here skips.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "tests say what they expect by panicking; what they share with other tests has more"
)]

mod connect_string;
mod doctor;
#[path = "../program/region.rs"]
mod region;
#[path = "../program/run.rs"]
mod run;
mod schema;
mod status;
mod stub;
#[path = "../program/tampering.rs"]
mod tampering;
