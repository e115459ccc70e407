//! What the user types. Help, man pages and completions come from here.

mod agent;
mod common;
mod connect_string;
mod doctor;
mod manual;
mod policy;
mod pool;
mod reclaim;
mod status;

use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use agent::{ClaimArgs, ReleaseArgs, RenderArgs, RunArgs, WishArgs};
pub use common::{AgentArgs, LogFormat, OperatorArgs, OutputFormat, TargetArgs};
pub use connect_string::{ConnectStringArgs, ConnectStringFormat};
pub use doctor::DoctorArgs;
pub use manual::{CompletionsArgs, ManArgs, Shell};
pub use policy::PolicyArgs;
pub use pool::{AdoptArgs, BootstrapArgs, CreateArgs, PoolArgs, PoolCommand, RetireArgs, ShowArgs};
pub use reclaim::ReclaimArgs;
pub use status::StatusArgs;

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
    /// Give this instance's slot back: stop its ZooKeeper, detach the slot, undo the configuration.
    ///
    /// Where `steadfast run` is at work it is stopped first, by systemd if it is the main process of a
    /// unit, which would start it again otherwise; this is asked about. ZooKeeper's data stays.
    Release(ReleaseArgs),
    /// Print the zoo.cfg that `run` would write, and touch nothing.
    Render(RenderArgs),
    /// Show a pool: who holds each slot, what its ZooKeeper says, whether there is a quorum, what is odd.
    ///
    /// The exit status is 0 if the pool is healthy, 1 if it is degraded, 2 if it has no quorum, and 3
    /// if that cannot be told from here; errors have those of every command. Servers are asked for 1.5 s
    /// at most. A session is opened as clients open one, and a read and a write are timed: the write is
    /// an ephemeral znode, /steadfast-probe-..., which is removed at once.
    Status(StatusArgs),
    /// Take a slot from its holder, by hand.
    ///
    /// Shows who holds it and what its ZooKeeper says, refuses where it would do harm, asks, and takes
    /// the attachment that was shown: a later holder is never hit. A tag on the ENI,
    /// steadfast:reclaimed, says who did it, when and why. Exit status 1: somebody else took it at the
    /// same time; it is not its former holder's any more.
    Reclaim(Box<ReclaimArgs>),
    /// Look after a pool.
    Pool(PoolArgs),
    /// Print what clients are given: the addresses of all slots, constant for the pool's life.
    ConnectString(ConnectStringArgs),
    /// Look for what is wrong with a pool, its instances, its ensemble and this host.
    ///
    /// Tells what it found, why it matters and the command that mends it. Works with nothing but
    /// credentials, a region and a pool; changes nothing but for one znode that it writes and removes.
    /// Exit status: 0 nothing to mend, 1 warnings or what could not be checked, 2 errors.
    Doctor(DoctorArgs),
    /// Print the IAM policy that an agent's role or an operator needs, and no more than that.
    ///
    /// An agent may attach the pool's slots, and only to its own instance; it may detach them from any
    /// holder, as it must from a dead one. Nothing is asked of AWS. As the policy of a role: `aws iam
    /// put-role-policy --role-name ROLE --policy-name steadfast --policy-document file://policy.json`.
    IamPolicy(PolicyArgs),
    /// Print what a shell needs to complete these commands.
    Completions(CompletionsArgs),
    /// Print a man page, or write all of them: `steadfast man reclaim | man -l -`.
    Man(ManArgs),
}
