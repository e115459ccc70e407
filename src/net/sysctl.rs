//! The one setting of a NIC that netlink cannot change: whether the kernel heeds IPv6 router
//! advertisements on it. A host without IPv6 has no such setting, and heeds none.

use std::path::PathBuf;
use std::{fs, io};

fn accept_ra(nic: &str) -> PathBuf {
    ["/proc/sys/net/ipv6/conf", nic, "accept_ra"].iter().collect()
}

/// Whether router advertisements change the NIC's routes.
pub fn heeds_advertisements(nic: &str) -> bool {
    fs::read_to_string(accept_ra(nic)).is_ok_and(|value| value.trim() != "0")
}

/// Ignores router advertisements on the NIC, until it goes.
///
/// # Errors
/// The kernel's: without privilege, or where `/proc/sys` is read-only.
pub fn ignore_advertisements(nic: &str) -> io::Result<()> {
    fs::write(accept_ra(nic), "0")
}
