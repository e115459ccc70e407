//! The actions that the region has. Each reads all of its parameters, then lets
//! `Reader::finish` refuse the rest, and only then changes anything.

mod attachments;
mod identity;
mod instances;
mod interfaces;
mod interfaces_read;
mod launch;
mod modify;
mod scaling;
mod security;
mod security_read;
mod subnets;
mod tags;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::{self, Asked, Leave, Needs};
use super::auth::Principal;
use super::filter::{Filter, Filtered, View};
use super::params::Reader;
use super::service::Service;
use super::xml::Xml;
use crate::model::Model;
use crate::model::error::Ec2Error;

/// What an action answers.
pub type Answer = Result<Xml, Ec2Error>;

/// An action.
pub struct Action {
    pub service: Service,
    pub name: &'static str,
    pub needs: Needs,
    pub run: Run,
}

/// How an action is run: reads see a state that may be stale, changes the present one.
pub enum Run {
    Read(fn(&View<'_>, &Reader<'_>) -> Answer),
    Change(fn(&mut Model, &Reader<'_>) -> Answer),
    /// One that looks at nothing but who calls.
    Identity(fn(&Principal, &Reader<'_>) -> Answer),
}

/// A read, of no resource in particular: none of EC2's here has permissions on resources.
const fn read(name: &'static str, run: fn(&View<'_>, &Reader<'_>) -> Answer) -> Action {
    Action { service: Service::Ec2, name, needs: Needs::Action, run: Run::Read(run) }
}

const fn change(
    name: &'static str,
    run: fn(&mut Model, &Reader<'_>) -> Answer,
    needs: fn(&Asked<'_>) -> Vec<Leave>,
) -> Action {
    Action { service: Service::Ec2, name, needs: Needs::Resources(needs), run: Run::Change(run) }
}

/// Every action.
pub const ACTIONS: &[Action] = &[
    change("AttachNetworkInterface", attachments::attach, access::attach),
    change("AuthorizeSecurityGroupIngress", security::authorize, access::group),
    change("CreateNetworkInterface", interfaces::create, access::create_interface),
    change("CreateSecurityGroup", security::create, access::create_group),
    change("CreateTags", tags::create, access::create_tags),
    change("DeleteNetworkInterface", interfaces::delete, access::interface),
    change("DeleteSecurityGroup", security::delete, access::group),
    change("DeleteTags", tags::delete, access::delete_tags),
    Action {
        service: Service::AutoScaling,
        name: "DescribeAutoScalingGroups",
        needs: Needs::Action,
        run: Run::Read(scaling::describe),
    },
    read("DescribeInstanceTypes", types::describe),
    read("DescribeInstances", instances::describe),
    read("DescribeNetworkInterfaces", interfaces_read::describe),
    read("DescribeSecurityGroups", security_read::describe),
    read("DescribeSubnets", subnets::describe),
    change("DetachNetworkInterface", attachments::detach, access::detach),
    Action {
        service: Service::Sts,
        name: "GetCallerIdentity",
        needs: Needs::Nothing,
        run: Run::Identity(identity::caller),
    },
    change("ModifyInstanceAttribute", modify::attribute, access::modify_instance),
    change("ModifyInstanceMetadataOptions", modify::metadata_options, access::instances),
    change("ModifyNetworkInterfaceAttribute", interfaces::modify, access::modify_interface),
    change("RevokeSecurityGroupIngress", security::revoke, access::group),
    change("RunInstances", launch::run, access::run_instances),
    change("StartInstances", instances::start, access::instances),
    change("StopInstances", instances::stop, access::instances),
    change("TerminateInstances", instances::terminate, access::instances),
];

/// The action of a name.
pub fn find(service: Service, name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.service == service && action.name == name)
}

/// The names of all actions.
pub fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|action| action.name).collect()
}

/// EC2's answer to a change that has nothing to tell.
fn done() -> Answer {
    let mut xml = Xml::default();
    xml.text("return", true);
    Ok(xml)
}

/// The resources with these ids, or all if there are none, that pass the filters; by id.
fn select<'a, K: Ord + Clone, T: Filtered>(
    view: &View<'_>,
    all: &'a BTreeMap<K, Arc<T>>,
    ids: &[K],
    missing: fn(&[K]) -> Ec2Error,
    filters: &[Filter<T>],
) -> Result<Vec<&'a T>, Ec2Error> {
    let absent: Vec<_> = ids.iter().filter(|id| !all.contains_key(id)).cloned().collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    let ids: BTreeSet<_> = ids.iter().collect();
    let wanted = all.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
    let items = wanted.map(|(_, item)| item.as_ref());
    Ok(items.filter(|item| filters.iter().all(|filter| filter.admits(view, item))).collect())
}
