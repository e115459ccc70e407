//! This host's part of it: who it is, what it believes that it holds, and what it is like.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::agent::Facts as AgentFacts;
use crate::cli::args::DoctorArgs;
use crate::cli::file::FileSettings;
use crate::cli::operator::Operator;
use crate::cli::settings;
use crate::cloud::imds::Imds;
use crate::cloud::{Identity, Metadata, MetadataError};
use crate::ids::MacAddr;
use crate::operator::doctor::host::{self, Believed, Files, Root, SlotNic};
use crate::operator::doctor::tags::Seen;
use crate::operator::doctor::{Area, Check, Finding};
use crate::zookeeper::render::DATA_DIR;

const METADATA: Check = Check::of(Area::Host, "metadata");
const READABLE: Check = Check::of(Area::Host, "readable");
const SLOT_JSON: Check = Check::of(Area::Host, "slot-json");

/// How long a host that is surely an instance waits for IMDS, whose client asks four times meanwhile.
const METADATA_PATIENCE: Duration = Duration::from_secs(5);
/// How long any other does: IMDS answers within milliseconds where there is one.
const METADATA_GLANCE: Duration = Duration::from_secs(2);

/// How long this host's files may take: they are few and small.
const FILES_PATIENCE: Duration = Duration::from_secs(5);

/// Who this is, if it is an instance or is to be looked at as one.
pub type Me = Option<Result<Identity, MetadataError>>;

/// Asks IMDS who this is; none if it is no instance, or is to be left out.
pub async fn identify(args: &DoctorArgs, it: &Operator) -> Me {
    if args.no_host {
        return None;
    }
    let is_sure = args.host || is_instance(&run_dir(args, it));
    let patience = if is_sure { METADATA_PATIENCE } else { METADATA_GLANCE };
    match timeout(patience, Imds::new().identity()).await {
        Ok(Ok(identity)) => Some(Ok(identity)),
        Ok(Err(error)) => is_sure.then_some(Err(error)),
        Err(_) => is_sure.then(|| Err(MetadataError::Unreachable { cause: late(patience) })),
    }
}

fn run_dir(args: &DoctorArgs, it: &Operator) -> PathBuf {
    settings::run_dir(&args.common.target, &it.file)
}

/// Whether the machine says by itself that it is one of EC2's, or a slot was claimed here.
fn is_instance(run_dir: &Path) -> bool {
    let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    vendor.trim() == "Amazon EC2" || matches!(AgentFacts::read(run_dir), Ok(Some(_)))
}

fn late(patience: Duration) -> String {
    format!("no answer within {}", humantime::format_duration(patience))
}

/// The findings on this host; none if it is left out.
pub async fn examine(args: &DoctorArgs, it: &Operator, me: &Me, seen: &[Seen<'_>]) -> Vec<Finding> {
    let Some(me) = me else { return Vec::new() };
    let run_dir = run_dir(args, it);
    let mut found = vec![metadata(me)];
    let believed = match AgentFacts::read(&run_dir) {
        Ok(facts) => facts.map(believed),
        Err(error) => {
            found.push(SLOT_JSON.unknown("what this instance says that it holds", error));
            None
        }
    };
    let subnets = match &believed {
        Some(believed) => subnets(believed.mac).await,
        None => Ok(Vec::new()),
    };
    let root = Root::at("/");
    let id = me.as_ref().ok().map(|me| me.instance.clone());
    let network = host::network(&root, id, believed, subnets).await;
    found.extend(host::check_network(&network, seen, &it.pool));
    let data_dir = data_dir(&run_dir, &it.file);
    match files(network.nic, data_dir, it.file.user.clone()).await {
        Some(files) => found.extend(host::check_files(&files, seen)),
        None => {
            found.push(READABLE.unknown("what lies on this host", late(FILES_PATIENCE)).hint(
                "a disk hangs, perhaps ZooKeeper's: see `dmesg`, and `cat /proc/pressure/io`",
            ))
        }
    }
    found
}

/// Read on a thread that nobody waits for, at the program's end either: a read of a disk that hangs has
/// no end, and no deadline of ours interrupts it.
async fn files(nic: Option<SlotNic>, data_dir: PathBuf, user: Option<String>) -> Option<Files> {
    let (done, files) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more where it was too late.
        let _ = done.send(host::files(&Root::at("/"), nic.as_ref(), &data_dir, user.as_deref()));
    });
    timeout(FILES_PATIENCE, files).await.ok()?.ok()
}

fn metadata(me: &Result<Identity, MetadataError>) -> Finding {
    match me {
        Ok(me) => METADATA.ok(format!("IMDS answers: this is {} in {}", me.instance, me.zone)),
        Err(error) => METADATA
            .error(error.to_string())
            .why("without it the agent does not know who it is, and its role has no credentials"),
    }
}

fn believed(facts: AgentFacts) -> Believed {
    let others = facts.peers.iter().filter(|peer| peer.slot != facts.slot);
    Believed {
        peers: others.flat_map(|peer| peer.addresses.iter().copied()).collect(),
        pool: facts.pool,
        slot: facts.slot,
        attachment: facts.attachment,
        device_index: facts.device_index,
        mac: facts.nic.mac,
        table: facts.table,
        addresses: facts.addresses,
    }
}

async fn subnets(mac: MacAddr) -> Result<Vec<ipnet::IpNet>, String> {
    let asked = timeout(METADATA_PATIENCE, Imds::new().subnet_networks(mac)).await;
    asked.map_err(|_| late(METADATA_PATIENCE))?.map_err(|error| error.to_string())
}

/// Where ZooKeeper's data lies: as it was started last, else as the settings say.
fn data_dir(run_dir: &Path, file: &FileSettings) -> PathBuf {
    let rendered = std::fs::read_to_string(run_dir.join("zoo.cfg")).unwrap_or_default();
    let rendered = rendered.lines().find_map(|line| line.strip_prefix("dataDir="));
    let set = file.zookeeper.as_ref().and_then(|table| table.get("dataDir")?.as_str());
    rendered.or(set).unwrap_or(DATA_DIR).trim().into()
}
