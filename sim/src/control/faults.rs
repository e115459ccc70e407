//! What goes wrong on demand.

use serde::{Deserialize, Serialize};

/// A fault: what goes wrong, for whom, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// An EC2 action (`AttachNetworkInterface`), or `*` for any; `imds` for any request to the
    /// metadata service, `imds-token` for a token alone.
    pub action: String,
    /// Only calls by this instance; `operator` for callers outside; anyone if absent.
    #[serde(default)]
    pub caller: Option<String>,
    /// How many matching calls pass first.
    #[serde(default)]
    pub after: u32,
    /// How many matching calls it hits; all if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// The chance of hitting a matching call, from 0 to 1; 1 if absent.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The seed of that chance.
    #[serde(default)]
    pub seed: u64,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// EC2's error form with this HTTP status, code and message; nothing is changed.
    Error {
        /// Such as 400.
        status: u16,
        /// Such as `IncorrectState`.
        code: String,
        /// For people.
        message: String,
    },
    /// `UnauthorizedOperation`, also for a dry run; nothing is changed.
    Deny,
    /// The answer comes this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Nothing is done and no answer ever comes.
    Hang,
    /// The change is made, then the connection is closed without an answer.
    LoseReply,
    /// The attachment is made, but no NIC appears in the instance.
    NicNeverAppears,
}
