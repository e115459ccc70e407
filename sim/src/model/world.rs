//! All that is true at one time: instances, interfaces, subnets, security groups. A clone is cheap and shares.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::error::Ec2Error;
use super::ids::{AttachmentId, EniId, GroupId, InstanceId, SubnetId};
use super::instance::Instance;
use super::interface::{Attachment, Interface};
use super::place::Subnet;
use super::security::SecurityGroup;

/// The state of the region.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    pub interfaces: BTreeMap<EniId, Arc<Interface>>,
    pub subnets: BTreeMap<SubnetId, Arc<Subnet>>,
    pub security_groups: BTreeMap<GroupId, Arc<SecurityGroup>>,
}

impl World {
    pub fn instance(&self, id: &InstanceId) -> Result<&Instance, Ec2Error> {
        let found = self.instances.get(id).map(Arc::as_ref);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn interface(&self, id: &EniId) -> Result<&Interface, Ec2Error> {
        let found = self.interfaces.get(id).map(Arc::as_ref);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn subnet(&self, id: &SubnetId) -> Result<&Subnet, Ec2Error> {
        let found = self.subnets.get(id).map(Arc::as_ref);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn security_group(&self, id: &GroupId) -> Result<&SecurityGroup, Ec2Error> {
        let found = self.security_groups.get(id).map(Arc::as_ref);
        found.ok_or_else(|| id.missing_one())
    }

    /// The name of a group; nothing for one that is gone.
    pub fn group_name(&self, id: &GroupId) -> &str {
        self.security_groups.get(id).map_or("", |group| &group.name)
    }

    pub fn instance_mut(&mut self, id: &InstanceId) -> Result<&mut Instance, Ec2Error> {
        let found = self.instances.get_mut(id).map(Arc::make_mut);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn interface_mut(&mut self, id: &EniId) -> Result<&mut Interface, Ec2Error> {
        let found = self.interfaces.get_mut(id).map(Arc::make_mut);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn subnet_mut(&mut self, id: &SubnetId) -> Result<&mut Subnet, Ec2Error> {
        let found = self.subnets.get_mut(id).map(Arc::make_mut);
        found.ok_or_else(|| id.missing_one())
    }

    pub fn security_group_mut(&mut self, id: &GroupId) -> Result<&mut SecurityGroup, Ec2Error> {
        let found = self.security_groups.get_mut(id).map(Arc::make_mut);
        found.ok_or_else(|| id.missing_one())
    }

    /// The interfaces of an instance, by device index.
    pub fn interfaces_of(&self, instance: &InstanceId) -> Vec<(&Interface, &Attachment)> {
        let attached = |eni: &'_ Arc<Interface>| eni.attached_to(instance).is_some();
        let mut found: Vec<_> = self
            .interfaces
            .values()
            .filter(|eni| attached(eni))
            .filter_map(|eni| Some((eni.as_ref(), eni.attachment.as_ref()?)))
            .collect();
        found.sort_by_key(|(_, attachment)| (attachment.network_card, attachment.device_index));
        found
    }

    /// The interface that an attachment binds.
    pub fn attached_by(&self, id: &AttachmentId) -> Result<(&Interface, &Attachment), Ec2Error> {
        let mut all = self.interfaces.values();
        let found = all.find_map(|eni| {
            let attachment = eni.attachment.as_ref().filter(|attachment| attachment.id == *id)?;
            Some((eni.as_ref(), attachment))
        });
        found.ok_or_else(|| id.missing_one())
    }

    /// The subnet of a zone.
    pub fn subnet_of_zone(&self, zone: &str) -> Option<&Subnet> {
        self.subnets.values().map(Arc::as_ref).find(|subnet| subnet.zone == zone)
    }

    /// Zone names, in order.
    pub fn zones(&self) -> Vec<String> {
        let mut zones: Vec<_> = self.subnets.values().map(|subnet| subnet.zone.clone()).collect();
        zones.sort();
        zones
    }

    /// The interface that bears an address.
    pub fn bearer(&self, address: IpAddr) -> Option<&Interface> {
        let bears = |eni: &Interface| match address {
            IpAddr::V4(v4) => eni.ipv4.contains(&v4),
            IpAddr::V6(v6) => eni.ipv6.contains(&v6),
        };
        self.interfaces.values().map(Arc::as_ref).find(|eni| bears(eni))
    }

    /// The instance that speaks from an address.
    pub fn speaker(&self, address: IpAddr) -> Option<&Instance> {
        let attachment = self.bearer(address)?.attachment.as_ref()?;
        self.instances.get(&attachment.instance).map(Arc::as_ref)
    }

    /// The instance whose role has an access key.
    pub fn owner_of_key(&self, access_key: &str) -> Option<&Instance> {
        let mut all = self.instances.values().map(Arc::as_ref);
        all.find(|instance| instance.credentials.access_key == access_key)
    }
}
