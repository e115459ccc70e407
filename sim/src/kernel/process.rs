//! Processes by identity, never by number alone: a number is given again, its start time is not.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use super::error::{Explain, Result};
use crate::fabric::FabricError;

/// A process of this machine, known by its number and its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Process {
    /// Its number in the PID namespace of who recorded it.
    pub pid: u32,
    /// Its start in clock ticks since the machine's boot.
    pub started: u64,
}

impl Process {
    /// The process that bears the number now, if it has not ended.
    pub fn find(pid: u32) -> Option<Process> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        parse_stat(pid, &stat)
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        Process::find(self.pid) == Some(*self)
    }

    /// A handle that names it for ever; none if it is gone.
    pub fn handle(&self) -> Result<Option<Handle>> {
        let handle = match pidfd_open(number(self.pid)?, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(None),
            opened => opened.explain(|| format!("cannot open process {}", self.pid))?,
        };
        // Asked after it was opened, so that it is ours.
        Ok(self.is_alive().then_some(Handle { process: *self, handle }))
    }

    /// Kills it and waits until it is gone; done if it is gone already.
    pub fn kill(&self, deadline: Duration) -> Result<()> {
        let doing = || format!("cannot end process {}", self.pid);
        let Some(Handle { handle, .. }) = self.handle()? else { return Ok(()) };
        pidfd_send_signal(&handle, Signal::KILL).explain(doing)?;
        let timeout = Timespec {
            tv_sec: deadline.as_secs().cast_signed(),
            tv_nsec: deadline.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)).explain(doing)? {
            0 => Err(FabricError(format!("{}: it is still there after {deadline:?}", doing()))),
            _ => Ok(()),
        }
    }
}

/// A process by a handle, which cannot come to mean another.
#[derive(Debug)]
pub struct Handle {
    process: Process,
    handle: OwnedFd,
}

impl Handle {
    /// Sends it a signal; done if it is gone.
    pub fn send(&self, signal: Signal) -> Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(FabricError(format!(
                "cannot send process {} signal {signal:?}: {error}",
                self.process.pid
            ))),
        }
    }
}

/// A process number as the kernel's calls take it.
pub fn number(pid: u32) -> Result<Pid> {
    Pid::from_raw(pid.cast_signed()).ok_or_else(|| FabricError(format!("{pid} is no process")))
}

/// Fields 3 (state), 20 (threads) and 22 (start) of `/proc/PID/stat`; the name before them may hold
/// anything, so they are counted from its closing parenthesis. A process whose first thread alone
/// has ended is not gone.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let first_ended = matches!(fields.next()?, "Z" | "X");
    let threads: u32 = fields.nth(16)?.parse().ok()?;
    if first_ended && threads <= 1 {
        return None;
    }
    Some(Process { pid, started: fields.nth(1)?.parse().ok()? })
}

/// This same program, for one of its inner steps.
pub fn this_program() -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("/proc/self/exe");
    // What a person sees in a list of processes.
    command.arg0("steadfast-sim");
    command
}

/// Has the child do something between its birth and its program's start.
pub fn before_exec(
    command: &mut Command,
    action: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    use std::os::unix::process::CommandExt;
    // SAFETY: every caller's action is one or two direct system calls (prctl, setsid): it takes no
    // lock and allocates nothing, which is what the time between fork and exec allows.
    unsafe { command.pre_exec(action) };
}

/// Has the child be killed when its parent dies.
pub fn die_with_parent(command: &mut Command) {
    before_exec(command, || {
        Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_start_whatever_its_name() {
        let tail = "S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 1 21 4711 23";
        let found = parse_stat(7, &format!("7 (a) b (c) {tail}"));
        assert_eq!(found, Some(Process { pid: 7, started: 4711 }));
    }

    #[test]
    fn a_zombie_is_gone_but_not_one_whose_first_thread_ended() {
        let stat = |threads| {
            format!("7 (a) Z 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 {threads} 21 4711 23")
        };
        assert_eq!(parse_stat(7, &stat(1)), None);
        assert_eq!(parse_stat(7, &stat(2)), Some(Process { pid: 7, started: 4711 }));
    }

    #[test]
    fn another_process_of_the_same_number_is_not_alive() {
        let me = Process::find(std::process::id()).expect("this process runs");
        assert!(me.is_alive());
        assert!(!Process { started: me.started + 1, ..me }.is_alive());
    }
}
