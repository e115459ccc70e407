//! What a later agent must know of an earlier one that was killed: its keeper, whose end proves that
//! nothing of the command is left.
//!
//! A lock that the keeper inherits does not prove it. The kernel closes a dying process's files before
//! it kills the namespace below it: of 40 keepers that were killed with 30 processes below them, 31
//! had freed such a lock while some of those still lived, the last for another 17 ms.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::time::{Instant, sleep};

use super::SuperviseError;

/// Between two looks at an earlier keeper, which normally is gone within milliseconds.
const LOOK: Duration = Duration::from_millis(5);

/// A process by its number and its start: the number alone is given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// In clock ticks since the machine's boot.
    started: u64,
}

/// Waits until nothing is left of what an earlier agent started with this file as its record. Done at
/// once if there is no such file. For the agent that holds the agents' lock: while another one may
/// start something there is nothing to wait for.
///
/// # Errors
/// [`SuperviseError::Remains`] if something is left after `within`, which only a process that waits
/// for a disk can do; [`SuperviseError::Record`] if the file cannot be read.
pub async fn remains_gone(record: &Path, within: Duration) -> Result<(), SuperviseError> {
    let failed = |source| SuperviseError::Record { path: record.to_owned(), source };
    let Some(keeper) = read(record).map_err(failed)? else { return Ok(()) };
    let Some(handle) = keeper.open().map_err(failed)? else { return Ok(()) };
    tracing::info!(keeper = keeper.pid, "waiting for the end of what an earlier agent has left");
    let deadline = Instant::now() + within;
    match ends(&handle, deadline).await.map_err(failed)? {
        true => Ok(()),
        false => Err(SuperviseError::Remains { keeper: keeper.pid, within }),
    }
}

/// Waits for a process's end; whether it has come by the deadline.
///
/// # Errors
/// The kernel's.
pub async fn ends(process: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    while !has_ended(process)? {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(LOOK).await;
    }
    Ok(true)
}

fn has_ended(process: &OwnedFd) -> io::Result<bool> {
    let mut source = [PollFd::new(process, PollFlags::IN)];
    Ok(retry_on_intr(|| poll(&mut source, Some(&Timespec::default())))? > 0)
}

/// Writes down a keeper that has nothing below it yet.
pub(super) fn write(record: &Path, keeper: u32) -> io::Result<()> {
    let process = Process::find(keeper).ok_or(io::ErrorKind::NotFound)?;
    fs::write(record, format!("{process}\n"))
}

/// Strikes it out. A file that stays does no harm.
pub(super) fn remove(record: &Path) {
    let _ = fs::remove_file(record);
}

/// None without a file, and for one that is not whole: its writer died before it let its keeper start
/// anything.
fn read(record: &Path) -> io::Result<Option<Process>> {
    match fs::read_to_string(record) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> Option<Process> {
    text.strip_suffix('\n')?.parse().ok()
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.started)
    }
}

impl FromStr for Process {
    type Err = io::ErrorKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once(' ');
        let process = numbers.and_then(|(pid, started)| {
            Some(Self { pid: pid.parse().ok()?, started: started.parse().ok()? })
        });
        process.ok_or(io::ErrorKind::InvalidData)
    }
}

impl Process {
    /// This one.
    pub fn own() -> Option<Self> {
        Self::find(std::process::id())
    }

    /// A handle to it, which is its own for ever; none if it has ended, whoever has its number now.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(self) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = Pid::from_raw(self.pid.cast_signed()) else { return Ok(None) };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(None),
            handle => handle?,
        };
        // Looked at after the handle was opened.
        Ok((Self::find(self.pid) == Some(self)).then_some(handle))
    }

    /// The process that bears the number now, if it has not ended.
    fn find(pid: u32) -> Option<Self> {
        parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }
}

/// Fields 3 (state) and 22 (start) of `/proc/PID/stat`, counted from the end of the name before them,
/// which may hold anything.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Some(Process { pid, started: fields.nth(18)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";

    #[test]
    fn a_process_is_found_by_its_start_whatever_its_name() {
        let found = parse_stat(7, &format!("7 (a) b (c) S {TAIL}"));
        assert_eq!(found, Some(Process { pid: 7, started: 4711 }));
    }

    #[test]
    fn a_zombie_is_gone() {
        assert_eq!(parse_stat(7, &format!("7 (a) Z {TAIL}")), None);
    }

    #[test]
    fn a_record_that_was_cut_off_is_none() {
        assert_eq!(parse("12 345\n"), Some(Process { pid: 12, started: 345 }));
        for text in ["", "12", "12 ", "12 3", "12 345", "x 1\n", "12 345\n\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
