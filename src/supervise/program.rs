//! What is to be run, and how the keeper is told of it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::link::KeeperEnd;
use super::{Account, ENTRY};

/// systemd speaks to the agent by these; a JVM or a script that took them up would speak for it.
const SYSTEMD: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];
/// Where an account would stand, if COMMAND runs as the agent does.
const NO_ACCOUNT: &str = "-";

/// A command that is to run under the agent's guard.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program: a path, or a name that PATH resolves.
    pub command: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// As whom it runs; none: as the agent does. It gets HOME, USER and LOGNAME.
    pub account: Option<Account>,
    /// Variables that it has beside the agent's own.
    pub environment: Vec<(OsString, OsString)>,
    /// The file by which a later agent finds what is left of it; see
    /// [`remains_gone`](super::remains_gone).
    pub record: Option<PathBuf>,
}

impl Program {
    /// A program without arguments that runs as the agent does.
    pub fn new(command: impl Into<OsString>) -> Self {
        Self {
            command: command.into(),
            arguments: Vec::new(),
            account: None,
            environment: Vec::new(),
            record: None,
        }
    }

    /// Its name in messages.
    pub(super) fn name(&self) -> String {
        self.command.to_string_lossy().into_owned()
    }

    /// The keeper's command line. Its environment is what COMMAND gets.
    pub(super) fn keeper(&self, keeper: &Path, link: KeeperEnd) -> Command {
        let mut command = Command::new(keeper);
        let account = self.account.as_ref().map_or_else(|| NO_ACCOUNT.into(), Account::numbers);
        command.arg0("steadfast").arg(ENTRY).arg(account).arg(&self.command).args(&self.arguments);
        for name in SYSTEMD {
            command.env_remove(name);
        }
        if let Some(Account { name, home, .. }) = &self.account {
            command.env("HOME", home).env("USER", name).env("LOGNAME", name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A terminal's signals are for the agent, which forwards them in its own way.
        command.stdin(Stdio::from(OwnedFd::from(link))).process_group(0);
        command
    }
}

/// The keeper's own view of its command line.
#[derive(Debug)]
pub struct Words {
    /// As whom COMMAND runs; see [`Account::numbers`].
    pub account: Option<OsString>,
    /// The program.
    pub command: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Words {
    /// What follows [`ENTRY`]; none if that is not of [`Program::keeper`]'s making.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let account = words.next().filter(|account| account != OsStr::new(NO_ACCOUNT));
        Some(Self { account, command: words.next()?, arguments: words.collect() })
    }
}
