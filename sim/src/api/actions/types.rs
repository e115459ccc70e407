//! DescribeInstanceTypes: how many interfaces an instance type has room for.

use super::Answer;
use crate::api::filter::{Filter, Filtered, Property, View};
use crate::api::page::Page;
use crate::api::params::Reader;
use crate::api::xml::Xml;
use crate::model::error::Ec2Error;
use crate::model::tags::Tags;
use crate::model::types::{InstanceType, TYPES};

const ACTION: &str = "DescribeInstanceTypes";
const PAGE_MAX: usize = 100;

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let page = Page::read(reader, ACTION, "InstanceType", PAGE_MAX)?;
    let names = reader.list("InstanceType");
    let filters = Filter::<InstanceType>::read(reader)?;
    reader.finish()?;
    check_names(&names)?;
    let wanted = |kind: &&InstanceType| names.is_empty() || names.contains(&kind.name);
    let found = TYPES.iter().filter(wanted);
    let found = found.filter(|kind| filters.iter().all(|filter| filter.admits(view, kind)));
    let (found, next) = page.cut(ACTION, found.collect(), |kind| kind.name);
    let mut xml = Xml::default();
    xml.set("instanceTypeSet", found, instance_type);
    xml.some("nextToken", next);
    Ok(xml)
}

fn check_names(names: &[&str]) -> Result<(), Ec2Error> {
    let unknown = names.iter().filter(|name| InstanceType::find(name).is_none());
    let unknown: Vec<_> = unknown.copied().collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let list = unknown.join(", ");
    let message = format!("The following supplied instance types do not exist: [{list}]");
    Err(Ec2Error::new("InvalidInstanceType", message))
}

fn instance_type(xml: &mut Xml, kind: &InstanceType) {
    xml.text("instanceType", kind.name)
        .text("currentGeneration", !kind.name.starts_with("t2."))
        .text("bareMetal", false)
        .nested("vCpuInfo", "defaultVCpus", kind.vcpus)
        .nested("memoryInfo", "sizeInMiB", kind.memory_mib)
        .within("networkInfo", |xml| network_info(xml, kind));
}

fn network_info(xml: &mut Xml, kind: &InstanceType) {
    xml.text("networkPerformance", kind.performance)
        .text("maximumNetworkInterfaces", kind.interfaces)
        .text("maximumNetworkCards", kind.cards)
        .text("defaultNetworkCardIndex", 0)
        .set("networkCards", 0..kind.cards, |xml, card| {
            xml.text("networkCardIndex", card)
                .text("networkPerformance", kind.performance)
                .text("maximumNetworkInterfaces", kind.interfaces_per_card());
        })
        .text("ipv4AddressesPerInterface", kind.addresses)
        .text("ipv6AddressesPerInterface", kind.addresses)
        .text("ipv6Supported", true)
        .text("enaSupport", if kind.name.starts_with("t2.") { "unsupported" } else { "required" });
}

impl Filtered for InstanceType {
    const HAS_TAGS: bool = false;
    const FILTERS: &'static [(&'static str, Property<Self>)] = &[
        ("current-generation", |_, kind| vec![(!kind.name.starts_with("t2.")).to_string()]),
        ("instance-type", |_, kind| vec![kind.name.to_owned()]),
        ("memory-info.size-in-mib", |_, kind| vec![kind.memory_mib.to_string()]),
        ("network-info.maximum-network-cards", |_, kind| vec![kind.cards.to_string()]),
        ("network-info.maximum-network-interfaces", |_, kind| vec![kind.interfaces.to_string()]),
        ("vcpu-info.default-vcpus", |_, kind| vec![kind.vcpus.to_string()]),
    ];

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
