//! An instance and its states.

use std::net::Ipv4Addr;

use super::ids::{ImageId, InstanceId, ReservationId};
use super::tags::Tags;
use super::types::InstanceType;

/// An instance.
#[derive(Debug, Clone)]
pub struct Instance {
    pub id: InstanceId,
    /// Its place in the order of creation.
    pub number: usize,
    pub reservation: ReservationId,
    /// Its place among those of one RunInstances.
    pub launch_index: usize,
    pub image: ImageId,
    pub kind: &'static InstanceType,
    pub state: State,
    /// When the present transition is over, if there is one.
    pub due_ms: Option<u64>,
    /// Why it is stopped or terminated.
    pub reason: Option<Reason>,
    pub impaired: Impaired,
    /// When it was last started.
    pub launched_ms: u64,
    pub zone: String,
    /// The primary address, which names the host for life.
    pub address: Ipv4Addr,
    pub user_data: Vec<u8>,
    /// The instance profile's name, which is its role's, too.
    pub profile: Option<String>,
    pub metadata: Metadata,
    pub tags: Tags,
    pub client_token: String,
    pub credentials: Credentials,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
}

/// What ails a running instance without EC2's knowing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Impaired {
    /// Its processes are stopped.
    pub hung: bool,
    /// It is cut off the network.
    pub cut: bool,
}

/// Why an instance is stopped or terminated, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    pub cause: Cause,
    pub at_ms: u64,
}

/// Who ended an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A caller of the API, or a group.
    User,
    /// The instance itself.
    Guest,
    /// The machine, which could not run it.
    Machine,
}

impl Cause {
    /// EC2's code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::User => "Client.UserInitiatedShutdown",
            Self::Guest => "Client.InstanceInitiatedShutdown",
            Self::Machine => "Server.InternalError",
        }
    }

    /// What EC2 says beside the code.
    pub fn text(self) -> &'static str {
        match self {
            Self::User => "User initiated shutdown",
            Self::Guest => "Instance initiated shutdown",
            Self::Machine => "Internal error on launch",
        }
    }
}

/// EC2's states of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// EC2's number for the state.
    pub fn code(self) -> u16 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    /// Whether it runs or is about to.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }

    /// Whether it is on its way down, when no guest answers a detach.
    pub fn is_going_down(self) -> bool {
        matches!(self, Self::Stopping | Self::ShuttingDown)
    }
}

/// What the instance's metadata service offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    pub enabled: bool,
    /// Whether every request needs a token (IMDSv2 alone).
    pub tokens_required: bool,
    pub hop_limit: u8,
    /// Whether tags are shown.
    pub tags: bool,
}

impl Default for Metadata {
    /// As of what is launched without EC2's API, whose own default is to show no tags.
    fn default() -> Self {
        Self { enabled: true, tokens_required: true, hop_limit: 2, tags: true }
    }
}

/// What the instance's role signs with; the access key names the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    pub session_token: String,
}

impl Credentials {
    /// Temporary ones, as their `ASIA` says.
    pub fn fresh(rng: &mut fastrand::Rng) -> Self {
        let mut letters = |count: usize, from: &[u8]| -> String {
            (0..count).map(|_| char::from(from[rng.usize(..from.len())])).collect()
        };
        let upper = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let any = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        Self {
            access_key: format!("ASIA{}", letters(16, upper)),
            secret_key: letters(40, any),
            session_token: format!("IQoJ{}", letters(160, any)),
        }
    }
}
