//! Why a command is not started or not known to be gone, each with what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;

use super::Account;
use super::report::Step;

/// What can go wrong between a command and a process.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// No such program.
    #[error(
        "`{command}` cannot be started: it is not there, or the interpreter that it names is not; \
         mend its path, or PATH"
    )]
    NotFound {
        /// The program.
        command: String,
    },

    /// There is something, but it cannot be executed.
    #[error(
        "`{command}` cannot be started: {source}; name a program that {by} may execute (a file with \
         its x bit set)"
    )]
    NotExecutable {
        /// The program.
        command: String,
        /// By whom it was to be executed.
        by: String,
        /// The kernel's answer.
        source: io::Error,
    },

    /// The machine has no such account, or does not tell.
    #[error("no account `{name}`: {source}; create it, or name another one")]
    NoAccount {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },

    /// The account may not be taken.
    #[error("`{command}` cannot be started as {account}: {why}")]
    Account {
        /// The program.
        command: String,
        /// The account's name.
        account: String,
        /// The reason, and what to do.
        why: String,
    },

    /// Not privileged enough for a PID namespace, or there are too many.
    #[error("no PID namespace, without which `{command}` could outlive the agent: {source}; {}",
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOSPC) => "raise user.max_pid_namespaces (sysctl)",
            _ => "run as root (CAP_SYS_ADMIN; see CapabilityBoundingSet= and RestrictNamespaces=)",
        })]
    Namespace {
        /// The program.
        command: String,
        /// The kernel's answer.
        source: io::Error,
    },

    /// The process between agent and command could not do its part.
    #[error("the keeper of `{command}` cannot be started: {source}; try again")]
    Keeper {
        /// The program.
        command: String,
        /// The kernel's answer.
        source: io::Error,
    },

    /// Somebody killed the keeper before the command was started.
    #[error("the keeper of `{command}` was killed before it started it; try again")]
    Killed {
        /// The program.
        command: String,
    },

    /// The command's start takes too long. It has been sent SIGKILL, but may not be gone yet.
    #[error(
        "`{command}` has not started within {within:?}, and was killed: \
         the disk that it lies on may hang"
    )]
    Slow {
        /// The program.
        command: String,
        /// How long it was given.
        within: Duration,
    },

    /// The file that is to tell a later agent of this command.
    #[error("{path}: {source}; let the agent read and write it")]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// Something of an earlier command is still there.
    #[error(
        "process {keeper}, which an earlier agent left, or something below it, has not ended \
         within {within:?}: it waits for a disk; look at `ps -e -o pid,ppid,stat,wchan,args`, \
         then try again or reboot"
    )]
    Remains {
        /// The earlier keeper.
        keeper: u32,
        /// How long it was given.
        within: Duration,
    },

    /// The kernel does not tell whether everything is gone.
    #[error("nobody can tell whether `{command}` has ended: {source}; this is a bug")]
    Unknown {
        /// The program.
        command: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl SuperviseError {
    /// The exit status by which shells tell this, where they have one: 127 for a program that is not
    /// found, 126 for one that cannot be executed.
    pub fn status(&self) -> Option<u8> {
        match self {
            Self::NotFound { .. } => Some(127),
            Self::NotExecutable { .. } => Some(126),
            _ => None,
        }
    }

    /// Why a keeper did not start its command.
    pub(super) fn not_started(
        command: &str,
        account: Option<&Account>,
        at: Step,
        source: io::Error,
    ) -> Self {
        let command = command.to_owned();
        match (at, account) {
            (Step::Execute, _) if source.kind() == io::ErrorKind::NotFound => {
                Self::NotFound { command }
            }
            (Step::Execute, account) => {
                let by = account.map_or_else(|| "this user".to_owned(), |it| it.name.clone());
                Self::NotExecutable { command, by, source }
            }
            (Step::Account, Some(account)) => {
                let why = not_taken(account, &source);
                Self::Account { command, account: account.name.clone(), why }
            }
            (Step::Account, None) | (Step::Keep, _) => Self::Keeper { command, source },
        }
    }
}

fn not_taken(account: &Account, source: &io::Error) -> String {
    match account.unmapped() {
        Some(unmapped) => format!(
            "{unmapped} in this user namespace ({source}); run outside of it, or name no account"
        ),
        None => {
            format!("{source}; run as root (CAP_SETUID, CAP_SETGID), or name no account")
        }
    }
}
