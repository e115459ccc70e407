//! PID 1 of the namespace: starts COMMAND, forwards signals to it, reaps, and ends with it.
//!
//! A small and single-threaded program: what it needs of memory comes on top of the agent's.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use nix::sys::signal::{SigHandler, SigSet, Signal as Named, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process_group, set_parent_process_death_signal, wait,
};
use rustix::thread::{UnshareFlags, set_name, unshare_unsafe};

use super::command::{not_started, start};
use super::link::KeeperEnd;
use super::program::Words;
use super::report::{Report, Step};
use super::{ENTRY, Ending};

/// Status of a command line that nobody should type; `sysexits.h` has it as EX_USAGE.
const USAGE: u8 = 64;

/// The hidden entry, called before all else: if this process was started as a keeper, it is one until
/// its end, and this is its exit status, which nobody asks for. Otherwise none.
pub fn keeper() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != ENTRY {
        return None;
    }
    let words = Words::parse(words);
    let (Some(words), Ok(agent), true) = (words, KeeperEnd::inherited(), getpid().is_init()) else {
        let text = "steadfast: __keeper is a part of `steadfast run`, not a command\n";
        // Nowhere to tell it if this fails.
        let _ = io::stderr().write_all(text.as_bytes());
        return Some(USAGE.into());
    };
    // In lists of processes it would be named after /proc/self/exe; a wrong name does no harm.
    let _ = set_name(c"steadfast");
    Some(match keep(&agent, words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// Runs until COMMAND or the agent has ended.
///
/// # Errors
/// The agent is dead, or something failed and the agent has been told.
fn keep(agent: &KeeperEnd, words: Words) -> io::Result<()> {
    let told = |error: io::Error| {
        agent.tell(not_started(Step::Keep, error.raw_os_error().unwrap_or_default()));
        error
    };
    // First this: an agent that dies from now on takes the keeper with it.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| told(errno.into()))?;
    let stdin = agent.wait_for_go()?;
    let signals = take_signals().map_err(told)?;
    let own_proc = mount_proc().is_ok();
    // The word may have been the last of an agent that died before the death signal was set.
    if agent.agent_is_dead() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let main = start(words, stdin).map_err(|report| {
        agent.tell(report);
        io::Error::other("not started")
    })?;
    agent.tell_about(Report::Started { own_proc }, main).map_err(told)?;
    let ending = serve(agent, &signals, main)?;
    agent.tell(Report::Ended(ending));
    Ok(())
}

/// Has every signal come by a descriptor, and sets each to its default for COMMAND: systemd, nohup and
/// others leave some ignored, which exec would pass on.
fn take_signals() -> io::Result<SignalFd> {
    SigSet::all().thread_set_mask()?;
    for each in Named::iterator() {
        // The first two cannot be set; the others are the runtime's, and exec resets them.
        if !matches!(each, Named::SIGKILL | Named::SIGSTOP | Named::SIGSEGV | Named::SIGBUS) {
            // SAFETY: no handler is installed, and none that the program relies on is removed.
            unsafe { signal(each, SigHandler::SigDfl) }?;
        }
    }
    Ok(SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// Gives the namespace a `/proc` with its own process numbers. Refused where a container hides parts
/// of its `/proc`.
fn mount_proc() -> rustix::io::Result<()> {
    // SAFETY: unsafe only for the sharing of file descriptors, which this does not end.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    // Otherwise the mount would propagate to the host, and hide its own.
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    mount(
        "proc",
        "/proc",
        "proc",
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        None,
    )
}

/// Reaps and forwards until COMMAND's first process has ended.
///
/// # Errors
/// The agent is dead.
fn serve(agent: &KeeperEnd, signals: &SignalFd, main: Pid) -> io::Result<Ending> {
    loop {
        let mut sources =
            [signals.as_fd(), agent.as_fd()].map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN));
        retry_on_intr(|| poll(&mut sources, None))?;
        // After its word the agent says nothing more.
        if !sources[1].revents().is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while let Some(info) = signals.read_signal()? {
            let number = info.ssi_signo.cast_signed();
            match Signal::from_named_raw(number) {
                Some(Signal::CHILD) => {
                    if let Some(ending) = reap(main) {
                        return Ok(ending);
                    }
                }
                // In vain if the last of the group has just ended.
                Some(signal) => drop(kill_process_group(main, signal)),
                // A real-time signal, which has no meaning between programs.
                None => {}
            }
        }
    }
}

/// Reaps all that has ended, the namespace's orphans among it; how COMMAND ended if it is among it.
fn reap(main: Pid) -> Option<Ending> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == main => return Some(Ending::of(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}
