//! The command line: what the user typed, resolved into what is to be done, and put together.
//!
//! Here alone the adapters ([`Ec2`], [`Imds`], [`Host`]) are named. `args` is what was typed,
//! `settings` what it means, `output` how it is told, `exit` what the exit status says.

mod args;
mod exit;
mod file;
mod output;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use tokio::sync::watch;

pub use exit::CliError;

use crate::agent::{Agent, Interrupt, Lock};
use crate::cloud::ec2::Ec2;
use crate::cloud::imds::Imds;
use crate::cloud::{Identity, Metadata, Mode};
use crate::net::Host;
use args::{Cli, Command, CommonArgs, OutputFormat};
use settings::Settings;

/// Runs the program; the one error it ends with has been printed.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    output::set_up_log(cli.log_format);
    match run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            error.exit_code().into()
        }
    }
}

fn run(command: &Command) -> Result<(), CliError> {
    // One thread: a claim waits nearly all of its time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CliError::Bug(format!("no runtime: {e}")))?;
    runtime.block_on(async {
        match command {
            Command::Claim(args) => {
                let wanted = settings::Wanted { slot: args.slot, only_slot: args.only_slot };
                claim(&args.common, wanted, args.dry_run, args.output).await
            }
            Command::Release(args) => release(&args.common, args.dry_run, args.output).await,
        }
    })
}

async fn claim(
    common: &CommonArgs,
    wanted: settings::Wanted,
    dry_run: bool,
    format: OutputFormat,
) -> Result<(), CliError> {
    let (settings, identity, imds) = prepare(common, wanted).await?;
    let _lock = match dry_run {
        true => None,
        false => Some(Lock::take(&settings.request.run_dir)?),
    };
    let mut agent = agent(settings, identity, imds).await?;
    if dry_run {
        let plan = agent.dry_run().await?;
        output::dry_run(&plan, format);
        return exit::of_dry_run(&plan);
    }
    let started = std::time::Instant::now();
    let claimed = agent.claim().await?;
    output::claimed(&claimed, started.elapsed(), format);
    Ok(())
}

async fn release(common: &CommonArgs, dry_run: bool, format: OutputFormat) -> Result<(), CliError> {
    let (settings, identity, imds) = prepare(common, settings::Wanted::default()).await?;
    let _lock = match dry_run {
        true => None,
        false => Some(Lock::take(&settings.request.run_dir)?),
    };
    let mode = if dry_run { Mode::DryRun } else { Mode::Do };
    let pool = settings.request.pool.clone();
    let released = agent(settings, identity, imds).await?.release(mode).await?;
    output::released(&pool, &released, mode, format);
    Ok(())
}

/// Resolves the settings, for which the instance's identity and tags are asked.
async fn prepare(
    common: &CommonArgs,
    wanted: settings::Wanted,
) -> Result<(Settings, Identity, Imds), CliError> {
    let file = file::read(common.config.as_deref())?;
    let imds = Imds::new();
    let identity = imds.identity().await.map_err(CliError::Metadata)?;
    tracing::info!(
        instance = %identity.instance, zone = identity.zone, region = identity.region,
        "this is {} in {}", identity.instance, identity.zone
    );
    let settings = settings::resolve(common, wanted, file, &imds).await?;
    Ok((settings, identity, imds))
}

async fn agent(
    settings: Settings,
    identity: Identity,
    imds: Imds,
) -> Result<Agent<Ec2, Imds>, CliError> {
    let region = settings.region.as_deref().unwrap_or(&identity.region);
    let ec2 = Ec2::connect(region, settings.call_timeout).await;
    let host = Host::open().map_err(crate::agent::AgentError::from)?;
    Ok(Agent::new(ec2, imds, host, identity, settings.request, interrupt()?))
}

/// Becomes true at the first SIGTERM or SIGINT. A second one ends the program at once.
fn interrupt() -> Result<Interrupt, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|e| CliError::Bug(format!("no signals: {e}")));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let (asked, interrupt) = watch::channel(false);
    tokio::spawn(async move {
        for round in 0_u32.. {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if round > 0 {
                output::error(&CliError::Interrupted);
                std::process::exit(i32::from(CliError::Interrupted.exit_code()));
            }
            tracing::warn!("asked to end: giving back what is not in use (once more: at once)");
            // The agent may have ended already; then nothing is left to tell.
            let _ = asked.send(true);
        }
    });
    Ok(interrupt)
}
