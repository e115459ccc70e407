//! The host's network, in real namespaces: each test builds a little VPC, and is judged by
//! `ip -j` and by packets that arrive.
//!
//! Needs `unshare`, `nsenter` and `ip`, but not root: a test runs itself again in namespaces
//! of its own. It fails where it cannot have them; it never skips.

mod apply;
mod hostile;
mod judge;
mod netns;
mod others;
mod traffic;
mod vpc;
mod watch;
