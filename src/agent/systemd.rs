//! What is asked of systemd: by `systemctl`, which every machine with systemd has. The units that processes
//! belong to are read from the kernel.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::info;

use super::AgentError;

/// How long systemd may take to tell of a unit.
const SHOW: Duration = Duration::from_secs(10);

/// Stops a unit, and keeps it from being started again.
///
/// # Errors
/// systemd refuses, or has not done it by the deadline.
pub async fn stop_unit(unit: &str, deadline: Instant) -> Result<(), AgentError> {
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

/// The unit that this process belongs to.
pub fn own_unit() -> Option<String> {
    unit_of(&cgroup("self")?).map(str::to_owned)
}

/// The unit that a process belongs to.
pub fn unit_of_process(pid: u32) -> Option<String> {
    unit_of(&cgroup(&pid.to_string())?).map(str::to_owned)
}

fn cgroup(pid: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()
}

/// What systemd says of a unit's properties.
///
/// # Errors
/// Why it does not say, in words.
pub async fn show(unit: &str, properties: &[&str]) -> Result<BTreeMap<String, String>, String> {
    let mut command = Command::new("systemctl");
    command.args(["show", &format!("--property={}", properties.join(",")), unit]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(SHOW, command.output()).await {
        Err(_) => Err("it does not answer".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let pairs = said.lines().filter_map(|line| line.split_once('='));
            Ok(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        }
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
