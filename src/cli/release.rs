//! `steadfast release`: stops what runs on the slot, and gives it back.
//!
//! To stop a server is asked about, wherever it may be missed: this instance cannot know for sure what
//! the others do, so it does not judge whether it will be.

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::args::ReleaseArgs;
use super::{CliError, agent, confirm, file, output, prepare, settings};
use crate::agent::{AgentError, AtWork, Facts, Lock, Purpose, Request, Restarting};
use crate::cloud::Mode;

/// Between two tries for the lock of a run that has just ended.
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
/// How long that may take: the kernel frees it with the process.
const LOCK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Does it.
pub async fn release(args: &ReleaseArgs) -> Result<(), CliError> {
    let ReleaseArgs { common, dry_run, output: format, .. } = args;
    let (file, wanted) =
        (file::read(common.target.config.as_deref())?, settings::Wanted::default());
    let (mut settings, identity, imds) = prepare(common, wanted, &file, *dry_run).await?;
    let lock = if *dry_run { None } else { free_lock(&settings.request)? };
    let at_work = match &lock {
        Some(_) => None,
        None => AtWork::find(&settings.request.run_dir).await?,
    };
    let restarting = match &at_work {
        Some(_) => None,
        None => Restarting::find(&settings.request.run_dir).await?,
    };
    let stops = match (&at_work, &restarting) {
        (Some(it), _) => Some(told(it, &settings.request)?),
        (None, Some(it)) => {
            Some(format!("stop {}, which systemd is about to start again", it.unit()))
        }
        (None, None) => None,
    };
    if let Some(stops) = stops.as_deref().filter(|_| !dry_run && !args.yes) {
        confirm::yes(&format!("This will {stops}."), "Stop it and give its slot back?", false)?;
        // What a person has pondered is not the release's time.
        settings.request.deadline = Instant::now() + settings::wait(common, &file);
    }
    let _lock = match lock {
        None if !dry_run => Some(halt(at_work.as_ref(), &settings.request).await?),
        lock => lock,
    };
    if let Some(it) = restarting.filter(|_| !dry_run) {
        it.stop(settings.request.deadline).await?;
    }
    let mode = if *dry_run { Mode::DryRun } else { Mode::Do };
    let pool = settings.request.pool.clone();
    // No signal is awaited: a release that was cut off is finished by running it again.
    let interrupt = watch::channel(false).1;
    let mut released = agent(settings, identity, imds, interrupt).await?.release(mode).await?;
    released.stopped = at_work.map(|it| it.pid());
    output::released(&pool, &released, stops.as_deref(), mode, *format);
    Ok(())
}

/// What is stopped, and by whom.
fn told(it: &AtWork, request: &Request) -> Result<String, CliError> {
    let facts = Facts::read(&request.run_dir)?;
    let status = facts.and_then(|facts| Some((facts.slot, facts.status?)));
    let server = match status {
        Some((slot, status)) => format!(", which guards slot {slot} ({})", status.text),
        None => String::new(),
    };
    let how = match it.unit() {
        Some(unit) => format!("by `systemctl stop {unit}`"),
        None => "by SIGTERM".to_owned(),
    };
    Ok(format!("stop `steadfast run` (process {}){server}, {how}", it.pid()))
}

/// The lock, if nobody has it: then no run is at work, and whom the file names is not to be stopped.
fn free_lock(request: &Request) -> Result<Option<Lock>, CliError> {
    match Lock::take(&request.run_dir, Purpose::Release) {
        Err(AgentError::Busy { .. }) => Ok(None),
        taken => Ok(Some(taken?)),
    }
}

/// Stops what holds the lock, and takes it.
async fn halt(at_work: Option<&AtWork>, request: &Request) -> Result<Lock, CliError> {
    let Some(at_work) = at_work else {
        return Ok(Lock::take(&request.run_dir, Purpose::Release)?);
    };
    let _turn = Lock::turn(&request.run_dir)?;
    at_work.stop(request.deadline).await?;
    let end = Instant::now() + LOCK_TIMEOUT;
    loop {
        match Lock::take(&request.run_dir, Purpose::Release) {
            Err(AgentError::Busy { .. }) if Instant::now() < end => sleep(LOCK_PAUSE).await,
            settled => return Ok(settled?),
        }
    }
}
