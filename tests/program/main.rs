//! `steadfast claim` and `steadfast release`, whole: the real program in instances of a local
//! region, judged by the region's own log of calls and state, by `ip -j`, by packets, by exit
//! codes and by the files that it writes.
//!
//! Needs `steadfast-sim` beside `steadfast` (`cargo build --workspace --bins`), `ip`, `python3`
//! and util-linux, but not root: the region makes its own namespaces. Nothing here skips.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what they expect by panicking, and print what a person is to judge"
)]

mod bad_input;
mod clean;
mod crowd;
mod earlier;
mod errors;
mod first_boot;
mod guarded;
mod killed;
mod output;
mod region;
mod release;
mod rendered;
mod run;
mod settings;
mod surroundings;
mod takeover;
mod tampering;
mod told;
mod trouble;
mod wishes;
