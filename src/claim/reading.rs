//! What a read of the pool leads to: resume, wait, attach, or look for a lost holder.

use super::memory::ELSEWHERE_READS;
use super::order::spread;
use super::state::{Effect, Held, LocalNics, PoolView, Setup, State, Target, Want};
use super::ways::{Next, attach, await_nic, give_up, pause, roll_back, unsettled};
use super::{Failure, Memory};
use crate::cloud::AttachmentStatus;
use crate::ids::{DeviceIndex, SlotNumber};
use crate::pool::{Pool, Slot};

/// The way on from a read of the pool.
pub(super) fn decide(setup: &Setup, memory: Memory, view: &PoolView) -> Next {
    if let Some(slot) = ours(setup, &view.pool) {
        return resume(setup, memory, slot);
    }
    if is_view_stale(setup, view) {
        return unsettled(memory);
    }
    if memory.doubt.is_some() {
        return settle(setup, memory, view);
    }
    if let Some(failure) = misfit(setup, &view.pool) {
        return give_up(memory, failure);
    }
    claim(setup, memory, view)
}

/// The slot that this instance holds; of several, the one in use, then the wanted one, then the
/// lowest number. One that is on its way out is not held.
fn ours<'a>(setup: &Setup, pool: &'a Pool) -> Option<&'a Slot> {
    let held = pool.slots.values().filter(|slot| {
        slot.is_held_by(&setup.me)
            && slot.attachment.as_ref().is_some_and(|a| a.status != AttachmentStatus::Detaching)
    });
    held.min_by_key(|slot| {
        let attachment = slot.attachment.as_ref().map(|a| &a.id);
        let in_use = attachment == setup.in_use.as_ref();
        (!in_use, Some(slot.number) != setup.want.first(), slot.number)
    })
}

fn resume(setup: &Setup, memory: Memory, slot: &Slot) -> Next {
    let Some(attachment) = &slot.attachment else {
        return pause(memory);
    };
    let attached_now = memory.doubt.as_ref().is_some_and(|doubt| doubt.slot == slot.number);
    let held = Held {
        slot: slot.number,
        eni: slot.eni.clone(),
        attachment: attachment.id.clone(),
        index: attachment.index,
        resumed: !attached_now,
    };
    if let Some((why, _)) = memory.giving_up {
        return roll_back(setup, held, why);
    }
    if let Want::Only(wanted) = setup.want
        && wanted != slot.number
    {
        let held = slot.number;
        let failure = Failure::HoldsAnother { held, wanted };
        // Not given up by way of the doubt: the doubt is what was found.
        return (State::Failed { why: failure, left: None }, vec![]);
    }
    await_nic(held)
}

/// An attach of unknown outcome: nothing else is attached until EC2's answer to another attach of
/// the same slot, or reads enough, tell what became of it.
fn settle(setup: &Setup, mut memory: Memory, view: &PoolView) -> Next {
    let Some(doubt) = &mut memory.doubt else {
        return pause(memory);
    };
    let slot = view.pool.slots.get(&doubt.slot);
    if let Some(slot) = slot.filter(|slot| slot.attachment.is_none()) {
        doubt.elsewhere = 0;
        if memory.giving_up.is_some() {
            return unsettled(memory);
        }
        // Free, or a stale read. However often it is asked for, it is the same ENI: no second slot
        // comes of it, and to wait for a read that shows it ours could be to wait for ever.
        let index = lowest_free(&memory, &view.local);
        let target = Target { slot: slot.number, eni: slot.eni.clone(), index };
        return attach(memory, target, vec![]);
    }
    if slot.is_some_and(is_leaving) {
        return unsettled(memory);
    }
    // Someone else has it, or it is no slot any more.
    doubt.elsewhere += 1;
    if doubt.elsewhere < ELSEWHERE_READS {
        return unsettled(memory);
    }
    memory.doubt = None;
    match memory.giving_up.take() {
        Some((why, _)) => give_up(memory, why),
        None => decide(setup, memory, view),
    }
}

/// Whether the slot is being detached: from whomever, that does not tell who has it next.
fn is_leaving(slot: &Slot) -> bool {
    slot.attachment.as_ref().is_some_and(|a| a.status == AttachmentStatus::Detaching)
}

/// Whether the kernel shows a slot's NIC, but EC2's answer does not: the answer is older than the
/// kernel, or the NIC is on its way out. A slot that is being detached from here, likewise.
fn is_view_stale(setup: &Setup, view: &PoolView) -> bool {
    view.pool
        .slots
        .values()
        .any(|slot| view.local.macs.contains(&slot.mac) || slot.is_held_by(&setup.me))
}

/// Why no waiting would help.
fn misfit(setup: &Setup, pool: &Pool) -> Option<Failure> {
    if let Want::Only(wanted) = setup.want {
        return match pool.slots.get(&wanted) {
            None => Some(Failure::NoSuchSlot(wanted)),
            Some(slot) if slot.zone != setup.zone => {
                Some(Failure::SlotElsewhere { slot: wanted, zone: slot.zone.clone() })
            }
            Some(_) => None,
        };
    }
    pool.in_zone(&setup.zone).next().is_none().then_some(Failure::NoSlotInZone)
}

fn claim(setup: &Setup, memory: Memory, view: &PoolView) -> Next {
    let pool = &view.pool;
    let wanted = |slot: &&Slot| setup.want.admits(slot.number);
    let in_order = |slots: Vec<SlotNumber>| {
        spread(slots, &setup.me, setup.want.first()).into_iter().map(|n| &pool.slots[&n])
    };
    let (free, held): (Vec<&Slot>, Vec<&Slot>) =
        pool.in_zone(&setup.zone).filter(wanted).partition(|slot| slot.attachment.is_none());
    let mut free = in_order(free.iter().map(|slot| slot.number).collect());
    if let Some(first) = free.next() {
        let index = lowest_free(&memory, &view.local);
        let target = Target { slot: first.number, eni: first.eni.clone(), index };
        let rest = free.map(|slot| (slot.number, slot.eni.clone())).collect();
        return attach(memory, target, rest);
    }
    let held = in_order(held.iter().map(|slot| slot.number).collect());
    check_holders(memory, held)
}

fn check_holders<'a>(memory: Memory, held: impl Iterator<Item = &'a Slot>) -> Next {
    let held: Vec<_> = held
        .filter_map(|slot| {
            let attachment = slot.attachment.as_ref()?;
            Some((slot.number, attachment.id.clone(), attachment.instance.clone()?))
        })
        .collect();
    if held.is_empty() {
        return pause(memory);
    }
    let mut holders: Vec<_> = held.iter().map(|(_, _, holder)| holder.clone()).collect();
    holders.sort();
    holders.dedup();
    (State::CheckingHolders { held, memory }, vec![Effect::ReadHolders(holders)])
}

/// The lowest device index above the primary's that nothing is known to have.
fn lowest_free(memory: &Memory, local: &LocalNics) -> DeviceIndex {
    let is_free =
        |index: &DeviceIndex| !local.indexes.contains(index) && !memory.taken.contains(index);
    (1..).map(DeviceIndex).find(is_free).unwrap_or(DeviceIndex(1))
}
