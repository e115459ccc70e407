//! What operators' commands ask of EC2, and of Auto Scaling and STS beside it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_sdk_ec2::types::{
    Filter, InstanceIpv6Address, InstanceType, ResourceType, Tag, TagSpecification,
};

use super::super::account::{
    Account, Instance, Interface, InterfaceLimits, NewEni, NewIpv6, ScalingGroup, SecurityGroup,
    Subnet, Which,
};
use super::super::{Action, CallError, Mode, TAG_POOL, TAG_RETIRED};
use super::answer::{call_error, done, malformed, parsed};
use super::shapes::{
    dry_run, filter, instance, interface, limits, security_group, subnet, tag_list,
};
use super::{Ec2, FILTER_VALUES_MAX, PAGE, PAGES_MAX};
use crate::ids::{EniId, InstanceId, SecurityGroupId, SubnetId};

/// Types asked for in one call: EC2's limit.
const TYPES_MAX: usize = 100;
/// Groups a page: Auto Scaling's largest.
const SCALING_PAGE: i32 = 100;

/// Reads all pages of a paginated call, each item through a function of ours.
macro_rules! all_pages {
    ($action:expr, $asked:expr, $items:expr, $each:expr) => {{
        let mut pages = $asked.into_paginator().send();
        let mut found = Vec::new();
        let mut read = 0;
        while let Some(page) = pages.next().await {
            read += 1;
            if read > PAGES_MAX {
                return Err(malformed($action, format!("more than {PAGES_MAX} pages")));
            }
            let page = page.map_err(|e| call_error($action, e))?;
            for item in $items(&page) {
                found.push($each(item)?);
            }
        }
        found
    }};
}

impl Ec2 {
    async fn described_instances(&self, ids: &[InstanceId]) -> Result<Vec<Instance>, CallError> {
        // A filter, not a list of ids: one unknown id in a list fails the whole call.
        let filter = filter("instance-id", ids.iter().map(InstanceId::to_string));
        let asked = self.client.describe_instances().filters(filter).max_results(PAGE);
        Ok(all_pages!(
            Action::DescribeInstances,
            asked,
            |page: &aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput| {
                let all = page.reservations().iter().flat_map(|it| it.instances());
                all.cloned().collect::<Vec<_>>()
            },
            |one| instance(&one)
        ))
    }
}

fn of(which: Which<'_>) -> Vec<Filter> {
    match which {
        Which::OfPool(pool) => vec![filter(&format!("tag:{TAG_POOL}"), [pool.to_string()])],
        Which::WithIds(_) => Vec::new(),
        Which::WithAddresses(addresses) => {
            let v4 = addresses.iter().filter(|it| it.is_ipv4()).map(IpAddr::to_string);
            vec![filter("addresses.private-ip-address", v4)]
        }
        // A pool's name holds none of the letters that mean something in a filter.
        Which::RetiredFrom(pool) => {
            vec![filter(&format!("tag:{TAG_RETIRED}"), [format!("{pool}/*")])]
        }
    }
}

impl Account for Ec2 {
    async fn interfaces(&self, which: Which<'_>) -> Result<Vec<Interface>, CallError> {
        let asked = self.client.describe_network_interfaces();
        let asked = match which {
            // A list of ids takes no page size.
            Which::WithIds(ids) => asked.set_network_interface_ids(Some(texts(ids))),
            _ => asked.set_filters(Some(of(which))).max_results(PAGE),
        };
        Ok(all_pages!(
            Action::DescribeNetworkInterfaces,
            asked,
            |page: &aws_sdk_ec2::operation::describe_network_interfaces::DescribeNetworkInterfacesOutput| {
                page.network_interfaces().to_vec()
            },
            |one| interface(&one)
        ))
    }

    async fn instances(
        &self,
        ids: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, Instance>, CallError> {
        let mut found = BTreeMap::new();
        for some in ids.chunks(FILTER_VALUES_MAX) {
            let some = self.described_instances(some).await?;
            found.extend(some.into_iter().map(|it| (it.id.clone(), it)));
        }
        Ok(found)
    }

    async fn subnets(&self, ids: &[SubnetId]) -> Result<Vec<Subnet>, CallError> {
        let asked = self.client.describe_subnets().set_subnet_ids(Some(texts(ids)));
        let answer = asked.send().await.map_err(|e| call_error(Action::DescribeSubnets, e))?;
        answer.subnets().iter().map(subnet).collect()
    }

    async fn security_groups(
        &self,
        ids: &[SecurityGroupId],
    ) -> Result<Vec<SecurityGroup>, CallError> {
        let asked = self.client.describe_security_groups().set_group_ids(Some(texts(ids)));
        let answer = asked.send().await;
        let answer = answer.map_err(|e| call_error(Action::DescribeSecurityGroups, e))?;
        answer.security_groups().iter().map(security_group).collect()
    }

    async fn interface_limits(
        &self,
        kinds: &[String],
    ) -> Result<BTreeMap<String, InterfaceLimits>, CallError> {
        const ACTION: Action = Action::DescribeInstanceTypes;
        let mut found = BTreeMap::new();
        for some in kinds.chunks(TYPES_MAX) {
            let some = some.iter().map(|kind| InstanceType::from(kind.as_str())).collect();
            let asked = self.client.describe_instance_types().set_instance_types(Some(some));
            let answer = asked.send().await.map_err(|e| call_error(ACTION, e))?;
            found.extend(answer.instance_types().iter().filter_map(limits));
        }
        Ok(found)
    }

    async fn scaling_groups(&self, names: &[String]) -> Result<Vec<ScalingGroup>, CallError> {
        const ACTION: Action = Action::DescribeAutoScalingGroups;
        let asked = self.scaling.describe_auto_scaling_groups().max_records(SCALING_PAGE);
        let asked = asked.set_auto_scaling_group_names(Some(names.to_vec()));
        Ok(all_pages!(
            ACTION,
            asked,
            |page: &aws_sdk_autoscaling::operation::describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput| {
                page.auto_scaling_groups().to_vec()
            },
            |one| scaling_group(&one)
        ))
    }

    async fn create(&self, new: &NewEni, mode: Mode) -> Result<Option<Interface>, CallError> {
        const ACTION: Action = Action::CreateNetworkInterface;
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::NetworkInterface)
            .set_tags(Some(tag_list(&new.tags)))
            .build();
        let mut asked = self
            .client
            .create_network_interface()
            .subnet_id(new.subnet.as_str())
            .description(&new.description)
            .client_token(&new.client_token)
            .set_private_ip_address(new.ipv4.map(|it| it.to_string()))
            .set_dry_run(dry_run(mode));
        if !new.tags.is_empty() {
            asked = asked.tag_specifications(tags);
        }
        if !new.groups.is_empty() {
            asked = asked.set_groups(Some(texts(&new.groups)));
        }
        asked = match &new.ipv6 {
            NewIpv6::None => asked,
            NewIpv6::Chosen => asked.ipv6_address_count(1),
            NewIpv6::These(these) => these.iter().fold(asked, |asked, address| {
                let address = InstanceIpv6Address::builder().ipv6_address(address.to_string());
                asked.ipv6_addresses(address.build())
            }),
        };
        let Some(answer) = done(ACTION, asked.send().await)? else { return Ok(None) };
        let made = answer.network_interface();
        let made = made.ok_or_else(|| malformed(ACTION, "no networkInterface".to_owned()))?;
        interface(made).map(Some)
    }

    async fn delete(&self, eni: &EniId, mode: Mode) -> Result<(), CallError> {
        let asked = self.client.delete_network_interface().network_interface_id(eni.as_str());
        let sent = asked.set_dry_run(dry_run(mode)).send().await;
        done(Action::DeleteNetworkInterface, sent).map(drop)
    }

    async fn set_tags(
        &self,
        eni: &EniId,
        tags: &BTreeMap<String, String>,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.tag(eni, tag_list(tags), mode).await
    }

    async fn remove_tags(&self, eni: &EniId, keys: &[&str], mode: Mode) -> Result<(), CallError> {
        let tags = keys.iter().map(|key| Tag::builder().key(*key).build()).collect();
        self.untag(eni, tags, mode).await
    }

    async fn may_read(&self, action: Action) -> Result<(), CallError> {
        let client = &self.client;
        macro_rules! ask {
            ($call:ident) => {
                done(action, client.$call().dry_run(true).send().await).map(drop)
            };
        }
        match action {
            Action::DescribeNetworkInterfaces => ask!(describe_network_interfaces),
            Action::DescribeInstances => ask!(describe_instances),
            Action::DescribeInstanceTypes => ask!(describe_instance_types),
            Action::DescribeSubnets => ask!(describe_subnets),
            Action::DescribeSecurityGroups => ask!(describe_security_groups),
            // Auto Scaling knows no dry run: the shortest read is as good.
            Action::DescribeAutoScalingGroups => {
                let asked = self.scaling.describe_auto_scaling_groups().max_records(1);
                asked.send().await.map(drop).map_err(|e| call_error(action, e))
            }
            other => Err(malformed(other, "it is no read".to_owned())),
        }
    }

    async fn caller(&self) -> Result<String, CallError> {
        const ACTION: Action = Action::GetCallerIdentity;
        let answer = self.identity.get_caller_identity().send().await;
        let answer = answer.map_err(|e| call_error(ACTION, e))?;
        parsed(ACTION, "Arn", answer.arn())
    }
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(T::to_string).collect()
}

fn scaling_group(
    from: &aws_sdk_autoscaling::types::AutoScalingGroup,
) -> Result<ScalingGroup, CallError> {
    const ACTION: Action = Action::DescribeAutoScalingGroups;
    let subnets = from.vpc_zone_identifier().unwrap_or_default().split(',');
    let subnets = subnets.map(str::trim).filter(|text| !text.is_empty());
    let subnets = subnets.map(|text| parsed(ACTION, "VPCZoneIdentifier", Some(text)));
    Ok(ScalingGroup {
        name: parsed(ACTION, "AutoScalingGroupName", from.auto_scaling_group_name())?,
        zones: from.availability_zones().iter().cloned().collect(),
        subnets: subnets.collect::<Result<_, _>>()?,
        desired: from.desired_capacity().and_then(|it| u32::try_from(it).ok()).unwrap_or_default(),
    })
}
