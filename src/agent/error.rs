//! Why the agent did not do what was asked, in one line that a person can act on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::claim::{Failure, HostFault, Unexpected};
use crate::cloud::{CallError, MetadataError};
use crate::ids::{AttachmentId, InstanceId, InvalidId, PoolName, SlotNumber};
use crate::net::NetError;
use crate::supervise::SuperviseError;
use crate::zookeeper::disk::DiskError;
use crate::zookeeper::render::ConfigError;

/// Why a claim or a release failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The claim ended without a slot.
    #[error("{}{}", detail.clone().unwrap_or_else(|| why.to_string()), left_behind(*left, instance, why))]
    Failed {
        /// Why, for the exit code.
        why: Failure,
        /// Why, in full, where the agent saw more than the machine did.
        detail: Option<String>,
        /// A slot that is, or may be, still attached.
        left: Option<SlotNumber>,
        /// This instance.
        instance: InstanceId,
    },
    /// Another agent works on this instance.
    #[error(
        "another steadfast works on this instance (it holds {path}): let it finish, then try again"
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// What guards ZooKeeper on this instance does not end.
    #[error(
        "`steadfast run` (process {pid}) has not ended after {waited}: find out what keeps it, then \
         release again"
    )]
    StillAtWork {
        /// Its process.
        pid: u32,
        /// How long it was waited for.
        waited: String,
    },
    /// systemd does not stop the unit that `steadfast run` belongs to.
    #[error("systemctl stop {unit}: {cause}; stop it by hand, then release again")]
    Systemctl {
        /// The unit.
        unit: String,
        /// Why.
        cause: String,
    },
    /// A file of ours cannot be read or written.
    #[error("{path}: {source}; {}", next_step(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The facts file is not as it was written a moment ago.
    #[error(
        "{path} was removed or changed while it was written: find out by what, and claim again"
    )]
    FactsVanished {
        /// The file.
        path: PathBuf,
    },
    /// This instance holds a slot of another pool.
    #[error(
        "this instance holds slot {slot} of pool {held}, not of pool {wanted}: run `steadfast \
         release --pool {held}` first, or mend the pool's name"
    )]
    OtherPool {
        /// What it holds.
        slot: SlotNumber,
        /// Of which pool.
        held: PoolName,
        /// The pool that was named.
        wanted: PoolName,
    },
    /// Ctrl-C while a claim gives back.
    #[error("ended at once by SIGINT; a slot may be attached: run steadfast again")]
    Interrupted,
    /// EC2 does not show what it has said that it did.
    #[error(
        "EC2 does not show the attachment {attachment} of this instance within {waited}, so it \
         cannot be known whether the slot has served before: try again"
    )]
    NotVisible {
        /// The attachment.
        attachment: AttachmentId,
        /// How long it was waited for.
        waited: String,
    },
    /// It is not the server that was configured.
    #[error(
        "the server on {server} stands alone, so it does not read the rendered zoo.cfg, and it was \
         killed: give it that path (zkServer.sh start-foreground /run/steadfast/zoo.cfg)"
    )]
    Standalone {
        /// Its address.
        server: SocketAddr,
    },
    /// Something else serves there.
    #[error(
        "something answers on {server} already ({answer}): stop it, and keep it from starting at \
         boot (Debian's zookeeperd does)"
    )]
    Occupied {
        /// The slot's address and client port.
        server: SocketAddr,
        /// What it said.
        answer: String,
    },
    /// ZooKeeper's settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// ZooKeeper's data directory.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A bug: a number of ours that is none.
    #[error("{0}; this is a bug")]
    Invalid(#[from] InvalidId),
    /// The command that was to be run.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    /// IMDS.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// EC2, outside the claim.
    #[error("{0}")]
    Call(#[from] CallError),
    /// The host's network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The slot did not leave the instance in time.
    #[error(
        "slot {slot} was detached, but its NIC is still here after {waited}: look at `aws ec2 \
         describe-network-interfaces`, and release again"
    )]
    StillHere {
        /// The slot.
        slot: SlotNumber,
        /// How long it was waited for.
        waited: String,
    },
    /// A bug: the claim stopped in the middle.
    #[error("the claim stopped in the state {state}; this is a bug")]
    Stuck {
        /// The state.
        state: &'static str,
    },
    /// A bug: an event that the claim does not know.
    #[error("{0}; this is a bug")]
    Unexpected(#[from] Unexpected),
}

impl AgentError {
    /// As the claim is told of it.
    pub(super) fn as_host_fault(&self) -> HostFault {
        let is_permission = match self {
            Self::Net(NetError::NotPermitted { .. }) => true,
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::PermissionDenied,
            _ => false,
        };
        HostFault { text: self.to_string(), is_permission }
    }

    /// For an error on a file of ours.
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}

fn left_behind(left: Option<SlotNumber>, instance: &InstanceId, why: &Failure) -> String {
    match left {
        None => String::new(),
        Some(slot) if matches!(why, Failure::Host(_) | Failure::NoNic { .. }) => format!(
            "; slot {slot} stays attached to {instance}: claim again, or give it back with \
             `steadfast release`"
        ),
        Some(slot) => format!(
            "; slot {slot} may be attached to {instance}: claim again, or give it back with \
             `steadfast release`"
        ),
    }
}

fn next_step(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "run as root",
        std::io::ErrorKind::StorageFull => "free some space",
        _ => "check the path, or name another with --run-dir",
    }
}
