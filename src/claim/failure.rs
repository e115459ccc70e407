//! Why a claim ends without a slot, in the words that its user reads.

use crate::cloud::CallError;
use crate::ids::SlotNumber;
use crate::pool::PoolError;

/// Why the host could not be configured for its slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{text}")]
pub struct HostFault {
    /// In words.
    pub text: String,
    /// Whether the kernel refuses permission, rather than something that may pass.
    pub is_permission: bool,
}

/// Why a claim failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    /// No slot came free in time. Who holds what is added by the agent, which saw it last.
    #[error("no free slot by the deadline")]
    NoSlot,
    /// The pool has no slot at all in this zone.
    #[error("the pool has no slot in this instance's zone")]
    NoSlotInZone,
    /// The demanded slot is not in the pool.
    #[error("the pool has no slot {0}: mend --only-slot, or tag an ENI as that slot")]
    NoSuchSlot(SlotNumber),
    /// The demanded slot lies in another zone.
    #[error(
        "slot {slot} lies in {zone}, and an interface can only be attached in its own zone: mend \
         --only-slot, or launch the instance there"
    )]
    SlotElsewhere {
        /// The slot.
        slot: SlotNumber,
        /// Its zone.
        zone: String,
    },
    /// This instance holds another slot than the demanded one.
    #[error(
        "this instance holds slot {held}, not slot {wanted}: run `steadfast release` first, or \
         mend --only-slot"
    )]
    HoldsAnother {
        /// What it holds.
        held: SlotNumber,
        /// What was demanded.
        wanted: SlotNumber,
    },
    /// The pool's tags are wrong.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// EC2 refused for good.
    #[error("{0}")]
    Call(CallError),
    /// EC2 said attached, but the kernel showed no NIC.
    #[error(
        "EC2 says that slot {slot} is attached, but its NIC did not appear: check the instance \
         type's limit and the kernel's log"
    )]
    NoNic {
        /// The slot.
        slot: SlotNumber,
    },
    /// The host could not be configured.
    #[error(transparent)]
    Host(#[from] HostFault),
    /// A signal asked the agent to end.
    #[error("interrupted")]
    Interrupted,
}
