//! EC2's shapes as ours: parsed where they enter, never taken for less than they are.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, Filter, Tag};
use ipnet::IpNet;

use super::super::account::{
    Instance, InstanceInterface, Interface, InterfaceLimits, MetadataOptions, Permission,
    SecurityGroup, Subnet,
};
use super::super::{Action, Attachment, AttachmentStatus, CallError, Eni, InstanceState};
use super::answer::{malformed, parsed};
use crate::ids::{DeviceIndex, InstanceId};

pub fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

pub fn eni(interface: &types::NetworkInterface) -> Result<Eni, CallError> {
    const ACTION: Action = Action::DescribeNetworkInterfaces;
    let v4 = interface.private_ip_addresses().iter();
    // The primary address first, whatever the order of the answer: it is the slot's name.
    let (primary, others): (Vec<_>, Vec<_>) = v4.partition(|a| a.primary() == Some(true));
    let v4 = primary.into_iter().chain(others).filter_map(|a| a.private_ip_address());
    let v6 = interface.ipv6_addresses().iter().filter_map(|a| a.ipv6_address());
    let addresses = v4.chain(v6).map(|text| parsed(ACTION, "address", Some(text)));
    let tags = interface.tag_set().iter().filter_map(|t| Some((t.key()?.to_owned(), t.value()?)));
    Ok(Eni {
        id: parsed(ACTION, "networkInterfaceId", interface.network_interface_id())?,
        mac: parsed(ACTION, "macAddress", interface.mac_address())?,
        zone: interface.availability_zone().unwrap_or_default().to_owned(),
        subnet: parsed(ACTION, "subnetId", interface.subnet_id())?,
        addresses: addresses.collect::<Result<_, _>>()?,
        tags: tags.map(|(key, value)| (key, value.to_owned())).collect(),
        attachment: attachment(interface)?,
    })
}

/// The attachment, unless it has ended.
///
/// A holder of another account is not named: EC2 does not describe it to us, which must not pass
/// for an instance that is gone.
fn attachment(of: &types::NetworkInterface) -> Result<Option<Attachment>, CallError> {
    const ACTION: Action = Action::DescribeNetworkInterfaces;
    let Some(from) = of.attachment() else {
        return Ok(None);
    };
    let status = match from.status() {
        Some(types::AttachmentStatus::Attaching) => AttachmentStatus::Attaching,
        Some(types::AttachmentStatus::Detaching) => AttachmentStatus::Detaching,
        Some(types::AttachmentStatus::Detached) => return Ok(None),
        _ => AttachmentStatus::Attached,
    };
    let owners = of.owner_id().zip(from.instance_owner_id());
    let is_foreign = owners.is_some_and(|(interface, instance)| interface != instance);
    let instance = from.instance_id().filter(|_| !is_foreign);
    let instance = instance.map(|id| parsed(ACTION, "instanceId", Some(id)));
    let index = from.device_index().and_then(|i| u32::try_from(i).ok()).unwrap_or_default();
    Ok(Some(Attachment {
        id: parsed(ACTION, "attachmentId", from.attachment_id())?,
        instance: instance.transpose()?,
        index: DeviceIndex(index),
        status,
    }))
}

pub fn state(instance: &types::Instance) -> Result<(InstanceId, InstanceState), CallError> {
    const ACTION: Action = Action::DescribeInstances;
    let id = parsed(ACTION, "instanceId", instance.instance_id())?;
    let name = instance.state().and_then(|s| s.name());
    let state = name.and_then(instance_state);
    let state = state.ok_or_else(|| malformed(ACTION, format!("{id} in state {name:?}")))?;
    Ok((id, state))
}

fn instance_state(name: &types::InstanceStateName) -> Option<InstanceState> {
    Some(match name {
        types::InstanceStateName::Pending => InstanceState::Pending,
        types::InstanceStateName::Running => InstanceState::Running,
        types::InstanceStateName::Stopping => InstanceState::Stopping,
        types::InstanceStateName::Stopped => InstanceState::Stopped,
        types::InstanceStateName::ShuttingDown => InstanceState::ShuttingDown,
        types::InstanceStateName::Terminated => InstanceState::Terminated,
        _ => return None,
    })
}

/// EC2's `DryRun` parameter, which is left out where it is not wanted.
pub fn dry_run(mode: super::super::Mode) -> Option<bool> {
    (mode == super::super::Mode::DryRun).then_some(true)
}

/// An ENI in all detail.
pub fn interface(from: &types::NetworkInterface) -> Result<Interface, CallError> {
    const ACTION: Action = Action::DescribeNetworkInterfaces;
    let attachment = from.attachment();
    let groups = from.groups().iter();
    let groups = groups.map(|group| parsed(ACTION, "groupId", group.group_id()));
    Ok(Interface {
        eni: eni(from)?,
        description: from.description().unwrap_or_default().to_owned(),
        vpc: parsed(ACTION, "vpcId", from.vpc_id())?,
        groups: groups.collect::<Result<_, _>>()?,
        source_dest_check: from.source_dest_check().unwrap_or(true),
        attached_at: attachment.and_then(|a| a.attach_time()).map(|time| time.secs()),
        delete_on_termination: attachment.and_then(|a| a.delete_on_termination()) == Some(true),
        is_requester_managed: from.requester_managed() == Some(true),
    })
}

/// Tags by their keys.
pub fn tags(from: &[Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    from.iter().filter_map(pair).collect()
}

/// Tags as EC2 takes them.
pub fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// An instance.
pub fn instance(from: &types::Instance) -> Result<Instance, CallError> {
    let (id, state) = state(from)?;
    let placement = from.placement().and_then(|placement| placement.availability_zone());
    let interfaces = from.network_interfaces().iter().map(instance_interface);
    Ok(Instance {
        id,
        state,
        kind: from.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        zone: placement.unwrap_or_default().to_owned(),
        launched_at: from.launch_time().map(|time| time.secs()),
        address: from.private_ip_address().and_then(|text| text.parse().ok()),
        tags: tags(from.tags()),
        interfaces: interfaces.collect::<Result<_, _>>()?,
        metadata: metadata(from.metadata_options()),
        profile: from.iam_instance_profile().and_then(|it| it.arn()).map(str::to_owned),
    })
}

fn instance_interface(
    from: &types::InstanceNetworkInterface,
) -> Result<InstanceInterface, CallError> {
    const ACTION: Action = Action::DescribeInstances;
    let attachment = from.attachment();
    let number = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok()).unwrap_or_default();
    Ok(InstanceInterface {
        eni: parsed(ACTION, "networkInterfaceId", from.network_interface_id())?,
        subnet: parsed(ACTION, "subnetId", from.subnet_id())?,
        device_index: number(attachment.and_then(|it| it.device_index())),
        network_card: number(attachment.and_then(|it| it.network_card_index())),
        delete_on_termination: attachment.and_then(|it| it.delete_on_termination()) == Some(true),
    })
}

/// What EC2 does not say is as it is for an instance that was launched without options.
fn metadata(from: Option<&types::InstanceMetadataOptionsResponse>) -> MetadataOptions {
    let endpoint = from.and_then(|it| it.http_endpoint());
    let tokens = from.and_then(|it| it.http_tokens());
    let tags = from.and_then(|it| it.instance_metadata_tags());
    let hops = from.and_then(|it| it.http_put_response_hop_limit());
    MetadataOptions {
        is_enabled: endpoint != Some(&types::InstanceMetadataEndpointState::Disabled),
        tokens_required: tokens == Some(&types::HttpTokensState::Required),
        hop_limit: hops.and_then(|it| u32::try_from(it).ok()).unwrap_or(1),
        shows_tags: tags == Some(&types::InstanceMetadataTagsState::Enabled),
    }
}

/// A subnet.
pub fn subnet(from: &types::Subnet) -> Result<Subnet, CallError> {
    const ACTION: Action = Action::DescribeSubnets;
    let v6 = from.ipv6_cidr_block_association_set().iter().filter_map(|it| it.ipv6_cidr_block());
    let networks = from.cidr_block().into_iter().chain(v6);
    let networks = networks.map(|text| parsed::<IpNet>(ACTION, "cidrBlock", Some(text)));
    let free = from.available_ip_address_count().and_then(|it| u32::try_from(it).ok());
    Ok(Subnet {
        id: parsed(ACTION, "subnetId", from.subnet_id())?,
        zone: from.availability_zone().unwrap_or_default().to_owned(),
        vpc: parsed(ACTION, "vpcId", from.vpc_id())?,
        networks: networks.collect::<Result<_, _>>()?,
        free_addresses: free.unwrap_or_default(),
    })
}

/// A security group.
pub fn security_group(from: &types::SecurityGroup) -> Result<SecurityGroup, CallError> {
    const ACTION: Action = Action::DescribeSecurityGroups;
    let ingress = from.ip_permissions().iter().map(permission);
    Ok(SecurityGroup {
        id: parsed(ACTION, "groupId", from.group_id())?,
        name: from.group_name().unwrap_or_default().to_owned(),
        vpc: parsed(ACTION, "vpcId", from.vpc_id())?,
        ingress: ingress.collect::<Result<_, _>>()?,
    })
}

/// A source by prefix list is left out: which addresses it means is not said here.
fn permission(from: &types::IpPermission) -> Result<Permission, CallError> {
    const ACTION: Action = Action::DescribeSecurityGroups;
    let v4 = from.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    let v6 = from.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6());
    let networks = v4.chain(v6).map(|text| parsed::<IpNet>(ACTION, "cidrIp", Some(text)));
    let groups = from.user_id_group_pairs().iter();
    let groups = groups.map(|pair| parsed(ACTION, "groupId", pair.group_id()));
    let port = |it: Option<i32>| it.and_then(|it| u16::try_from(it).ok());
    Ok(Permission {
        protocol: from.ip_protocol().unwrap_or("-1").to_owned(),
        ports: port(from.from_port()).zip(port(from.to_port())),
        networks: networks.collect::<Result<_, _>>()?,
        groups: groups.collect::<Result<_, _>>()?,
    })
}

/// The limits of an instance type. Without cards of its own it has all on card 0.
pub fn limits(from: &types::InstanceTypeInfo) -> Option<(String, InterfaceLimits)> {
    let network = from.network_info()?;
    let count = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok());
    let total = count(network.maximum_network_interfaces())?;
    let card = network.network_cards().iter().find(|card| card.network_card_index() == Some(0));
    let on_card_0 = card.and_then(|card| count(card.maximum_network_interfaces())).unwrap_or(total);
    Some((from.instance_type()?.as_str().to_owned(), InterfaceLimits { total, on_card_0 }))
}
