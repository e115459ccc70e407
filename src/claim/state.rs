//! The states of a claim, what happens to it, and what it asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, HostFault, Memory};
use crate::cloud::{AttachmentStatus, CallError, InstanceState};
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, SlotNumber};
use crate::pool::{Pool, PoolError};

/// What does not change while a claim runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// This instance.
    pub me: InstanceId,
    /// Its availability zone.
    pub zone: String,
    /// Which slot is wanted.
    pub want: Want,
    /// The attachment that an earlier run brought into use, by the facts file: its slot may serve
    /// right now, so a failure of this run never detaches it.
    pub in_use: Option<AttachmentId>,
}

/// Which slot is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// Any.
    Any,
    /// This one first, then any (`--slot N`).
    Prefer(SlotNumber),
    /// This one or none (`--only-slot N`).
    Only(SlotNumber),
}

impl Want {
    /// Whether a slot would do.
    pub fn admits(self, slot: SlotNumber) -> bool {
        match self {
            Self::Only(only) => only == slot,
            Self::Any | Self::Prefer(_) => true,
        }
    }

    /// The slot to try first.
    pub fn first(self) -> Option<SlotNumber> {
        match self {
            Self::Any => None,
            Self::Prefer(slot) | Self::Only(slot) => Some(slot),
        }
    }
}

/// A slot and where on this instance it goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// The device index.
    pub index: DeviceIndex,
}

/// A slot that is attached to this instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held {
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// The attachment, which a rollback names.
    pub attachment: AttachmentId,
    /// The device index.
    pub index: DeviceIndex,
    /// Whether an earlier run attached it.
    pub resumed: bool,
}

/// Where a claim stands. Each state but the last two waits for the outcome of one effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// Reads the pool.
    Reading(Memory),
    /// No progress possible now: waits, then reads again.
    Pausing(Memory),
    /// Asks what state the holders of the zone's slots are in.
    CheckingHolders {
        /// The slots in question, in the order of preference.
        held: Vec<(SlotNumber, AttachmentId, InstanceId)>,
        /// What is remembered.
        memory: Memory,
    },
    /// Takes a lost holder's slot from it.
    Detaching {
        /// Which attachment.
        attachment: AttachmentId,
        /// Whether without the holder's consent.
        force: bool,
        /// What is remembered.
        memory: Memory,
    },
    /// Attaches a free slot.
    Attaching {
        /// The slot being tried.
        target: Target,
        /// The other candidates of the same read, in order.
        rest: Vec<(SlotNumber, EniId)>,
        /// What is remembered.
        memory: Memory,
    },
    /// EC2 says that there is no room where we see some: asks what is attached to this instance.
    Explaining {
        /// The slot that was tried.
        target: Target,
        /// What EC2 said.
        refusal: CallError,
        /// What is remembered.
        memory: Memory,
    },
    /// Attached, says EC2; waits for the NIC.
    AwaitingNic(Held),
    /// The NIC is there; configures and verifies the host, writes the facts.
    Configuring(Held),
    /// Rolls back: removes the configuration.
    Undoing(Held, Failure),
    /// Rolls back: detaches.
    RollingBack(Held, Failure, u8),
    /// Rolls back: waits before the next try.
    RollbackPausing(Held, Failure, u8),
    /// Done: the slot is ours and usable.
    Held(Held),
    /// Failed. `left` names a slot that is, or may be, still attached.
    Failed {
        /// Why.
        why: Failure,
        /// What the claim could not give back or did not want to.
        left: Option<SlotNumber>,
    },
}

impl State {
    /// Where a claim begins, with the effect that it then waits for: [`Effect::ReadPool`].
    pub fn start() -> Self {
        Self::Reading(Memory::default())
    }

    /// Whether the claim has ended.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Held(_) | Self::Failed { .. })
    }

    /// The state's name, for logs and for [`super::Unexpected`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reading(_) => "reading",
            Self::Pausing(_) => "pausing",
            Self::CheckingHolders { .. } => "checking-holders",
            Self::Detaching { .. } => "detaching",
            Self::Attaching { .. } => "attaching",
            Self::Explaining { .. } => "explaining",
            Self::AwaitingNic(_) => "awaiting-nic",
            Self::Configuring(_) => "configuring",
            Self::Undoing(..) => "undoing",
            Self::RollingBack(..) => "rolling-back",
            Self::RollbackPausing(..) => "rollback-pausing",
            Self::Held(_) => "held",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What this instance knows of its own interfaces without EC2: from the kernel and IMDS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LocalNics {
    /// The hardware addresses in the kernel or in IMDS: whichever shows an interface first.
    pub macs: BTreeSet<MacAddr>,
    /// The device indexes in use, 0 always among them.
    pub indexes: BTreeSet<DeviceIndex>,
}

/// A read of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// What EC2 showed, perhaps a stale view.
    pub pool: Pool,
    /// What the instance itself knew at that moment.
    pub local: LocalNics,
}

/// A read of the holders' states.
pub type HoldersView = BTreeMap<InstanceId, InstanceState>;

/// A read of what is attached to this instance.
pub type OwnView = Vec<OwnAttachment>;

/// An interface of this instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnAttachment {
    /// The ENI.
    pub eni: EniId,
    /// Its slot, if it is one of the pool's.
    pub slot: Option<SlotNumber>,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Its device index.
    pub index: DeviceIndex,
    /// How far it has come.
    pub status: AttachmentStatus,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// [`Effect::ReadPool`] is done.
    PoolRead(Result<PoolView, CallError>),
    /// [`Effect::ReadPool`] is done, but what was read is no pool.
    PoolInvalid(PoolError),
    /// [`Effect::Pause`] is over.
    PauseOver,
    /// [`Effect::ReadHolders`] is done.
    HoldersRead(Result<HoldersView, CallError>),
    /// [`Effect::Detach`] is done.
    Detached(Result<(), CallError>),
    /// [`Effect::Attach`] is done.
    Attached(Result<AttachmentId, CallError>),
    /// [`Effect::ReadOwn`] is done.
    OwnRead(Result<OwnView, CallError>),
    /// [`Effect::AwaitNic`]: the NIC is in the kernel.
    NicAppeared,
    /// [`Effect::AwaitNic`]: it is not, and the time for it is over.
    NicMissing,
    /// [`Effect::Configure`] is done.
    Configured(Result<(), HostFault>),
    /// [`Effect::Unconfigure`] is done, as well as it went.
    Unconfigured,
    /// [`Effect::Pause`]: the deadline passes first.
    DeadlinePassed,
    /// [`Effect::Pause`] or [`Effect::AwaitNic`]: a signal asks the agent to end.
    Interrupted,
}

impl Event {
    /// The event's name, for logs and for [`super::Unexpected`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::PoolRead(_) => "pool-read",
            Self::PoolInvalid(_) => "pool-invalid",
            Self::PauseOver => "pause-over",
            Self::HoldersRead(_) => "holders-read",
            Self::Detached(_) => "detached",
            Self::Attached(_) => "attached",
            Self::OwnRead(_) => "own-read",
            Self::NicAppeared => "nic-appeared",
            Self::NicMissing => "nic-missing",
            Self::Configured(_) => "configured",
            Self::Unconfigured => "unconfigured",
            Self::DeadlinePassed => "deadline-passed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What the claim asks the agent to do. Each is answered by the event of the like name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Read the pool and the local interfaces.
    ReadPool,
    /// Read the states of these instances.
    ReadHolders(Vec<InstanceId>),
    /// Read what is attached to this instance.
    ReadOwn,
    /// Attach.
    Attach(Target),
    /// Detach by attachment id.
    Detach {
        /// Which attachment.
        attachment: AttachmentId,
        /// Whether without the holder's consent.
        force: bool,
    },
    /// Wait for the slot's NIC in the kernel.
    AwaitNic(Held),
    /// Configure and verify the host for the slot, write the facts.
    Configure(Held),
    /// Remove what [`Effect::Configure`] made.
    Unconfigure(Held),
    /// Wait, longer at each consecutive round, with jitter.
    Pause {
        /// Consecutive rounds without progress, from 0.
        round: u32,
        /// Whether this clears up after a failure: then neither the deadline nor a signal ends it.
        past_deadline: bool,
    },
}
