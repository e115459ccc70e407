//! What the user types for `steadfast connect-string`.

use clap::{Args, ValueEnum};

use super::common::OperatorArgs;
use crate::ids::Chroot;

/// Of `connect-string`.
#[derive(Debug, Args)]
pub struct ConnectStringArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// The znode that is the client's root, as /kafka [default: none].
    #[arg(long, value_name = "PATH")]
    pub chroot: Option<Chroot>,

    /// What it is written as.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ConnectStringFormat,
}

/// What a connect string is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ConnectStringFormat {
    /// The string alone.
    #[default]
    Text,
    /// A line of Kafka's server.properties: zookeeper.connect=...
    Properties,
    /// A line for a shell or a unit's EnvironmentFile: STEADFAST_CONNECT_STRING=...
    Env,
    /// One JSON object.
    Json,
}
