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
mod tests {
    use super::super::testing::{facts, group_id, kafka};
    use super::super::{Severity, tags};
    use super::*;
    use crate::cloud::account::Interface;

    fn rule(protocol: &str, ports: Option<(u16, u16)>, from: &[&str]) -> Permission {
        Permission {
            protocol: protocol.to_owned(),
            ports,
            networks: from.iter().filter_map(|it| it.parse().ok()).collect(),
            groups: from.iter().filter_map(|it| it.parse().ok()).collect(),
        }
    }

    fn found(rules: Vec<Permission>, change: impl FnOnce(&mut Vec<Interface>)) -> Vec<Finding> {
        let mut facts = facts();
        facts.groups.as_mut().unwrap()[0].ingress = rules;
        change(facts.interfaces.as_mut().unwrap());
        let interfaces = facts.interfaces.clone().unwrap();
        let (seen, _) = tags::slots(&kafka(), &interfaces);
        check(&seen, &facts)
    }

    /// The ports that are said to be closed, and the commands.
    fn closed(rules: Vec<Permission>) -> Vec<String> {
        let found = found(rules, |_| {});
        found.into_iter().filter(|it| it.severity == Severity::Error).map(|it| it.what).collect()
    }

    #[test]
    fn each_way_to_let_them_in_will_do() {
        let own = group_id(1).to_string();
        let open = [
            vec![rule("-1", None, &[&own])],
            vec![rule("tcp", Some((0, 65535)), &[&own])],
            vec![rule("tcp", None, &["10.0.0.0/16"])],
            vec![rule("6", Some((2181, 3888)), &["10.0.1.0/24", "10.0.2.0/24", "10.0.3.9/32"])],
            vec![
                rule("tcp", Some((2181, 2181)), &["0.0.0.0/0"]),
                rule("tcp", Some((2888, 2888)), &[&own]),
                rule("tcp", Some((3888, 3888)), &[&own]),
            ],
        ];
        for rules in open {
            assert_eq!(closed(rules.clone()), Vec::<String>::new(), "{rules:?}");
        }
    }

    #[test]
    fn what_is_closed_is_named_pair_by_pair_and_port_by_port() {
        let all = "no security group lets packets pass from slots 1, 2 and 3 to slots 1, 2 and 3 on \
                   TCP 2181, 2888, 3888";
        let other = group_id(7).to_string();
        for rules in [
            vec![],
            vec![rule("udp", None, &["0.0.0.0/0"])],
            vec![rule("-1", None, &["::/0"])],
            vec![rule("-1", None, &[&other])],
            vec![rule("tcp", Some((2182, 2887)), &["0.0.0.0/0"])],
        ] {
            assert_eq!(closed(rules.clone()), [all], "{rules:?}");
        }
        // Only slot 3's address is left out.
        let most = rule("-1", None, &["10.0.1.0/24", "10.0.2.0/24"]);
        let from_3 = "no security group lets packets pass from slot 3 to slots 1 and 2 on TCP 2181, \
                      2888, 3888";
        assert_eq!(closed(vec![most]), [from_3]);
    }

    #[test]
    fn the_commands_open_what_is_missing() {
        let own = group_id(1).to_string();
        let found = found(vec![rule("tcp", Some((2181, 2888)), &[&own])], |_| {});
        let command = format!(
            "aws ec2 authorize-security-group-ingress --group-id {own} --protocol tcp --port 3888 \
             --source-group {own}"
        );
        assert_eq!(found[0].commands, [command]);
    }

    #[test]
    fn ipv6_is_judged_where_it_is_the_slots_address() {
        let v6 = |all: &mut Vec<Interface>| {
            for (n, it) in all.iter_mut().enumerate() {
                it.eni.addresses = vec![format!("2001:db8::{}", n + 1).parse().unwrap()];
            }
        };
        assert_eq!(found(vec![rule("-1", None, &["2001:db8::/64"])], v6)[0].severity, Severity::Ok);
        assert_eq!(found(vec![rule("-1", None, &["0.0.0.0/0"])], v6)[0].severity, Severity::Error);
    }

    #[test]
    fn a_prefix_list_is_not_taken_for_a_closed_door() {
        let found = found(vec![rule("tcp", None, &[])], |_| {});
        assert_eq!((found.len(), found[0].severity), (1, Severity::Unknown), "{found:#?}");
    }

    #[test]
    fn groups_of_different_slots_are_judged_together() {
        let own = group_id(1).to_string();
        let found = found(vec![rule("-1", None, &[&own])], |all| {
            all[2].groups = vec![group_id(2)];
        });
        // Slot 3's own group lets nobody in, and its packets come from no group that is let in.
        let what: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(what.len(), 2, "{what:#?}");
        assert!(what[0].contains("from slot 3 to slots 1 and 2"), "{what:#?}");
        assert!(what[1].contains("from slots 1 and 2 to slot 3"), "{what:#?}");
    }
}
