//! DescribeSubnets.

use super::{Answer, select};
use crate::api::filter::{Filter, Filtered, Property, View};
use crate::api::page::Page;
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::ids::SubnetId;
use crate::model::place::{ACCOUNT, Subnet};
use crate::model::tags::Tags;

const ACTION: &str = "DescribeSubnets";
const PAGE_MAX: usize = 1_000;
/// The addresses of a subnet that EC2 keeps for itself.
const RESERVED: usize = 5;

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let page = Page::read(reader, ACTION, "SubnetId", PAGE_MAX)?;
    let ids = reader.list_of("SubnetId", SubnetId::parse)?;
    let filters = Filter::read(reader)?;
    reader.finish()?;
    let found = select(view, &view.world.subnets, &ids, SubnetId::missing, &filters)?;
    let (found, next) = page.cut(ACTION, found, |subnet: &Subnet| subnet.id.as_str());
    let mut xml = Xml::default();
    xml.set("subnetSet", found, |xml, subnet| {
        shapes::subnet(xml, view.place, subnet, free(view, subnet));
    });
    xml.some("nextToken", next);
    Ok(xml)
}

/// How many addresses are free.
fn free(view: &View<'_>, subnet: &Subnet) -> usize {
    let here = view.world.interfaces.values().filter(|eni| eni.subnet == subnet.id);
    let used: usize = here.map(|eni| eni.ipv4.len()).sum();
    (subnet.size() as usize).saturating_sub(used + RESERVED)
}

impl Filtered for Subnet {
    const FILTERS: &'static [(&'static str, Property<Self>)] = &[
        ("availability-zone", |_, subnet| vec![subnet.zone.clone()]),
        ("availability-zone-id", |_, subnet| vec![subnet.zone_id.clone()]),
        ("available-ip-address-count", |view, subnet| vec![free(view, subnet).to_string()]),
        ("cidr", |_, subnet| vec![subnet.ipv4_cidr()]),
        ("cidr-block", |_, subnet| vec![subnet.ipv4_cidr()]),
        ("default-for-az", |_, _| vec!["false".to_owned()]),
        ("ipv6-cidr-block-association.ipv6-cidr-block", |_, subnet| vec![subnet.ipv6_cidr()]),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("state", |_, _| vec!["available".to_owned()]),
        ("subnet-id", |_, subnet| vec![subnet.id.to_string()]),
        ("vpc-id", |view, _| vec![view.place.vpc.to_string()]),
    ];

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
