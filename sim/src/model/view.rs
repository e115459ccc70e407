//! The state as people and tests look at it: as it is, never stale.

use super::Model;
use super::instance::Instance;
use super::interface::{AttachmentStatus, Interface};
use super::place::Subnet;
use crate::control::{CredentialsView, EniView, InstanceView, State, SubnetInfo};

/// A subnet as people see it.
pub fn subnet_info(subnet: &Subnet) -> SubnetInfo {
    SubnetInfo {
        id: subnet.id.to_string(),
        zone: subnet.zone.clone(),
        ipv4: subnet.ipv4_cidr(),
        ipv6: subnet.ipv6_cidr(),
    }
}

impl Model {
    /// Instances and interfaces, each in the order in which they were made.
    pub fn state(&self) -> State {
        let mut instances: Vec<_> = self.world().instances.values().collect();
        instances.sort_by_key(|instance| instance.number);
        let mut enis: Vec<_> = self.world().interfaces.values().collect();
        enis.sort_by_key(|eni| eni.number);
        State {
            instances: instances.into_iter().map(|instance| instance_view(instance)).collect(),
            enis: enis.into_iter().map(|eni| eni_view(eni)).collect(),
            trouble: Vec::new(),
        }
    }
}

fn instance_view(instance: &Instance) -> InstanceView {
    InstanceView {
        id: instance.id.to_string(),
        state: instance.state.name().to_owned(),
        hung: instance.impaired.hung,
        cut: instance.impaired.cut,
        zone: instance.zone.clone(),
        instance_type: instance.kind.name.to_owned(),
        private_ip: instance.address.to_string(),
        tags: instance.tags.clone(),
        credentials: instance.profile.as_ref().map(|_| CredentialsView {
            access_key: instance.credentials.access_key.clone(),
            secret_key: instance.credentials.secret_key.clone(),
            session_token: instance.credentials.session_token.clone(),
        }),
    }
}

fn eni_view(eni: &Interface) -> EniView {
    let attachment = eni.attachment.as_ref();
    let status = match attachment.map(|attachment| attachment.status) {
        None => "available",
        Some(AttachmentStatus::Attached) => "in-use",
        Some(passing) => passing.name(),
    };
    EniView {
        id: eni.id.to_string(),
        status: status.to_owned(),
        zone: eni.zone.clone(),
        mac: eni.mac.to_string(),
        ipv4: eni.ipv4.iter().map(ToString::to_string).collect(),
        ipv6: eni.ipv6.iter().map(ToString::to_string).collect(),
        instance: attachment.map(|attachment| attachment.instance.to_string()),
        attachment: attachment.map(|attachment| attachment.id.to_string()),
        device_index: attachment.map(|attachment| attachment.device_index),
        tags: eni.tags.clone(),
    }
}
