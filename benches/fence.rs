//! How long a command outlives its slot: from the moment at which a process of the instance hears from
//! the kernel that the slot's NIC is gone to the end of the command's last process. And what the agent
//! weighs while it guards. `make bench`.
//!
//! Each kind of command loses its slot many times, by an operator's forced detach. The judge is a
//! process of its own beside the agent: it hears the same event of the kernel, and waits for the
//! process whose end proves that nothing of the command is left. It prints a table and writes
//! `target/bench/fence.json`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "fence/judge.rs"]
mod judge;
#[path = "shared/outcome.rs"]
mod outcome;
#[path = "fence/weight.rs"]
mod weight;

use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, Timings};
use weight::Weight;

type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

/// Losses a kind.
const LOSSES: usize = 25;
const POOL: &str = "bench";
/// How long anything may take that is only waited for.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long an agent guards before it is weighed: the first looks at everything are over.
const SETTLE: Duration = Duration::from_secs(20);

/// The commands that lose their slot, as a shell starts them.
const KINDS: [(&str, &str); 4] = [
    ("one process", "exec sleep 10001"),
    ("forked, deaf to SIGTERM", "trap '' TERM; sleep 10001 & setsid sleep 10001 & wait"),
    ("stopped (SIGSTOP)", "sleep 10001 & kill -STOP $!; kill -STOP $$; wait"),
    ("JVM in a heavy write", JVM),
];

/// A JVM with a heap in use that writes and syncs all the time.
const JVM: &str = "cat >/run/Writer.java <<'X'\n\
    public class Writer { public static void main(String[] a) throws Exception {\n\
    byte[][] heap = new byte[100][1 << 20]; for (byte[] b : heap) java.util.Arrays.fill(b, (byte) 1);\n\
    try (var f = new java.io.RandomAccessFile(\"/var/lib/writes\", \"rwd\")) {\n\
    for (long n = 0; ; n++) { f.seek((n % 64) << 20); f.write(heap[(int) (n % 100)]); } } } }\n\
    X\nexec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 /run/Writer.java";

/// Milliseconds from the loss of the NIC to the death of everything.
#[derive(Debug, Serialize)]
struct Latency {
    kind: &'static str,
    losses: usize,
    median_ms: f64,
    worst_ms: f64,
}

#[derive(Debug, Serialize)]
struct Figures {
    fence: Vec<Latency>,
    /// The agent and its keeper, after a while of guarding.
    weight: Weight,
    /// Calls to EC2 while it guarded, in `settled_s` seconds.
    ec2_calls_while_guarding: usize,
    settled_s: f64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.first().map(String::as_str) {
        // The benchmark runs itself again inside the instance.
        Some("judge") => judge::judge(),
        Some("weigh") => weight::weigh(),
        _ => bench(),
    };
    outcome::ended(done)
}

fn bench() -> Result<()> {
    let stage = Stage::set()?;
    let (weight, ec2_calls_while_guarding) = stage.weigh()?;
    let mut fence = Vec::new();
    for (kind, script) in KINDS {
        let mut times = Vec::new();
        for _ in 0..LOSSES {
            times.push(stage.lose(script)?);
        }
        times.sort_by(f64::total_cmp);
        let worst_ms = times.last().copied().unwrap_or_default();
        fence.push(Latency { kind, losses: LOSSES, median_ms: times[LOSSES / 2], worst_ms });
    }
    let settled_s = SETTLE.as_secs_f64();
    let figures = Figures { fence, weight, ec2_calls_while_guarding, settled_s };
    print(&figures);
    let path = write(&figures)?;
    println!("figures: {}", path.display());
    Ok(())
}

/// A region with one slot and one instance.
struct Stage {
    region: LocalRegion,
    instance: String,
    steadfast: String,
    own: String,
    eni: String,
}

impl Stage {
    fn set() -> Result<Self> {
        let own = std::env::current_exe()?;
        // The benchmark lies in target/PROFILE/deps, the programs one directory up.
        let bin_dir = own.ancestors().nth(2).ok_or("the benchmark lies in no target directory")?;
        let timings = Timings {
            attach_nic_ms: Some(50),
            attached_ms: Some(80),
            detach_ms: Some(50),
            boot_ms: Some(20),
            imds_lag_ms: Some(0),
            ..Timings::default()
        };
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![bin_dir.to_owned()],
            timings,
            zones: Some(1),
            ..Options::default()
        })?;
        let throttling =
            steadfast_sim::control::Request::SetThrottling { enabled: false, scale: None };
        region.request(&throttling)?;
        let eni = region.create_pool(POOL, 1, true)?.swap_remove(0);
        let instance = region.launch(&LaunchRequest::default())?;
        region.wait_running(&instance)?;
        let steadfast = bin_dir.join("steadfast").display().to_string();
        Ok(Self { region, instance, steadfast, own: own.display().to_string(), eni })
    }

    /// Starts the command under the agent and returns when it runs.
    fn start(&self, script: &str) -> Result<Child> {
        let _ = self.output(&["rm", "-f", "/run/steadfast/keeper"]);
        let run = [&self.steadfast, "run", "--pool", POOL, "--plain", "--", "sh", "-c", script];
        let child = self
            .region
            .exec(&self.instance, &run)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        wait_for("the command", || {
            let status = self.output(&["cat", "/run/steadfast/slot.json"])?;
            Ok(status.contains("sh runs"))
        })?;
        Ok(child)
    }

    /// Milliseconds from the loss to the death of one command.
    fn lose(&self, script: &str) -> Result<f64> {
        let mut agent = self.start(script)?;
        if script == JVM {
            wait_for("the JVM's writes", || {
                Ok(self.output(&["ls", "/var/lib"])?.contains("writes"))
            })?;
        }
        let judge = self
            .region
            .exec(&self.instance, &[&self.own, "judge"])
            .stdout(Stdio::piped())
            .spawn()?;
        wait_for("the judge", || Ok(self.output(&["ls", "/run"])?.contains("judge-listens")))?;
        self.region.detach_by_force(&self.eni)?;
        let said = judge.wait_with_output()?;
        let status = agent.wait()?;
        if status.code() != Some(79) {
            return Err(format!("the agent ended with {status}, not fenced").into());
        }
        let _ = self.output(&["rm", "-f", "/var/lib/writes"]);
        Ok(String::from_utf8_lossy(&said.stdout).trim().parse::<f64>()?)
    }

    /// What the agent weighs, and the calls that it made meanwhile.
    fn weigh(&self) -> Result<(Weight, usize)> {
        let mut agent = self.start("exec sleep 10001")?;
        let calls = || Ok::<usize, Error>(self.region.log(0)?.len());
        let before = calls()?;
        std::thread::sleep(SETTLE);
        let made = calls()? - before;
        let weight = self.output(&[&self.own, "weigh"])?;
        self.region.detach_by_force(&self.eni)?;
        agent.wait()?;
        Ok((serde_json::from_str(&weight)?, made))
    }

    fn output(&self, args: &[&str]) -> Result<String> {
        let output = self.region.exec(&self.instance, args).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + DEADLINE;
    while !is_so()? {
        if Instant::now() > end {
            return Err(format!("{what}: not within {DEADLINE:?}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn print(figures: &Figures) {
    println!("{:<28} {:>7} {:>12} {:>12}", "lost slot of", "losses", "median", "worst");
    for Latency { kind, losses, median_ms, worst_ms } in &figures.fence {
        println!("{kind:<28} {losses:>7} {median_ms:>9.1} ms {worst_ms:>9.1} ms");
    }
    let Weight { agent, keeper } = &figures.weight;
    println!("agent, guarding:  {} KiB resident, {} KiB proportional", agent.rss, agent.pss);
    println!("keeper:           {} KiB resident, {} KiB proportional", keeper.rss, keeper.pss);
    println!(
        "EC2 calls in {} s of guarding: {}",
        figures.settled_s, figures.ec2_calls_while_guarding
    );
}

fn write(figures: &Figures) -> Result<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("fence.json");
    std::fs::write(&path, serde_json::to_string_pretty(figures)? + "\n")?;
    Ok(path)
}
