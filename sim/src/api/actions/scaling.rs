//! Auto Scaling's DescribeAutoScalingGroups.
//!
//! A group here is as large as it is told to be: its least, greatest and desired size are one.

use super::Answer;
use crate::api::auth::unique_id;
use crate::api::filter::{View, matches};
use crate::api::page;
use crate::api::params::Reader;
use crate::api::xml::Xml;
use crate::model::error::Ec2Error;
use crate::model::groups::Group;
use crate::model::instance::{Instance, State};
use crate::model::place::ACCOUNT;

const ACTION: &str = "DescribeAutoScalingGroups";
/// How many groups a page has, if not told otherwise, and at most.
const PAGE: usize = 50;
const PAGE_MAX: usize = 100;

/// What a filter looks at, and the values of which it admits any.
type Wanted = (String, Vec<String>);

pub fn describe(view: &View<'_>, reader: &Reader<'_>) -> Answer {
    let names = reader.query_list("AutoScalingGroupNames")?;
    let size = read_size(reader)?;
    let after = reader.get("NextToken").map(|token| page::open(ACTION, token)).transpose()?;
    let filters = read_filters(reader)?;
    let with_instances = reader.boolean("IncludeInstances")?.unwrap_or(true);
    reader.finish_without_dry_run()?;
    let is_named = |name: &str| names.is_empty() || names.contains(&name);
    let all = view.scaling.iter().filter(|(name, _)| is_named(name));
    let all = all.filter(|(name, _)| after.as_deref().is_none_or(|after| name.as_str() > after));
    let mut found: Vec<_> =
        all.filter(|(_, group)| filters.iter().all(|filter| admits(filter, group))).collect();
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more).map(|(name, _)| page::seal(ACTION, name));
    let mut xml = Xml::default();
    xml.members("AutoScalingGroups", found, |xml, (_, one)| {
        group(xml, view, one, with_instances);
    });
    xml.some("NextToken", last);
    Ok(xml)
}

fn read_size(reader: &Reader<'_>) -> Result<usize, Ec2Error> {
    let size = reader.number("MaxRecords")?.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&size) {
        return Ok(size);
    }
    let bound = if size == 0 { "greater than or equal to 1" } else { "less than or equal to 100" };
    Err(Ec2Error::invalid_value(format!(
        "1 validation error detected: Value '{size}' at 'maxRecords' failed to satisfy \
         constraint: Member must have value {bound}"
    )))
}

/// Filters are on tags alone.
fn read_filters(reader: &Reader<'_>) -> Result<Vec<Wanted>, Ec2Error> {
    reader.query_list("Filters")?;
    let members = reader.members("Filters.member");
    let read = |member: &String| {
        let name = reader.required(&format!("{member}.Name"))?;
        let is_known = name.starts_with("tag:") || matches!(name, "tag-key" | "tag-value");
        if !is_known {
            let message = format!("Filter type {name} is not correct.");
            return Err(Ec2Error::invalid_value(message));
        }
        let values = reader.list(&format!("{member}.Values.member"));
        Ok((name.to_owned(), values.into_iter().map(str::to_owned).collect()))
    };
    members.iter().map(read).collect()
}

fn admits((name, values): &Wanted, group: &Group) -> bool {
    let is_wanted = |value: &str| values.iter().any(|wanted| matches(wanted, value));
    let tags = &group.request.tags;
    match name.strip_prefix("tag:") {
        Some(key) => tags.get(key).is_some_and(|value| is_wanted(value)),
        None if name == "tag-key" => tags.keys().any(|key| is_wanted(key)),
        None => tags.values().any(|value| is_wanted(value)),
    }
}

fn group(xml: &mut Xml, view: &View<'_>, group: &Group, with_instances: bool) {
    let (name, size) = (&group.request.name, group.request.desired);
    xml.text("AutoScalingGroupName", name).text("AutoScalingGroupARN", arn(view, name));
    xml.within("LaunchTemplate", |xml| launch_template(xml, name));
    xml.text("MinSize", size)
        .text("MaxSize", size)
        .text("DesiredCapacity", size)
        .text("DefaultCooldown", 300)
        .members("AvailabilityZones", group.zones(), |xml, zone| xml.value(zone))
        .within("LoadBalancerNames", |_| {})
        .within("TargetGroupARNs", |_| {})
        .text("HealthCheckType", "EC2")
        .text("HealthCheckGracePeriod", 0);
    if with_instances {
        let instances = view.world.members(name);
        xml.members("Instances", instances, |xml, one| instance(xml, name, one));
    }
    xml.text("CreatedTime", view.place.timestamp(group.created_ms))
        .within("SuspendedProcesses", |_| {})
        .text("VPCZoneIdentifier", subnets(view, group))
        .within("EnabledMetrics", |_| {});
    tags(xml, group);
    xml.members("TerminationPolicies", ["Default"], |xml, policy| xml.value(policy))
        .text("NewInstancesProtectedFromScaleIn", false)
        .text("ServiceLinkedRoleARN", service_role());
}

/// The subnets that it launches into, with commas between.
fn subnets(view: &View<'_>, group: &Group) -> String {
    let subnets = group.zones().filter_map(|zone| view.world.subnet_of_zone(zone));
    subnets.map(|subnet| subnet.id.as_str()).collect::<Vec<_>>().join(",")
}

fn tags(xml: &mut Xml, group: &Group) {
    xml.members("Tags", &group.request.tags, |xml, (key, value)| {
        xml.text("ResourceId", &group.request.name)
            .text("ResourceType", "auto-scaling-group")
            .text("Key", key)
            .text("Value", value)
            .text("PropagateAtLaunch", true);
    });
}

fn instance(xml: &mut Xml, group: &str, one: &Instance) {
    let (life, health) = life_cycle(one.state);
    xml.text("InstanceId", &one.id)
        .text("InstanceType", one.kind.name)
        .text("AvailabilityZone", &one.zone)
        .text("LifecycleState", life)
        .text("HealthStatus", health);
    xml.within("LaunchTemplate", |xml| launch_template(xml, group));
    xml.text("ProtectedFromScaleIn", false);
}

/// A stopped member is to Auto Scaling one that it is about to terminate.
fn life_cycle(state: State) -> (&'static str, &'static str) {
    match state {
        State::Pending => ("Pending", "Healthy"),
        State::Running => ("InService", "Healthy"),
        State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated => {
            ("Terminating", "Unhealthy")
        }
    }
}

fn launch_template(xml: &mut Xml, group: &str) {
    let id = unique_id("", group).to_ascii_lowercase();
    xml.text("LaunchTemplateId", format!("lt-{id}"))
        .text("LaunchTemplateName", group)
        .text("Version", "$Latest");
}

fn arn(view: &View<'_>, name: &str) -> String {
    let region = &view.place.region;
    let id = "5eadfa57-5ead-4fa5-a5ea-dfa575eadfa5";
    format!(
        "arn:aws:autoscaling:{region}:{ACCOUNT}:autoScalingGroup:{id}:autoScalingGroupName/{name}"
    )
}

fn service_role() -> String {
    let path = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    format!("arn:aws:iam::{ACCOUNT}:{path}")
}
