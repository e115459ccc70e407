//! `steadfast run`: its settings, and how its end becomes the exit status.

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::args::RunArgs;
use super::file::FileSettings;
use super::settings::{self, Wanted};
use super::{CliError, agent, exit, file, prepare};
use crate::agent::{AgentError, Interrupt, Job, Lock, Outcome, Purpose, Signals, Teller, status};
use crate::supervise::{Account, SuperviseError};
use crate::zookeeper::settings::Settings;

/// The user that Debian's and Red Hat's packages make for ZooKeeper.
const ZOOKEEPER_USER: &str = "zookeeper";
/// Between two tries for a lock: an agent that was killed leaves a command that is being killed.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Runs the command to its end. What it fails with is the unit's status line, too.
pub async fn run(args: &RunArgs) -> Result<ExitCode, CliError> {
    let outcome = carried_out(args).await;
    if let Err(error) = &outcome {
        status(&error.to_string());
    }
    outcome
}

async fn carried_out(args: &RunArgs) -> Result<ExitCode, CliError> {
    let file = file::read(args.common.target.config.as_deref())?;
    // Before anything else: what is wrong with it is wrong with every slot.
    let job = job(args, &file)?;
    let bug = |e| CliError::Bug(format!("no signals: {e}"));
    let (signals, interrupt) = Signals::listen().map_err(bug)?;
    let teller = Teller::new(&settings::run_dir(&args.common.target, &file));
    tokio::select! {
        status = attended(args, &file, &job, signals, interrupt, &teller) => status,
        // From the start on: systemd would give a boot up that waits for IMDS.
        never = teller.heartbeat() => match never {},
    }
}

async fn attended(
    args: &RunArgs,
    file: &FileSettings,
    job: &Job,
    mut signals: Signals,
    interrupt: Interrupt,
    teller: &Teller,
) -> Result<ExitCode, CliError> {
    teller.say("finding out who this instance is");
    let wanted = Wanted { slot: args.wishes.slot, only_slot: args.wishes.only_slot };
    let (settings, identity, imds) = tokio::select! {
        prepared = prepare(&args.common, wanted, file, false) => prepared?,
        signal = signals.stop() => return Ok(ExitCode::from(exit::of_signal(signal.as_raw()))),
    };
    let lock = tokio::select! {
        lock = lock(&settings.request.run_dir, settings.request.deadline, teller) => lock?,
        signal = signals.stop() => return Ok(ExitCode::from(exit::of_signal(signal.as_raw()))),
    };
    let mut agent = agent(settings, identity, imds, interrupt).await?;
    match agent.run(job, &lock, &mut signals, teller).await? {
        Outcome::Ended(ending) => Ok(ExitCode::from(ending.status())),
        Outcome::Fenced(fenced) => Err(CliError::Fenced(fenced)),
    }
}

/// Waits for another agent's end: `run` is started once at boot, and is to come through.
async fn lock(run_dir: &Path, deadline: Instant, teller: &Teller) -> Result<Lock, CliError> {
    let mut told = false;
    loop {
        match Lock::take(run_dir, Purpose::Run) {
            Err(AgentError::Busy { path }) if Instant::now() < deadline => {
                if !told {
                    teller.say("waiting for another steadfast on this instance to end");
                    tracing::info!("waiting for another steadfast, which holds {}", path.display());
                    told = true;
                }
                sleep(LOCK_PAUSE).await;
            }
            settled => return Ok(settled?),
        }
    }
}

fn job(args: &RunArgs, file: &FileSettings) -> Result<Job, CliError> {
    let plain = args.plain.or(file.plain).unwrap_or(false);
    let fragment = args.zookeeper_config.as_ref().or(file.zookeeper_config.as_ref());
    let zookeeper = match plain {
        true => None,
        false => Some(zookeeper_settings(fragment.map(|it| it.as_path()), file)?),
    };
    let (command, arguments) = args.command.split_first().ok_or_else(|| {
        CliError::Bug("no command, which the command line does not admit".to_owned())
    })?;
    Ok(Job {
        command: command.clone(),
        arguments: arguments.to_vec(),
        account: account(args.user.as_ref().or(file.user.as_ref()), plain)?,
        stop_timeout: args.stop_timeout.or(file.stop_timeout).unwrap_or(settings::STOP_TIMEOUT),
        release_on_stop: args.release_on_stop.or(file.release_on_stop).unwrap_or(false),
        zookeeper,
    })
}

/// The user's ZooKeeper settings, from both places where they may stand.
pub fn zookeeper_settings(
    fragment: Option<&Path>,
    file: &FileSettings,
) -> Result<Settings, CliError> {
    let table = file.zookeeper.as_ref().map(|table| (file.path.as_path(), table));
    Settings::read(table, fragment).map_err(CliError::ZooKeeper)
}

fn account(named: Option<&String>, plain: bool) -> Result<Option<Account>, CliError> {
    let account = match named {
        Some(name) => Some(Account::named(name).map_err(AgentError::from)?),
        None if plain => None,
        None => {
            let account = default_account()?;
            if account.is_none() {
                tracing::info!("there is no user {ZOOKEEPER_USER}: the command runs as this one");
            }
            account
        }
    };
    Ok(account)
}

/// The user of ZooKeeper's packages, if there is one.
fn default_account() -> Result<Option<Account>, CliError> {
    match Account::named(ZOOKEEPER_USER) {
        // In a container the account may be there and yet not to be had.
        Ok(account) => Ok(Some(account).filter(|account| account.unmapped().is_none())),
        Err(SuperviseError::NoAccount { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(AgentError::from(error).into()),
    }
}
