//! DescribeInstances, StartInstances, StopInstances, TerminateInstances.

use std::collections::BTreeMap;

use super::{Answer, select};
use crate::api::filter::{Filter, Filtered, Property, View};
use crate::api::page::Page;
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::ids::InstanceId;
use crate::model::instance::Instance;
use crate::model::interface::Interface;
use crate::model::place::ACCOUNT;
use crate::model::power::Change;
use crate::model::tags::Tags;

const ACTION: &str = "DescribeInstances";
const PAGE_MAX: usize = 1_000;

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let page = Page::read(reader, ACTION, "InstanceId", PAGE_MAX)?;
    let ids = reader.list_of("InstanceId", InstanceId::parse)?;
    let filters = Filter::read(reader)?;
    reader.finish()?;
    let found = select(view, &view.world.instances, &ids, InstanceId::missing, &filters)?;
    let (found, next) = page.cut(ACTION, found, |instance: &Instance| instance.id.as_str());
    let mut reservations: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for instance in found {
        reservations.entry(&instance.reservation).or_default().push(instance);
    }
    let mut xml = Xml::default();
    xml.set("reservationSet", reservations.values(), |xml, instances| {
        shapes::reservation(xml, view, instances);
    });
    xml.some("nextToken", next);
    Ok(xml)
}

pub fn start(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let ids = read_ids(reader)?;
    reader.finish()?;
    model.start(&ids).map(|changes| changed(&changes))
}

pub fn stop(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let ids = read_ids(reader)?;
    let forced = reader.boolean("Force")?.unwrap_or(false);
    reader.finish()?;
    model.stop(&ids, forced).map(|changes| changed(&changes))
}

pub fn terminate(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let ids = read_ids(reader)?;
    reader.finish()?;
    model.terminate(&ids).map(|changes| changed(&changes))
}

fn read_ids(reader: &Reader<'_>) -> Result<Vec<InstanceId>, Ec2Error> {
    reader.required_list_of("InstanceId", InstanceId::parse)
}

fn changed(changes: &[Change]) -> Xml {
    let mut xml = Xml::default();
    xml.set("instancesSet", changes, |xml, (id, before, after)| {
        xml.text("instanceId", id)
            .within("currentState", |xml| shapes::state(xml, *after))
            .within("previousState", |xml| shapes::state(xml, *before));
    });
    xml
}

impl Filtered for Instance {
    const FILTERS: &'static [(&'static str, Property<Self>)] = &[
        ("architecture", |_, _| vec!["x86_64".to_owned()]),
        ("availability-zone", |_, i| vec![i.zone.clone()]),
        ("client-token", |_, i| vec![i.client_token.clone()]),
        ("iam-instance-profile.arn", |_, i| {
            i.profile.iter().map(|name| shapes::profile_arn(name)).collect()
        }),
        ("instance.group-id", |view, i| {
            of_enis(view, i, |eni| eni.groups.iter().map(ToString::to_string).collect())
        }),
        ("instance.group-name", |view, i| {
            of_enis(view, i, |eni| {
                eni.groups.iter().map(|id| view.world.group_name(id).to_owned()).collect()
            })
        }),
        ("image-id", |_, i| vec![i.image.to_string()]),
        ("instance-id", |_, i| vec![i.id.to_string()]),
        ("instance-state-code", |_, i| vec![i.state.code().to_string()]),
        ("instance-state-name", |_, i| vec![i.state.name().to_owned()]),
        ("instance-type", |_, i| vec![i.kind.name.to_owned()]),
        ("launch-index", |_, i| vec![i.launch_index.to_string()]),
        ("launch-time", |view, i| vec![view.place.timestamp(i.launched_ms)]),
        ("metadata-options.http-tokens", |_, i| {
            vec![if i.metadata.tokens_required { "required" } else { "optional" }.to_owned()]
        }),
        ("network-interface.addresses.private-ip-address", |view, i| {
            of_enis(view, i, |eni| eni.ipv4.iter().map(ToString::to_string).collect())
        }),
        ("network-interface.group-id", |view, i| {
            of_enis(view, i, |eni| eni.groups.iter().map(ToString::to_string).collect())
        }),
        ("network-interface.mac-address", |view, i| {
            of_enis(view, i, |eni| vec![eni.mac.to_string()])
        }),
        ("network-interface.network-interface-id", |view, i| {
            of_enis(view, i, |eni| vec![eni.id.to_string()])
        }),
        ("network-interface.subnet-id", |view, i| {
            of_enis(view, i, |eni| vec![eni.subnet.to_string()])
        }),
        ("owner-id", |_, _| vec![ACCOUNT.to_owned()]),
        ("private-dns-name", |view, i| vec![view.place.dns_name(i.address)]),
        ("private-ip-address", |_, i| vec![i.address.to_string()]),
        ("reservation-id", |_, i| vec![i.reservation.to_string()]),
        ("state-reason-code", |_, i| {
            i.reason.iter().map(|reason| reason.cause.code().to_owned()).collect()
        }),
        ("subnet-id", |view, i| {
            let mut enis = view.world.interfaces_of(&i.id).into_iter();
            enis.next().map(|(eni, _)| eni.subnet.to_string()).into_iter().collect()
        }),
        ("vpc-id", |view, _| vec![view.place.vpc.to_string()]),
    ];

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

fn of_enis(
    view: &View<'_>,
    instance: &Instance,
    values: impl Fn(&Interface) -> Vec<String>,
) -> Vec<String> {
    let enis = view.world.interfaces_of(&instance.id).into_iter();
    enis.flat_map(|(eni, _)| values(eni)).collect()
}
