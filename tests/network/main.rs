//! The host's network, in real namespaces: each test builds a little VPC, and is judged by
//! `ip -j` and by packets that arrive.
//!
//! Needs `unshare`, `nsenter` and `ip`, but not root: a test runs itself again in namespaces
//! of its own. It fails where it cannot have them; it never skips.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

mod apply;
mod fence;
mod guarding;
mod hostile;
mod imds;
mod judge;
mod latency;
mod netns;
mod others;
mod put_back;
mod traffic;
mod vpc;
mod watch;
