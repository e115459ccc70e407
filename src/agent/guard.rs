//! The guard: once a slot is claimed and configured, it watches until the slot is no longer ours.
//!
//! Three watches, side by side, none of which waits for another:
//!
//! | watch | by | loses the slot when |
//! |---|---|---|
//! | of the NIC | the kernel's events, and a look every 2 s | the NIC has gone, at once |
//! | `restore` | events, and a look every 5 s | an address is away for 10 s, and cannot be put back |
//! | `attachment` | IMDS every 15 s; EC2 when IMDS raises a `doubt` | EC2 says so twice |
//!
//! While all is well nothing is changed and EC2 is not called. When the slot is lost nothing is
//! changed either: the blackhole and the rules stay, and hold what the fence may have missed.

mod attachment;
mod doubt;
mod pace;
mod restore;

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::sleep;

pub use self::doubt::Standing;

use self::attachment::Attachment;
use self::pace::Said;
use self::restore::Keeper;
use super::{Agent, Facts, SlotNic};
use crate::cloud::{Cloud, Metadata};
use crate::ids::{AttachmentId, EniId, SlotNumber};
use crate::net::{Host, Nic, SlotNetwork};

/// How long after the kernel could not be asked it is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why the slot is no longer ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fenced {
    /// The kernel no longer has the slot's NIC.
    #[error("the slot's NIC {} ({}) has gone: its interface was detached", nic.name, nic.mac)]
    NicGone {
        /// The NIC.
        nic: SlotNic,
    },
    /// An address of the slot's is gone from its NIC.
    #[error(
        "the slot's address {ip} is not on {nic} and could not be put back for {}: {because}",
        humantime::format_duration(*within)
    )]
    AddressGone {
        /// The address.
        ip: IpAddr,
        /// The NIC's name.
        nic: String,
        /// How long it was tried.
        within: Duration,
        /// Why it was in vain.
        because: String,
    },
    /// EC2 says that the slot is not attached here as it was, while the kernel still has its NIC.
    #[error("slot {slot} ({eni}) was attached here by {attachment}, but EC2 {standing}")]
    AttachedElsewhere {
        /// The slot.
        slot: SlotNumber,
        /// Its ENI.
        eni: EniId,
        /// The attachment that was ours.
        attachment: AttachmentId,
        /// What EC2 says.
        standing: Standing,
    },
}

/// The guard of one slot, and all that it needs.
pub struct Guard<'a, C, M> {
    /// Asked when in doubt only.
    pub cloud: &'a C,
    /// Asked now and then.
    pub metadata: &'a M,
    /// This host.
    pub host: &'a Host,
    /// The network as it was applied.
    pub want: &'a SlotNetwork,
    /// The slot, its attachment and its routing table.
    pub facts: &'a Facts,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Guards the slot of a claim. Returns only when the slot is lost. Cancel safe.
    pub async fn guard(&self, want: &SlotNetwork, facts: &Facts) -> Fenced {
        let Self { cloud, metadata, host, .. } = self;
        Guard { cloud, metadata, host, want, facts }.run().await
    }
}

impl<C: Cloud, M: Metadata> Guard<'_, C, M> {
    /// Returns only when the slot is lost. Cancel safe: dropped, it changes nothing any more, but
    /// for the one change that may be under way.
    pub async fn run(&self) -> Fenced {
        let Some(nic) = self.nic().await else {
            return self.nic_gone();
        };
        tokio::select! {
            // The NIC's event is what most often counts, and the first to be heeded.
            biased;
            () = self.until_gone(&nic) => self.nic_gone(),
            fenced = Attachment::new(self.cloud, self.metadata, self.facts).lost() => fenced,
            fenced = Keeper::new(self.host, self.want, &nic, self.facts.table).keep() => fenced,
        }
    }

    /// The slot's NIC, if it is still there; from here on it is known by its index.
    async fn nic(&self) -> Option<Nic> {
        let mut said = Said::default();
        loop {
            match self.host.nic(self.want.mac).await {
                Ok(nic) => return nic,
                Err(error) => said.warn(&error.to_string()),
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// Returns when the NIC has gone. An error is not taken for that: it is the kernel that has
    /// not answered, and a server that serves is not killed for it.
    async fn until_gone(&self, nic: &Nic) {
        let mut said = Said::default();
        while let Err(error) = self.host.nic_gone(nic).await {
            said.warn(&error.to_string());
            sleep(RETRY_AFTER).await;
        }
    }

    fn nic_gone(&self) -> Fenced {
        Fenced::NicGone { nic: self.facts.nic.clone() }
    }
}
