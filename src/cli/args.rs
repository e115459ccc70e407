//! What the user types. Help, man pages and completions come from here.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::settings;
use crate::ids::{PoolName, SlotNumber};

/// Gives every member of a ZooKeeper ensemble on EC2 an address that outlives its instance.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// How the log on standard error looks.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "STEADFAST_LOG_FORMAT",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// What was typed and what the environment says. An empty variable says nothing, as for the
    /// AWS tools: it is how a unit file or a script takes back what another place has set.
    pub fn read() -> Result<Self, clap::Error> {
        let mut command = Self::command()
            .mut_args(without_empty_variable)
            .mut_subcommands(|command| command.mut_args(without_empty_variable));
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
        if let (Command::Claim(args), Some((_, typed))) = (&mut cli.command, matches.subcommand()) {
            args.settle_wishes(typed).map_err(|error| error.format(&mut command))?;
        }
        Ok(cli)
    }
}

impl ClaimArgs {
    /// Of two wishes the typed one counts, and two that are typed contradict each other. A variable
    /// is no contradiction: a script that sources slot.env has STEADFAST_SLOT set.
    fn settle_wishes(&mut self, typed: &ArgMatches) -> Result<(), clap::Error> {
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

fn without_empty_variable(arg: Arg) -> Arg {
    let value = arg.get_env().and_then(std::env::var_os);
    match value.is_some_and(|value| value.is_empty()) {
        true => arg.env(None::<&'static str>),
        false => arg,
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done; 64 usage; 69 no slot to be had by the deadline; \
    70 a bug; 75 try again; 77 EC2 refuses permission; 78 configuration.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Attach a free slot of the pool to this instance and make it usable.
    ///
    /// A second run finds the slot that the instance holds and changes nothing. What this instance
    /// holds is then told by slot.json and slot.env in the run directory.
    Claim(ClaimArgs),
    /// Give this instance's slot back: detach it and undo the network's configuration.
    Release(ReleaseArgs),
}

/// Of `claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Try this slot first [default: the instance tag steadfast:slot].
    #[arg(long, env = "STEADFAST_SLOT", value_name = "N")]
    pub slot: Option<SlotNumber>,

    /// Take this slot or none [default: the instance tag steadfast:only-slot].
    #[arg(long, env = "STEADFAST_ONLY_SLOT", value_name = "N")]
    pub only_slot: Option<SlotNumber>,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// Of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// Settings that every command takes; each can also stand in the settings file under its name.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// The pool: the value of the ENIs' tag steadfast:pool [default: the instance tag
    /// steadfast:pool].
    #[arg(long, env = "STEADFAST_POOL", value_name = "NAME")]
    pub pool: Option<PoolName>,

    /// The AWS region [default: the instance's own].
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub region: Option<String>,

    /// How long the whole may take, as 90s or 10m [default: 10m].
    #[arg(long, env = "STEADFAST_WAIT", value_name = "TIME", value_parser = settings::time)]
    pub wait: Option<Duration>,

    /// How long an attached slot's NIC may take to appear [default: 60s].
    #[arg(long, env = "STEADFAST_NIC_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub nic_timeout: Option<Duration>,

    /// How long one call to EC2 may take before its answer counts as lost [default: 10s].
    #[arg(long, env = "STEADFAST_CALL_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub call_timeout: Option<Duration>,

    /// Where slot.json and slot.env go [default: /run/steadfast].
    #[arg(long, env = "STEADFAST_RUN_DIR", value_name = "DIR")]
    pub run_dir: Option<PathBuf>,

    /// The settings file [default: /etc/steadfast/steadfast.toml, if it is there].
    #[arg(long, env = "STEADFAST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How a result looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Each step with its time on a terminal, fields elsewhere.
    #[default]
    Auto,
    /// Each step with its time since the start.
    Steps,
    /// A line of fields an event.
    Fields,
    /// A JSON object an event.
    Json,
}
