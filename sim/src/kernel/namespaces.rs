//! The step from the host into a region of its own: new namespaces, and PID 1 in them.
//!
//! This runs before any thread is started: the kernel lets only a single-threaded process change
//! its user namespace.

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities, unshare_unsafe};

use super::daemon::DaemonArgs;
use super::error::{Explain, Result};
use super::process::{Process, this_program};
use super::state_dir::StateDir;
use crate::fabric::FabricError;

/// Leaves the host's namespaces and starts the region's PID 1, whose number on the host it records.
pub fn run(arguments: &str) -> Result<()> {
    let parsed: DaemonArgs = serde_json::from_str(arguments).explain(|| "arguments")?;
    // Not the mount namespace: the region's own /proc would hide its PID 1's number on the host.
    let region = UnshareFlags::NEWNET | UnshareFlags::NEWPID | UnshareFlags::NEWUTS;
    if may_unshare() {
        leave(region)?
    } else {
        leave_as_ordinary_user(region)?
    }
    let mut child = this_program()
        .args(["__region", arguments])
        .env_clear()
        .stdin(Stdio::inherit())
        .spawn()
        .explain(|| "cannot start the region")?;
    // A region that nobody finds again would live for ever.
    record(&child, &StateDir::at(parsed.state_dir)).inspect_err(|_| {
        let _ = child.kill();
    })
}

fn record(region: &Child, state: &StateDir) -> Result<()> {
    let process = Process::find(region.id());
    let process = process.ok_or_else(|| FabricError("the region ended at once".into()))?;
    state.record(process)
}

/// Moves this process into new namespaces.
pub fn leave(namespaces: UnshareFlags) -> Result<()> {
    // SAFETY: unsafe only for the sharing of file descriptors, which no caller asks to end.
    unsafe { unshare_unsafe(namespaces) }.explain(|| "cannot make namespaces")
}

/// Root may be a container's, without the right to make namespaces.
fn may_unshare() -> bool {
    geteuid().is_root()
        && capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// An ordinary user is root in a user namespace, and there may do the rest.
fn leave_as_ordinary_user(namespaces: UnshareFlags) -> Result<()> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    leave(UnshareFlags::NEWUSER | namespaces).map_err(|error| {
        FabricError(format!(
            "{error}: this machine may forbid user namespaces to ordinary users (see sysctl \
             kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns and \
             user.max_user_namespaces); allow them, or run as root"
        ))
    })?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ] {
        fs::write(format!("/proc/self/{file}"), text).explain(|| format!("cannot set {file}"))?;
    }
    Ok(())
}
