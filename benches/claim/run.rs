//! Times one command as a whole process: wall clock, CPU and peak memory, by the kernel's own
//! accounting of the finished child.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use super::Result;

/// A finished run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// Seconds from start to exit.
    pub wall_s: f64,
    /// CPU seconds, user and system, of the process and its children.
    pub cpu_s: f64,
    /// Peak memory of the largest of these processes, in KiB.
    pub peak_kib: u64,
}

/// Runs a command and prints its [`Run`] as JSON.
pub fn time(command: &[String]) -> Result<()> {
    let (program, args) = command.split_first().ok_or("no command to time")?;
    let start = Instant::now();
    let output = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    let wall_s = start.elapsed().as_secs_f64();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} ended with {}: {said}", output.status).into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1_000_000.0;
    let cpu_s = seconds(usage.user_time()) + seconds(usage.system_time());
    let peak_kib = u64::try_from(usage.max_rss())?;
    println!("{}", serde_json::to_string(&Run { wall_s, cpu_s, peak_kib })?);
    Ok(())
}

/// Each figure's own median.
pub fn median(runs: Vec<Run>) -> Run {
    let of = |figure: fn(&Run) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Run {
        wall_s: of(|run| run.wall_s),
        cpu_s: of(|run| run.cpu_s),
        peak_kib: of(|run| run.peak_kib as f64) as u64,
    }
}
