//! Gives one's own slot back, so that the host is as it was and the slot is free.
//!
//! First the detach, then the undoing: as long as the NIC is attached its routes hold, and once it
//! is gone the blackhole does, so at no moment does traffic for the peers leave by another way.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::{Agent, AgentError, Facts, backoff};
use crate::cloud::{AttachmentStatus, CallError, Cloud, Metadata, Mode};
use crate::ids::{AttachmentId, EniId, SlotNumber};
use crate::pool::{Pool, Slot};

/// How long a detached slot's NIC may take to leave the kernel.
const VANISH_TIMEOUT: Duration = Duration::from_secs(60);

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Released {
    /// The slots that this instance held; normally one, none if it held none.
    pub slots: Vec<ReleasedSlot>,
    /// The changes to the host's network, in the syntax of `ip`.
    pub network: Vec<String>,
}

/// A slot that was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleasedSlot {
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// The attachment that was ended.
    pub attachment: AttachmentId,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Gives back every slot that this instance holds, or with [`Mode::DryRun`] asks EC2 whether
    /// it would be allowed to. Holding none is no error.
    ///
    /// # Errors
    /// EC2 or the kernel refuses, or the slot is not gone by the deadline.
    pub async fn release(&self, mode: Mode) -> Result<Released, AgentError> {
        let enis = self.retried(|| self.cloud.pool(&self.request.pool)).await?;
        let pool = Pool::from_enis(&self.request.pool, enis)?;
        let mut slots = Vec::new();
        for slot in pool.slots.values().filter(|slot| slot.is_held_by(&self.me.instance)) {
            slots.extend(self.release_slot(slot, mode).await?);
        }
        if mode == Mode::DryRun {
            return Ok(Released { slots, network: Vec::new() });
        }
        let network = self.host.undo(slots_mac(&pool, &slots)).await?;
        let network: Vec<String> = network.iter().map(ToString::to_string).collect();
        info!(changes = network.len(), "network: {} changes undone", network.len());
        Facts::remove(&self.request.run_dir)?;
        Ok(Released { slots, network })
    }

    async fn release_slot(
        &self,
        slot: &Slot,
        mode: Mode,
    ) -> Result<Option<ReleasedSlot>, AgentError> {
        let Some(attachment) = &slot.attachment else {
            return Ok(None);
        };
        if attachment.status != AttachmentStatus::Detaching {
            info!(slot = slot.number.get(), attachment = %attachment.id, "detaching slot {}", slot.number);
            let detached = self.retried(|| self.cloud.detach(&attachment.id, false, mode)).await;
            match detached {
                Ok(()) | Err(CallError::AttachmentGone) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if mode == Mode::Do && !self.host.nic_vanishes(slot.mac, VANISH_TIMEOUT).await? {
            let waited = humantime::format_duration(VANISH_TIMEOUT).to_string();
            return Err(AgentError::StillHere { slot: slot.number, waited });
        }
        let (slot, eni) = (slot.number, slot.eni.clone());
        Ok(Some(ReleasedSlot { slot, eni, attachment: attachment.id.clone() }))
    }

    /// Makes a call until it is answered for good, or the deadline has passed.
    pub(super) async fn retried<T, F>(&self, call: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        for round in 0.. {
            let error = match call().await {
                Err(error) if error.may_pass() => error,
                settled => return settled,
            };
            let until = Instant::now() + backoff::pause(round, fastrand::f64());
            if until > self.deadline {
                return Err(error);
            }
            warn!("{error}");
            sleep_until(until).await;
        }
        unreachable!("the loop ends by its deadline")
    }
}

fn slots_mac(pool: &Pool, released: &[ReleasedSlot]) -> Option<crate::ids::MacAddr> {
    Some(pool.slots.get(&released.first()?.slot)?.mac)
}
