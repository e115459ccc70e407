//! What a person or a test sees of a region: its instances and ENIs as they are, and the calls that were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole state, as people and tests look at it: never stale.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Every instance that the region remembers, in order of launch.
    pub instances: Vec<InstanceView>,
    /// Every ENI, in order of creation.
    pub enis: Vec<EniView>,
    /// What the kernel did not do, one line each; it is empty if all is well.
    #[serde(default)]
    pub trouble: Vec<String>,
}

/// An instance in the [`State`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceView {
    /// `i-...`.
    pub id: String,
    /// EC2's name of the state, such as `running`.
    pub state: String,
    /// Whether its processes are stopped: what EC2 does not know.
    pub hung: bool,
    /// Whether it is cut off the network: what EC2 does not know.
    pub cut: bool,
    /// The zone's name.
    pub zone: String,
    /// Such as `t3.small`.
    pub instance_type: String,
    /// The primary interface's primary address.
    pub private_ip: String,
    /// Tags, among them `aws:autoscaling:groupName` if a group launched it.
    pub tags: BTreeMap<String, String>,
    /// What its role signs with, if it has one: a caller with it is taken for the instance.
    pub credentials: Option<CredentialsView>,
}

/// Temporary credentials of an instance's role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialsView {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

/// An ENI in the [`State`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EniView {
    /// `eni-...`.
    pub id: String,
    /// `available`, `attaching`, `in-use` or `detaching`.
    pub status: String,
    /// The zone's name.
    pub zone: String,
    /// As six colon-separated bytes.
    pub mac: String,
    /// The first is the primary address.
    pub ipv4: Vec<String>,
    /// Possibly none.
    pub ipv6: Vec<String>,
    /// The instance that it is attached to.
    pub instance: Option<String>,
    /// `eni-attach-...`.
    pub attachment: Option<String>,
    /// Of the attachment.
    pub device_index: Option<u32>,
    /// Tags, among them `steadfast:pool` and `steadfast:slot`.
    pub tags: BTreeMap<String, String>,
}

/// An API call as the log has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// Its place in the log, from 0.
    pub number: usize,
    /// Milliseconds since the region came up.
    pub at_ms: u64,
    /// `i-...`, or `operator`.
    pub caller: String,
    /// The EC2 action.
    pub action: String,
    /// Its parameters as sent.
    pub parameters: BTreeMap<String, String>,
    /// `ok`, an EC2 error code, or the fault (`hang`, `lose-reply`).
    pub outcome: String,
}
