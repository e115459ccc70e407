//! The machine under the region, for real: namespaces as instances, veth pairs as interfaces, one
//! network namespace as the VPC's router.
//!
//! Who is whose child, from the host inward; each `steadfast-sim` under its hidden subcommand:
//!
//! ```text
//! steadfast-sim up            binds what must be reached from the host, then returns
//!  └ __namespaces             makes the region's namespaces, records its PID 1, ends
//!     └ __region              PID 1 of the region and its router: kill it, and all below ends
//!        └ __power            one an instance: makes its namespaces, waits for its PID 1
//!           └ __init          PID 1 of the instance: its root, primary interface, user-data
//!        └ qemu-system-x86_64  one an instance that is a machine
//! ```

mod cut;
mod daemon;
mod dhcp;
mod disk;
mod end;
mod enter;
mod error;
mod fabric;
mod freeze;
mod init;
mod instance;
mod lifeline;
mod machine;
mod mounts;
mod namespaces;
mod netlink;
mod pid_space;
mod power;
mod primary;
mod process;
mod root;
mod router;
mod rule;
mod run_state;
mod running;
mod socket;
mod source_check;
mod start;
mod state_dir;
mod sysctl;
mod tap;
mod word;

pub use daemon::{DaemonArgs, run as run_region};
pub use enter::{Place, enter, environment, is_booted, run_in_machine};
pub use error::Explain;
pub use init::run as run_init;
pub use machine::{Ended, Image, NotRun};
pub use namespaces::run as run_namespaces;
pub use power::run as run_power;
pub use process::{Process, before_exec};
pub use start::{StartOptions, clean_up, start};
pub use state_dir::StateDir;
