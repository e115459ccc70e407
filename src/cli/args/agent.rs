//! What the user types for the commands that run on an instance.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::common::{AgentArgs, OperatorArgs, OutputFormat};
use crate::cli::settings;
use crate::ids::SlotNumber;

/// Which slot.
#[derive(Debug, Args)]
pub struct WishArgs {
    /// Try this slot first [default: the instance tag steadfast:slot].
    #[arg(long, env = "STEADFAST_SLOT", value_name = "N")]
    pub slot: Option<SlotNumber>,

    /// Take this slot or none [default: the instance tag steadfast:only-slot].
    #[arg(long, env = "STEADFAST_ONLY_SLOT", value_name = "N")]
    pub only_slot: Option<SlotNumber>,
}

/// Of `claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: AgentArgs,

    /// Which slot.
    #[command(flatten)]
    pub wishes: WishArgs,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// Of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: AgentArgs,

    /// Which slot.
    #[command(flatten)]
    pub wishes: WishArgs,

    /// The user that the command runs as and that ZooKeeper's files belong to [default: zookeeper,
    /// if there is such a user, else the one that runs steadfast].
    #[arg(long, env = "STEADFAST_USER", value_name = "NAME")]
    pub user: Option<String>,

    /// A file of ZooKeeper settings, written as zoo.cfg is, beside the settings file's table
    /// `zookeeper` [default: none].
    #[arg(long, env = "STEADFAST_ZOOKEEPER_CONFIG", value_name = "FILE")]
    pub zookeeper_config: Option<PathBuf>,

    /// How long the command may take to end when it is asked to, before it is killed [default: 30s].
    #[arg(long, env = "STEADFAST_STOP_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub stop_timeout: Option<Duration>,

    /// Give the slot back when asked to stop; a restart would then have to claim anew [default:
    /// keep it].
    #[arg(long, env = "STEADFAST_RELEASE_ON_STOP", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub release_on_stop: Option<bool>,

    /// The command is not ZooKeeper: claim, guard and start it, and render nothing.
    #[arg(long, env = "STEADFAST_PLAIN", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub plain: Option<bool>,

    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// The slot to render for [default: the one that this instance holds].
    #[arg(long, value_name = "N")]
    pub slot: Option<SlotNumber>,

    /// A file of ZooKeeper settings, written as zoo.cfg is, beside the settings file's table
    /// `zookeeper` [default: none].
    #[arg(long, env = "STEADFAST_ZOOKEEPER_CONFIG", value_name = "FILE")]
    pub zookeeper_config: Option<PathBuf>,
}

/// Of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: AgentArgs,

    /// Do not ask, even if `steadfast run` is at work: its ZooKeeper is then stopped first.
    #[arg(long)]
    pub yes: bool,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

impl WishArgs {
    /// Of two wishes the typed one counts, and two that are typed contradict each other. A variable
    /// is no contradiction: a script that sources slot.env has STEADFAST_SLOT set.
    pub(super) fn settle(&mut self, typed: &ArgMatches) -> Result<(), clap::Error> {
        let is_typed = |id| typed.value_source(id) == Some(ValueSource::CommandLine);
        match (is_typed("slot"), is_typed("only_slot")) {
            (true, true) => {
                let text = "--slot cannot be used with --only-slot: give one of them";
                return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text));
            }
            (true, false) => self.only_slot = None,
            (false, true) => self.slot = None,
            (false, false) => {}
        }
        Ok(())
    }
}
