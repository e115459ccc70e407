//! Security groups in EC2's XML.

use super::tag_set;
use crate::api::xml::Xml;
use crate::model::ids::GroupId;
use crate::model::permission::{Peer, Permission};
use crate::model::place::{ACCOUNT, Place};
use crate::model::security::{Rule, SecurityGroup, egress};
use crate::model::tags::Tags;

/// A permission with what is said of it.
type Described<'a> = (&'a Permission, Option<&'a str>);

/// A group as DescribeSecurityGroups has it.
pub fn group(xml: &mut Xml, place: &Place, group: &SecurityGroup) {
    xml.text("ownerId", ACCOUNT)
        .text("groupId", &group.id)
        .text("groupName", &group.name)
        .text("groupDescription", &group.description)
        .text("vpcId", &place.vpc);
    let rules = group.rules.iter();
    let ingress: Vec<_> =
        rules.map(|rule| (&rule.permission, rule.description.as_deref())).collect();
    permissions(xml, "ipPermissions", &ingress);
    let egress = egress();
    let egress: Vec<_> = egress.iter().map(|permission| (permission, None)).collect();
    permissions(xml, "ipPermissionsEgress", &egress);
    tag_set(xml, &group.tags);
    xml.text("securityGroupArn", place.arn("security-group", group.id.as_str()));
}

/// Rules of one protocol and ports are one item, with a list for each kind of peer.
fn permissions(xml: &mut Xml, name: &str, all: &[Described<'_>]) {
    let kind = |(permission, _): &Described<'_>| (permission.protocol, permission.ports);
    let mut kinds: Vec<_> = Vec::new();
    for one in all.iter().map(kind) {
        if !kinds.contains(&one) {
            kinds.push(one);
        }
    }
    xml.set(name, kinds, |xml, (protocol, ports)| {
        let of_kind = all.iter().filter(|one| kind(one) == (protocol, ports));
        let of_kind: Vec<_> = of_kind.copied().collect();
        xml.text("ipProtocol", protocol.name())
            .some("fromPort", ports.map(|(from, _)| from))
            .some("toPort", ports.map(|(_, to)| to));
        peers(xml, &of_kind);
    });
}

fn peers(xml: &mut Xml, all: &[Described<'_>]) {
    let of = |is: fn(&Peer) -> bool| all.iter().filter(move |(one, _)| is(&one.peer));
    xml.set("groups", of(|peer| matches!(peer, Peer::Group(_))), |xml, (one, text)| {
        xml.text("userId", ACCOUNT).text("groupId", &one.peer).some("description", *text);
    });
    xml.set("ipRanges", of(|peer| matches!(peer, Peer::Ipv4(..))), |xml, (one, text)| {
        xml.text("cidrIp", &one.peer).some("description", *text);
    });
    xml.set("ipv6Ranges", of(|peer| matches!(peer, Peer::Ipv6(..))), |xml, (one, text)| {
        xml.text("cidrIpv6", &one.peer).some("description", *text);
    });
    xml.within("prefixListIds", |_| {});
}

/// A rule as AuthorizeSecurityGroupIngress answers it.
pub fn rule(xml: &mut Xml, place: &Place, group: &GroupId, rule: &Rule) {
    rule_head(xml, group, rule);
    xml.text("groupOwnerId", ACCOUNT);
    if let Peer::Group(peer) = &rule.permission.peer {
        xml.within("referencedGroupInfo", |xml| {
            xml.text("groupId", peer).text("userId", ACCOUNT);
        });
    }
    tag_set(xml, &Tags::new());
    xml.text("securityGroupRuleArn", place.arn("security-group-rule", rule.id.as_str()));
}

/// A rule as RevokeSecurityGroupIngress answers it.
pub fn revoked_rule(xml: &mut Xml, group: &GroupId, rule: &Rule) {
    rule_head(xml, group, rule);
    if let Peer::Group(peer) = &rule.permission.peer {
        xml.text("referencedGroupId", peer);
    }
}

fn rule_head(xml: &mut Xml, group: &GroupId, rule: &Rule) {
    let (from, to) = rule.permission.ports.unwrap_or((-1, -1));
    xml.text("securityGroupRuleId", &rule.id)
        .text("groupId", group)
        .text("isEgress", false)
        .text("ipProtocol", rule.permission.protocol.name())
        .text("fromPort", from)
        .text("toPort", to);
    match &rule.permission.peer {
        peer @ Peer::Ipv4(..) => xml.text("cidrIpv4", peer),
        peer @ Peer::Ipv6(..) => xml.text("cidrIpv6", peer),
        Peer::Group(_) => xml,
    };
    xml.some("description", rule.description.as_deref());
}
