//! PID 1 of a region: the router, the region's model and its callers, put together.
//!
//! It ends when asked to, when its lifeline or its directory goes, or when it is killed; whichever
//! way, the kernel ends every instance with it, since it is PID 1 of the namespace that they are in.

use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::mount::MountFlags;
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

use super::error::{Explain, Result};
use super::fabric::KernelFabric;
use super::router::{ENDPOINT, ENDPOINT_URL, IMDS, Router};
use super::state_dir::StateDir;
use super::{lifeline, mounts, namespaces, socket, word};
use crate::control::Timings;
use crate::region::{Region, RegionOptions, Side};

/// What a region is told when it starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DaemonArgs {
    /// Its place on disk.
    pub state_dir: PathBuf,
    /// The inherited listener of the EC2 API for the host.
    pub api: RawFd,
    /// The inherited listener of the control socket.
    pub control: RawFd,
    /// Where the first listens.
    pub listen: SocketAddr,
    /// The AWS region's name.
    pub region: String,
    /// How many zones.
    pub zones: u8,
    /// The seed of every choice.
    pub seed: u64,
    /// How long things take.
    pub timings: Timings,
    /// Directories of the host that instances see at the same path.
    pub shares: Vec<PathBuf>,
    /// Whether the region ends when its standard input does.
    pub lifeline: bool,
}

/// Runs a region to its end. Says `ready` on standard output, or what went wrong.
pub fn run(arguments: &str) -> Result<()> {
    let done = serve(arguments);
    if let Err(error) = &done {
        word::say(error);
    }
    done
}

fn serve(arguments: &str) -> Result<()> {
    let args: DaemonArgs = serde_json::from_str(arguments).explain(|| "arguments")?;
    // Standard error is the region's log.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let (api, control) = (adopt(args.api)?, adopt(args.control)?);
    // Whoever starts the region may keep files to himself; instances need the usual modes.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    namespaces::leave(UnshareFlags::NEWNS)?;
    mounts::make_private()?;
    // Processes are numbered anew here, which the host's /proc does not know.
    mounts::mount_new("proc", Path::new("/proc"), MountFlags::empty(), c"")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .explain(|| "cannot start")?;
    runtime.block_on(async {
        let api = TcpListener::from_std(api.into()).explain(|| "EC2 listener")?;
        let control = UnixListener::from_std(control.into()).explain(|| "control socket")?;
        serve_region(args, api, control).await
    })
}

async fn serve_region(args: DaemonArgs, api: TcpListener, control: UnixListener) -> Result<()> {
    let router = Router::start().await?;
    let imds = bind((IMDS, 80).into()).await?;
    let inside = bind((ENDPOINT, 80).into()).await?;
    let state = StateDir::at(&args.state_dir);
    let (ended, endings) = mpsc::unbounded_channel();
    let fabric = KernelFabric::new(state.clone(), args.shares.clone(), router, ended);
    let region = Region::new(options(&args), Arc::new(fabric.clone())).await;
    let region = region.explain(|| "cannot start the region")?;
    serve_callers(&region, [(api, Side::Outside), (inside, Side::Inside)], imds);
    tokio::spawn(socket::serve(control, region.clone()));
    tokio::spawn(tell_endings(region.clone(), endings));
    word::say("ready");
    word::fall_silent()?;
    tokio::select! {
        () = region.ended() => {}
        () = lifeline::ended(args.lifeline) => {}
        () = lifeline::forgotten(&state) => {}
    }
    fabric.power_off_all().await;
    state.remove()
}

fn serve_callers(region: &Region, apis: [(TcpListener, Side); 2], imds: TcpListener) {
    for (listener, side) in apis {
        let region = region.clone();
        tokio::spawn(async move { region.serve_api(listener, side).await });
    }
    let region = region.clone();
    tokio::spawn(async move { region.serve_imds(imds).await });
}

/// Tells the region of instances that end by themselves.
async fn tell_endings(region: Region, mut endings: mpsc::UnboundedReceiver<String>) {
    while let Some(instance) = endings.recv().await {
        region.instance_ended(&instance).await;
    }
}

fn options(args: &DaemonArgs) -> RegionOptions {
    RegionOptions {
        region: args.region.clone(),
        zones: args.zones,
        seed: args.seed,
        timings: args.timings.clone(),
        endpoint_outside: format!("http://{}", args.listen),
        endpoint_inside: ENDPOINT_URL.to_owned(),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.explain(|| format!("cannot listen on {address}"))
}

/// Takes over an inherited listener, which no instance shall inherit.
fn adopt(number: RawFd) -> Result<OwnedFd> {
    // SAFETY: who started us opened this descriptor for us, and nothing else here owns it: each
    // number is adopted once, before anything else is opened.
    let owned = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&owned, FdFlags::CLOEXEC).explain(|| format!("descriptor {number}"))?;
    rustix::io::ioctl_fionbio(&owned, true).explain(|| format!("descriptor {number}"))?;
    Ok(owned)
}
