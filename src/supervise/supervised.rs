//! The agent's hold on a command that runs.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::watcher::{Event, Keeper, Launch};
use super::{Ending, Program, Stopped, SuperviseError, link};

/// This program, also after its file has been replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// Starting a command is a matter of milliseconds, unless the disk that it lies on hangs.
const START_MAX: Duration = Duration::from_secs(30);

/// A command that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Supervised {
    keeper: Keeper,
    keeper_pid: u32,
    pid: u32,
    name: String,
    events: UnboundedReceiver<Event>,
    ending: Option<Ending>,
}

impl Supervised {
    /// Starts the program; it has been executed when this returns. If this is dropped before, nothing
    /// is left of it.
    ///
    /// # Errors
    /// Says why it does not run; [`SuperviseError::status`] has an exit status for some of that.
    /// Nothing is left of it, but see [`SuperviseError::Slow`].
    pub async fn start(program: &Program) -> Result<Self, SuperviseError> {
        Self::start_by(Path::new(THIS_PROGRAM), program).await
    }

    /// The same for a caller that is not steadfast itself, such as a test: `keeper` is a program that
    /// calls [`keeper`](super::keeper()) before all else.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_by(keeper: &Path, program: &Program) -> Result<Self, SuperviseError> {
        let launch = launch(keeper, program).map_err(|source| program.keeper_failed(source))?;
        let events = launch.start().map_err(|source| program.keeper_failed(source))?;
        match timeout(START_MAX, Self::started(events, program)).await {
            Ok(started) => started,
            Err(_) => Err(SuperviseError::Slow { command: program.name(), within: START_MAX }),
        }
    }

    async fn started(
        mut events: UnboundedReceiver<Event>,
        program: &Program,
    ) -> Result<Self, SuperviseError> {
        let name = program.name();
        let (keeper, keeper_pid) = match events.recv().await {
            Some(Event::Born { keeper, pid }) => (keeper, pid),
            other => return Err(not_started(other, name)),
        };
        match events.recv().await {
            Some(Event::Started { pid, own_proc }) => {
                tracing::debug!(pid, keeper_pid, own_proc, "`{name}` is process {pid}");
                Ok(Self { keeper, keeper_pid, pid, name, events, ending: None })
            }
            other => Err(not_started(other, name)),
        }
    }

    /// The number of COMMAND's first process, as this process counts.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The keeper's number, as this process counts.
    pub fn keeper_pid(&self) -> u32 {
        self.keeper_pid
    }

    /// Sends a signal to COMMAND's process group, through the keeper; in vain if it has ended. Whoever
    /// signals the keeper does the same. SIGKILL is [`kill`](Self::kill); SIGSTOP and SIGCHLD are not
    /// forwarded: the kernel has them mean the keeper itself.
    pub fn forward(&self, signal: Signal) {
        if signal != Signal::STOP {
            self.keeper.signal(signal);
        }
    }

    /// Kills everything at once, by one system call; [`ended`](Self::ended) tells when it is gone. As
    /// often as one likes, also after the end.
    pub fn kill(&self) {
        self.keeper.signal(Signal::KILL);
    }

    /// Resolves when nothing is left of COMMAND or anything that it started, at once if that was so
    /// before. May be dropped and called again.
    ///
    /// # Errors
    /// [`SuperviseError::Unknown`], a bug.
    pub async fn ended(&mut self) -> Result<Ending, SuperviseError> {
        if let Some(ending) = self.ending {
            return Ok(ending);
        }
        let ending = match self.events.recv().await {
            Some(Event::Ended(ended)) => ended?,
            _ => return Err(unknown(self.name.clone())),
        };
        self.ending = Some(ending);
        Ok(ending)
    }

    /// Sends the signal as [`forward`](Self::forward) does, waits for the end, and kills what is left
    /// after `within`. What has been killed is waited for however long that takes: it is a process
    /// that waits for a disk. If this is dropped, nothing more is sent.
    ///
    /// # Errors
    /// As [`ended`](Self::ended).
    pub async fn stop(
        &mut self,
        signal: Signal,
        within: Duration,
    ) -> Result<Stopped, SuperviseError> {
        self.forward(signal);
        // A stopped process would take the signal only when it continues.
        self.forward(Signal::CONT);
        if let Ok(ended) = timeout(within, self.ended()).await {
            return Ok(Stopped { ending: ended?, killed: false });
        }
        self.kill();
        Ok(Stopped { ending: self.ended().await?, killed: true })
    }
}

fn launch(keeper: &Path, program: &Program) -> io::Result<Launch> {
    let (link, keeper_end) = link::pair()?;
    let stdin = io::stdin();
    // A terminal stops a background process that reads from it.
    let stdin = match stdin.is_terminal() {
        true => None,
        false => Some(stdin.as_fd().try_clone_to_owned()?),
    };
    let keeper = program.keeper(keeper, keeper_end);
    Ok(Launch { keeper, link, stdin, program: program.clone() })
}

fn not_started(event: Option<Event>, command: String) -> SuperviseError {
    match event {
        Some(Event::Ended(Err(error))) => error,
        Some(Event::Ended(Ok(_))) => SuperviseError::Killed { command },
        _ => unknown(command),
    }
}

/// The thread that watches has vanished, or speaks out of turn.
fn unknown(command: String) -> SuperviseError {
    SuperviseError::Unknown { command, source: io::Error::other("its watcher fell silent") }
}
