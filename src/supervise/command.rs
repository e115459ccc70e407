//! The last step: from the keeper to COMMAND.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::signal::SigSet;
use rustix::io::Errno;
use rustix::process::Pid;

use super::account::Numbers;
use super::program::Words;
use super::report::{Report, Step};

/// Added to the error number of an account that could not be taken, so that it is told from one of
/// the program's execution: a number is all that comes back from between fork and exec. The kernel's
/// own end at 4095.
const ACCOUNT: i32 = 1 << 16;

/// Starts COMMAND as its own process group's leader, with no signal blocked. The caller has them all
/// at their defaults already.
pub fn start(words: Words, stdin: Option<OwnedFd>) -> Result<Pid, Report> {
    let numbers = words.account.map(|text| text.to_str().and_then(Numbers::parse));
    let numbers = match numbers {
        Some(None) => return Err(not_started(Step::Keep, Errno::INVAL.raw_os_error())),
        Some(known) => known,
        None => None,
    };
    let mut command = Command::new(words.command);
    command.args(words.arguments).process_group(0);
    command.stdin(stdin.map_or_else(Stdio::null, Stdio::from));
    let settle = move || {
        SigSet::empty().thread_set_mask()?;
        numbers.as_ref().map_or(Ok(()), |numbers| numbers.take().map_err(marked))
    };
    // SAFETY: between fork and exec only system calls are made, on memory that was there before: no
    // lock is taken and nothing is allocated.
    unsafe { command.pre_exec(settle) };
    let child = command.spawn().map_err(|error| told(&error))?;
    Pid::from_raw(child.id().cast_signed()).ok_or(not_started(Step::Keep, 0))
}

fn marked(error: io::Error) -> io::Error {
    io::Error::from_raw_os_error(ACCOUNT + error.raw_os_error().unwrap_or_default())
}

fn told(error: &io::Error) -> Report {
    let errno = error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error());
    match errno >= ACCOUNT {
        true => not_started(Step::Account, errno - ACCOUNT),
        false => not_started(Step::Execute, errno),
    }
}

/// A report that COMMAND is not started.
pub fn not_started(at: Step, errno: i32) -> Report {
    Report::NotStarted { at, errno }
}
