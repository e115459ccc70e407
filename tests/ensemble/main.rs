//! Real ZooKeeper ensembles on the local region: what is lost without the protection of
//! `steadfast run`, step by step as measured, and that nothing is lost with it. Judged by a client
//! that keeps a ledger (`examples/workload.rs`) and by the servers' own words.
//!
//! Each unprotected scenario asserts its loss: so its protected half can fail. Servers are started
//! by hand there, on slots that `steadfast claim` has claimed. `-- --nocapture` shows what each
//! scenario saw, as table lines.
//!
//! Needs `steadfast-sim` and the examples beside `steadfast` (`cargo build --bins --examples`),
//! Java and both versions of ZooKeeper (`tests/zookeeper/setup`), but not root. Nothing here skips.
//!
//! | module | what it is |
//! |---|---|
//! | `zookeeper` | the configuration and command of the servers |
//! | `server` | one running server |
//! | `host` | an instance that holds a slot: its disk, its server |
//! | `client` | the client, in an instance of its own |
//! | `ensemble` | a host for each slot, and the client |
//! | `defence` | the lines of defence in a host's network, each alone |
//! | `empty_disk`, `bootstrap`, `twin`, `gate` | the scenarios |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking, and print what a person is to judge"
)]

mod bootstrap;
mod client;
mod defence;
mod empty_disk;
mod ensemble;
mod gate;
mod host;
mod server;
mod twin;
mod zookeeper;

#[path = "../../examples/workload/handle.rs"]
#[allow(dead_code, reason = "shared with the demo")]
mod handle;
#[path = "../../examples/workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;
#[path = "../program/region.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod region;
#[path = "../program/run.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod run;
#[path = "../program/tampering.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod tampering;
#[path = "../zookeeper/version.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod version;
