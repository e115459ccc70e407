//! The command line: what the user typed, resolved into what is to be done, and put together.
//!
//! Here alone the adapters ([`Ec2`], [`Imds`], [`Host`]) are named. `args` is what was typed,
//! `settings` what it means, `output` how it is told, `exit` what the exit status says.

mod args;
mod bootstrap;
mod confirm;
mod connect_string;
mod doctor;
mod exit;
mod file;
mod log;
mod manual;
mod operator;
mod output;
mod policy;
mod pool;
mod reclaim;
mod release;
mod render;
mod run;
mod schema;
mod screen;
mod settings;
mod status;

use std::io::stderr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub use exit::CliError;
pub use schema::schemas;

use crate::agent::{Agent, Interrupt, Lock, Purpose};
use crate::cloud::ec2::Ec2;
use crate::cloud::imds::Imds;
use crate::cloud::{Identity, Metadata};
use crate::net::Host;
use args::{AgentArgs, Cli, Command, OutputFormat, WishArgs};
use file::FileSettings;
use log::Log;
use output::Errors;
use settings::Settings;

/// Between two questions to IMDS that does not answer; its client has asked four times by then.
const IDENTITY_PAUSE: Duration = Duration::from_secs(1);

/// The command line as it is parsed, for what documents it.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the program; the one error it ends with has been printed.
pub fn main() -> ExitCode {
    // The agent starts this program once more, between itself and its command.
    if let Some(status) = crate::supervise::keeper() {
        return status;
    }
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let errors = errors(&cli.command);
    output::set_up_log(cli.log_format, &errors);
    let outcome = carry_out(&cli.command);
    errors.last(outcome.as_ref().err());
    outcome.unwrap_or_else(|error| error.exit_code().into())
}

/// `run` alone has something to guard while it tells of it.
fn errors(command: &Command) -> Errors {
    match command {
        // Without a thread for the log it is as it is for the others.
        Command::Run(_) => Log::start(stderr()).map_or(Errors::Waiting, Errors::Queued),
        _ => Errors::Waiting,
    }
}

fn carry_out(command: &Command) -> Result<ExitCode, CliError> {
    // One thread: a claim waits nearly all of its time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CliError::Bug(format!("no runtime: {e}")))?;
    runtime.block_on(async {
        match command {
            Command::Run(args) => return run::run(args).await,
            Command::Status(args) => return status::status(args).await,
            Command::Doctor(args) => return doctor::doctor(args).await,
            Command::Reclaim(args) => return reclaim::reclaim(args).await,
            Command::Claim(args) => {
                let WishArgs { slot, only_slot } = args.wishes;
                let wanted = settings::Wanted { slot, only_slot };
                claim(&args.common, wanted, args.dry_run, args.output).await
            }
            Command::Release(args) => release::release(args).await,
            Command::Render(args) => render::render(args).await,
            Command::ConnectString(args) => connect_string::connect_string(args).await,
            Command::Completions(args) => manual::completions(args),
            Command::Man(args) => manual::man(args),
            Command::IamPolicy(args) => policy::policy(args),
            Command::Pool(args) => pool::pool(args).await,
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

async fn claim(
    common: &AgentArgs,
    wanted: settings::Wanted,
    dry_run: bool,
    format: OutputFormat,
) -> Result<(), CliError> {
    let file = file::read(common.target.config.as_deref())?;
    let (settings, identity, imds) = prepare(common, wanted, &file, dry_run).await?;
    let _lock = match dry_run {
        true => None,
        false => Some(Lock::take(&settings.request.run_dir, Purpose::Claim)?),
    };
    // Where nothing is to be given back, a signal may end the program where it stands.
    let interrupt = if dry_run { watch::channel(false).1 } else { interrupt()? };
    let mut agent = agent(settings, identity, imds, interrupt).await?;
    if dry_run {
        let plan = agent.dry_run().await?;
        output::dry_run(&plan, format);
        return exit::of_dry_run(&plan);
    }
    let started = Instant::now();
    let claimed = agent.claim().await?;
    output::claimed(&claimed, started.elapsed(), format);
    Ok(())
}

/// Resolves the settings, for which the instance's identity and tags are asked.
async fn prepare(
    common: &AgentArgs,
    wanted: settings::Wanted,
    file: &FileSettings,
    dry_run: bool,
) -> Result<(Settings, Identity, Imds), CliError> {
    let started = Instant::now();
    let deadline = started + settings::wait(common, file);
    let imds = Imds::new();
    let identity = identity(&imds, if dry_run { started } else { deadline }).await?;
    tracing::info!(
        instance = %identity.instance, zone = identity.zone, region = identity.region,
        "this is {} in {}", identity.instance, identity.zone
    );
    let settings = settings::resolve(common, wanted, file, deadline, &imds).await?;
    Ok((settings, identity, imds))
}

/// Who this instance is, asked until IMDS tells: a claim at boot may come before the network.
async fn identity(imds: &Imds, deadline: Instant) -> Result<Identity, CliError> {
    loop {
        let error = match imds.identity().await {
            Err(error) if error.may_pass() && Instant::now() < deadline => error,
            settled => return settled.map_err(CliError::Metadata),
        };
        tracing::warn!("{error}; it is asked again until --wait is over");
        sleep_until(deadline.min(Instant::now() + IDENTITY_PAUSE)).await;
    }
}

async fn agent(
    settings: Settings,
    identity: Identity,
    imds: Imds,
    interrupt: Interrupt,
) -> Result<Agent<Ec2, Imds>, CliError> {
    let region = settings.region.as_deref().unwrap_or(&identity.region);
    if region != identity.region {
        tracing::warn!(
            region,
            "EC2 is asked in {region}, but this instance is in {}: mend --region or AWS_REGION",
            identity.region
        );
    }
    let ec2 = Ec2::connect(region, settings.call_timeout).await;
    let host = Host::open().map_err(crate::agent::AgentError::from)?;
    Ok(Agent::new(ec2, imds, host, identity, settings.request, interrupt))
}

/// Becomes true at the first SIGTERM or SIGINT. A SIGINT after that ends the program at once; a further
/// SIGTERM says nothing new.
fn interrupt() -> Result<Interrupt, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|e| CliError::Bug(format!("no signals: {e}")));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let (asked, interrupt) = watch::channel(false);
    tokio::spawn(async move {
        for round in 0_u32.. {
            let is_int = tokio::select! {
                _ = term.recv() => false,
                _ = int.recv() => true,
            };
            if round > 0 && !is_int {
                continue;
            }
            if round > 0 {
                output::error(&CliError::Interrupted);
                std::process::exit(i32::from(CliError::Interrupted.exit_code()));
            }
            tracing::warn!("asked to end: giving back what is not in use (Ctrl-C: at once)");
            // The agent may have ended already; then nothing is left to tell.
            let _ = asked.send(true);
        }
    });
    Ok(interrupt)
}
