//! What is to be done, resolved: a flag over the environment over the settings file over the
//! instance's tags over the default.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use super::CliError;
use super::args::{AgentArgs, OperatorArgs, TargetArgs};
use super::file::FileSettings;
use crate::agent::{Facts, Request};
use crate::claim::Want;
use crate::cloud::{Metadata, TAG_POOL, TAG_SLOT};
use crate::ids::{PoolName, SlotNumber};

/// The instance tag behind `--only-slot`.
const TAG_ONLY_SLOT: &str = "steadfast:only-slot";
/// The default of `--run-dir`.
const RUN_DIR: &str = "/run/steadfast";
/// The default of `--wait`.
const WAIT: Duration = Duration::from_secs(600);
/// The default of `--nic-timeout`. EC2 shows a NIC within seconds; a minute is a broken attach.
const NIC_TIMEOUT: Duration = Duration::from_secs(60);
/// The default of `--call-timeout`.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The default of `--timeout`: nobody looks at a terminal for longer.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// No time is longer: it can be added to any moment.
const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The default of `--stop-timeout`: ZooKeeper ends within seconds; systemd kills after 90 s.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Parses a time such as `90s` or `10m`.
pub fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time <= TIME_MAX => Ok(time),
        Ok(_) => Err(format!("{text:?} is longer than a year")),
        Err(e) => Err(format!("{text:?} is not a time (as 90s or 10m): {e}")),
    }
}

/// How long the whole may take; here alone, because it also limits the search for the rest.
pub fn wait(common: &AgentArgs, file: &FileSettings) -> Duration {
    common.wait.or(file.wait).unwrap_or(WAIT)
}

/// How long an operator's command may take in all; `usual` is that command's default.
pub fn timeout(operator: &OperatorArgs, file: &FileSettings, usual: Duration) -> Duration {
    operator.timeout.or(file.timeout).unwrap_or(usual)
}

/// Everything resolved.
#[derive(Debug)]
pub struct Settings {
    /// For the agent.
    pub request: Request,
    /// The region, if another than the instance's was named.
    pub region: Option<String>,
    /// How long one call to EC2 may take.
    pub call_timeout: Duration,
}

/// The slot that was asked for on the command line or in the environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// `--slot`
    pub slot: Option<SlotNumber>,
    /// `--only-slot`
    pub only_slot: Option<SlotNumber>,
}

/// Resolves the settings; the instance's tags are asked only for what is not said elsewhere.
pub async fn resolve(
    common: &AgentArgs,
    wanted: Wanted,
    file: &FileSettings,
    deadline: Instant,
    metadata: &impl Metadata,
) -> Result<Settings, CliError> {
    let target = &common.target;
    let run_dir = run_dir(target, file);
    let pool = match target.pool.clone().or(file.pool.clone()) {
        Some(pool) => pool,
        None => pool_of_instance(&run_dir, metadata).await?,
    };
    let request = Request {
        pool,
        want: want(wanted, file, metadata).await?,
        wait: wait(common, file),
        deadline,
        nic_timeout: common.nic_timeout.or(file.nic_timeout).unwrap_or(NIC_TIMEOUT),
        run_dir,
    };
    Ok(Settings {
        request,
        region: target.region.clone().or_else(|| file.region.clone()),
        call_timeout: call_timeout(target, file),
    })
}

/// Where slot.json and slot.env lie.
pub fn run_dir(target: &TargetArgs, file: &FileSettings) -> PathBuf {
    let said = target.run_dir.as_ref().or(file.run_dir.as_ref());
    said.cloned().unwrap_or_else(|| PathBuf::from(RUN_DIR))
}

/// How long one call to EC2 may take.
pub fn call_timeout(target: &TargetArgs, file: &FileSettings) -> Duration {
    target.call_timeout.or(file.call_timeout).unwrap_or(CALL_TIMEOUT)
}

/// The pool by the instance's tag; else that of the slot that is held, whatever it is called now.
pub async fn pool_of_instance(
    run_dir: &std::path::Path,
    metadata: &impl Metadata,
) -> Result<PoolName, CliError> {
    if let Some(pool) = tag(metadata, TAG_POOL).await? {
        return Ok(pool);
    }
    match Facts::read(run_dir)? {
        Some(facts) => Ok(facts.pool),
        None => Err(CliError::Settings(format!(
            "no pool is named: give --pool, set STEADFAST_POOL, write pool = \"NAME\" into {}, or \
             tag the instance {TAG_POOL}=NAME with instance tags in its metadata switched on",
            super::file::DEFAULT_PATH
        ))),
    }
}

/// A more specific place wins over a more specific wish: `--slot 2` over the file's `only-slot`.
async fn want(
    wanted: Wanted,
    file: &FileSettings,
    metadata: &impl Metadata,
) -> Result<Want, CliError> {
    let said = |slot: Option<SlotNumber>, only: Option<SlotNumber>| {
        only.map(Want::Only).or(slot.map(Want::Prefer))
    };
    if let Some(want) =
        said(wanted.slot, wanted.only_slot).or_else(|| said(file.slot, file.only_slot))
    {
        return Ok(want);
    }
    let only = tag(metadata, TAG_ONLY_SLOT).await?;
    let slot = if only.is_some() { None } else { tag(metadata, TAG_SLOT).await? };
    Ok(said(slot, only).unwrap_or(Want::Any))
}

async fn tag<T>(metadata: &impl Metadata, key: &str) -> Result<Option<T>, CliError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let Some(text) = metadata.tag(key).await.map_err(CliError::Metadata)? else {
        return Ok(None);
    };
    let mistake = |e: T::Err| CliError::Settings(format!("the instance tag {key}: {e}"));
    text.trim().parse().map(Some).map_err(mistake)
}
