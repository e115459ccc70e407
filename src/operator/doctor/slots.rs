//! Each slot's ENI and its holder.

use std::collections::BTreeMap;

use super::tags::{Seen, listed};
use super::{Area, Check, Facts, Finding};
use crate::cloud::InstanceState;
use crate::ids::{InstanceId, PoolName, VpcId};
use crate::operator::target::Target;

const DELETE_ON_TERMINATION: Check = Check::of(Area::Slots, "delete-on-termination");
const SOURCE_DEST_CHECK: Check = Check::of(Area::Slots, "source-dest-check");
const OWNER: Check = Check::of(Area::Slots, "owner");
const VPC: Check = Check::of(Area::Slots, "vpc");
const HELD: Check = Check::of(Area::Slots, "held");
const HOLDER: Check = Check::of(Area::Slots, "holder");
const ONE_A_HOST: Check = Check::of(Area::Slots, "one-slot-an-instance");
const STARTED: Check = Check::of(Area::Slots, "started");

/// The findings on the slots.
pub fn check(target: &Target, seen: &[Seen<'_>], facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut all_or = |check: Check, fine: &str, findings: Vec<Finding>| match findings.is_empty() {
        true => found.push(check.ok(fine)),
        false => found.extend(findings),
    };
    let each = |one: fn(&Seen<'_>) -> Option<Finding>| seen.iter().filter_map(one).collect();
    all_or(DELETE_ON_TERMINATION, "every slot outlives its holder", each(dies_with_holder));
    all_or(SOURCE_DEST_CHECK, "every slot's source/destination check is on", each(unchecked));
    all_or(OWNER, "no slot belongs to an AWS service", each(foreign));
    all_or(VPC, "all slots lie in one VPC", elsewhere(seen));
    all_or(ONE_A_HOST, "no instance holds two slots", two_on_one(target, seen));
    all_or(STARTED, "a server was started on every slot that is held", each(never_started));
    all_or(HELD, "every slot is held", free(seen).into_iter().collect());
    if let Ok(instances) = &facts.instances {
        let state = |it: &InstanceId| instances.get(it).map_or(InstanceState::Gone, |it| it.state);
        let idle = |it: &Seen<'_>| dead_holder(&target.pool, it, state(it.holder()?));
        let idle = seen.iter().filter_map(idle).collect();
        all_or(HOLDER, "every holder runs", idle);
    }
    found
}

fn dies_with_holder(seen: &Seen<'_>) -> Option<Finding> {
    let attachment = seen.slot.attachment.as_ref().filter(|_| seen.it.delete_on_termination)?;
    let holder = holder(seen);
    Some(
        DELETE_ON_TERMINATION
            .error(format!("{seen} is deleted when {holder} is terminated"))
            .why("its address would be lost for ever, and with it a server of the connect string")
            .command(format!(
                "aws ec2 modify-network-interface-attribute --network-interface-id {} --attachment \
                 AttachmentId={},DeleteOnTermination=false",
                seen.slot.eni, attachment.id
            )),
    )
}

fn holder(seen: &Seen<'_>) -> String {
    seen.holder().map_or_else(|| "its holder".to_owned(), InstanceId::to_string)
}

fn unchecked(seen: &Seen<'_>) -> Option<Finding> {
    (!seen.it.source_dest_check).then(|| {
        SOURCE_DEST_CHECK
            .warning(format!("{seen} has its source/destination check off"))
            .why(
                "EC2 then lets a holder send from any address: one of the things that keep a server \
                 that has lost its slot from its old peers",
            )
            .command(format!(
                "aws ec2 modify-network-interface-attribute --network-interface-id {} \
                 --source-dest-check",
                seen.slot.eni
            ))
    })
}

fn foreign(seen: &Seen<'_>) -> Option<Finding> {
    let what = match &seen.slot.attachment {
        _ if seen.it.is_requester_managed => "was made by an AWS service for itself",
        Some(attachment) if attachment.instance.is_none() => {
            "is attached to an AWS service or to an instance of another account"
        }
        _ => return None,
    };
    Some(
        OWNER
            .error(format!("{seen} {what}"))
            .why("no agent can take it over: nobody but its owner may detach it")
            .hint("make another ENI the slot, with another number"),
    )
}

/// The VPC that most slots are in is the pool's.
fn elsewhere(seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut counts: BTreeMap<&VpcId, usize> = BTreeMap::new();
    for it in seen {
        *counts.entry(&it.it.vpc).or_default() += 1;
    }
    let main = counts.iter().max_by_key(|(vpc, count)| (**count, std::cmp::Reverse(*vpc)));
    let Some((main, _)) = main else { return Vec::new() };
    let strays = seen.iter().filter(|it| it.it.vpc != **main);
    let finding = |it: &Seen<'_>| {
        VPC.error(format!("{it} is in {}, and the pool is in {main}", it.it.vpc))
            .why("its server does not reach the others unless the two are connected")
            .hint(format!("make the slot in a subnet of {main}"))
    };
    strays.map(finding).collect()
}

fn two_on_one(target: &Target, seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut by_holder: BTreeMap<&InstanceId, Vec<&Seen<'_>>> = BTreeMap::new();
    for it in seen {
        if let Some(holder) = it.holder() {
            by_holder.entry(holder).or_default().push(it);
        }
    }
    let twice = by_holder.into_iter().filter(|(_, slots)| slots.len() > 1);
    let finding = |(holder, slots): (&InstanceId, Vec<&Seen<'_>>)| {
        // No commands: which slot is to stay is not seen here, and pasted whole they would take all.
        ONE_A_HOST
            .error(format!("{holder} holds {}", listed(slots.iter().map(|it| it.number()))))
            .why("it runs one server, so the other slots' are missing, and are kept from others")
            .hint(format!(
                "keep the one that `cat /run/steadfast/slot.json` on {holder} names, and take each \
                 other: `steadfast reclaim SLOT {target}`"
            ))
    };
    twice.map(finding).collect()
}

/// A held slot on which no server ever started: its claim works, and what comes after does not.
fn never_started(seen: &Seen<'_>) -> Option<Finding> {
    let holder = seen.holder().filter(|_| seen.slot.initialized.is_none())?;
    Some(
        STARTED
            .warning(format!("{seen} is held by {holder}, and no server was ever started on it"))
            .why("the ensemble is one server short")
            .hint(format!(
                "see what keeps it from starting: `journalctl -u steadfast-zookeeper` on {holder}; with \
                 `steadfast claim` or `run --plain` alone this is as it should be"
            )),
    )
}

/// All in one: a pool that is yet to be filled has nothing else wrong with it.
fn free(seen: &[Seen<'_>]) -> Option<Finding> {
    let free: Vec<&Seen<'_>> = seen.iter().filter(|it| it.slot.attachment.is_none()).collect();
    if free.is_empty() {
        return None;
    }
    let mut zones: Vec<&str> = free.iter().map(|it| it.slot.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    let verb = if free.len() == 1 { "is" } else { "are" };
    let slots = listed(free.iter().map(|it| it.number()));
    Some(
        HELD.warning(format!("{slots} {verb} held by nobody"))
            .why(format!(
                "the ensemble runs with {} of {} servers at the most",
                seen.len() - free.len(),
                seen.len()
            ))
            .hint(format!("launch instances that run steadfast in {}", zones.join(", "))),
    )
}

fn dead_holder(pool: &PoolName, seen: &Seen<'_>, state: InstanceState) -> Option<Finding> {
    let holder = seen.holder()?;
    if matches!(state, InstanceState::Running | InstanceState::Pending) {
        return None;
    }
    Some(
        HOLDER
            .warning(format!("{seen} is held by {holder}, which is {state}"))
            .why(
                "its server is down, and the slot is taken over only when an instance waits for it",
            )
            .hint(format!(
                "launch an instance in {}, which takes it over by itself; or free it",
                seen.slot.zone
            ))
            .command(format!("steadfast reclaim {} --pool {pool}", seen.number())),
    )
}

#[cfg(test)]
mod tests;
