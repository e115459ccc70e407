//! What the user types for `steadfast reclaim`.

use clap::Args;

use super::common::{AskedArgs, OperatorArgs};
use crate::ids::{InstanceId, SlotNumber};
use crate::operator::reclaim::Override;

/// Of `reclaim`.
#[derive(Debug, Args)]
pub struct ReclaimArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// The slot that is to be taken from its holder.
    #[arg(value_name = "SLOT")]
    pub slot: SlotNumber,

    /// The running instance that the slot is then attached to [default: whichever claims it].
    #[arg(long, value_name = "INSTANCE")]
    pub to: Option<InstanceId>,

    /// Why, for the audit tag: who reads it later asks that first.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Have EC2 take the slot from a holder that runs without waiting for its kernel to let go; needed
    /// where it hangs. A detach that is stuck is finished by it.
    #[arg(long)]
    pub force: bool,

    /// What is not to keep anyone from it.
    #[command(flatten)]
    pub despite: DespiteArgs,

    /// Whether it is asked about, done and how it is told.
    #[command(flatten)]
    pub asked: AskedArgs,
}

/// A person's word against refusals.
#[derive(Debug, Args)]
pub struct DespiteArgs {
    /// Do it although the holder's ZooKeeper serves: its clients lose it.
    #[arg(long)]
    pub even_if_serving: bool,

    /// Do it although the holder runs, and nobody here can see whether its ZooKeeper serves.
    #[arg(long)]
    pub even_if_unseen: bool,

    /// Do it although the other servers are no quorum, as far as can be seen from here.
    #[arg(long)]
    pub even_without_quorum: bool,

    /// Do it although another slot is down, so that one loss more may cost the quorum.
    #[arg(long)]
    pub even_if_another_is_down: bool,
}

impl DespiteArgs {
    /// What was said.
    pub fn overrides(&self) -> Vec<Override> {
        let said = [
            (self.even_if_serving, Override::Serving),
            (self.even_if_unseen, Override::Unseen),
            (self.even_without_quorum, Override::WithoutQuorum),
            (self.even_if_another_is_down, Override::AnotherDown),
        ];
        said.into_iter().filter_map(|(is_said, what)| is_said.then_some(what)).collect()
    }
}
