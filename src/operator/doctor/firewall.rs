//! Whether the slots' security groups let ZooKeeper's ports through, from every slot to every other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::tags::{Seen, listed};
use super::{Area, Check, Facts, Finding};
use crate::cloud::account::{Permission, SecurityGroup};
use crate::ids::{SecurityGroupId, SlotNumber};
use crate::zookeeper::{CLIENT_PORT, ELECTION_PORT, PEER_PORT};

const PORTS: Check = Check::of(Area::SecurityGroups, "ports");

/// Each port with what does not work without it.
const NEEDED: [(u16, &str); 3] = [
    (CLIENT_PORT, "the start gate asks there who leads, and so do `status` and `reclaim`"),
    (PEER_PORT, "followers reach their leader there"),
    (ELECTION_PORT, "leaders are elected there"),
];

/// What a port's rules say to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It passes.
    Passes,
    /// It may: by a prefix list, whose addresses are not known here.
    Perhaps,
    /// It is dropped.
    Dropped,
}

/// The findings on the slots' security groups.
pub fn check(seen: &[Seen<'_>], facts: &Facts) -> Vec<Finding> {
    let Ok(groups) = &facts.groups else { return Vec::new() };
    let groups: BTreeMap<&SecurityGroupId, &SecurityGroup> =
        groups.iter().map(|group| (&group.id, group)).collect();
    let mut blocked: BTreeMap<Way<'_>, Blocked> = BTreeMap::new();
    for (from, to) in pairs(seen) {
        for (port, _) in NEEDED {
            let verdict = verdict(from, to, port, &groups);
            if verdict > Verdict::Passes {
                let way = Way { verdict, to: to.it.groups.first(), from: from.it.groups.first() };
                let blocked = blocked.entry(way).or_default();
                blocked.ports.insert(port);
                blocked.from.insert(from.number());
                blocked.to.insert(to.number());
            }
        }
    }
    match blocked.is_empty() {
        true => vec![PORTS.ok("every slot reaches every other on 2181, 2888 and 3888")],
        false => blocked.into_iter().map(|(way, blocked)| finding(&way, &blocked)).collect(),
    }
}

/// What one new rule would let through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way<'a> {
    verdict: Verdict,
    to: Option<&'a SecurityGroupId>,
    from: Option<&'a SecurityGroupId>,
}

#[derive(Debug, Default)]
struct Blocked {
    ports: BTreeSet<u16>,
    from: BTreeSet<SlotNumber>,
    to: BTreeSet<SlotNumber>,
}

/// Every slot with every other.
fn pairs<'s, 'a>(seen: &'s [Seen<'a>]) -> impl Iterator<Item = (&'s Seen<'a>, &'s Seen<'a>)> {
    let from = |from: &'s Seen<'a>| seen.iter().map(move |to| (from, to));
    seen.iter().flat_map(from).filter(|(from, to)| from.number() != to.number())
}

fn verdict(
    from: &Seen<'_>,
    to: &Seen<'_>,
    port: u16,
    groups: &BTreeMap<&SecurityGroupId, &SecurityGroup>,
) -> Verdict {
    let target = to.slot.address();
    // The kernel's choice for what is dialled to that address: the first of its family.
    let source = from.slot.addresses.iter().find(|it| it.is_ipv4() == target.is_ipv4());
    let Some(source) = source else { return Verdict::Passes };
    let rules = to.it.groups.iter().filter_map(|id| groups.get(id));
    let rules = rules.flat_map(|group| &group.ingress).filter(|it| is_for(it, port));
    let of_rule = |rule: &Permission| lets_in(rule, *source, &from.it.groups);
    rules.map(of_rule).min().unwrap_or(Verdict::Dropped)
}

fn is_for(rule: &Permission, port: u16) -> bool {
    match rule.protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => rule.ports.is_none_or(|(first, last)| (first..=last).contains(&port)),
        _ => false,
    }
}

fn lets_in(rule: &Permission, source: IpAddr, groups: &[SecurityGroupId]) -> Verdict {
    let by_group = rule.groups.iter().any(|group| groups.contains(group));
    let by_address = rule.networks.iter().any(|network| network.contains(&source));
    match by_group || by_address {
        true => Verdict::Passes,
        // Every rule has a source; one without any that we read has a prefix list.
        false if rule.groups.is_empty() && rule.networks.is_empty() => Verdict::Perhaps,
        false => Verdict::Dropped,
    }
}

fn finding(way: &Way<'_>, blocked: &Blocked) -> Finding {
    let ports: Vec<String> = blocked.ports.iter().map(u16::to_string).collect();
    let (from, to) = (listed(blocked.from.clone()), listed(blocked.to.clone()));
    let what = format!("from {from} to {to} on TCP {}", ports.join(", "));
    if way.verdict == Verdict::Perhaps {
        let because = "a rule lets in a prefix list, whose addresses were not read";
        return PORTS.unknown(format!("whether packets pass {what}"), because);
    }
    let whys = NEEDED.iter().filter(|(port, _)| blocked.ports.contains(port));
    let whys: Vec<String> = whys.map(|(port, why)| format!("{port}: {why}")).collect();
    let finding =
        PORTS.error(format!("no security group lets packets pass {what}")).why(whys.join("; "));
    let (Some(to), Some(from)) = (way.to, way.from) else {
        return finding.hint("put the slots' ENIs into a security group that lets itself in");
    };
    blocked.ports.iter().fold(finding, |it, port| {
        it.command(format!(
            "aws ec2 authorize-security-group-ingress --group-id {to} --protocol tcp --port {port} \
             --source-group {from}"
        ))
    })
}

#[cfg(test)]
mod tests;
