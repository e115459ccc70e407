//! What the user types for `steadfast pool`.

use clap::{Args, Subcommand};

use super::common::OperatorArgs;
use crate::ids::SlotNumber;

/// Of `pool`.
#[derive(Debug, Args)]
pub struct PoolArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PoolCommand,
}

/// What to do with a pool.
#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// After disks were lost: let the empty disk of one slot vote at its next start.
    ///
    /// A server whose disk is empty has no vote until it has taken over the others' data, so that
    /// nothing acknowledged is forgotten. If so many disks are lost that those with data are no
    /// majority any more, the ensemble stays down until one empty disk is allowed to vote. WHAT THIS
    /// RISKS: every write that only the lost disks held is gone for good, although clients were told
    /// that it is safe. Bring a lost disk back instead wherever you can.
    Bootstrap(BootstrapArgs),
}

/// Of `pool bootstrap`.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// The slot whose empty disk is to vote.
    #[arg(long, value_name = "N")]
    pub slot: SlotNumber,

    /// What would have to be typed, POOL/N: for scripts that have asked a person.
    #[arg(long, value_name = "POOL/N")]
    pub confirm: Option<String>,

    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}
