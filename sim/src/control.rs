//! What a person or a test asks of a running region beside the EC2 API: one JSON request, one JSON
//! reply, over the region's Unix socket.
//!
//! What EC2's API can do (create an ENI, terminate an instance) is not doubled here; what needs the
//! region's own powers is: faults, timings, the log of calls, Auto Scaling groups, name look-ups.
//! The exception is an instance's life (`Launch`, `Terminate`, `Stop`, `Start`), so that a person
//! needs no EC2 client for it; these do what the operator's EC2 calls do, without token buckets,
//! faults or an entry in the log of calls.
//!
//! The value of `Reply::State` is a `State`: the region makes it with `serde_json::to_value`.

mod faults;
mod view;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use faults::{Fault, FaultKind};
pub use view::{Call, CredentialsView, EniView, InstanceView, State};

/// The role, and the instance profile, of what is launched or a group keeps without EC2's API.
pub const ROLE: &str = "steadfast";
/// Who calls with the keys of [`RegionInfo::environment`], an IAM user of this name.
pub const OPERATOR: &str = "operator";

/// A request to the region.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Request {
    /// What the region is and how to reach it.
    Describe,
    /// Makes a pool: ENIs tagged `steadfast:pool` and `steadfast:slot`, spread over the zones.
    CreatePool(PoolRequest),
    /// Makes or changes an Auto Scaling group.
    PutGroup(GroupRequest),
    /// Ends a group and terminates its instances.
    DeleteGroup {
        /// The group's name.
        name: String,
    },
    /// Makes a directory an image, whose instances are machines.
    RegisterImage {
        /// Its full path.
        directory: PathBuf,
    },
    /// Launches instances.
    Launch(LaunchRequest),
    /// Terminates instances: returns at once, as EC2 does.
    Terminate {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Stops instances: returns at once.
    Stop {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Starts stopped instances: returns at once.
    Start {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Stops every process of running instances; answered when all have stopped.
    Hang {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Has the processes of hung instances go on.
    Resume {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Cuts running instances off the network, silently; answered when nothing passes any more.
    Cut {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Gives cut instances their network back.
    Mend {
        /// Their ids.
        instances: Vec<String>,
    },
    /// Changes the timings that it names; the others stay.
    SetTimings(Timings),
    /// Switches EC2's token buckets, which are on at first, and scales their sizes and rates.
    SetThrottling {
        /// Whether calls are throttled at all.
        enabled: bool,
        /// How many times EC2's own sizes and rates; as before if absent.
        #[serde(default)]
        scale: Option<f64>,
    },
    /// Adds a fault.
    AddFault(Fault),
    /// Gives a role, or the operator, an IAM policy in place of the one that it has.
    SetPolicy {
        /// The role's name, such as [`ROLE`], or [`OPERATOR`].
        name: String,
        /// The policy's JSON; if absent, everything is allowed again.
        #[serde(default)]
        document: Option<String>,
    },
    /// Removes every fault.
    ClearFaults,
    /// The log of API calls from an offset on.
    Log {
        /// The number of the first call wanted.
        since: usize,
    },
    /// The whole state, for people and tests to look at.
    State,
    /// Ends the region.
    Down,
}

/// The region's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Reply {
    /// To [`Request::Describe`].
    Region(RegionInfo),
    /// To [`Request::CreatePool`]: the ENI ids in slot order.
    Pool {
        /// `eni-...`.
        enis: Vec<String>,
    },
    /// To [`Request::RegisterImage`].
    Image {
        /// `ami-...`.
        image: String,
    },
    /// To [`Request::Launch`]: the instances' ids.
    Instances {
        /// `i-...`.
        instances: Vec<String>,
    },
    /// To [`Request::Log`].
    Log {
        /// In the order in which they took effect; the oldest are forgotten in the end.
        calls: Vec<Call>,
    },
    /// To [`Request::State`]: a [`State`] as JSON.
    State {
        /// A [`State`].
        state: serde_json::Value,
    },
    /// Done.
    Done,
    /// Not done: one line that a person can act on.
    Error {
        /// Lower case: the object, the cause, the next step.
        message: String,
    },
}

/// How to reach the region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegionInfo {
    /// The AWS region's name, such as `eu-west-1`.
    pub region: String,
    /// The EC2 endpoint for programs on the host.
    pub endpoint: String,
    /// The EC2 endpoint for programs inside instances.
    pub endpoint_inside: String,
    /// Zones with the id and networks of their subnet.
    pub subnets: Vec<SubnetInfo>,
    /// The environment of an operator on the host: `AWS_ENDPOINT_URL`, keys, region.
    pub environment: BTreeMap<String, String>,
}

/// A subnet of the region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubnetInfo {
    /// `subnet-...`.
    pub id: String,
    /// The zone's name, such as `eu-west-1a`.
    pub zone: String,
    /// The IPv4 network, as CIDR.
    pub ipv4: String,
    /// The IPv6 network, as CIDR.
    pub ipv6: String,
}

/// A pool to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PoolRequest {
    /// The value of `steadfast:pool`.
    pub name: String,
    /// How many slots; slot k lies in zone (k - 1) modulo the zones.
    pub slots: u32,
    /// Whether each gets an IPv6 address, too.
    #[serde(default)]
    pub ipv6: bool,
}

/// An Auto Scaling group: it keeps its count in its zones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupRequest {
    /// The group's name; its instances bear it in `aws:autoscaling:groupName`.
    pub name: String,
    /// How many instances, spread evenly over the zones.
    pub desired: u32,
    /// Zone names (`eu-west-1a`) or letters (`a`); all of the region's if empty.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Such as `t3.small`.
    pub instance_type: String,
    /// Tags that instances get at launch.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Run at boot.
    #[serde(default)]
    pub user_data: String,
    /// `ami-...`, as [`Request::RegisterImage`] gave it; the host's userland if absent.
    #[serde(default)]
    pub image: Option<String>,
}

/// Instances to launch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LaunchRequest {
    /// The zone's name (`eu-west-1a`) or its letter (`a`); the first if absent.
    pub zone: Option<String>,
    /// Such as `t3.small`, which is taken if absent.
    pub instance_type: Option<String>,
    /// Tags of the instances.
    pub tags: BTreeMap<String, String>,
    /// Run at boot.
    pub user_data: String,
    /// How many; 0 counts as 1.
    pub count: u32,
    /// `ami-...`, as [`Request::RegisterImage`] gave it; the host's userland if absent.
    pub image: Option<String>,
}

/// How long things take, each in milliseconds; `None` leaves a timing as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// From a call's arrival to its answer.
    pub api_ms: Option<u64>,
    /// From attach's answer to the NIC in the instance.
    pub attach_nic_ms: Option<u64>,
    /// From attach's answer to the status `attached`.
    pub attached_ms: Option<u64>,
    /// From detach's answer to the NIC gone and the ENI `available`.
    pub detach_ms: Option<u64>,
    /// From run or start to `running`, when user-data starts.
    pub boot_ms: Option<u64>,
    /// From stop to `stopped`.
    pub stop_ms: Option<u64>,
    /// From terminate to `terminated`, when secondary ENIs come free.
    pub terminate_ms: Option<u64>,
    /// From a group's loss to the launch of the replacement.
    pub replace_ms: Option<u64>,
    /// How far behind the last write a read may be.
    pub stale_ms: Option<u64>,
    /// From an attach to its appearance in IMDS.
    pub imds_lag_ms: Option<u64>,
    /// From its appearance in IMDS to a right `device-number` (0 until then).
    pub imds_device_number_lag_ms: Option<u64>,
}
