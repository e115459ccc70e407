//! Leave for resources that are there. One that is not has no tags, so that no condition on tags
//! holds of it.

use super::{Asked, Leave};
use crate::api::shapes::profile_arn;
use crate::iam::Context;
use crate::model::ids::{AttachmentId, EniId, GroupId, InstanceId, SubnetId};
use crate::model::tags::Tags;

/// What an id that is not known stands for.
pub const UNKNOWN: &str = "*";

/// AttachNetworkInterface.
pub fn attach(asked: &Asked<'_>) -> Vec<Leave> {
    vec![asked.instance(asked.text("InstanceId")), asked.eni(asked.text("NetworkInterfaceId"))]
}

/// DetachNetworkInterface, which names neither.
pub fn detach(asked: &Asked<'_>) -> Vec<Leave> {
    let id = AttachmentId::parse(asked.text("AttachmentId")).ok();
    let found = id.and_then(|id| asked.view.world.attached_by(&id).ok());
    let (eni, instance) = match &found {
        Some((eni, attachment)) => (eni.id.as_str(), attachment.instance.as_str()),
        None => (UNKNOWN, UNKNOWN),
    };
    vec![asked.instance(instance), asked.eni(eni)]
}

/// The interface that is named: DeleteNetworkInterface.
pub fn interface(asked: &Asked<'_>) -> Vec<Leave> {
    vec![asked.eni(asked.text("NetworkInterfaceId"))]
}

/// ModifyNetworkInterfaceAttribute; new groups are asked about, too, and so is the instance whose
/// attachment is changed.
pub fn modify_interface(asked: &Asked<'_>) -> Vec<Leave> {
    let mut leaves = interface(asked);
    leaves.extend(asked.reader.list("SecurityGroupId").into_iter().map(|id| asked.group(id)));
    if let Some(id) = asked.reader.get("Attachment.AttachmentId") {
        let found = AttachmentId::parse(id).ok();
        let found = found.and_then(|id| asked.view.world.attached_by(&id).ok());
        let instance = found.map_or(UNKNOWN, |(_, attachment)| attachment.instance.as_str());
        leaves.push(asked.instance(instance));
    }
    leaves
}

/// Each instance that is named, by a list or alone.
pub fn instances(asked: &Asked<'_>) -> Vec<Leave> {
    let alone = asked.reader.get("InstanceId");
    let all = asked.reader.list("InstanceId").into_iter().chain(alone);
    all.map(|id| asked.instance(id)).collect()
}

/// ModifyInstanceAttribute; new groups are asked about, too.
pub fn modify_instance(asked: &Asked<'_>) -> Vec<Leave> {
    let groups = asked.reader.list("GroupId").into_iter().map(|id| asked.group(id));
    instances(asked).into_iter().chain(groups).collect()
}

/// The security group that is named.
pub fn group(asked: &Asked<'_>) -> Vec<Leave> {
    vec![asked.group(asked.text("GroupId"))]
}

impl Asked<'_> {
    pub(super) fn eni(&self, id: &str) -> Leave {
        self.leave(self.arn("network-interface", id), self.of_eni(id))
    }

    pub(super) fn of_eni(&self, id: &str) -> Context {
        let found = EniId::parse(id).ok();
        let found = found.and_then(|id| self.view.world.interface(&id).ok());
        found.map_or_else(Context::default, |eni| {
            of_tags(&eni.tags)
                .with("ec2:AvailabilityZone", &eni.zone)
                .with("ec2:Subnet", self.arn("subnet", eni.subnet.as_str()))
                .with("ec2:Vpc", self.vpc())
        })
    }

    pub(super) fn instance(&self, id: &str) -> Leave {
        self.leave(self.arn("instance", id), self.of_instance(id))
    }

    pub(super) fn of_instance(&self, id: &str) -> Context {
        let found = InstanceId::parse(id).ok();
        let found = found.and_then(|id| self.view.world.instance(&id).ok());
        found.map_or_else(Context::default, |instance| {
            let context = of_tags(&instance.tags)
                .with("ec2:AvailabilityZone", &instance.zone)
                .with("ec2:InstanceID", &instance.id)
                .with("ec2:InstanceType", instance.kind.name);
            let profile = instance.profile.iter();
            profile.fold(context, |context, name| {
                context.with("ec2:InstanceProfile", profile_arn(name))
            })
        })
    }

    pub(super) fn group(&self, id: &str) -> Leave {
        self.leave(self.arn("security-group", id), self.of_group(id))
    }

    pub(super) fn of_group(&self, id: &str) -> Context {
        let found = GroupId::parse(id).ok();
        let found = found.and_then(|id| self.view.world.security_group(&id).ok());
        found
            .map_or_else(Context::default, |group| of_tags(&group.tags).with("ec2:Vpc", self.vpc()))
    }

    pub(super) fn subnet(&self, id: &str) -> Leave {
        self.leave(self.arn("subnet", id), self.of_subnet(id))
    }

    pub(super) fn of_subnet(&self, id: &str) -> Context {
        let found = SubnetId::parse(id).ok();
        let found = found.and_then(|id| self.view.world.subnet(&id).ok());
        found.map_or_else(Context::default, |subnet| {
            of_tags(&subnet.tags)
                .with("ec2:AvailabilityZone", &subnet.zone)
                .with("ec2:Vpc", self.vpc())
        })
    }

    pub(super) fn vpc(&self) -> String {
        self.arn("vpc", self.view.place.vpc.as_str())
    }
}

/// The tags that a resource has.
fn of_tags(tags: &Tags) -> Context {
    tags.iter().fold(Context::default(), |context, (key, value)| {
        context
            .with(&format!("aws:ResourceTag/{key}"), value)
            .with(&format!("ec2:ResourceTag/{key}"), value)
    })
}
