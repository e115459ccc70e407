//! What the user types for `steadfast doctor`.

use clap::Args;

use super::common::{OperatorArgs, OutputFormat};
use crate::operator::doctor::Role;

/// Of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// Whose permissions are looked for [default: agent on an instance, operator elsewhere].
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: Option<Role>,

    /// An Auto Scaling group of the pool's instances, beside those that launched its holders and this
    /// instance; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub auto_scaling_group: Vec<String>,

    /// Write nothing to ZooKeeper: by default one ephemeral znode is made, timed and removed.
    #[arg(long)]
    pub no_probe: bool,

    /// Do not ask ZooKeeper: for a place that does not reach the slots' addresses.
    #[arg(long)]
    pub no_zookeeper: bool,

    /// Look at this host, too [default: if it is an EC2 instance].
    #[arg(long, overrides_with = "no_host")]
    pub host: bool,

    /// Leave this host out, even if it is an instance.
    #[arg(long)]
    pub no_host: bool,

    /// Show what is fine, too.
    #[arg(long, short)]
    pub verbose: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}
