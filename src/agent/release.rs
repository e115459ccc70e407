//! Gives one's own slot back, so that the host is as it was and the slot is free.
//!
//! First the detach, then the undoing: as long as the NIC is attached its routes hold, and once it
//! is gone the blackhole does, so at no moment does traffic for the peers leave by another way.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tracing::info;

use super::run::{RECORD, REMAINS_TIMEOUT, ZOO_CFG};
use super::{Agent, AgentError, Facts};
use crate::cloud::patience;
use crate::cloud::{Attachment, AttachmentStatus, CallError, Cloud, Eni, Metadata, Mode};
use crate::ids::{AttachmentId, EniId, MacAddr, SlotNumber};
use crate::supervise::remains_gone;

/// How long a detached slot's NIC may take to leave the kernel.
const VANISH_TIMEOUT: Duration = Duration::from_secs(60);

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Released {
    /// The slots that this instance held; normally one, none if it held none.
    pub slots: Vec<ReleasedSlot>,
    /// The changes to the host's network, in the syntax of `ip`.
    pub network: Vec<String>,
    /// The process of the `steadfast run` that was stopped first, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u32>,
}

/// A slot that was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReleasedSlot {
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// The attachment that was ended.
    pub attachment: AttachmentId,
}

/// A slot that is to be given back.
struct Own {
    slot: SlotNumber,
    eni: EniId,
    mac: MacAddr,
    attachment: AttachmentId,
    /// Whether its detach has been asked for already.
    is_leaving: bool,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Gives back every slot that this instance holds, or with [`Mode::DryRun`] asks EC2 whether
    /// it would be allowed to. Holding none is no error.
    ///
    /// # Errors
    /// EC2 or the kernel refuses, or the slot is not gone by the deadline.
    pub async fn release(&self, mode: Mode) -> Result<Released, AgentError> {
        let facts = self.earlier_facts().await?;
        let own = self.own(facts.as_ref()).await?;
        if mode == Mode::Do {
            // A run that was killed leaves a command that is being killed: it goes before its slot.
            remains_gone(&self.request.run_dir.join(RECORD), REMAINS_TIMEOUT).await?;
        }
        for own in own.iter().filter(|own| !own.is_leaving) {
            self.detach_own(own, mode).await?;
        }
        let slots = released(&own);
        if mode == Mode::DryRun {
            return Ok(Released { slots, network: Vec::new(), stopped: None });
        }
        for own in &own {
            self.await_gone(own).await?;
        }
        self.remove_files()?;
        let network = self.host.undo(own.first().map(|own| own.mac)).await?;
        let network: Vec<String> = network.iter().map(ToString::to_string).collect();
        info!(changes = network.len(), "network: {} changes undone", network.len());
        Facts::remove(&self.request.run_dir)?;
        Ok(Released { slots, network, stopped: None })
    }

    /// What `run` has left beside the facts; the lock stays, since others may wait for it.
    fn remove_files(&self) -> Result<(), AgentError> {
        for name in [ZOO_CFG, RECORD] {
            let path = self.request.run_dir.join(name);
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(AgentError::file(&path)(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The slots that this instance holds, by EC2's answer about this instance: a pool whose tags
    /// are wrong elsewhere keeps nobody from giving back. The slot of the facts is among them even
    /// if its tags are gone, or if the kernel shows it while a stale read shows nothing or an
    /// earlier attachment: to take that for the truth would leave it attached for good.
    async fn own(&self, facts: Option<&Facts>) -> Result<Vec<Own>, AgentError> {
        let enis = self.retried(|| self.cloud.attached_to(&self.me.instance)).await?;
        let own = |eni: Eni| {
            let by_facts = || facts.filter(|facts| facts.eni == eni.id).map(|facts| facts.slot);
            let slot = eni.slot_of(&self.request.pool).or_else(by_facts)?;
            let Attachment { id: attachment, status, .. } = eni.attachment?;
            let is_leaving = status == AttachmentStatus::Detaching;
            Some(Own { slot, eni: eni.id, mac: eni.mac, attachment, is_leaving })
        };
        let mut own: Vec<Own> = enis.into_iter().filter_map(own).collect();
        if let Some(facts) = facts
            && own.iter().all(|own| own.attachment != facts.attachment)
            && self.has_nic(facts.nic.mac).await?
        {
            own.push(Own {
                slot: facts.slot,
                eni: facts.eni.clone(),
                mac: facts.nic.mac,
                attachment: facts.attachment.clone(),
                is_leaving: false,
            });
        }
        own.sort_by_key(|own| own.slot);
        Ok(own)
    }

    async fn detach_own(&self, own: &Own, mode: Mode) -> Result<(), CallError> {
        let Own { slot, attachment, .. } = own;
        info!(slot = slot.get(), %attachment, "detaching slot {slot}");
        match self.retried(|| self.cloud.detach(attachment, false, mode)).await {
            Err(CallError::AttachmentGone) => Ok(()),
            answer => answer,
        }
    }

    async fn await_gone(&self, own: &Own) -> Result<(), AgentError> {
        match self.host.nic_vanishes(own.mac, VANISH_TIMEOUT).await? {
            true => Ok(()),
            false => {
                let waited = humantime::format_duration(VANISH_TIMEOUT).to_string();
                Err(AgentError::StillHere { slot: own.slot, waited })
            }
        }
    }

    /// Makes a call until it is answered for good, or the deadline has passed.
    pub(super) async fn retried<T, F>(&self, call: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        patience::retried(self.request.deadline, call).await
    }
}

/// Each slot once, by its last known attachment.
fn released(own: &[Own]) -> Vec<ReleasedSlot> {
    let released = |own: &Own| {
        let Own { slot, eni, attachment, .. } = own;
        (*slot, ReleasedSlot { slot: *slot, eni: eni.clone(), attachment: attachment.clone() })
    };
    own.iter().map(released).collect::<BTreeMap<_, _>>().into_values().collect()
}
