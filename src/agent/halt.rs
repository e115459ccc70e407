//! Stops the `steadfast run` that is at work on this instance, or that systemd is about to start again, so
//! that its slot can be given back.
//!
//! A unit whose main process it is, is stopped by systemd: to a process that ends by itself systemd may
//! answer with a restart, which would claim anew. Only then: what was started by hand, over ssh or by
//! cron, is in the cgroup of a unit that is none of ours, and a signal does.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use tokio::time::Instant;
use tracing::{info, warn};

use super::lock::LastUnit;
use super::systemd::{own_unit, show, stop_unit, unit_of_process};
use super::{AgentError, Lock};
use crate::supervise::{Process, ends};

/// A `steadfast run` at work.
#[derive(Debug)]
pub struct AtWork {
    process: Process,
    /// Of which it is the main process.
    unit: Option<String>,
}

/// A unit whose `steadfast run` or `claim` has ended, and that systemd starts again in a moment.
#[derive(Debug)]
pub struct Restarting {
    unit: String,
}

impl Restarting {
    /// Looks for one: the last that held the lock in `run_dir`, if its main process did, and systemd
    /// says so.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub async fn find(run_dir: &Path) -> Result<Option<Self>, AgentError> {
        let Some(LastUnit { pid, name: unit }) = Lock::last_unit(run_dir)? else { return Ok(None) };
        if own_unit().as_ref() == Some(&unit) {
            return Ok(None);
        }
        match show(&unit, &["SubState", "ExecMainPID"]).await {
            // Of later versions there is `auto-restart-queued`, too.
            Ok(said) => Ok((said.get("ExecMainPID") == Some(&pid.to_string())
                && said.get("SubState").is_some_and(|it| it.starts_with("auto-restart")))
            .then_some(Self { unit })),
            Err(cause) => {
                warn!("systemd does not tell whether it starts {unit} again ({cause})");
                Ok(None)
            }
        }
    }

    /// The unit.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Keeps systemd from starting it.
    ///
    /// # Errors
    /// systemd refuses.
    pub async fn stop(&self, deadline: Instant) -> Result<(), AgentError> {
        stop_unit(&self.unit, deadline).await
    }
}

impl AtWork {
    /// Looks for one that holds the lock in `run_dir`.
    ///
    /// # Errors
    /// The lock file cannot be read.
    pub async fn find(run_dir: &Path) -> Result<Option<Self>, AgentError> {
        let Some(process) = Lock::runner(run_dir)? else { return Ok(None) };
        match process.open() {
            Ok(None) => Ok(None),
            // One that cannot be looked at is found again where it is to be stopped.
            Ok(Some(_)) | Err(_) => Ok(Some(Self { process, unit: unit(process.pid).await })),
        }
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// The unit that systemd is asked to stop, if there is one.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Stops it, and returns when it has ended.
    ///
    /// # Errors
    /// systemd refuses; it does not end by the deadline; it may not be signalled.
    pub async fn stop(&self, deadline: Instant) -> Result<(), AgentError> {
        let started = Instant::now();
        let failed = AgentError::file(Path::new("/proc"));
        let Some(handle) = self.process.open().map_err(failed)? else { return Ok(()) };
        match &self.unit {
            Some(unit) => stop_unit(unit, deadline).await?,
            None => {
                info!("asking `steadfast run` (process {}) to end", self.pid());
                match pidfd_send_signal(&handle, Signal::TERM) {
                    Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                    Err(errno) => return Err(AgentError::file(Path::new("/proc"))(errno.into())),
                }
            }
        }
        let ended = ends(&handle, deadline).await.map_err(AgentError::file(Path::new("/proc")))?;
        let waited = Duration::from_secs(started.elapsed().as_secs());
        let waited = humantime::format_duration(waited).to_string();
        ended.then_some(()).ok_or(AgentError::StillAtWork { pid: self.pid(), waited })
    }
}

/// The unit that a process is the main process of, unless this very program is part of it: to wait for
/// its end in its own `ExecStop=` would be to wait for oneself.
async fn unit(pid: u32) -> Option<String> {
    let unit = unit_of_process(pid)?;
    if own_unit().as_ref() == Some(&unit) {
        return None;
    }
    match show(&unit, &["MainPID"]).await {
        Ok(said) if said.get("MainPID") == Some(&pid.to_string()) => Some(unit),
        Ok(_) => {
            warn!("process {pid} is not the main process of {unit}, which is left alone");
            None
        }
        Err(cause) => {
            warn!("systemd does not tell the main process of {unit} ({cause}): it is left alone");
            None
        }
    }
}
