//! A region of one's own for a test or an example: up while the handle lives, gone with it.

use std::ffi::OsStr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Client, ClientError, Result};
use crate::control::{InstanceView, LaunchRequest, Timings};
use crate::kernel::{Process, StateDir, clean_up};

/// The longest a boot may take, beside the region's own `boot_ms`.
const BOOT: Duration = Duration::from_secs(60);

/// The longest a region's end may take.
const END: Duration = Duration::from_secs(60);

/// How a region is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The `steadfast-sim` program.
    pub sim_binary: PathBuf,
    /// Directories that instances see read-only at the same path.
    pub shares: Vec<PathBuf>,
    /// How long things take, where it differs from the defaults.
    pub timings: Timings,
    /// The seed of every choice; 0 if absent.
    pub seed: Option<u64>,
    /// How many zones; three if absent.
    pub zones: Option<u8>,
}

/// A running region; it ends when this is dropped, and when the process that made it dies.
#[derive(Debug)]
pub struct LocalRegion {
    client: Client,
    sim: PathBuf,
    /// The region lives as long as this pipe.
    lifeline: Option<ChildStdin>,
    /// The region's PID 1, from when it is up.
    process: Option<Process>,
}

impl LocalRegion {
    /// Starts a region under a name that no other has.
    pub fn up(options: &Options) -> Result<LocalRegion> {
        let name = unique_name();
        let state = StateDir::of(&name).map_err(|error| ClientError::Refused(error.0))?;
        let mut up = command(options, &name);
        let mut up = up.spawn().map_err(|cause| {
            let program = options.sim_binary.display();
            ClientError::Refused(format!("cannot run {program}: {cause}"))
        })?;
        let lifeline = up.stdin.take();
        // The handle first, so that its drop cleans up whatever comes next.
        let sim = options.sim_binary.clone();
        let client = Client::new(state);
        let mut region = LocalRegion { client, sim, lifeline, process: None };
        wait_up(up)?;
        region.process = region.client.state_dir().recorded();
        Ok(region)
    }

    /// Launches one instance; the answer is its id.
    pub fn launch(&self, launch: &LaunchRequest) -> Result<String> {
        let ids = self.client.launch(launch)?;
        ids.into_iter().next().ok_or_else(|| ClientError::Confused("no instance".to_owned()))
    }

    /// Waits until an instance runs, so that programs can be started in it.
    pub fn wait_running(&self, instance: &str) -> Result<InstanceView> {
        self.client.wait_booted(instance, BOOT)
    }

    /// A command that runs a program in an instance: its streams and exit status are the
    /// program's, and the program dies with it; what that has started lives on, as over ssh.
    pub fn exec<S: AsRef<OsStr>>(&self, instance: &str, args: &[S]) -> Command {
        let mut command = self.command("exec");
        command.arg(instance).arg("--").args(args);
        command
    }

    /// The same with variables for the program's environment.
    pub fn exec_with<S: AsRef<OsStr>>(
        &self,
        instance: &str,
        environment: &[(&str, &str)],
        args: &[S],
    ) -> Command {
        let mut command = self.command("exec");
        for (name, value) in environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command.arg(instance).arg("--").args(args);
        command
    }

    /// A command that runs a program of the host in the router's network.
    pub fn router<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = self.command("exec");
        command.arg("--router").arg("--").args(args);
        command
    }

    /// A command of `steadfast-sim` that addresses this region.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.sim);
        command.args([subcommand, "--name", self.name()]);
        command
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.client.state_dir().name()
    }

    /// The `steadfast-sim` program that it runs on.
    pub fn sim_binary(&self) -> &Path {
        &self.sim
    }
}

impl Deref for LocalRegion {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for LocalRegion {
    fn drop(&mut self) {
        // The pipe's end would end it, too; this waits until nothing of it is left. A drop has
        // nobody to tell what failed.
        if let Some(process) = self.process {
            let _ = process.kill(END);
        }
        let _ = clean_up(self.client.state_dir());
        drop(self.lifeline.take());
    }
}

fn command(options: &Options, name: &str) -> Command {
    let mut command = Command::new(&options.sim_binary);
    command.args(["up", "--die-with-parent", "--name", name]);
    for share in &options.shares {
        command.arg("--share").arg(share);
    }
    if let Some(seed) = options.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if let Some(zones) = options.zones {
        command.args(["--zones", &zones.to_string()]);
    }
    for (name, value) in given(&options.timings) {
        command.args(["--timing", &format!("{name}={value}")]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The timings that are given, by name.
fn given(timings: &Timings) -> Vec<(String, u64)> {
    let Ok(serde_json::Value::Object(all)) = serde_json::to_value(timings) else {
        return Vec::new();
    };
    all.into_iter().filter_map(|(name, value)| Some((name, value.as_u64()?))).collect()
}

fn wait_up(up: Child) -> Result<()> {
    let done = up.wait_with_output().map_err(|cause| ClientError::Refused(cause.to_string()))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(ClientError::Refused(said.trim().trim_start_matches("steadfast-sim: ").to_owned()))
}

/// Unlike any other region's of this machine: by process and count.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{count}", std::process::id())
}
