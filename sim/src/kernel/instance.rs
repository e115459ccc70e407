//! One running instance, as the region's process holds it: its PID 1, its boot, its end.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::end::End;
use super::error::{Explain, Result};
use super::freeze::{Frozen, freeze, thaw};
use super::init::InitSpec;
use super::primary::Lease;
use super::process::{Process, this_program};
use super::state_dir::StateDir;
use crate::fabric::{BootSpec, FabricError};

/// The longest a step of a boot or a power cut may take: they take milliseconds, more only on a
/// machine that is swamped.
const STEP: Duration = Duration::from_secs(30);

/// The longest that an instance's processes may take to stop: less than a caller waits for it.
const STOP: Duration = Duration::from_secs(20);

/// A running instance.
pub struct Instance {
    process: Process,
    pipes: Mutex<Option<Pipes>>,
    /// What a hang has stopped, until it is over.
    frozen: Option<Frozen>,
    end: End,
}

/// What PID 1 is told and says until it is up.
struct Pipes {
    orders: ChildStdin,
    words: Lines<BufReader<ChildStdout>>,
}

/// What an instance is to boot as.
pub struct Orders<'a> {
    /// What the model says.
    pub spec: &'a BootSpec,
    /// Where its disk and console are.
    pub state: &'a StateDir,
    /// What it sees of the host beside programs.
    pub shares: &'a [PathBuf],
}

impl Instance {
    /// Makes an instance's namespaces and its PID 1, which then waits for its orders.
    pub async fn power_on(name: &str) -> Result<Instance> {
        let doing = || format!("cannot power {name} on");
        let mut child = Command::from(this_program())
            .arg("__power")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .explain(doing)?;
        let mut pipes = Pipes::of(&mut child)?;
        let word = pipes.hear().await?;
        let pid = word.strip_prefix("init ").and_then(|pid| pid.parse().ok());
        let pid = pid.ok_or_else(|| FabricError(format!("{}: {word}", doing())))?;
        let process = Process::find(pid);
        let process = process.ok_or_else(|| FabricError(format!("{}: it ended", doing())))?;
        let pipes = Mutex::new(Some(pipes));
        Ok(Instance { process, pipes, frozen: None, end: End::of(child) })
    }

    /// Has PID 1 boot, now that the interfaces are plugged.
    pub async fn start(&self, orders: &Orders<'_>) -> Result<()> {
        let doing = || format!("cannot boot {}", orders.spec.instance);
        let text = serde_json::to_vec(&orders.init()).explain(doing)?;
        let Some(Pipes { orders: mut pipe, mut words }) = self.pipes.lock().await.take() else {
            return Ok(());
        };
        pipe.write_all(&text).await.explain(doing)?;
        drop(pipe);
        match hear(&mut words).await?.as_str() {
            "up" => self.record(orders).explain(doing),
            trouble => Err(FabricError(format!("{}: {trouble}", doing()))),
        }
    }

    /// Lets programs be started in it: not before it is up, or they would see a half-made root.
    fn record(&self, orders: &Orders<'_>) -> std::io::Result<()> {
        let path = orders.state.instance_pid(&orders.spec.instance);
        let new = path.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&self.process)?)?;
        std::fs::rename(new, path)
    }

    /// Kills PID 1, with which everything in the instance ends, and waits until all is gone.
    pub async fn power_off(self) -> Result<()> {
        let process = self.process;
        let killed = tokio::task::spawn_blocking(move || process.kill(STEP)).await;
        killed.explain(|| "cannot cut the power")??;
        let gone = timeout(STEP, self.end().wait()).await;
        gone.explain(|| "cannot cut the power: the instance is still there")
    }

    /// Stops every process in it; done when all have stopped.
    pub async fn hang(&mut self) -> Result<()> {
        let (process, before) = (self.process, self.frozen.take());
        let frozen = tokio::task::spawn_blocking(move || freeze(process, before, STOP)).await;
        self.frozen = Some(frozen.explain(|| "cannot stop the processes")??);
        Ok(())
    }

    /// Has the processes that a hang stopped go on.
    pub async fn resume(&mut self) -> Result<()> {
        let Some(frozen) = self.frozen.take() else { return Ok(()) };
        let process = self.process;
        let thawed = tokio::task::spawn_blocking(move || thaw(process, &frozen)).await;
        thawed.explain(|| "cannot continue the processes")?
    }

    /// Its PID 1 as the region numbers it.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// Its PID 1, never to be confused with a later one.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Its end.
    pub fn end(&self) -> End {
        self.end.clone()
    }
}

impl Orders<'_> {
    fn init(&self) -> InitSpec {
        let instance = &self.spec.instance;
        InitSpec {
            instance: instance.clone(),
            hostname: self.spec.hostname.clone(),
            disk: self.state.disk(instance),
            console: self.state.console(instance),
            shares: self.shares.to_vec(),
            lease: Lease::of(&self.spec.primary),
            user_data: self.spec.user_data.clone(),
        }
    }
}

impl Pipes {
    fn of(child: &mut Child) -> Result<Pipes> {
        let missing = || FabricError("an instance's pipe is missing".to_owned());
        let orders = child.stdin.take().ok_or_else(missing)?;
        let words = BufReader::new(child.stdout.take().ok_or_else(missing)?).lines();
        Ok(Pipes { orders, words })
    }

    async fn hear(&mut self) -> Result<String> {
        hear(&mut self.words).await
    }
}

/// The next line from an instance that boots.
async fn hear(words: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    let line = timeout(STEP, words.next_line()).await.explain(|| "an instance does not boot")?;
    let line = line.explain(|| "cannot read from an instance")?;
    line.ok_or_else(|| FabricError("an instance ended while it booted".to_owned()))
}
