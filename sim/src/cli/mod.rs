//! The command line: each command is a thin step over the kernel side or the control socket.

mod error;
mod exec;
mod faults;
mod groups;
mod inner;
mod instances;
mod look;
mod policy;
mod print;
mod timings;
mod up;

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};

use crate::client::Client;
use crate::kernel::StateDir;
use error::{CliError, Result, USAGE};

/// A local EC2 region: real instances (Linux namespaces) and a real network on this machine, behind
/// EC2's own API. No account, no cost, nothing left behind.
///
/// Start with `steadfast-sim up`, then `eval "$(steadfast-sim env)"`, and use any EC2 client; end
/// with `steadfast-sim down`.
#[derive(Debug, Parser)]
#[command(name = "steadfast-sim", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    /// Which region, if there are several on this machine
    #[arg(
        long = "name",
        id = "region_name",
        value_name = "REGION",
        global = true,
        env = "STEADFAST_SIM_NAME",
        default_value = "default"
    )]
    name: String,
    /// How facts are printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

/// How facts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a region and say how to reach it
    Up(up::Up),
    /// End a region, crashed or not, with everything in it
    Down,
    /// Print the environment for EC2 clients, for eval "$(steadfast-sim env)"
    Env,
    /// Make a pool: ENIs tagged for steadfast, spread over the zones
    Pool(groups::Pool),
    /// Register a machine image and print its id
    Image(instances::Image),
    /// Launch instances and print their ids
    Launch(instances::Launch),
    /// Terminate instances
    Terminate(instances::Ids),
    /// Stop instances; their disks and interfaces stay
    Stop(instances::Ids),
    /// Start stopped instances
    Start(instances::Ids),
    /// Stop every process of instances, as if their schedulers were dead; their kernels still answer
    Hang(instances::Ids),
    /// Have the processes of hung instances go on
    Resume(instances::Ids),
    /// Cut instances off the network without a sign to anybody; they run on
    Cut(instances::Ids),
    /// Give cut instances their network back
    Mend(instances::Ids),
    /// List instances
    Instances,
    /// List network interfaces
    Enis,
    /// Print what an instance's boot and user-data printed
    Console(instances::Console),
    /// Open a shell in an instance
    Shell(exec::Shell),
    /// Run a command in an instance, or at the router; its exit status becomes this command's
    Exec(exec::Exec),
    /// Make or change an Auto Scaling group
    Group(groups::Group),
    /// End an Auto Scaling group and its instances
    GroupDelete(groups::GroupDelete),
    /// Have something go wrong on purpose
    Fault(faults::FaultCommand),
    /// Give a role, or the operator, an IAM policy; without one everything is allowed
    Policy(policy::PolicyCommand),
    /// Change how long things take, as NAME=MILLISECONDS
    Timing(timings::Timing),
    /// Print the log of API calls
    Log(look::Log),
    /// Print every instance and network interface as JSON
    State,
    #[command(flatten)]
    Inner(inner::Inner),
}

/// What a command needs of the options that all have.
struct Context {
    state: StateDir,
    client: Client,
    output: Output,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            // Where standard error is closed, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "steadfast-sim: {error}");
            error.code()
        }
    }
}

/// Help and version are no errors, though clap reports them so.
fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

impl Cli {
    fn run(self) -> Result<ExitCode> {
        let state = StateDir::of(&self.name).map_err(|error| CliError::Usage(error.0))?;
        let client = Client::new(state.clone());
        let context = Context { state, client, output: self.output };
        let done = match self.command {
            Command::Up(up) => up.run(&context),
            Command::Down => up::down(&context),
            Command::Env => look::env(&context),
            Command::Pool(pool) => pool.run(&context),
            Command::Image(image) => image.run(&context),
            Command::Launch(launch) => launch.run(&context),
            Command::Terminate(ids) => ids.each(&context, Client::terminate),
            Command::Stop(ids) => ids.each(&context, Client::stop),
            Command::Start(ids) => ids.each(&context, Client::start),
            Command::Hang(ids) => ids.each(&context, Client::hang),
            Command::Resume(ids) => ids.each(&context, Client::resume),
            Command::Cut(ids) => ids.each(&context, Client::cut),
            Command::Mend(ids) => ids.each(&context, Client::mend),
            Command::Instances => instances::list(&context),
            Command::Enis => instances::list_enis(&context),
            Command::Console(console) => console.run(&context),
            Command::Shell(shell) => return shell.run(&context),
            Command::Exec(exec) => return exec.run(&context),
            Command::Group(group) => group.run(&context),
            Command::GroupDelete(group) => group.run(&context),
            Command::Fault(fault) => fault.run(&context),
            Command::Policy(policy) => policy.run(&context),
            Command::Timing(timing) => timing.run(&context),
            Command::Log(log) => log.run(&context),
            Command::State => look::state(&context),
            Command::Inner(inner) => inner.run(),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_up_names_every_timing() {
        let timings = serde_json::to_value(crate::control::Timings::default()).expect("JSON");
        let mut cli = Cli::command();
        let up = cli.find_subcommand_mut("up").expect("the command");
        let help = up.render_long_help().to_string();
        let names: Vec<&String> = timings.as_object().expect("an object").keys().collect();
        assert!(!names.is_empty());
        for name in names {
            assert!(help.contains(name.as_str()), "{name} is not in the help");
        }
    }
}
