//! PID 1 of an instance: makes its root, configures its primary interface, runs its user-data, and
//! reaps what is orphaned.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{WaitOptions, WaitStatus};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::disk::{Disk, Identity};
use super::enter::environment;
use super::error::{Explain, Result};
use super::primary::Lease;
use super::process::before_exec;
use super::root::Root;
use super::{mounts, word};

/// Where user-data is run from: the one place that nobody mounts `noexec`.
const USER_DATA: &str = "/run/cloud-init/user-data";

/// What an instance's PID 1 is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct InitSpec {
    /// `i-...`.
    pub instance: String,
    /// The host name.
    pub hostname: String,
    /// Its disk.
    pub disk: PathBuf,
    /// Its console's log.
    pub console: PathBuf,
    /// Directories of the host that it sees at the same path.
    pub shares: Vec<PathBuf>,
    /// Its primary interface's settings.
    pub lease: Lease,
    /// Run if it begins with `#!`.
    pub user_data: Vec<u8>,
}

/// Reads an `InitSpec` from standard input, which comes once the interfaces are plugged; says
/// `up` on standard output, or what went wrong; then runs until it is told to end.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.explain(|| "cannot start")?.block_on(async {
        let started = boot().await;
        match &started {
            Ok(_) => word::say("up"),
            Err(error) => word::say(error),
        }
        serve(started?).await
    })
}

/// A started instance.
struct Booted {
    console: Console,
    user_data: Option<u32>,
    deaths: Signal,
    end: Signal,
}

async fn boot() -> Result<Booted> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).explain(|| "cannot read what to boot")?;
    let spec: InitSpec = serde_json::from_str(&text).explain(|| "cannot read what to boot")?;
    let console = Console::open(&spec.console)?;
    console.say(&format!("{} boots", spec.instance));
    rustix::system::sethostname(spec.hostname.as_bytes()).explain(|| "cannot set the host name")?;
    enter_root(&spec)?;
    spec.lease.apply().await?;
    let deaths = signal(SignalKind::child()).explain(|| "cannot watch children")?;
    let end = signal(SignalKind::terminate()).explain(|| "cannot watch signals")?;
    let user_data = start_user_data(&spec, &console)?;
    Ok(Booted { console, user_data, deaths, end })
}

fn enter_root(spec: &InitSpec) -> Result<()> {
    let address = spec.lease.address();
    let identity = Identity { instance: &spec.instance, hostname: &spec.hostname, address };
    let disk = Disk::open(spec.disk.clone(), &identity)?;
    mounts::make_private()?;
    Root::gather(&disk, &spec.shares)?.enter()
}

/// Starts user-data in a session of its own, with the console as its output.
fn start_user_data(spec: &InitSpec, console: &Console) -> Result<Option<u32>> {
    if !spec.user_data.starts_with(b"#!") {
        if !spec.user_data.is_empty() {
            console.say("user-data does not begin with #!, so it is not run");
        }
        return Ok(None);
    }
    let path = Path::new(USER_DATA);
    write_script(path, &spec.user_data).explain(|| format!("cannot write {USER_DATA}"))?;
    let mut command = Command::new(path);
    command.env_clear().envs(environment()).current_dir("/").stdin(Stdio::null());
    command.stdout(console.output()?).stderr(console.output()?);
    before_exec(&mut command, || rustix::process::setsid().map(drop).map_err(Into::into));
    match command.spawn() {
        Ok(child) => Ok(Some(child.id())),
        // As on EC2, where an instance runs whatever becomes of its user-data.
        Err(error) => {
            console.say(&format!("cannot run user-data: {error}"));
            Ok(None)
        }
    }
}

fn write_script(path: &Path, text: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    fs::write(path, text)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Reaps until it is told to end.
async fn serve(mut booted: Booted) -> Result<()> {
    word::fall_silent()?;
    loop {
        tokio::select! {
            _ = booted.deaths.recv() => booted.reap(),
            _ = booted.end.recv() => return Ok(()),
        }
    }
}

impl Booted {
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if self.user_data == Some(pid.as_raw_nonzero().get().cast_unsigned()) {
                self.user_data = None;
                self.console.say(&format!("user-data {}", ending(status)));
            }
        }
    }
}

fn ending(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The console's log; opened before the root changes, since it lies outside.
struct Console(File);

impl Console {
    fn open(path: &Path) -> Result<Console> {
        let file = File::options().append(true).create(true).open(path);
        file.map(Console).explain(|| format!("cannot open {}", path.display()))
    }

    /// Adds a line; a full disk is no reason for an instance to die.
    fn say(&self, line: &str) {
        let _ = writeln!(&self.0, "[steadfast-sim] {line}");
    }

    fn output(&self) -> Result<File> {
        self.0.try_clone().explain(|| "cannot open the console")
    }
}
