//! The host's side of a region's beginning and end.
//!
//! What must be reached from the host is bound here, before the region leaves the host's network:
//! a socket keeps the namespace that it was made in.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};

use super::daemon::DaemonArgs;
use super::error::{Explain, Result};
use super::process::{before_exec, this_program};
use super::root::is_hidden;
use super::state_dir::StateDir;
use crate::control::Timings;
use crate::fabric::FabricError;

/// The longest a region's end may take: its kernel work is some milliseconds an instance.
const END: Duration = Duration::from_secs(60);

/// A region to start.
#[derive(Debug)]
pub struct StartOptions {
    /// Where the EC2 API listens on the host; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The AWS region's name.
    pub region: String,
    /// How many zones.
    pub zones: u8,
    /// The seed of every choice.
    pub seed: u64,
    /// How long things take.
    pub timings: Timings,
    /// Directories that instances see at the same path.
    pub shares: Vec<PathBuf>,
    /// What the region's life hangs on: it ends when this pipe's other end closes.
    pub lifeline: Option<Stdio>,
}

/// Starts a region and returns when it answers.
pub fn start(state: &StateDir, options: StartOptions) -> Result<()> {
    let lock = state.lock()?;
    if state.recorded().is_some_and(|region| region.is_alive()) {
        return Err(FabricError(format!(
            "region {0} is up already: end it with steadfast-sim down --name {0}, or start \
             another with --name",
            state.name()
        )));
    }
    state.clear()?;
    state.create()?;
    let ready = launch(state, options);
    drop(lock);
    ready.and_then(|ready| wait_until_ready(state, ready)).inspect_err(|_| {
        // The reason is what counts, not what else failed on the way out.
        let _ = clean_up(state);
    })
}

/// Ends what is left of a region, crashed or not. Tells whether there was anything.
pub fn clean_up(state: &StateDir) -> Result<bool> {
    let found = state.exists();
    if let Some(region) = state.recorded() {
        region.kill(END)?;
    }
    state.remove()?;
    Ok(found)
}

/// Starts the processes; the answer is what the region's PID 1 prints.
fn launch(state: &StateDir, options: StartOptions) -> Result<impl Read + use<>> {
    keep_to_ourselves()?;
    let api = bind_api(options.listen)?;
    let listen = api.local_addr().explain(|| "cannot listen")?;
    let control = UnixListener::bind(state.socket());
    let control = control.explain(|| format!("cannot listen on {}", state.socket().display()))?;
    let arguments = DaemonArgs {
        state_dir: state.path().to_owned(),
        api: pass_on(&api)?,
        control: pass_on(&control)?,
        listen,
        region: options.region,
        zones: options.zones,
        seed: options.seed,
        timings: options.timings,
        shares: shares(options.shares)?,
        lifeline: options.lifeline.is_some(),
    };
    let arguments = serde_json::to_string(&arguments).explain(|| "arguments")?;
    let mut command = this_program();
    command.args(["__namespaces", &arguments]).stdin(options.lifeline.unwrap_or(Stdio::null()));
    spawn(command, state)
}

fn spawn(mut command: Command, state: &StateDir) -> Result<impl Read + use<>> {
    let doing = || "cannot start the region";
    let log = File::create(state.log()).explain(|| state.log().display().to_string())?;
    command.current_dir("/").stdout(Stdio::piped()).stderr(log);
    // A session of its own: the terminal's Ctrl-C is not for the region.
    before_exec(&mut command, || rustix::process::setsid().map(drop).map_err(Into::into));
    let mut child = command.spawn().explain(doing)?;
    let output = child.stdout.take().ok_or_else(|| FabricError(doing().to_owned()))?;
    // It ends as soon as the region's PID 1 runs, which then goes on alone.
    let status = child.wait().explain(doing)?;
    if !status.success() {
        return Err(FabricError(first_line(state).unwrap_or_else(|| doing().to_owned())));
    }
    Ok(output)
}

fn wait_until_ready(state: &StateDir, output: impl Read) -> Result<()> {
    let mut word = String::new();
    let read = BufReader::new(output).read_line(&mut word);
    read.explain(|| "cannot hear from the region")?;
    match word.trim_end() {
        "ready" => Ok(()),
        "" => Err(FabricError(first_line(state).unwrap_or("the region ended at once".to_owned()))),
        trouble => Err(FabricError(trouble.to_owned())),
    }
}

/// The first thing that the region's processes said on standard error: what the others say follows
/// from it.
fn first_line(state: &StateDir) -> Option<String> {
    let log = std::fs::read_to_string(state.log()).ok()?;
    let line = log.lines().find(|line| !line.trim().is_empty())?;
    Some(line.trim_start_matches("steadfast-sim: ").to_owned())
}

/// The API checks no keys, so only this machine may reach it.
fn bind_api(listen: SocketAddr) -> Result<TcpListener> {
    if !listen.ip().is_loopback() {
        return Err(FabricError(format!(
            "cannot listen on {listen}: only on loopback, since anyone who reaches it may do \
             anything in the region"
        )));
    }
    TcpListener::bind(listen).explain(|| format!("cannot listen on {listen}"))
}

/// Has child processes inherit nothing that our caller left open (a job server's pipe, a terminal):
/// a region lives long, and instances are no business of theirs.
fn keep_to_ourselves() -> Result<()> {
    // SAFETY: the flag changes nothing for this process; no descriptor is closed.
    let done = unsafe { libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC.cast_signed()) };
    let done = if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) };
    done.explain(|| "cannot set descriptors to close")
}

/// Lets child processes inherit a descriptor, which they learn by its number.
fn pass_on(listener: &(impl AsFd + AsRawFd)) -> Result<i32> {
    fcntl_setfd(listener, FdFlags::empty()).explain(|| "cannot pass a listener on")?;
    Ok(listener.as_raw_fd())
}

/// What instances see of the host beside its programs: what was asked for, and, so that a build
/// under `/tmp` can be run, where this program and its caller are.
fn shares(asked: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut shares = Vec::new();
    for path in asked {
        shares.push(asked_share(&path)?);
    }
    let program = std::env::current_exe().ok();
    let program = program.and_then(|path| path.parent().map(Path::to_owned));
    let implied = [program, std::env::current_dir().ok()].into_iter().flatten();
    shares.extend(implied.filter(|path| is_hidden(path) && path.components().count() > 2));
    shares.sort();
    shares.dedup();
    Ok(shares)
}

fn asked_share(path: &Path) -> Result<PathBuf> {
    let full = path.canonicalize().explain(|| format!("cannot share {}", path.display()))?;
    if !full.is_dir() {
        return Err(FabricError(format!("cannot share {}: not a directory", path.display())));
    }
    if is_hidden(&full) && full.components().count() <= 2 {
        return Err(FabricError(format!(
            "cannot share {}: instances have their own; share a directory in it",
            path.display()
        )));
    }
    Ok(full)
}
