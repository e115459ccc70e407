//! Resources in EC2's XML.

pub mod security;

use super::auth::unique_id;
use super::filter::View;
use super::xml::Xml;
use crate::model::ids::GroupId;
use crate::model::instance::{Cause, Instance, Metadata, Reason, State};
use crate::model::interface::{Attachment, Interface};
use crate::model::place::{ACCOUNT, Place, Subnet};
use crate::model::tags::Tags;

pub fn tag_set(xml: &mut Xml, tags: &Tags) {
    xml.set("tagSet", tags, |xml, (key, value)| {
        xml.text("key", key).text("value", value);
    });
}

fn group_set(xml: &mut Xml, view: &View<'_>, groups: &[GroupId]) {
    xml.set("groupSet", groups, |xml, group| {
        xml.text("groupId", group).text("groupName", view.world.group_name(group));
    });
}

/// An interface as DescribeNetworkInterfaces has it.
pub fn interface(xml: &mut Xml, view: &View<'_>, eni: &Interface) {
    interface_head(xml, view, eni);
    xml.text("availabilityZone", &eni.zone).text("requesterManaged", false);
    tag_set(xml, &eni.tags);
    if let Some(attachment) = &eni.attachment {
        xml.within("attachment", |xml| {
            xml.text("instanceId", &attachment.instance).text("instanceOwnerId", ACCOUNT);
            attachment_body(xml, view.place, attachment);
        });
    }
}

/// An interface as its instance's entry has it.
fn interface_of_instance(
    xml: &mut Xml,
    view: &View<'_>,
    (eni, attachment): (&Interface, &Attachment),
) {
    interface_head(xml, view, eni);
    xml.within("attachment", |xml| attachment_body(xml, view.place, attachment));
}

fn interface_head(xml: &mut Xml, view: &View<'_>, eni: &Interface) {
    let place = view.place;
    let primary = eni.primary_ipv4();
    xml.text("networkInterfaceId", &eni.id)
        .text("subnetId", &eni.subnet)
        .text("vpcId", &place.vpc)
        .text("description", &eni.description)
        .text("ownerId", ACCOUNT)
        .text("status", eni.status())
        .text("macAddress", eni.mac)
        .text("privateIpAddress", primary)
        .text("privateDnsName", place.dns_name(primary))
        .text("sourceDestCheck", eni.source_dest_check)
        .text("interfaceType", "interface");
    group_set(xml, view, &eni.groups);
    xml.set("privateIpAddressesSet", &eni.ipv4, |xml, address| {
        xml.text("privateIpAddress", address)
            .text("privateDnsName", place.dns_name(*address))
            .text("primary", *address == primary);
    });
    xml.set("ipv6AddressesSet", &eni.ipv6, |xml, address| {
        xml.text("ipv6Address", address);
    });
}

fn attachment_body(xml: &mut Xml, place: &Place, attachment: &Attachment) {
    xml.text("attachmentId", &attachment.id)
        .text("deviceIndex", attachment.device_index)
        .text("networkCardIndex", attachment.network_card)
        .text("status", attachment.status.name())
        .text("attachTime", place.timestamp(attachment.since_ms))
        .text("deleteOnTermination", attachment.delete_on_termination);
}

/// What one RunInstances made, with those of its instances that are to be shown.
pub fn reservation(xml: &mut Xml, view: &View<'_>, instances: &[&Instance]) {
    let id = instances.first().map(|instance| &instance.reservation);
    xml.some("reservationId", id).text("ownerId", ACCOUNT).within("groupSet", |_| {});
    xml.set("instancesSet", instances, |xml, one| instance(xml, view, one));
}

fn instance(xml: &mut Xml, view: &View<'_>, one: &Instance) {
    identity(xml, view.place, one);
    xml.within("instanceState", |xml| state(xml, one.state));
    reason(xml, view.place, one.reason);
    xml.within("placement", |xml| {
        xml.text("availabilityZone", &one.zone).text("groupName", "").text("tenancy", "default");
    });
    xml.nested("monitoring", "state", "disabled");
    instance_network(xml, view, one);
    profile(xml, one);
    metadata_options(xml, one);
    tag_set(xml, &one.tags);
}

fn identity(xml: &mut Xml, place: &Place, one: &Instance) {
    xml.text("instanceId", &one.id)
        .text("imageId", &one.image)
        .text("instanceType", one.kind.name)
        .text("launchTime", place.timestamp(one.launched_ms))
        .text("amiLaunchIndex", one.launch_index)
        .text("clientToken", &one.client_token)
        .text("architecture", "x86_64")
        .text("hypervisor", "xen")
        .text("virtualizationType", "hvm")
        .text("rootDeviceType", "ebs")
        .text("rootDeviceName", "/dev/xvda")
        .text("dnsName", "")
        .text("enaSupport", true)
        .text("ebsOptimized", false);
}

/// Why the state is what it is; only what a user did bears its time.
fn reason(xml: &mut Xml, place: &Place, reason: Option<Reason>) {
    let Some(Reason { cause, at_ms }) = reason else {
        xml.text("reason", "");
        return;
    };
    let message = format!("{}: {}", cause.code(), cause.text());
    match cause {
        Cause::User => xml.text("reason", format!("User initiated ({} GMT)", place.gmt(at_ms))),
        Cause::Guest | Cause::Machine => xml.text("reason", &message),
    };
    xml.within("stateReason", |xml| {
        xml.text("code", cause.code()).text("message", message);
    });
}

/// A terminated instance has lost its network.
fn instance_network(xml: &mut Xml, view: &View<'_>, one: &Instance) {
    let attached = view.world.interfaces_of(&one.id);
    let primary = attached.first().map(|(eni, _)| *eni);
    if let Some(primary) = primary {
        xml.text("subnetId", &primary.subnet)
            .text("vpcId", &view.place.vpc)
            .text("privateIpAddress", one.address)
            .text("privateDnsName", view.place.dns_name(one.address))
            .text("sourceDestCheck", primary.source_dest_check);
    }
    group_set(xml, view, primary.map_or(&[], |eni| &eni.groups));
    xml.set("networkInterfaceSet", attached, |xml, pair| {
        interface_of_instance(xml, view, pair);
    });
}

fn profile(xml: &mut Xml, one: &Instance) {
    if let Some(name) = &one.profile {
        xml.within("iamInstanceProfile", |xml| {
            xml.text("arn", profile_arn(name)).text("id", profile_id(name));
        });
    }
}

fn metadata_options(xml: &mut Xml, one: &Instance) {
    xml.within("metadataOptions", |xml| metadata(xml, one.metadata, "applied"));
}

/// The metadata options; a change of them is `pending` at first.
pub fn metadata(xml: &mut Xml, metadata: Metadata, state: &str) {
    let on = |on: bool| if on { "enabled" } else { "disabled" };
    xml.text("state", state)
        .text("httpTokens", if metadata.tokens_required { "required" } else { "optional" })
        .text("httpPutResponseHopLimit", metadata.hop_limit)
        .text("httpEndpoint", on(metadata.enabled))
        .text("httpProtocolIpv6", "disabled")
        .text("instanceMetadataTags", on(metadata.tags));
}

pub fn state(xml: &mut Xml, state: State) {
    xml.text("code", state.code()).text("name", state.name());
}

/// The ARN of an instance profile.
pub fn profile_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}")
}

/// The unique id of an instance profile.
pub fn profile_id(name: &str) -> String {
    unique_id("AIPA", name)
}

/// A subnet; `free` is how many of its addresses are.
pub fn subnet(xml: &mut Xml, place: &Place, one: &Subnet, free: usize) {
    xml.text("subnetId", &one.id)
        .text("subnetArn", place.arn("subnet", one.id.as_str()))
        .text("state", "available")
        .text("ownerId", ACCOUNT)
        .text("vpcId", &place.vpc)
        .text("cidrBlock", one.ipv4_cidr())
        .text("availableIpAddressCount", free)
        .text("availabilityZone", &one.zone)
        .text("availabilityZoneId", &one.zone_id)
        .text("defaultForAz", false)
        .text("mapPublicIpOnLaunch", false)
        .text("assignIpv6AddressOnCreation", false);
    xml.set("ipv6CidrBlockAssociationSet", [one], |xml, one| {
        xml.text("associationId", one.id.as_str().replacen("subnet-", "subnet-cidr-assoc-", 1))
            .text("ipv6CidrBlock", one.ipv6_cidr())
            .nested("ipv6CidrBlockState", "state", "associated");
    });
    tag_set(xml, &one.tags);
}
