//! The agent's thread that is the keeper's parent.
//!
//! It has to be a thread of its own, for three reasons. A parent-death signal comes with the death of
//! the *thread* that started the child, and this one lives exactly as long as the keeper. A new PID
//! namespace is for the children of the thread that asked for it, which can start no further threads;
//! to go back needs rights over the old one, which root of a user namespace lacks. And it can wait
//! for the keeper's end, so that no zombie is left even if nobody asks for that end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};
use std::thread;

use nix::sys::signal::SigSet;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::link::AgentEnd;
use super::report::Report;
use super::{Ending, Program, SuperviseError, record};

/// Enough for a spawn and a few messages; all of it that is touched counts as the agent's memory.
const STACK_BYTES: usize = 256 * 1024;

/// What the thread tells, in this order. The last comes in any case.
#[derive(Debug)]
pub enum Event {
    /// There is a keeper, and nothing below it yet.
    Born {
        /// The keeper.
        keeper: Keeper,
        /// Its number.
        pid: u32,
    },
    /// COMMAND has been executed as this process.
    Started {
        /// Its number.
        pid: u32,
        /// Whether it has a `/proc` of its own.
        own_proc: bool,
    },
    /// Nothing is left.
    Ended(Result<Ending, SuperviseError>),
}

/// A keeper's life: dropped, it is killed with everything below it.
#[derive(Debug)]
pub struct Keeper(OwnedFd);

impl Keeper {
    /// Signals it; in vain if it is dead. A pidfd never names another process.
    pub fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.0, signal);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// All that the thread needs.
#[derive(Debug)]
pub struct Launch {
    /// Starts the keeper.
    pub keeper: Command,
    /// The way to it.
    pub link: AgentEnd,
    /// COMMAND's standard input.
    pub stdin: Option<OwnedFd>,
    /// COMMAND.
    pub program: Program,
}

impl Launch {
    /// Starts the thread.
    ///
    /// # Errors
    /// There is no room for one more.
    pub fn start(self) -> io::Result<UnboundedReceiver<Event>> {
        let (events, heard) = unbounded_channel();
        let thread = thread::Builder::new().name("keeper".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(move || {
            let ended = self.run(&events);
            // Nobody need care any more.
            let _ = events.send(Event::Ended(ended));
        })?;
        Ok(heard)
    }

    fn run(self, events: &UnboundedSender<Event>) -> Result<Ending, SuperviseError> {
        let Self { keeper, link, stdin, program } = self;
        let mut child = program.spawn(keeper)?;
        // With the link's end, at the latest, the keeper ends.
        let told = program.converse(link, stdin, &child, events);
        let ended = child.wait();
        if let Some(record) = &program.record {
            record::remove(record);
        }
        match ended {
            Ok(_) => told,
            // The agent was started with SIGCHLD ignored: then there is no status, but an end.
            Err(error) if error.raw_os_error() == Some(Errno::CHILD.raw_os_error()) => told,
            Err(source) => Err(SuperviseError::Unknown { command: program.name(), source }),
        }
    }
}

impl Program {
    /// Starts the keeper as PID 1 of a namespace, and is then without the keeper's end of the link.
    fn spawn(&self, mut keeper: Command) -> Result<Child, SuperviseError> {
        // The agent's signals are for its other threads. The keeper inherits this, so that what comes
        // before it listens is kept: PID 1 drops what it neither handles nor blocks.
        let blocked = SigSet::all().thread_block();
        blocked.map_err(|errno| self.keeper_failed(errno.into()))?;
        // SAFETY: unsafe only for the sharing of file descriptors, which this does not end.
        let unshared = unsafe { unshare_unsafe(UnshareFlags::NEWPID) };
        unshared.map_err(|errno| {
            let (command, source) = (self.name(), errno.into());
            SuperviseError::Namespace { command, source }
        })?;
        keeper.spawn().map_err(|source| self.keeper_failed(source))
    }

    /// Lets the keeper begin and listens to it until its end.
    fn converse(
        &self,
        link: AgentEnd,
        stdin: Option<OwnedFd>,
        child: &Child,
        events: &UnboundedSender<Event>,
    ) -> Result<Ending, SuperviseError> {
        let keeper = handle(child).map_err(|source| self.keeper_failed(source))?;
        // If nobody listens, the keeper is dropped with the event that it is in.
        let _ = events.send(Event::Born { keeper, pid: child.id() });
        if let Some(path) = &self.record {
            // Before the keeper may start anything: what is not written down does not live.
            record::write(path, child.id())
                .map_err(|source| SuperviseError::Record { path: path.clone(), source })?;
        }
        // A keeper that is dead already says so by its silence.
        let _ = link.go(stdin.as_ref().map(AsFd::as_fd));
        drop(stdin);
        self.listen(&link, events)
    }

    fn listen(
        &self,
        link: &AgentEnd,
        events: &UnboundedSender<Event>,
    ) -> Result<Ending, SuperviseError> {
        while let Some((report, about)) = link.hear() {
            match report {
                Report::Started { own_proc } => {
                    let nameless = || self.keeper_failed(io::Error::other("it names no process"));
                    let pid = about.ok_or_else(nameless)?;
                    let pid = pid.as_raw_nonzero().get().cast_unsigned();
                    let _ = events.send(Event::Started { pid, own_proc });
                }
                Report::NotStarted { at, errno } => {
                    let source = io::Error::from_raw_os_error(errno);
                    let account = self.account.as_ref();
                    return Err(SuperviseError::not_started(&self.name(), account, at, source));
                }
                Report::Ended(ending) => return Ok(ending),
            }
        }
        Ok(Ending::killed())
    }

    pub(super) fn keeper_failed(&self, source: io::Error) -> SuperviseError {
        SuperviseError::Keeper { command: self.name(), source }
    }
}

fn handle(child: &Child) -> io::Result<Keeper> {
    let pid = Pid::from_raw(child.id().cast_signed()).ok_or(io::ErrorKind::NotFound)?;
    Ok(Keeper(pidfd_open(pid, PidfdFlags::empty())?))
}
