//! What a reclaim adds to what EC2 takes to detach: from Enter to the slot being free, on a local region.
//!
//! The floor is what nobody can beat: the region's detach latency and the three round trips that must
//! follow each other (who holds it, the trace, the detach). When the slot is free is the region's own
//! word, by its log of calls and its state, not the command's. It prints a table and writes
//! `target/bench/reclaim.json`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "shared/outcome.rs"]
mod outcome;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, Timings};

type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

/// Counted runs.
const RUNS: usize = 7;
/// From a call's arrival at the region to its answer.
const API_MS: u64 = 20;
/// From detach's answer to the ENI being free.
const DETACH_MS: u64 = 1_500;
const POOL: &str = "bench";
/// Between two looks at the region's state, which bounds what is measured.
const LOOK: Duration = Duration::from_millis(2);
/// The longest that a run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One reclaim, in seconds from Enter.
#[derive(Debug, Clone, Serialize)]
struct Run {
    /// Until the region's ENI was free.
    free_s: f64,
    /// Until the command had said so.
    told_s: f64,
    /// EC2 calls until then, by the region's log; the looks for a successor are not among them.
    ec2_calls: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    floor_s: f64,
    median: Run,
    over_floor_s: f64,
}

fn main() -> ExitCode {
    outcome::ended(bench())
}

fn bench() -> Result<()> {
    let stage = Stage::set()?;
    let mut runs = Vec::new();
    // The first run warms the page cache and is not counted.
    for round in 0..=RUNS {
        let run = stage.reclaim()?;
        println!("round {round}: free {:.3} s, told {:.3} s", run.free_s, run.told_s);
        if round > 0 {
            runs.push(run);
        }
    }
    let floor_s = (DETACH_MS + 3 * API_MS) as f64 / 1000.0;
    let median = median(&runs);
    tell(&Figures { floor_s, over_floor_s: median.free_s - floor_s, median })
}

/// The region, a holder and an operator's instance.
struct Stage {
    region: LocalRegion,
    holder: String,
    operator: String,
    steadfast: String,
}

impl Stage {
    fn set() -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let program = Path::new(env!("CARGO_BIN_EXE_steadfast"));
        let bin_dir = program.parent().ok_or("no bin dir")?.to_owned();
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![root, bin_dir],
            timings: Timings {
                api_ms: Some(API_MS),
                detach_ms: Some(DETACH_MS),
                ..Timings::default()
            },
            zones: Some(1),
            ..Options::default()
        })?;
        region.create_pool(POOL, 1, false)?;
        let (holder, operator) =
            (region.launch(&LaunchRequest::default())?, region.launch(&LaunchRequest::default())?);
        region.wait_running(&holder)?;
        region.wait_running(&operator)?;
        Ok(Self { region, holder, operator, steadfast: program.display().to_string() })
    }

    fn reclaim(&self) -> Result<Run> {
        let claim = [self.steadfast.as_str(), "claim", "--pool", POOL];
        let claimed = self.region.exec(&self.holder, &claim).output()?;
        if !claimed.status.success() {
            return Err(String::from_utf8_lossy(&claimed.stderr).into_owned().into());
        }
        let since = self.region.log(0)?.len();
        let args = ["reclaim", "--pool", POOL, "1", "--yes", "--even-without-quorum"];
        let command: Vec<&str> = std::iter::once(self.steadfast.as_str()).chain(args).collect();
        let mut exec = self.region.exec(&self.operator, &command);
        let enter = Instant::now();
        let mut child = exec.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or("no stderr")?;
        // The command's word, by a thread of its own.
        let told = std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
            let mut lines = lines.map_while(std::result::Result::ok);
            let free = lines.find(|line| line.contains("is free after")).map(|_| enter.elapsed());
            lines.for_each(drop);
            free
        });
        let free_s = self.free(enter)?.as_secs_f64();
        if !child.wait()?.success() {
            return Err("the reclaim failed".into());
        }
        let told = told.join().map_err(|_| "no reader")?.ok_or("it was not told")?;
        let calls = self.region.log(since)?;
        let start = calls.first().ok_or("no calls")?.at_ms;
        let by_then = |at_ms: u64| at_ms.saturating_sub(start) <= told.as_millis() as u64;
        let ec2_calls = calls.iter().filter(|call| by_then(call.at_ms)).count();
        Ok(Run { free_s, told_s: told.as_secs_f64(), ec2_calls })
    }

    /// When the region has the slot free.
    fn free(&self, enter: Instant) -> Result<Duration> {
        while enter.elapsed() < LIMIT {
            let enis = self.region.state()?.enis;
            let slot = enis.iter().find(|eni| eni.tags.contains_key("steadfast:slot"));
            if slot.is_some_and(|eni| eni.instance.is_none()) {
                return Ok(enter.elapsed());
            }
            std::thread::sleep(LOOK);
        }
        Err("it does not come free".into())
    }
}

/// Each figure's own median.
fn median(runs: &[Run]) -> Run {
    let of = |figure: fn(&Run) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Run {
        free_s: of(|run| run.free_s),
        told_s: of(|run| run.told_s),
        ec2_calls: of(|run| run.ec2_calls as f64) as usize,
    }
}

fn tell(figures: &Figures) -> Result<()> {
    let Figures { floor_s, median, over_floor_s } = figures;
    println!();
    println!("floor (the region's detach and three API round trips): {floor_s:.3} s");
    println!("median of {RUNS}: free {:.3} s after Enter, {over_floor_s:.3} s over", median.free_s);
    println!("told after {:.3} s, with {} EC2 and STS calls", median.told_s, median.ec2_calls);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("reclaim.json"), serde_json::to_string_pretty(figures)? + "\n")?;
    Ok(())
}
