//! What `steadfast status` of a pool of seven costs: with every server reachable, and with three of
//! their hosts cut off the network, so that nothing of theirs is ever answered. `make bench`.
//!
//! The servers are stubs that speak ZooKeeper's protocol (`tests/operator/stub.py`): seven JVMs would
//! be measured themselves on a small machine. The floor is the region's two calls, one after the other.
//! It prints a table and writes `target/bench/status.json`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "shared/outcome.rs"]
mod outcome;
#[path = "claim/run.rs"]
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

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
const SLOTS: u32 = 7;
const BLACK_HOLES: usize = 3;
const POOL: &str = "bench";
/// How long anything may take that is only waited for.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a status costs: medians, and the longest.
#[derive(Debug, Serialize)]
struct Cost {
    what: &'static str,
    /// The exit status of each: the verdict.
    verdict: i32,
    /// Seconds from start to exit.
    wall_s: f64,
    /// The longest of them.
    worst_s: f64,
    /// CPU seconds, user and system.
    cpu_s: f64,
    /// Peak memory, in KiB.
    peak_kib: u64,
    /// EC2 calls, by the region's log.
    ec2_calls: usize,
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
    let mut costs =
        vec![stage.cost("reachable", 0, "")?, stage.cost("reachable, no probe", 0, "--no-probe")?];
    for holder in &stage.holders[..BLACK_HOLES] {
        stage.region.cut(holder)?;
    }
    costs.push(stage.cost("three black-holed", 1, "")?);
    tell(&costs)
}

/// The region, the holders of its slots, and an instance that looks.
struct Stage {
    region: LocalRegion,
    holders: Vec<String>,
    laptop: String,
    steadfast: String,
}

impl Stage {
    fn set() -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let steadfast = Path::new(env!("CARGO_BIN_EXE_steadfast"));
        let bin_dir = steadfast.parent().ok_or("no bin dir")?.to_owned();
        let timings = Timings { api_ms: Some(API_MS), ..Timings::default() };
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![root.clone(), bin_dir],
            timings,
            zones: Some(1),
            ..Options::default()
        })?;
        let enis = region.create_pool(POOL, SLOTS, false)?;
        let steadfast = steadfast.display().to_string();
        let laptop = region.launch(&LaunchRequest::default())?;
        region.wait_running(&laptop)?;
        let mut stage = Self { region, holders: Vec::new(), laptop, steadfast };
        for (slot, eni) in (1..).zip(enis) {
            stage.hold(slot, &eni, &root.join("tests/operator/stub.py"))?;
        }
        stage.wait_healthy()?;
        Ok(stage)
    }

    /// Has an instance claim a slot, and a stub serve on it; the last slot's leads.
    fn hold(&mut self, slot: u32, eni: &str, stub: &Path) -> Result<()> {
        let holder = self.region.launch(&LaunchRequest::default())?;
        self.region.wait_running(&holder)?;
        let tag = [("ResourceId.1", eni), ("Tag.1.Key", "steadfast:initialized")];
        self.region.ec2("CreateTags", &[&tag[..], &[("Tag.1.Value", "bench")]].concat())?;
        let found = self.region.state()?.enis.into_iter().find(|it| it.id == eni);
        let address = found.ok_or("no such ENI")?.ipv4.swap_remove(0);
        let config: String = self.servers()?;
        let mode = if slot == SLOTS { "leader" } else { "follower" };
        let (steadfast, stub) = (&self.steadfast, stub.display());
        let script = format!(
            "{steadfast} claim --pool {POOL} --only-slot {slot}\nprintf '{config}' >/run/config\n\
             setsid python3 {stub} {address} {mode} config=/run/config synced={} \
             >/run/stub.log 2>&1 </dev/null &",
            SLOTS - 1
        );
        let done = self.region.exec(&holder, &["sh", "-ec", &script]).output()?;
        self.holders.push(holder);
        match done.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned().into()),
        }
    }

    fn servers(&self) -> Result<String> {
        let enis = self.region.state()?.enis.into_iter();
        let slots = enis.filter_map(|eni| {
            let slot = eni.tags.get("steadfast:slot")?;
            Some(format!("server.{slot}={}:2888:3888:participant\\n", eni.ipv4[0]))
        });
        Ok(slots.collect())
    }

    fn wait_healthy(&self) -> Result<()> {
        let end = Instant::now() + DEADLINE;
        while self.status(0, "").is_err() {
            if Instant::now() > end {
                return self.status(0, "").map(drop);
            }
        }
        Ok(())
    }

    /// Times one, which is to end with this verdict, and counts its EC2 calls.
    fn status(&self, verdict: i32, more: &str) -> Result<(Run, usize)> {
        let before = self.region.log(0)?.len();
        let own = std::env::current_exe()?.display().to_string();
        // The shell, some 2 ms of it, is there for the verdict: it is no failure.
        let script = format!(
            "{} status --pool {POOL} {more} >/run/told; [ $? = {verdict} ] || {{ cat /run/told; false; }} >&2",
            self.steadfast
        );
        let args = [own.as_str(), "time", "sh", "-c", &script];
        let output = self.region.exec(&self.laptop, &args).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let calls = self.region.log(before)?.len();
        Ok((serde_json::from_slice(&output.stdout)?, calls))
    }

    fn cost(&self, what: &'static str, verdict: i32, more: &str) -> Result<Cost> {
        // The first run of each warms the page cache and is not counted.
        let all = (0..=RUNS).map(|_| self.status(verdict, more)).collect::<Result<Vec<_>>>()?;
        let (runs, mut calls): (Vec<Run>, Vec<usize>) = all.into_iter().skip(1).unzip();
        calls.sort_unstable();
        let worst_s = runs.iter().map(|run| run.wall_s).fold(0.0, f64::max);
        let Run { wall_s, cpu_s, peak_kib } = run::median(runs);
        let ec2_calls = calls[calls.len() / 2];
        Ok(Cost { what, verdict, wall_s, worst_s, cpu_s, peak_kib, ec2_calls })
    }
}

fn tell(costs: &[Cost]) -> Result<()> {
    let floor_s = (2 * API_MS) as f64 / 1000.0;
    println!("floor (two calls, one after the other): {floor_s:.3} s; medians of {RUNS}");
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>12} {:>10}",
        "status of a pool of 7", "wall", "worst", "CPU", "peak memory", "EC2 calls"
    );
    for cost in costs {
        println!(
            "{:<22} {:>7.3} s {:>7.3} s {:>7.3} s {:>8.1} MiB {:>10}",
            cost.what,
            cost.wall_s,
            cost.worst_s,
            cost.cpu_s,
            cost.peak_kib as f64 / 1024.0,
            cost.ec2_calls
        );
    }
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("status.json"), serde_json::to_string_pretty(costs)? + "\n")?;
    Ok(())
}
