//! The way from the host into a region: into an instance, or to the router.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::{PidfdFlags, pidfd_open};
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces,
};

use super::error::{Explain, Result};
use super::machine::{self, Ended, NotRun};
use super::process::{Process, number};
use super::router::ENDPOINT_URL;
use super::state_dir::StateDir;
use crate::fabric::FabricError;

/// The longest that a machine's guest agent may take to say that it is there.
const PROMPT: Duration = Duration::from_secs(2);

/// A place in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The network of the router, with the host's files.
    Router,
    /// An instance, by its id.
    Instance(String),
}

/// Moves this process into a place; children that it has from then on are there in every respect.
///
/// To be called before any thread is started.
pub fn enter(state: &StateDir, region: Process, place: &Place) -> Result<()> {
    enter_region(region)?;
    match place {
        Place::Router => Ok(()),
        Place::Instance(instance) => enter_instance(state, instance),
    }
}

fn enter_region(region: Process) -> Result<()> {
    let doing = || "cannot enter the region";
    let handle = pidfd_open(number(region.pid)?, PidfdFlags::empty()).explain(doing)?;
    let mut namespaces = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::PROCESS_ID
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME;
    // Nobody may enter the user namespace that he is in, so root's region is entered without.
    let user = |process: String| fs::read_link(format!("/proc/{process}/ns/user"));
    if user(region.pid.to_string()).explain(doing)? != user("self".into()).explain(doing)? {
        namespaces |= ThreadNameSpaceType::USER;
    }
    move_into_thread_name_spaces(handle.as_fd(), namespaces).explain(doing)
}

/// By the links in `/proc`, which is the region's by now: its process numbers are not the host's,
/// by which a handle would be opened.
fn enter_instance(state: &StateDir, instance: &str) -> Result<()> {
    let init = recorded_init(state, instance)?;
    let doing = || format!("cannot enter {instance}");
    let mut links = Vec::new();
    for (name, kind) in [
        ("net", LinkNameSpaceType::Network),
        ("uts", LinkNameSpaceType::HostNameAndNISDomainName),
        ("pid", LinkNameSpaceType::ProcessID),
        ("mnt", LinkNameSpaceType::Mount),
    ] {
        let link = File::open(format!("/proc/{}/ns/{name}", init.pid)).explain(doing)?;
        links.push((link, kind));
    }
    for (link, kind) in links {
        move_into_link_name_space(link.as_fd(), Some(kind)).explain(doing)?;
    }
    Ok(())
}

/// Whether an instance is up, so that programs can be started in it. EC2 calls it running before.
pub fn is_booted(state: &StateDir, instance: &str) -> bool {
    let agent = state.guest_agent(instance);
    if agent.exists() {
        return block_on(machine::answers(&agent, PROMPT)).unwrap_or(false);
    }
    state.instance_pid(instance).exists()
}

/// Runs a program in an instance that is a machine, to its end; nothing if it is none.
pub fn run_in_machine(
    state: &StateDir,
    instance: &str,
    command: &[String],
    environment: &[String],
) -> Option<std::result::Result<Ended, NotRun>> {
    let agent = state.guest_agent(instance);
    let run = || block_on(machine::run(&agent, command, environment));
    agent.exists().then(|| run().unwrap_or_else(|error| Err(NotRun::Unreachable(error))))
}

fn block_on<T>(what: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.explain(|| "cannot start")?.block_on(what))
}

/// The PID 1 of an instance as the region recorded it, if it still runs.
fn recorded_init(state: &StateDir, instance: &str) -> Result<Process> {
    let recorded = fs::read(state.instance_pid(instance)).ok();
    let recorded: Option<Process> = recorded.and_then(|text| serde_json::from_slice(&text).ok());
    recorded
        .filter(Process::is_alive)
        .ok_or_else(|| FabricError(format!("{instance} is not up: see steadfast-sim instances")))
}

/// The environment of programs in an instance. Nothing of the host's is in it: credentials come
/// from IMDS, and so would the endpoint, were this EC2.
///
/// The directory of this program comes first in the path: `steadfast` lies beside it.
pub fn environment() -> Vec<(&'static str, String)> {
    let terminal = std::env::var("TERM").unwrap_or_else(|_| "linux".to_owned());
    vec![
        ("AWS_ENDPOINT_URL", ENDPOINT_URL.to_owned()),
        ("HOME", "/root".to_owned()),
        ("PATH", path()),
        ("TERM", terminal),
    ]
}

fn path() -> String {
    let own = std::env::current_exe().ok();
    let own = own.as_deref().and_then(Path::parent).map(|dir| format!("{}:", dir.display()));
    own.unwrap_or_default() + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
