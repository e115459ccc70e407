//! Settings of this network namespace under `/proc/sys/net`.

use std::fs;
use std::path::Path;

use super::error::{Explain, Result};

/// Whether this kernel speaks IPv6.
pub fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

/// Writes a setting, such as `ipv4/ip_forward`.
pub fn set(name: &str, value: u32) -> Result<()> {
    let path = Path::new("/proc/sys/net").join(name);
    fs::write(path, value.to_string()).explain(|| format!("cannot set net/{name} to {value}"))
}
