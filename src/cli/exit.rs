//! The exit status: an interface. The help and the README list it, and a test holds them together.
//!
//! The numbers are those of `sysexits.h`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::agent::{AgentError, DryRun, Fenced, Would};
use crate::claim::Failure;
use crate::cloud::{CallError, MetadataError};
use crate::net::NetError;
use crate::operator::bootstrap::BootstrapError;
use crate::operator::pool::PoolCommandError;
use crate::operator::reclaim::ReclaimError;
use crate::pool::PoolError;
use crate::supervise::SuperviseError;
use crate::zookeeper::disk::DiskError;
use crate::zookeeper::settings::SettingsError;

/// The command line is wrong.
pub const USAGE: u8 = 64;
/// No slot was to be had by the deadline.
pub const UNAVAILABLE: u8 = 69;
/// A bug.
pub const SOFTWARE: u8 = 70;
/// It may well work the next time.
pub const TEMPFAIL: u8 = 75;
/// EC2 or the kernel refuses permission.
pub const NOPERM: u8 = 77;
/// The settings, the pool's tags or the instance are not as they must be.
pub const CONFIG: u8 = 78;

/// `run` has lost its slot and killed its command. Beyond `sysexits.h`, and none of ZooKeeper's own.
pub const FENCED: u8 = 79;

/// The one error that the program ends with.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// What was typed is wrong in a way that the command alone could see.
    #[error("{0}")]
    Usage(String),
    /// A settings file, flag or tag is wrong; the text names it.
    #[error("{0}")]
    Settings(String),
    /// A settings file cannot be read.
    #[error("{path}: {source}; {}", match source.kind() {
        std::io::ErrorKind::PermissionDenied => "run as root, or let this user read it",
        std::io::ErrorKind::NotFound => "mend the path given by --config or STEADFAST_CONFIG",
        _ => "make it a file, or name another with --config",
    })]
    SettingsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that was asked for cannot be written.
    #[error(
        "cannot write {path}: {source}; make the directory, or name one that this user may write"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// IMDS does not tell who this instance is.
    #[error(transparent)]
    Metadata(MetadataError),
    /// The agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// What an operator asked for is refused.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A slot that was to be reclaimed.
    #[error(transparent)]
    Reclaim(#[from] ReclaimError),
    /// A pool is not made, shown or changed as asked for.
    #[error(transparent)]
    PoolCommand(#[from] PoolCommandError),
    /// ZooKeeper's settings.
    #[error(transparent)]
    ZooKeeper(SettingsError),
    /// The pool's tags.
    #[error(transparent)]
    Pool(PoolError),
    /// No region is named, and IMDS does not tell one.
    #[error(
        "no region is named: give --region, or set AWS_REGION or the AWS profile's region ({0})"
    )]
    NoRegion(MetadataError),
    /// The slot was lost while the command ran, or just before.
    #[error("fenced: {0}; the command does not run any more: run again to claim a slot anew")]
    Fenced(Fenced),
    /// A dry run found that a claim would have to wait.
    #[error("a claim would wait now: {0}")]
    WouldWait(String),
    /// An operator's command took too long.
    #[error(
        "not done within {}: EC2 was slow or silent (what it said before is above); try again, with a \
         larger --timeout if it is only slow",
        humantime::format_duration(*.0)
    )]
    Late(Duration),
    /// Ctrl-C while a claim gives back.
    #[error("ended at once by SIGINT; a slot may be attached: run `steadfast claim` again")]
    Interrupted,
    /// A bug.
    #[error("{0}; this is a bug")]
    Bug(String),
}

impl CliError {
    /// What the exit status says.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Settings(_) | Self::SettingsFile { .. } | Self::Write { .. } => CONFIG,
            Self::Metadata(error) => of_metadata(error),
            Self::Agent(error) => of_agent(error),
            Self::Bootstrap(error) => of_bootstrap(error),
            Self::Reclaim(error) => of_reclaim(error),
            Self::PoolCommand(error) => of_pool_command(error),
            Self::Pool(_) | Self::ZooKeeper(_) | Self::NoRegion(_) => CONFIG,
            Self::Fenced(_) => FENCED,
            Self::WouldWait(_) => UNAVAILABLE,
            Self::Interrupted | Self::Late(_) => TEMPFAIL,
            Self::Bug(_) => SOFTWARE,
        }
    }
}

fn of_metadata(error: &MetadataError) -> u8 {
    match error.may_pass() {
        true => TEMPFAIL,
        false => CONFIG,
    }
}

fn of_agent(error: &AgentError) -> u8 {
    match error {
        AgentError::Failed { why: Failure::NoSlot, detail: None, .. } => TEMPFAIL,
        AgentError::Failed { why, .. } => of_failure(why),
        AgentError::Busy { .. }
        | AgentError::StillAtWork { .. }
        | AgentError::Systemctl { .. }
        | AgentError::StillHere { .. }
        | AgentError::FactsVanished { .. } => TEMPFAIL,
        AgentError::File { source, .. } => match source.kind() {
            std::io::ErrorKind::PermissionDenied => NOPERM,
            _ => CONFIG,
        },
        AgentError::OtherPool { .. }
        | AgentError::Config(_)
        | AgentError::Standalone { .. }
        | AgentError::Occupied { .. } => CONFIG,
        AgentError::Interrupted | AgentError::NotVisible { .. } => TEMPFAIL,
        AgentError::Disk(error) => of_disk(error),
        AgentError::Supervise(error) => of_supervise(error),
        AgentError::Metadata(error) => of_metadata(error),
        AgentError::Call(error) => of_call(error),
        AgentError::Net(NetError::NotPermitted { .. }) => NOPERM,
        AgentError::Net(_) => TEMPFAIL,
        AgentError::Stuck { .. } | AgentError::Invalid(_) | AgentError::Unexpected(_) => SOFTWARE,
    }
}

fn of_failure(why: &Failure) -> u8 {
    match why {
        Failure::NoSlot => UNAVAILABLE,
        Failure::NoSlotInZone
        | Failure::NoSuchSlot(_)
        | Failure::SlotElsewhere { .. }
        | Failure::HoldsAnother { .. }
        | Failure::Pool(_) => CONFIG,
        Failure::Call(error) => of_call(error),
        Failure::NoNic { .. } | Failure::Interrupted => TEMPFAIL,
        Failure::Host(fault) => match fault.is_permission {
            true => NOPERM,
            false => TEMPFAIL,
        },
    }
}

fn of_disk(error: &DiskError) -> u8 {
    match error {
        DiskError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            NOPERM
        }
        _ => CONFIG,
    }
}

fn of_supervise(error: &SuperviseError) -> u8 {
    if let Some(status) = error.status() {
        return status;
    }
    match error {
        SuperviseError::NoAccount { .. } | SuperviseError::Account { .. } => CONFIG,
        SuperviseError::Namespace { .. } => NOPERM,
        _ => TEMPFAIL,
    }
}

fn of_bootstrap(error: &BootstrapError) -> u8 {
    match error {
        BootstrapError::Call(error) => of_call(error),
        BootstrapError::Pool(_) => CONFIG,
        BootstrapError::NotHeld { .. }
        | BootstrapError::NeverStarted { .. }
        | BootstrapError::Quorum { .. } => TEMPFAIL,
    }
}

fn of_reclaim(error: &ReclaimError) -> u8 {
    match error {
        ReclaimError::Call(error) => of_call(error),
        ReclaimError::Pool(_) => CONFIG,
        // A refusal that nothing overrides does not pass by itself.
        ReclaimError::Refused { refusals, .. } => {
            match refusals.iter().all(|it| it.overridden_by().is_some()) {
                true => TEMPFAIL,
                false => CONFIG,
            }
        }
        ReclaimError::Changed { .. }
        | ReclaimError::StillHeld { .. }
        | ReclaimError::Outrun { .. }
        | ReclaimError::NotAttached { .. } => TEMPFAIL,
    }
}

fn of_pool_command(error: &PoolCommandError) -> u8 {
    match error {
        PoolCommandError::Call(error) | PoolCommandError::HalfWay { cause: error, .. } => {
            of_call(error)
        }
        PoolCommandError::Unfit(_) => CONFIG,
        PoolCommandError::NotNow(_) | PoolCommandError::Collision(_) => TEMPFAIL,
    }
}

/// The exit status after a signal, as shells have it.
pub fn of_signal(signal: i32) -> u8 {
    128_u8.saturating_add(u8::try_from(signal).unwrap_or_default())
}

fn of_call(error: &CallError) -> u8 {
    match error {
        CallError::Denied { .. } | CallError::NotPermitted { .. } => NOPERM,
        CallError::Throttled(_)
        | CallError::InTransition { .. }
        | CallError::InUse
        | CallError::IndexTaken
        | CallError::AttachmentGone
        | CallError::NotFound { .. }
        | CallError::Lost { .. } => TEMPFAIL,
        CallError::NoRoom { .. }
        | CallError::WrongZone { .. }
        | CallError::NoCredentials { .. }
        | CallError::Credentials { .. }
        | CallError::Refused { .. } => CONFIG,
    }
}

/// A dry run that found nothing to be done now says so by its status, too.
pub fn of_dry_run(plan: &DryRun) -> Result<(), CliError> {
    match &plan.would {
        Would::Wait { because } => Err(CliError::WouldWait(because.clone())),
        Would::Resume { .. } | Would::Attach { .. } | Would::TakeOver { .. } => Ok(()),
    }
}

/// Prints what clap has to say: help and version are no errors.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nowhere to tell it if this fails.
    let _ = error.print();
    match error.use_stderr() {
        true => USAGE.into(),
        false => ExitCode::SUCCESS,
    }
}
