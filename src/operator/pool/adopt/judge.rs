//! Pure: whether ENIs that are there can be slots.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::{JOINED_LATER, Members, PoolCommandError, listed, slot_of};
use super::{New, Plan, Wish};
use crate::cloud::account::Interface;
use crate::cloud::{TAG_INITIALIZED, TAG_POOL, TAG_RETIRED, TAG_SLOT};
use crate::ids::{EniId, SlotNumber, VpcId};

/// What is to be done with what was found.
///
/// # Errors
/// [`PoolCommandError::Unfit`] with every reason.
pub fn judge(
    wish: &Wish,
    members: &Members,
    found: &[Interface],
) -> Result<Plan, PoolCommandError> {
    let mut plan =
        Plan { target: wish.target.clone(), kept: Vec::new(), new: Vec::new(), notes: Vec::new() };
    // A member without a number may get one here.
    let named: BTreeSet<&EniId> = wish.enis.values().collect();
    let strange = members.defects.iter().filter(|it| !it.is_without_number(&named));
    let mut problems: Vec<String> = strange.map(ToString::to_string).collect();
    let vpc = members.slots.values().chain(found).map(|it| &it.vpc).next();
    for (number, id) in &wish.enis {
        let Some(it) = found.iter().find(|it| it.eni.id == *id) else {
            problems.push(format!("{id} is not there: mend its id or the region"));
            continue;
        };
        match members.slots.get(number) {
            Some(there) if there.eni.id == *id => plan.kept.push((*number, it.clone())),
            _ => {
                problems.extend(unfit(wish, *number, it, members, vpc));
                plan.new.push(new(wish, *number, it, members));
            }
        }
    }
    problems.extend(same_address(&plan.new));
    if !problems.is_empty() {
        return Err(PoolCommandError::Unfit(problems));
    }
    plan.notes = plan.new.iter().filter_map(|it| note(it, members)).collect();
    Ok(plan)
}

/// All that keeps an ENI from being this slot.
fn unfit(
    wish: &Wish,
    number: SlotNumber,
    it: &Interface,
    members: &Members,
    vpc: Option<&VpcId>,
) -> Vec<String> {
    let (id, tags) = (&it.eni.id, &it.eni.tags);
    let mut all = as_interface(&wish.target.region, it, vpc);
    if let Some(there) = members.slots.get(&number) {
        all.push(format!(
            "{} is {} already: give {id} another number",
            slot_of(&wish.target.pool, number),
            there.eni.id
        ));
    }
    match (tags.get(TAG_POOL), it.eni.slot_of(&wish.target.pool)) {
        (Some(pool), _) if *pool != wish.target.pool.as_str() => {
            all.push(format!("{id} belongs to pool {pool}: retire it there first"));
        }
        (_, Some(other)) => all.push(format!(
            "{id} is {}: a server id never moves to another address",
            slot_of(&wish.target.pool, other)
        )),
        _ => {}
    }
    if let Some((other, _)) = members.other_with_address(Some(id), &it.eni.addresses) {
        all.push(format!("{id} has an address of slot {other} ({})", listed(&it.eni.addresses)));
    }
    all.extend(retired(wish, number, it, members));
    all
}

/// Of an ENI as such.
fn as_interface(region: &str, it: &Interface, vpc: Option<&VpcId>) -> Vec<String> {
    let id = &it.eni.id;
    let mut all = Vec::new();
    if let Some(vpc) = vpc.filter(|vpc| it.vpc != **vpc) {
        all.push(format!("{id} belongs to {}, the pool to {vpc}", it.vpc));
    }
    if it.is_requester_managed {
        all.push(format!("{id} is managed by an AWS service ({:?})", it.description));
    }
    if !it.eni.addresses.iter().any(IpAddr::is_ipv4) {
        all.push(format!("{id} has no private IPv4 address"));
    }
    if !it.source_dest_check {
        all.push(format!(
            "{id} does not check source and destination, which fences a lost server: aws ec2 \
             modify-network-interface-attribute --network-interface-id {id} --source-dest-check \
             --region {region}"
        ));
    }
    let Some(attachment) = &it.eni.attachment else { return all };
    if attachment.index.0 == 0 {
        let holder = attachment.instance.as_ref().map(ToString::to_string).unwrap_or_default();
        all.push(format!("{id} is the primary interface of {holder}: it cannot be moved"));
    } else if it.delete_on_termination {
        let attachment = &attachment.id;
        all.push(format!(
            "{id} is deleted with its instance: aws ec2 modify-network-interface-attribute \
             --network-interface-id {id} --attachment \
             AttachmentId={attachment},DeleteOnTermination=false --region {region}"
        ));
    }
    all
}

/// A retired ENI comes back as what it was, and its number goes to no other by mistake.
fn retired(wish: &Wish, number: SlotNumber, it: &Interface, members: &Members) -> Option<String> {
    let id = &it.eni.id;
    if let Some(was) = members.retired.iter().find(|was| was.interface.eni.id == *id) {
        return (was.number != number).then(|| {
            format!(
                "{id} was {}: it can come back under that number alone",
                slot_of(&wish.target.pool, was.number)
            )
        });
    }
    if let Some(tag) = it.eni.tags.get(TAG_RETIRED) {
        return Some(format!(
            "{id} was retired from another pool ({tag}): aws ec2 delete-tags --resources {id} --tags \
             Key={TAG_RETIRED} Key={TAG_INITIALIZED} --region {}",
            wish.target.region
        ));
    }
    let was = members.retired_as(number).filter(|_| !wish.reuse_retired)?;
    Some(format!(
        "slot {number} was retired ({}, {}): bring that ENI back, or say --reuse-retired to give the \
         number to {id}",
        was.when, was.interface.eni.id
    ))
}

fn same_address(new: &[New]) -> Vec<String> {
    let mut bearers: BTreeMap<IpAddr, Vec<&EniId>> = BTreeMap::new();
    for it in new {
        for address in &it.interface.eni.addresses {
            bearers.entry(*address).or_default().push(&it.interface.eni.id);
        }
    }
    let doubled = bearers.into_iter().filter(|(_, enis)| enis.len() > 1);
    doubled
        .map(|(address, enis)| format!("{address} is the address of {}", listed(&enis)))
        .collect()
}

fn new(wish: &Wish, number: SlotNumber, it: &Interface, members: &Members) -> New {
    let is_back = members.retired_as(number).is_some_and(|r| r.interface.eni.id == it.eni.id);
    let mut tags = BTreeMap::from([
        (TAG_POOL.to_owned(), wish.target.pool.to_string()),
        (TAG_SLOT.to_owned(), number.to_string()),
    ]);
    // Whoever holds it has data of its own, which counts (ensembles are moved to steadfast so). On a
    // free one there can only come an empty disk.
    let is_new = !it.eni.tags.contains_key(TAG_INITIALIZED) && it.eni.attachment.is_none();
    if is_new && members.has_served() {
        tags.insert(TAG_INITIALIZED.to_owned(), JOINED_LATER.to_owned());
    }
    New { number, interface: it.clone(), tags, is_back }
}

fn note(it: &New, members: &Members) -> Option<String> {
    let (number, id) = (it.number, &it.interface.eni.id);
    match it.interface.eni.tags.get(TAG_INITIALIZED) {
        Some(lineage) if lineage != JOINED_LATER => Some(format!(
            "{id} has served before ({TAG_INITIALIZED}): as slot {number}, an empty disk waits for the \
             other servers' data"
        )),
        _ if it.tags.contains_key(TAG_INITIALIZED) => Some(format!(
            "the pool has served: slot {number} will be filled by the other servers before voting"
        )),
        None if members.has_served() => Some(format!(
            "the pool has served, and slot {number} is held: what its disk holds at the first \
             `steadfast run` counts as its data"
        )),
        _ => None,
    }
}
