//! DescribeSecurityGroups.

use super::{Answer, select};
use crate::api::filter::{Filter, Filtered, Property, View};
use crate::api::page::Page;
use crate::api::params::Reader;
use crate::api::shapes::security;
use crate::api::xml::Xml;
use crate::model::ids::GroupId;
use crate::model::permission::{Peer, Permission};
use crate::model::place::ACCOUNT;
use crate::model::security::SecurityGroup;
use crate::model::tags::Tags;

const ACTION: &str = "DescribeSecurityGroups";
const PAGE_MAX: usize = 1_000;

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let page = Page::read(reader, ACTION, "GroupId", PAGE_MAX)?;
    let ids = reader.list_of("GroupId", GroupId::parse)?;
    let filters = Filter::read(reader)?;
    reader.finish()?;
    let found = select(view, &view.world.security_groups, &ids, GroupId::missing, &filters)?;
    let (found, next) = page.cut(ACTION, found, |group: &SecurityGroup| group.id.as_str());
    let mut xml = Xml::default();
    xml.set("securityGroupInfo", found, |xml, group| security::group(xml, view.place, group));
    xml.some("nextToken", next);
    Ok(xml)
}

impl Filtered for SecurityGroup {
    const FILTERS: &'static [(&'static str, Property<Self>)] = &[
        ("description", |_, group| vec![group.description.clone()]),
        ("group-id", |_, group| vec![group.id.to_string()]),
        ("group-name", |_, group| vec![group.name.clone()]),
        ("ip-permission.cidr", |_, group| {
            of_rules(group, |permission| match &permission.peer {
                peer @ Peer::Ipv4(..) => Some(peer.to_string()),
                _ => None,
            })
        }),
        ("ip-permission.from-port", |_, group| {
            of_rules(group, |permission| permission.ports.map(|(from, _)| from.to_string()))
        }),
        ("ip-permission.group-id", |_, group| {
            of_rules(group, |permission| match &permission.peer {
                Peer::Group(id) => Some(id.to_string()),
                _ => None,
            })
        }),
        ("ip-permission.ipv6-cidr", |_, group| {
            of_rules(group, |permission| match &permission.peer {
                peer @ Peer::Ipv6(..) => Some(peer.to_string()),
                _ => None,
            })
        }),
        ("ip-permission.protocol", |_, group| {
            of_rules(group, |permission| Some(permission.protocol.name().to_owned()))
        }),
        ("ip-permission.to-port", |_, group| {
            of_rules(group, |permission| permission.ports.map(|(_, to)| to.to_string()))
        }),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("vpc-id", |view, _| vec![view.place.vpc.to_string()]),
    ];

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

fn of_rules(group: &SecurityGroup, value: impl Fn(&Permission) -> Option<String>) -> Vec<String> {
    group.rules.iter().filter_map(|rule| value(&rule.permission)).collect()
}
