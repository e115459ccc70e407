//! What steadfast writes for ZooKeeper, judged by ZooKeeper: its own `QuorumPeerConfig` reads the
//! rendered files, and real servers start with them, on disks that were prepared for them.
//!
//! Needs Debian's packages zookeeper and liblog4j1.2-java, a JDK, `unshare` and `ip`, but not root.
//! Nothing here skips.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

mod disks;
mod fragments;
mod judge;
#[path = "../network/netns.rs"]
#[allow(dead_code, reason = "these tests need one namespace each")]
mod netns;
mod rendered;
mod scratch;
mod server;
mod serving;
