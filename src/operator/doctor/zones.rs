//! The pool's zones against those of the Auto Scaling groups that fill it, and its spread over them.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::quoted;
use super::tags::{Seen, listed};
use super::{Area, Check, Facts, Finding};
use crate::cloud::account::{ScalingGroup, Subnet};
use crate::ids::{SlotNumber, SubnetId, VpcId};
use crate::operator::servers::majority;

const SPREAD: Check = Check::of(Area::Zones, "spread");
const GROUPS: Check = Check::of(Area::Zones, "auto-scaling-groups");
const ZONE_WITHOUT_GROUP: Check = Check::of(Area::Zones, "zone-without-group");
const ZONE_WITHOUT_SLOT: Check = Check::of(Area::Zones, "zone-without-slot");
const CAPACITY: Check = Check::of(Area::Zones, "capacity");
const GROUP_VPC: Check = Check::of(Area::Zones, "group-vpc");
const ADDRESSES: Check = Check::of(Area::Zones, "free-addresses");

type Zones<'a> = BTreeMap<&'a str, Vec<SlotNumber>>;

/// The findings on zones.
pub fn check(seen: &[Seen<'_>], facts: &Facts) -> Vec<Finding> {
    let mut zones: Zones<'_> = BTreeMap::new();
    for it in seen {
        zones.entry(&it.slot.zone).or_default().push(it.number());
    }
    let mut found = vec![spread(&zones, seen.len())];
    let Ok(groups) = &facts.scaling else {
        if facts.scaling_names.is_empty() && facts.instances.is_ok() {
            found.push(GROUPS.skipped(
                "no Auto Scaling group is known: no holder bears the tag of one, and none was \
                 named (--auto-scaling-group)",
            ));
        }
        return found;
    };
    found.extend(unknown_groups(&facts.scaling_names, groups));
    if groups.is_empty() {
        return found;
    }
    let subnets = facts.subnets.as_deref().unwrap_or_default();
    let checks: [(Check, &str, Vec<Finding>); 5] = [
        (
            ZONE_WITHOUT_GROUP,
            "every zone with slots has a group",
            without_group(&zones, seen, groups),
        ),
        (
            ZONE_WITHOUT_SLOT,
            "every zone of a group has a slot",
            without_slot(&zones, groups, subnets),
        ),
        (
            CAPACITY,
            "the groups want as many instances as there are slots",
            capacity(&zones, groups),
        ),
        (GROUP_VPC, "the groups launch in the pool's VPC", other_vpc(seen, groups, subnets)),
        (ADDRESSES, "the groups' subnets have free addresses", no_address(groups, subnets)),
    ];
    for (check, fine, findings) in checks {
        match findings.is_empty() {
            true => found.push(check.ok(fine)),
            false => found.extend(findings),
        }
    }
    found
}

/// A zone whose loss leaves less than a majority. With one or two slots any loss does.
fn spread(zones: &Zones<'_>, count: usize) -> Finding {
    let heavy = zones.iter().find(|(_, slots)| count - slots.len() < majority(count));
    match heavy {
        Some((zone, slots)) if count > 2 => SPREAD
            .warning(format!("{zone} has {} of {count} slots", slots.len()))
            .why("if that zone fails there is no quorum")
            .hint(
                "spread the slots over three zones or more, none with a majority; new slots are \
                 made with `steadfast pool create`",
            ),
        _ => {
            let zones: Vec<String> =
                zones.iter().map(|(zone, slots)| format!("{zone} ({})", slots.len())).collect();
            SPREAD.ok(format!("the slots are spread over {}", zones.join(", ")))
        }
    }
}

fn unknown_groups(names: &[String], groups: &[ScalingGroup]) -> Vec<Finding> {
    let is_known = |name: &&String| groups.iter().any(|group| group.name == **name);
    let finding = |name: &String| {
        GROUPS
            .error(format!("there is no Auto Scaling group {name}"))
            .why("nobody replaces the instances that it launched")
            .hint("mend the name given with --auto-scaling-group, or make the group again")
    };
    names.iter().filter(|name| !is_known(name)).map(finding).collect()
}

fn without_group(zones: &Zones<'_>, seen: &[Seen<'_>], groups: &[ScalingGroup]) -> Vec<Finding> {
    let covered: BTreeSet<&str> =
        groups.iter().flat_map(|group| group.zones.iter().map(String::as_str)).collect();
    let finding = |(zone, slots): (&&str, &Vec<SlotNumber>)| {
        let subnets: BTreeSet<&SubnetId> =
            seen.iter().filter(|it| it.slot.zone == **zone).map(|it| &it.slot.subnet).collect();
        let finding = ZONE_WITHOUT_GROUP
            .warning(format!("no Auto Scaling group launches in {zone}, where {} lies", {
                listed(slots.iter().copied())
            }))
            .why("a slot is only ever held by an instance of its zone: nobody replaces a lost one")
            .hint("name further groups with --auto-scaling-group, if there are any");
        match groups {
            [group] if !group.subnets.is_empty() => {
                let subnets = group.subnets.iter().chain(subnets.into_iter().take(1));
                finding.command(set_subnets(group, subnets))
            }
            _ => finding,
        }
    };
    zones.iter().filter(|(zone, _)| !covered.contains(**zone)).map(finding).collect()
}

fn set_subnets<'a>(group: &ScalingGroup, subnets: impl Iterator<Item = &'a SubnetId>) -> String {
    let subnets: Vec<String> = subnets.map(SubnetId::to_string).collect();
    format!(
        "aws autoscaling update-auto-scaling-group --auto-scaling-group-name {} \
         --vpc-zone-identifier {}",
        quoted(&group.name),
        subnets.join(",")
    )
}

fn without_slot(zones: &Zones<'_>, groups: &[ScalingGroup], subnets: &[Subnet]) -> Vec<Finding> {
    let mut found = Vec::new();
    for group in groups {
        for zone in group.zones.iter().filter(|zone| !zones.contains_key(zone.as_str())) {
            let finding = ZONE_WITHOUT_SLOT
                .error(format!("group {} launches in {zone}, where the pool has no slot", group.name))
                .why("an instance there can never claim a slot, and takes the place of one that could")
                .hint(format!(
                    "make a slot in {zone} (`steadfast pool create`), or take the zone out of the \
                     group"
                ));
            let in_zone = |id: &&SubnetId| {
                subnets.iter().any(|subnet| subnet.id == **id && subnet.zone == *zone)
            };
            let (out, rest): (Vec<_>, Vec<_>) = group.subnets.iter().partition(in_zone);
            found.push(match out.is_empty() || rest.is_empty() {
                true => finding,
                false => finding.command(set_subnets(group, rest.into_iter())),
            });
        }
    }
    found
}

/// A group spreads its instances evenly, and which zones have one more is its own choice.
fn capacity(zones: &Zones<'_>, groups: &[ScalingGroup]) -> Vec<Finding> {
    let mut found = Vec::new();
    let slots: usize = zones.values().map(Vec::len).sum();
    let wanted: usize = groups.iter().map(|group| group.desired as usize).sum();
    for (zone, here) in zones {
        let share = |group: &ScalingGroup| match group.zones.contains(*zone) {
            true => group.desired as usize / group.zones.len(),
            false => 0,
        };
        let sure: usize = groups.iter().map(share).sum();
        if sure > here.len() {
            found.push(
                CAPACITY
                    .error(format!(
                        "{sure} instances are wanted in {zone}, and it has {} of the pool's slots",
                        here.len()
                    ))
                    .why("those that find no slot wait, then fail, and are launched for nothing"),
            );
        }
    }
    let mend = |finding: Finding| match groups {
        [group] if found.is_empty() => finding.command(format!(
            "aws autoscaling set-desired-capacity --auto-scaling-group-name {} \
             --desired-capacity {slots}",
            quoted(&group.name)
        )),
        _ => finding.hint("change the groups' desired capacity, or the number of slots"),
    };
    let uneven = match wanted.cmp(&slots) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(
            CAPACITY
                .error(format!(
                    "the groups want {wanted} instances, and the pool has {slots} slots"
                ))
                .why("those that find no slot wait, then fail, and are launched for nothing"),
        ),
        std::cmp::Ordering::Less => Some(
            CAPACITY
                .warning(format!(
                    "the groups want {wanted} instances, and the pool has {slots} slots"
                ))
                .why("the ensemble runs with fewer servers than its clients were told"),
        ),
    };
    let uneven = uneven.map(mend);
    found.extend(uneven);
    found
}

fn other_vpc(seen: &[Seen<'_>], groups: &[ScalingGroup], subnets: &[Subnet]) -> Vec<Finding> {
    let of_pool: BTreeSet<&VpcId> = seen.iter().map(|it| &it.it.vpc).collect();
    let mut found = Vec::new();
    for group in groups {
        let of_group = subnets.iter().filter(|subnet| group.subnets.contains(&subnet.id));
        for subnet in of_group.filter(|subnet| !of_pool.contains(&subnet.vpc)) {
            found.push(
                GROUP_VPC
                    .error(format!(
                        "group {} launches in {}, which is in {}: none of the slots is",
                        group.name, subnet.id, subnet.vpc
                    ))
                    .why("an ENI can only be attached to an instance of its own VPC")
                    .hint("give the group subnets of the pool's VPC"),
            );
        }
    }
    found
}

fn no_address(groups: &[ScalingGroup], subnets: &[Subnet]) -> Vec<Finding> {
    let used: BTreeSet<&SubnetId> = groups.iter().flat_map(|group| &group.subnets).collect();
    let full = subnets.iter().filter(|it| used.contains(&it.id) && it.free_addresses == 0);
    let finding = |it: &Subnet| {
        ADDRESSES
            .error(format!("{} in {} has no free address", it.id, it.zone))
            .why("a replacement needs one for its own interface: it cannot be launched there")
            .hint("free addresses there, or give the group a larger subnet of that zone")
    };
    full.map(finding).collect()
}

#[cfg(test)]
mod tests;
