//! This host: its network for the slot, who else manages its network, ZooKeeper's package, its data
//! directory and what the system does to it.
//!
//! Everything is read where the kernel or a program leaves it (`/proc`, `/run`, `/etc`); no program is
//! started. The root can be another directory than `/`, so that a check is tested on files that are
//! made for it.

mod files;
mod managers;
mod network;
mod package;
mod system;

use std::path::Path;

pub use files::Root;
pub use managers::Managers;
pub use network::{Believed, Network, SlotNic, gather as network};
pub use package::Package;
pub use system::System;

use super::tags::Seen;
use super::{Area, Check, Finding};
use crate::ids::MacAddr;

const READABLE: Check = Check::of(Area::Host, "readable");

/// What lies in this host's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Who else manages its network.
    pub managers: Managers,
    /// ZooKeeper's package.
    pub package: Package,
    /// The data directory, memory, time.
    pub system: System,
    /// What is there and could not be read.
    pub unreadable: Vec<String>,
}

/// Reads them. `nic` is the slot's, if one is held; `data_dir` and `user` are ZooKeeper's.
pub fn files(root: &Root, nic: Option<&SlotNic>, data_dir: &Path, user: Option<&str>) -> Files {
    let processes = root.processes();
    Files {
        managers: Managers::read(root, &processes, nic),
        package: Package::read(root, user),
        system: System::read(root, &processes, data_dir),
        unreadable: root.unreadable(),
    }
}

/// The findings on the files.
pub fn check_files(files: &Files, seen: &[Seen<'_>]) -> Vec<Finding> {
    let macs: Vec<MacAddr> = seen.iter().map(|it| it.slot.mac).collect();
    let mut found = managers::check(&files.managers, &macs);
    found.extend(package::check(&files.package));
    found.extend(system::check(&files.system, &files.package));
    if !files.unreadable.is_empty() {
        let what = format!("what lies in {}", files.unreadable.join(", "));
        found.push(READABLE.unknown(what, "run it as root"));
    }
    found
}

/// The findings on the network.
pub fn check_network(
    network: &Network,
    seen: &[Seen<'_>],
    pool: &crate::ids::PoolName,
) -> Vec<Finding> {
    network::check(network, seen, pool)
}

#[cfg(test)]
mod tests;
