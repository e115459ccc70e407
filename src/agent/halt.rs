//! Stops the `steadfast run` that is at work on this instance, so that its slot can be given back.
//!
//! A unit whose main process it is, is stopped by systemd: to a process that ends by itself systemd may
//! answer with a restart, which would claim anew. Only then: what was started by hand, over ssh or by
//! cron, is in the cgroup of a unit that is none of ours, and a signal does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use tokio::process::Command;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::{AgentError, Lock};
use crate::supervise::{Process, ends};

/// How long systemd may take to tell a unit's main process.
const SHOW: Duration = Duration::from_secs(10);

/// A `steadfast run` at work.
#[derive(Debug)]
pub struct AtWork {
    process: Process,
    /// Of which it is the main process.
    unit: Option<String>,
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

async fn stop_unit(unit: &str, deadline: Instant) -> Result<(), AgentError> {
    info!("asking systemd to stop {unit}");
    let failed = |cause: String| AgentError::Systemctl { unit: unit.to_owned(), cause };
    let mut command = Command::new("systemctl");
    command.args(["stop", unit]).stdin(Stdio::null()).kill_on_drop(true);
    match timeout_at(deadline, command.output()).await {
        Err(_) => Err(failed("it has not come back in time".to_owned())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Err(failed(format!("{said} ({})", output.status)))
        }
    }
}

/// The unit that a process is the main process of, unless this very program is part of it: to wait for
/// its end in its own `ExecStop=` would be to wait for oneself.
async fn unit(pid: u32) -> Option<String> {
    let cgroup = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok();
    let unit = unit_of(&cgroup(&pid.to_string())?)?.to_owned();
    if unit_of(&cgroup("self")?) == Some(&unit) {
        return None;
    }
    match main_pid(&unit).await {
        Ok(main) if main == pid.to_string() => Some(unit),
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

async fn main_pid(unit: &str) -> Result<String, String> {
    let mut command = Command::new("systemctl");
    command.args(["show", "--property=MainPID", "--value", unit]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(SHOW, command.output()).await {
        Err(_) => Err("it does not answer".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
    }
}

/// The system's service that a process belongs to, by `/proc/PID/cgroup`: of systemd's own hierarchy,
/// or of the unified one. Services of a user's manager are not the system's to stop.
fn unit_of(cgroup: &str) -> Option<&str> {
    let path = |prefix: &str| cgroup.lines().find_map(|line| line.split_once(prefix));
    let (_, path) = path(":name=systemd:").or_else(|| path("0::"))?;
    let unit = path.split('/').find(|part| part.ends_with(".service"))?;
    (!unit.starts_with("user@")).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_known_by_its_cgroup() {
        let cases = [
            ("0::/system.slice/zookeeper.service\n", Some("zookeeper.service")),
            ("0::/system.slice/zookeeper.service/agent\n", Some("zookeeper.service")),
            ("0::/system.slice/system-zk.slice/zk@1.service\n", Some("zk@1.service")),
            ("0::/zk.slice/zookeeper.service\n", Some("zookeeper.service")),
            (
                "9:name=systemd:/system.slice/a.service\n8:pids:/b.service\n0::/\n",
                Some("a.service"),
            ),
            ("9:name=systemd:/\n8:pids:/\n0::/\n", None),
            ("0::/user.slice/user-0.slice/session-3.scope\n", None),
            ("0::/user.slice/user-0.slice/user@0.service/app.slice/zk.service\n", None),
            ("0::/system.slice/docker-0123.scope\n", None),
            ("", None),
        ];
        for (cgroup, unit) in cases {
            assert_eq!(unit_of(cgroup), unit, "{cgroup}");
        }
    }
}
