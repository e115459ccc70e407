//! Supervision: what runs below an agent, how it ends, and that nothing of it is ever left, judged by
//! `/proc` and `ps`.
//!
//! Needs `unshare`, `setpriv`, `python3` and a JVM, but not root: a test runs itself again in
//! namespaces of its own, of which it is root. It fails where it cannot have them; it never skips.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

mod accounts;
mod agent;
mod agent_death;
mod alone;
mod awkward;
mod judge;
mod kill;
mod latency;
mod orphans;
mod program;
mod remains;
mod signals;
mod start_errors;
mod status;
mod stop;
mod surroundings;
