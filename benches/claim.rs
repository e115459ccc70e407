//! What a clean claim costs, beside the same job by a shell script with the AWS CLI, in one run on
//! one local region: `make bench`.
//!
//! The floor is what nobody can beat: the region's attach latency and two API round trips. Figures
//! are medians of alternating runs (A B A B ...), so that a machine whose speed drifts is fair to
//! both. It prints a table and writes `target/bench/claim.json`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "shared/outcome.rs"]
mod outcome;
#[path = "claim/run.rs"]
mod run;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use run::Run;
use serde::Serialize;
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, Timings};

type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

/// Counted runs of each.
const RUNS: usize = 7;
/// From a call's arrival at the region to its answer.
const API_MS: u64 = 20;
/// From attach's answer to the NIC.
const ATTACH_NIC_MS: u64 = 1000;
const POOL: &str = "bench";

/// What one contender costs: medians.
#[derive(Debug, Serialize)]
struct Cost {
    /// Seconds from start to exit.
    wall_s: f64,
    /// Seconds over the floor.
    over_floor_s: f64,
    /// CPU seconds, user and system, children included.
    cpu_s: f64,
    /// Peak memory of its largest process, in KiB.
    peak_kib: u64,
    /// EC2 calls, by the region's log.
    ec2_calls: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    floor_s: f64,
    claim: Cost,
    script: Cost,
    /// How many times less the claim adds to the floor than the script.
    added_ratio: f64,
    /// `steadfast --version`, start to exit.
    start_up: Run,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.first().map(String::as_str) {
        // The benchmark runs itself again inside the region, where it times one command.
        Some("time") => run::time(&args[1..]),
        _ => bench(),
    };
    outcome::ended(done)
}

fn bench() -> Result<()> {
    let stage = Stage::set()?;
    let mut claims = Vec::new();
    let mut scripts = Vec::new();
    // The first run of each warms the page cache and is not counted.
    for round in 0..=RUNS {
        let claim = stage.contend(&[&stage.steadfast(), "claim", "--pool", POOL])?;
        let script = stage.contend(&["bash", &stage.script(), POOL])?;
        println!("round {round}: claim {:.3} s, script {:.3} s", claim.0.wall_s, script.0.wall_s);
        if round > 0 {
            claims.push(claim);
            scripts.push(script);
        }
    }
    let floor_s = (ATTACH_NIC_MS + 2 * API_MS) as f64 / 1000.0;
    let claim = cost(&claims, floor_s);
    let script = cost(&scripts, floor_s);
    let figures = Figures {
        floor_s,
        added_ratio: script.over_floor_s / claim.over_floor_s,
        claim,
        script,
        start_up: run::median((0..RUNS).map(|_| stage.start_up()).collect::<Result<_>>()?),
    };
    tell(&figures)?;
    Ok(())
}

/// The region, an instance in it, and where the programs are.
struct Stage {
    region: LocalRegion,
    instance: String,
    bin_dir: PathBuf,
    root: PathBuf,
}

impl Stage {
    fn set() -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let bin_dir = Path::new(env!("CARGO_BIN_EXE_steadfast")).parent().ok_or("no bin dir")?;
        let bin_dir = bin_dir.to_owned();
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![root.clone(), bin_dir.clone()],
            timings: Timings {
                api_ms: Some(API_MS),
                attach_nic_ms: Some(ATTACH_NIC_MS),
                ..Timings::default()
            },
            ..Options::default()
        })?;
        region.create_pool(POOL, 3, false)?;
        let instance = region.launch(&LaunchRequest::default())?;
        region.wait_running(&instance)?;
        Ok(Self { region, instance, bin_dir, root })
    }

    fn steadfast(&self) -> String {
        self.bin_dir.join("steadfast").display().to_string()
    }

    fn script(&self) -> String {
        self.root.join("benches/claim/claim.sh").display().to_string()
    }

    /// Times one claim in the instance, counts its EC2 calls, and gives the slot back.
    fn contend(&self, command: &[&str]) -> Result<(Run, usize)> {
        let before = self.region.log(0)?.len();
        let run = self.timed(command)?;
        let calls = self.region.log(before)?.len();
        let release = [self.steadfast(), "release".into(), "--pool".into(), POOL.into()];
        let released = self.region.exec(&self.instance, &release).output()?;
        match released.status.success() {
            true => Ok((run, calls)),
            false => Err(format!("no release: {}", text(&released.stderr)).into()),
        }
    }

    fn start_up(&self) -> Result<Run> {
        self.timed(&[&self.steadfast(), "--version"])
    }

    fn timed(&self, command: &[&str]) -> Result<Run> {
        let own = std::env::current_exe()?.display().to_string();
        let clients = self.root.join("target/venv/bin").display().to_string();
        let path = format!("{clients}:/usr/sbin:/usr/bin:/sbin:/bin");
        let args: Vec<&str> =
            [own.as_str(), "time"].into_iter().chain(command.iter().copied()).collect();
        let mut exec: Command = self.region.exec_with(&self.instance, &[("PATH", &path)], &args);
        let output = exec.output()?;
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout)?),
            false => Err(format!("{}: {}", command.join(" "), text(&output.stderr)).into()),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn cost(runs: &[(Run, usize)], floor_s: f64) -> Cost {
    let median = run::median(runs.iter().map(|(run, _)| run.clone()).collect());
    let mut calls: Vec<usize> = runs.iter().map(|(_, calls)| *calls).collect();
    calls.sort_unstable();
    Cost {
        wall_s: median.wall_s,
        over_floor_s: median.wall_s - floor_s,
        cpu_s: median.cpu_s,
        peak_kib: median.peak_kib,
        ec2_calls: calls[calls.len() / 2],
    }
}

fn tell(figures: &Figures) -> Result<()> {
    println!();
    println!("floor (attach latency and two API round trips): {:.3} s", figures.floor_s);
    println!(
        "{:<24} {:>9} {:>12} {:>9} {:>12} {:>10}",
        "median of 7", "wall", "over floor", "CPU", "peak memory", "EC2 calls"
    );
    for (name, cost) in
        [("steadfast claim", &figures.claim), ("script with AWS CLI", &figures.script)]
    {
        println!(
            "{name:<24} {:>7.3} s {:>10.3} s {:>7.3} s {:>8.1} MiB {:>10}",
            cost.wall_s,
            cost.over_floor_s,
            cost.cpu_s,
            cost.peak_kib as f64 / 1024.0,
            cost.ec2_calls,
        );
    }
    println!("the claim adds {:.1} times less to the floor than the script", figures.added_ratio);
    println!(
        "start-up (steadfast --version): {:.1} ms, {:.1} MiB",
        figures.start_up.wall_s * 1000.0,
        figures.start_up.peak_kib as f64 / 1024.0
    );
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("claim.json"), serde_json::to_string_pretty(figures)? + "\n")?;
    Ok(())
}
