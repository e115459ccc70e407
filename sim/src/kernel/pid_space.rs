//! All processes of an instance: those in its PID namespace and in any that is nested in it,
//! whoever their parents are.

use std::collections::BTreeSet;
use std::fs::{File, read_dir};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::fs::fstat;
use rustix::io::Errno;

use super::error::{Explain, Result};
use super::process::Process;

/// How deep PID namespaces nest: the kernel's own limit.
const DEPTH: usize = 32;

/// A PID namespace, by its number, which no other has while it lives.
#[derive(Debug)]
pub struct PidSpace(u64);

impl PidSpace {
    /// The namespace that a process is in.
    pub fn of(process: Process) -> Result<PidSpace> {
        let doing = || format!("cannot tell the PID namespace of {}", process.pid);
        let space = File::open(link(process.pid)).explain(doing)?;
        Ok(PidSpace(number(&space.into()).explain(doing)?))
    }

    /// The processes in it, as they are met on a walk through `/proc`.
    pub fn processes(&self) -> Result<BTreeSet<Process>> {
        let mut found = BTreeSet::new();
        for entry in read_dir("/proc").explain(|| "cannot list processes")? {
            let name = entry.explain(|| "cannot list processes")?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            if self.holds(pid).explain(|| format!("cannot tell where process {pid} is"))? {
                found.extend(Process::find(pid));
            }
        }
        Ok(found)
    }

    /// Whether a process is in this namespace or in one below it.
    fn holds(&self, pid: u32) -> io::Result<bool> {
        let mut space: OwnedFd = match File::open(link(pid)) {
            Ok(space) => space.into(),
            Err(error) if is_gone(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        for _ in 0..=DEPTH {
            if number(&space)? == self.0 {
                return Ok(true);
            }
            match parent(&space)? {
                Some(above) => space = above,
                None => return Ok(false),
            }
        }
        Ok(false)
    }
}

fn link(pid: u32) -> String {
    format!("/proc/{pid}/ns/pid")
}

fn number(space: &OwnedFd) -> io::Result<u64> {
    Ok(fstat(space)?.st_ino)
}

/// The namespace above; none above the caller's own.
fn parent(space: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    // SAFETY: this request of a namespace's descriptor takes no argument and touches no memory.
    let above = unsafe { libc::ioctl(space.as_raw_fd(), libc::NS_GET_PARENT) };
    if above >= 0 {
        // SAFETY: the kernel has just opened this descriptor for us.
        return Ok(Some(unsafe { OwnedFd::from_raw_fd(above) }));
    }
    match io::Error::last_os_error() {
        error if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        error => Err(error),
    }
}

/// Whether the process has ended meanwhile.
fn is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::SRCH))
}
