//! A healthy pool of three in three zones, to be made sick.

use std::collections::BTreeMap;

use super::tags::{self, Seen};
use super::{Facts, Finding, Severity};
use crate::cloud::account::{
    Instance, InstanceInterface, Interface, InterfaceLimits, MetadataOptions, Permission,
    ScalingGroup, SecurityGroup, Subnet,
};
use crate::cloud::{
    Attachment, AttachmentStatus, Eni, InstanceState, TAG_INITIALIZED, TAG_POOL, TAG_SLOT,
};
use crate::ids::{DeviceIndex, InstanceId, MacAddr, PoolName, SecurityGroupId, SubnetId, VpcId};

pub const GROUP: &str = "zookeeper";

pub fn kafka() -> PoolName {
    "kafka".parse().unwrap()
}

pub fn instance_id(n: u8) -> InstanceId {
    format!("i-000000000000000{n:02x}").parse().unwrap()
}

pub fn subnet_id(n: u8) -> SubnetId {
    format!("subnet-000000000000000{n:02x}").parse().unwrap()
}

pub fn group_id(n: u8) -> SecurityGroupId {
    format!("sg-000000000000000{n:02x}").parse().unwrap()
}

pub fn vpc_id(n: u8) -> VpcId {
    format!("vpc-000000000000000{n:02x}").parse().unwrap()
}

pub fn zone(n: u8) -> String {
    format!("eu-west-1{}", char::from(b'a' + (n - 1) % 3))
}

/// Slot n, free, in zone n.
pub fn interface(n: u8) -> Interface {
    let tags = [(TAG_POOL, "kafka"), (TAG_SLOT, &n.to_string()), (TAG_INITIALIZED, "1")];
    let eni = Eni {
        id: format!("eni-000000000000000{n:02x}").parse().unwrap(),
        mac: MacAddr([2, 0, 0, 0, 0, n]),
        zone: zone(n),
        subnet: subnet_id(n),
        addresses: vec![format!("10.0.{n}.9").parse().unwrap()],
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        attachment: None,
    };
    Interface {
        eni,
        description: String::new(),
        vpc: vpc_id(1),
        groups: vec![group_id(1)],
        source_dest_check: true,
        attached_at: None,
        delete_on_termination: false,
        is_requester_managed: false,
    }
}

/// Slot n, held by instance n.
pub fn held(n: u8) -> Interface {
    let mut it = interface(n);
    it.eni.attachment = Some(Attachment {
        id: format!("eni-attach-000000000000000{n:02x}").parse().unwrap(),
        instance: Some(instance_id(n)),
        index: DeviceIndex(1),
        status: AttachmentStatus::Attached,
    });
    it
}

/// Instance n, which holds slot n.
pub fn instance(n: u8) -> Instance {
    let nic = |eni: &str, device_index| InstanceInterface {
        eni: eni.parse().unwrap(),
        subnet: subnet_id(n),
        device_index,
        network_card: 0,
        delete_on_termination: false,
    };
    Instance {
        id: instance_id(n),
        state: InstanceState::Running,
        kind: "m5.large".to_owned(),
        zone: zone(n),
        launched_at: None,
        address: None,
        tags: [("aws:autoscaling:groupName".to_owned(), GROUP.to_owned())].into(),
        interfaces: vec![
            nic(&format!("eni-100000000000000{n:02x}"), 0),
            nic(&format!("eni-000000000000000{n:02x}"), 1),
        ],
        metadata: MetadataOptions {
            is_enabled: true,
            tokens_required: true,
            hop_limit: 1,
            shows_tags: true,
        },
        profile: Some("arn:aws:iam::1:instance-profile/steadfast".to_owned()),
    }
}

pub fn subnet(n: u8) -> Subnet {
    Subnet {
        id: subnet_id(n),
        zone: zone(n),
        vpc: vpc_id(1),
        networks: vec![format!("10.0.{n}.0/24").parse().unwrap()],
        free_addresses: 200,
    }
}

/// A group that lets in all from itself.
pub fn security_group() -> SecurityGroup {
    let all = Permission {
        protocol: "-1".to_owned(),
        ports: None,
        networks: Vec::new(),
        groups: vec![group_id(1)],
    };
    SecurityGroup {
        id: group_id(1),
        name: "zookeeper".to_owned(),
        vpc: vpc_id(1),
        ingress: vec![all],
    }
}

/// All is well.
pub fn facts() -> Facts {
    let three = 1..=3;
    Facts {
        caller: Ok("arn:aws:iam::1:user/me".to_owned()),
        interfaces: Ok(three.clone().map(held).collect()),
        instances: Ok(three.clone().map(|n| (instance_id(n), instance(n))).collect()),
        subnets: Ok(three.clone().map(subnet).collect()),
        groups: Ok(vec![security_group()]),
        limits: Ok(BTreeMap::from([(
            "m5.large".to_owned(),
            InterfaceLimits { total: 3, on_card_0: 3 },
        )])),
        scaling: Ok(vec![ScalingGroup {
            name: GROUP.to_owned(),
            zones: three.clone().map(zone).collect(),
            subnets: three.map(subnet_id).collect(),
            desired: 3,
        }]),
        scaling_names: vec![GROUP.to_owned()],
        ..Facts::none()
    }
}

/// What a check of the slots says of a healthy pool that was changed.
pub fn found(
    change: impl FnOnce(&mut Facts),
    check: impl FnOnce(&[Seen<'_>], &Facts) -> Vec<Finding>,
) -> Vec<Finding> {
    let mut facts = facts();
    change(&mut facts);
    let interfaces = facts.interfaces.clone().unwrap();
    let (seen, _) = tags::slots(&kafka(), &interfaces);
    check(&seen, &facts)
}

/// What of that is not well.
pub fn wrong(
    change: impl FnOnce(&mut Facts),
    check: impl FnOnce(&[Seen<'_>], &Facts) -> Vec<Finding>,
) -> Vec<Finding> {
    let all = found(change, check).into_iter();
    all.filter(|it| it.severity != Severity::Ok).collect()
}
