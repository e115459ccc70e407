//! DescribeNetworkInterfaces.

use super::{Answer, select};
use crate::api::filter::{Filter, Filtered, Property, View};
use crate::api::page::Page;
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::ids::EniId;
use crate::model::interface::{Attachment, Interface};
use crate::model::place::ACCOUNT;
use crate::model::tags::Tags;

const ACTION: &str = "DescribeNetworkInterfaces";
const PAGE_MAX: usize = 1_000;

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let page = Page::read(reader, ACTION, "NetworkInterfaceId", PAGE_MAX)?;
    let ids = reader.list_of("NetworkInterfaceId", EniId::parse)?;
    let filters = Filter::read(reader)?;
    reader.finish()?;
    let found = select(view, &view.world.interfaces, &ids, EniId::missing, &filters)?;
    let (found, next) = page.cut(ACTION, found, |eni: &Interface| eni.id.as_str());
    let mut xml = Xml::default();
    xml.set("networkInterfaceSet", found, |xml, eni| shapes::interface(xml, view, eni));
    xml.some("nextToken", next);
    Ok(xml)
}

impl Filtered for Interface {
    const FILTERS: &'static [(&'static str, Property<Self>)] = &[
        ("addresses.primary", |_, eni| eni.ipv4.iter().map(|a| is_primary(eni, *a)).collect()),
        ("addresses.private-ip-address", |_, eni| texts(&eni.ipv4)),
        ("attachment.attach-time", |view, eni| {
            of_attachment(eni, |a| view.place.timestamp(a.since_ms))
        }),
        ("attachment.attachment-id", |_, eni| of_attachment(eni, |a| a.id.to_string())),
        ("attachment.delete-on-termination", |_, eni| {
            of_attachment(eni, |a| a.delete_on_termination.to_string())
        }),
        ("attachment.device-index", |_, eni| of_attachment(eni, |a| a.device_index.to_string())),
        ("attachment.instance-id", |_, eni| of_attachment(eni, |a| a.instance.to_string())),
        ("attachment.instance-owner-id", |_, eni| of_attachment(eni, |_| ACCOUNT.to_owned())),
        ("attachment.network-card-index", |_, eni| {
            of_attachment(eni, |a| a.network_card.to_string())
        }),
        ("attachment.status", |_, eni| of_attachment(eni, |a| a.status.name().to_owned())),
        ("availability-zone", |_, eni| vec![eni.zone.clone()]),
        ("description", |_, eni| vec![eni.description.clone()]),
        ("group-id", |_, eni| texts(&eni.groups)),
        ("group-name", |view, eni| {
            eni.groups.iter().map(|id| view.world.group_name(id).to_owned()).collect()
        }),
        ("interface-type", |_, _| vec!["interface".to_owned()]),
        ("ipv6-addresses.ipv6-address", |_, eni| texts(&eni.ipv6)),
        ("mac-address", |_, eni| vec![eni.mac.to_string()]),
        ("network-interface-id", |_, eni| vec![eni.id.to_string()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("private-dns-name", |view, eni| vec![view.place.dns_name(eni.primary_ipv4())]),
        ("private-ip-address", |_, eni| vec![eni.primary_ipv4().to_string()]),
        ("requester-managed", |_, _| vec!["false".to_owned()]),
        ("source-dest-check", |_, eni| vec![eni.source_dest_check.to_string()]),
        ("status", |_, eni| vec![eni.status().to_owned()]),
        ("subnet-id", |_, eni| vec![eni.subnet.to_string()]),
        ("vpc-id", |view, _| vec![view.place.vpc.to_string()]),
    ];

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn is_primary(eni: &Interface, address: std::net::Ipv4Addr) -> String {
    (address == eni.primary_ipv4()).to_string()
}

fn of_attachment(eni: &Interface, value: impl Fn(&Attachment) -> String) -> Vec<String> {
    eni.attachment.iter().map(value).collect()
}
