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
    clippy::print_stderr,
    dead_code,
    reason = "tests say what they expect by panicking; what they share with other tests has more"
)]

#[path = "../ensemble/client.rs"]
mod client;
mod connect_string;
#[path = "../ensemble/defence.rs"]
mod defence;
mod doctor;
#[path = "../ensemble/ensemble.rs"]
mod ensemble;
#[path = "../../examples/workload/handle.rs"]
mod handle;
#[path = "../ensemble/host.rs"]
mod host;
mod policy;
mod pool;
#[path = "../../examples/workload/protocol.rs"]
mod protocol;
mod reclaim;
#[path = "../program/region.rs"]
mod region;
mod release;
#[path = "../program/run.rs"]
mod run;
mod schema;
#[path = "../ensemble/server.rs"]
mod server;
mod status;
mod status_terminal;
mod status_trouble;
mod status_zookeeper;
mod stub;
#[path = "../program/tampering.rs"]
mod tampering;
mod told;
#[path = "../zookeeper/version.rs"]
mod version;
#[allow(unused_imports, unused_macros, reason = "what is told of each version apart is not here")]
#[path = "../ensemble/zookeeper.rs"]
mod zookeeper;
