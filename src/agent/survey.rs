//! What the agent saw last, for the sentence that says who holds what.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::warn;

use super::Request;
use crate::claim::{Failure, Held, Want};
use crate::cloud::{CallError, Identity, InstanceState, MetadataNic};
use crate::ids::{EniId, InstanceId, SlotNumber};
use crate::net::SlotNetwork;
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
    /// What was last to be attached.
    pub tried: Option<(SlotNumber, EniId)>,
    /// The slot that was attached, by this claim or an earlier one.
    pub attached: Option<Held>,
    /// The host's network for it, once it is configured.
    pub network: Option<SlotNetwork>,
    /// How long its NIC was waited for.
    pub waited_for_nic: Duration,
    /// What was last said of the pool, so that a wait does not say it again and again.
    pub said_of_pool: String,
    /// What was last said of the holders.
    pub said_of_holders: String,
}

impl Survey {
    /// Why the claim failed, in full, where more was seen than the failure itself tells.
    pub fn explain(&self, zone: &str, request: &Request, why: &Failure) -> Option<String> {
        let pool = self.pool.as_ref();
        Some(match why {
            Failure::NoSlot => self.no_slot(zone, request)?,
            Failure::NoSlotInZone => format!(
                "{} has no slot in {zone}; {}: tag an ENI of this zone, or launch the instance in \
                 a zone of the pool",
                pool?,
                free_elsewhere(pool?, zone),
            ),
            Failure::NoSuchSlot(slot) => {
                format!(
                    "{} has no slot {slot}: mend --only-slot, or tag an ENI as that slot",
                    pool?
                )
            }
            Failure::NoNic { slot } => format!(
                "EC2 says that slot {slot} is attached, but its NIC did not appear within {}: \
                 look at the kernel's log (dmesg); if it only comes late, raise --nic-timeout",
                rounded(self.waited_for_nic),
            ),
            Failure::Interrupted => "interrupted by a signal before a slot was usable".to_owned(),
            Failure::Call(error) if error.is_about_interface() => {
                let (slot, eni) = self.tried.as_ref()?;
                format!("slot {slot} ({eni}) cannot be attached: {error}")
            }
            _ => return None,
        })
    }

    /// That a slot was attached and is no longer.
    pub fn given_back(&self) -> String {
        let attached = self.attached.as_ref();
        attached.map(|held| format!("; slot {} was given back", held.slot)).unwrap_or_default()
    }

    /// Who holds what in this zone, and where slots are free; or what kept us from a free one.
    fn no_slot(&self, zone: &str, request: &Request) -> Option<String> {
        let wait = humantime::format_duration(request.wait);
        let slots = self.holdings(zone, request.want);
        let Some(pool) = &self.pool else {
            let (pool, error) = (&request.pool, self.trouble.as_ref()?);
            return Some(format!("pool {pool} could not be read within {wait}: {error}"));
        };
        let last = self.trouble.as_ref().map(|error| format!("; last: {error}"));
        let last = last.unwrap_or_default();
        Some(match request.want {
            _ if self.to_blame(zone, request.want).is_some() => {
                format!("no slot could be attached in {zone} within {wait}: {slots}{last}")
            }
            Want::Only(_) => format!("not to be had after {wait}: {slots}{last}"),
            Want::Any | Want::Prefer(_) => {
                let elsewhere = free_elsewhere(pool, zone);
                format!("no free slot in {zone} after {wait}: {slots}; {elsewhere}{last}")
            }
        })
    }

    /// The call that failed last, if without it a slot might have been had: the pool could not be
    /// read at all, or a slot is free.
    pub fn to_blame(&self, zone: &str, want: Want) -> Option<&CallError> {
        let is_free = |slot: &Slot| want.admits(slot.number) && slot.attachment.is_none();
        let might_have = self.pool.as_ref().is_none_or(|pool| pool.in_zone(zone).any(is_free));
        self.trouble.as_ref().filter(|_| might_have)
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
            (None, _) => format!("slot {number} is free"),
            (Some(_), None) => {
                format!("slot {number} is held by an AWS service or another account")
            }
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

fn free_elsewhere(pool: &Pool, zone: &str) -> String {
    match pool.free_elsewhere(zone) {
        zones if zones.is_empty() => "no slot is free elsewhere".to_owned(),
        zones => format!("free slots are in {zones}"),
    }
}

/// Whole seconds, where it is as long as that.
fn rounded(time: Duration) -> humantime::FormattedDuration {
    let whole = Duration::from_secs(time.as_secs());
    humantime::format_duration(if whole.is_zero() { time } else { whole })
}
