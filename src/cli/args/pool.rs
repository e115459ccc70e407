//! What the user types for `steadfast pool`.

use clap::{Args, Subcommand};

mod change;
mod create;

use super::common::{ChangeArgs, OperatorArgs, OutputFormat};
use crate::ids::SlotNumber;

pub use change::{AdoptArgs, RetireArgs};
pub use create::CreateArgs;

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
    /// Make the slots of a pool that are not there yet: an ENI each, with an address that stays.
    ///
    /// What is there is never changed, so a second run makes what is missing and nothing else. Slots
    /// are spread over the subnets in turn (slot 1 in the first one), or are given an address each,
    /// whose subnet is found. An odd number of slots in at least three zones is what ZooKeeper wants.
    Create(Box<CreateArgs>),
    /// Make slots of ENIs that are there already, by tagging them.
    Adopt(AdoptArgs),
    /// Print the pool as EC2 has it: slots, addresses, holders and what is wrong with it.
    Show(ShowArgs),
    /// Take a slot out of the pool for good: the ensemble has one server less then.
    ///
    /// Not for a server that is lost: its replacement takes over the slot. Every server must be
    /// restarted with the shorter list and clients want a new connect string. The ENI keeps a tag that
    /// says which slot it was; `pool adopt` brings it back.
    Retire(RetireArgs),
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

    /// Whether it is done, and how it is told.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Of `pool show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// How the pool is told.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}
