//! What the user types. Help, man pages and completions come from here.

use std::ffi::OsString;
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
            .mut_subcommands(without_empty_variables);
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        let mut cli = Self::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
        let wishes = match &mut cli.command {
            Command::Claim(args) => Some(&mut args.wishes),
            Command::Run(args) => Some(&mut args.wishes),
            _ => None,
        };
        if let (Some(wishes), Some((_, typed))) = (wishes, matches.subcommand()) {
            wishes.settle(typed).map_err(|error| error.format(&mut command))?;
        }
        Ok(cli)
    }
}

impl WishArgs {
    /// Of two wishes the typed one counts, and two that are typed contradict each other. A variable
    /// is no contradiction: a script that sources slot.env has STEADFAST_SLOT set.
    fn settle(&mut self, typed: &ArgMatches) -> Result<(), clap::Error> {
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

fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(without_empty_variable).mut_subcommands(without_empty_variables)
}

fn without_empty_variable(arg: Arg) -> Arg {
    let value = arg.get_env().and_then(std::env::var_os);
    match value.is_some_and(|value| value.is_empty()) {
        true => arg.env(None::<&'static str>),
        false => arg,
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done; 64 usage; 69 no slot to be had by the deadline; \
    70 a bug; 75 try again; 77 EC2 refuses permission; 78 configuration; 79 fenced (`run`: the slot \
    was lost and the command was killed). `run` ends with its command's own status, 128+n for \
    signal n, 126 and 127 if it cannot be started.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Attach a free slot of the pool to this instance and make it usable.
    ///
    /// A second run finds the slot that the instance holds and changes nothing. What this instance
    /// holds is then told by slot.json and slot.env in the run directory.
    Claim(ClaimArgs),
    /// Claim a slot, start a command on it, and kill the command if the slot is lost.
    ///
    /// The command is ZooKeeper, whose configuration is rendered into zoo.cfg in the run directory:
    /// `steadfast run -- zkServer.sh start-foreground /run/steadfast/zoo.cfg`. An empty disk gets no
    /// vote but on the slot's first boot ever, and a replacement does not start before the others
    /// have noticed the loss. The command dies with steadfast, however that ends.
    Run(Box<RunArgs>),
    /// Give this instance's slot back: detach it and undo the network's configuration.
    Release(ReleaseArgs),
    /// Print the zoo.cfg that `run` would write, and touch nothing.
    Render(RenderArgs),
    /// Look after a pool.
    Pool(PoolArgs),
}

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
    pub common: CommonArgs,

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
    pub common: CommonArgs,

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
    pub common: CommonArgs,

    /// The slot to render for [default: the one that this instance holds].
    #[arg(long, value_name = "N")]
    pub slot: Option<SlotNumber>,

    /// A file of ZooKeeper settings, written as zoo.cfg is, beside the settings file's table
    /// `zookeeper` [default: none].
    #[arg(long, env = "STEADFAST_ZOOKEEPER_CONFIG", value_name = "FILE")]
    pub zookeeper_config: Option<PathBuf>,
}

/// Of `pool`.
#[derive(Debug, Args)]
pub struct PoolArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PoolCommand,
}

/// What to do with a pool.
#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// After disks were lost: let the empty disk of one slot vote at its next start.
    ///
    /// A server whose disk is empty has no vote until it has taken over the others' data, so that
    /// nothing acknowledged is forgotten. If so many disks are lost that those with data are no
    /// majority any more, the ensemble stays down until one empty disk is allowed to vote. WHAT THIS
    /// RISKS: every write that only the lost disks held is gone for good, although clients were told
    /// that it is safe. Bring a lost disk back instead wherever you can.
    Bootstrap(BootstrapArgs),
}

/// Of `pool bootstrap`.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: CommonArgs,

    /// The slot whose empty disk is to vote.
    #[arg(long, value_name = "N")]
    pub slot: SlotNumber,

    /// What would have to be typed, POOL/N: for scripts that have asked a person.
    #[arg(long, value_name = "POOL/N")]
    pub confirm: Option<String>,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
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

    /// How long a claim or a release may take, as 90s or 10m [default: 10m].
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
