//! What the agent saw last, for the sentence that says who holds what.

use std::collections::BTreeMap;

use tracing::warn;

use super::Request;
use crate::claim::{Failure, Held, Want};
use crate::cloud::{CallError, Identity, InstanceState, MetadataNic};
use crate::ids::{InstanceId, PoolName};
use crate::pool::{Pool, Slot};

/// The last answers of a claim.
#[derive(Debug, Default)]
pub struct Survey {
    /// The pool, if it could be read at all.
    pub pool: Option<Pool>,
    /// The holders' states, as far as they were asked for.
    pub states: BTreeMap<InstanceId, InstanceState>,
    /// The interfaces that IMDS lists.
    pub nics: Vec<MetadataNic>,
    /// The last call that failed, if the last one did.
    pub trouble: Option<CallError>,
}

impl Survey {
    /// The pool's name, once it was read.
    pub fn pool_name(&self) -> Option<&PoolName> {
        self.pool.as_ref().map(|pool| &pool.name)
    }

    /// Why no slot was to be had: who holds what in this zone, and where slots are free.
    pub fn explain(&self, zone: &str, request: &Request, why: &Failure) -> Option<String> {
        let pool = self.pool.as_ref()?;
        let elsewhere = match pool.free_elsewhere(zone) {
            zones if zones.is_empty() => "no slot is free elsewhere".to_owned(),
            zones => format!("free slots are in {zones}"),
        };
        if matches!(why, Failure::NoSlotInZone) {
            return Some(format!(
                "{pool} has no slot in {zone}; {elsewhere}: tag an ENI of this zone, or launch \
                 the instance in a zone of the pool"
            ));
        }
        let wait = humantime::format_duration(request.wait);
        let slots = self.holdings(zone, request.want);
        let trouble = self.trouble.as_ref().map(|e| format!("; last: {e}")).unwrap_or_default();
        Some(format!("no free slot in {zone} after {wait}: {slots}; {elsewhere}{trouble}"))
    }

    /// Who holds what in this zone, of the slots that would do.
    pub fn holdings(&self, zone: &str, want: Want) -> String {
        let slots = self.pool.iter().flat_map(|pool| pool.in_zone(zone));
        let slots = slots.filter(|slot| want.admits(slot.number));
        let slots: Vec<String> = slots.map(|slot| self.describe(slot)).collect();
        slots.join(", ")
    }

    fn describe(&self, slot: &Slot) -> String {
        let number = slot.number;
        match (&slot.attachment, slot.holder()) {
            (None, _) => format!("slot {number} is free, but was not to be attached"),
            (Some(_), None) => format!("slot {number} is held by an AWS service"),
            (Some(_), Some(holder)) => match self.states.get(holder) {
                Some(state) => format!("slot {number} is held by {holder} ({state})"),
                None => format!("slot {number} is held by {holder}"),
            },
        }
    }

    /// Says so if this instance holds a second slot, which nothing of ours attaches.
    pub fn warn_of_others(&self, held: &Held, me: &Identity) {
        let pool = self.pool.iter().flat_map(|pool| pool.slots.values());
        for slot in pool.filter(|s| s.is_held_by(&me.instance) && s.number != held.slot) {
            warn!(
                slot = slot.number.get(),
                eni = %slot.eni,
                "slot {} is attached to this instance, too, and is not used: detach {}",
                slot.number,
                slot.eni,
            );
        }
    }
}
