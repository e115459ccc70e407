//! The protected process: a command that runs below the agent, never beside it, and of which
//! nothing is left when either of them ends.
//!
//! ```text
//! steadfast run            the agent
//!  └ steadfast __keeper    PID 1 of a PID namespace; reaps, forwards signals
//!     └ COMMAND            in its own process group, as the account of ZooKeeper's user
//! ```
//!
//! **The kernel does the killing.** When PID 1 of a PID namespace ends, the kernel kills everything
//! in it: what has forked, has left its process group or session, is stopped, or ignores signals.
//! The keeper's end is waited for by its parent only when all of that is gone, so it is the proof
//! that nothing of COMMAND lives. A fence is one signal: SIGKILL to the keeper.
//!
//! **The keeper dies with the agent.** It has a parent-death signal, which works on a stopped keeper,
//! too, and a socket that ends with the agent. COMMAND starts only after the first is set and the
//! second has been heard, so there is no moment at which the agent's death leaves it running. Rejected:
//! a parent-death signal for COMMAND itself, which its children do not inherit, and a sub-reaper,
//! which adopts orphans but dies without them; the namespace's PID 1 adopts them in any case.
//!
//! **When COMMAND's first process ends, all of it ends**: what it left behind is killed. A script
//! that starts a daemon and returns (`zkServer.sh start`) is over at once, and one that forks instead
//! of calling `exec` loses its children the moment that a forwarded SIGTERM ends the script itself.
//!
//! What COMMAND finds around it:
//!
//! - process numbers of its own, and a `/proc` that shows them; where the kernel refuses to mount one,
//!   it sees the agent's. A PID file that it writes names other processes outside: signal the keeper;
//! - the mounts of the host, which come and go as there; those that it makes are its own;
//! - the agent's standard output and error, and its standard input unless that is a terminal;
//! - the agent's environment without systemd's conversation with the agent, and whatever descriptors
//!   the agent was itself given;
//! - `no_new_privs` as the unit has it: a start script may have a reason to use sudo.

mod account;
mod command;
mod ending;
mod error;
mod keeper;
mod link;
mod program;
mod record;
mod report;
mod supervised;
mod watcher;

pub use account::Account;
pub use ending::{Ending, Stopped};
pub use error::SuperviseError;
pub use keeper::keeper;
pub use program::Program;
pub use record::{Process, ends, remains_gone};
pub use supervised::Supervised;

/// The first argument by which this program knows that it is to be a keeper.
const ENTRY: &str = "__keeper";
