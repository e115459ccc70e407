//! What the kernel is to do, in the fabric's words.

use crate::fabric::{Body, BootSpec, Hardware, Impairment, NicSpec, PowerOff, SubnetSpec};

use super::Model;
use super::ids::InstanceId;
use super::instance::Instance;
use super::interface::{Attachment, Interface, Nic};
use super::place::{Subnet, host_name};

/// One thing for the fabric to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Boot(BootSpec),
    PowerOff { instance: String, how: PowerOff },
    Impair { instance: String, how: Impairment },
    Plug(NicSpec),
    Unplug { eni: String, instance: String },
}

impl Effect {
    /// The instance and the interfaces that it touches: effects that share one keep their order.
    pub fn touches(&self) -> Vec<&str> {
        match self {
            Self::Boot(spec) => {
                spec.nics().map(|nic| nic.eni.as_str()).chain([spec.instance.as_str()]).collect()
            }
            Self::PowerOff { instance, .. } | Self::Impair { instance, .. } => vec![instance],
            Self::Plug(nic) => vec![&nic.instance, &nic.eni],
            Self::Unplug { eni, instance } => vec![instance, eni],
        }
    }
}

impl Model {
    /// What boots an instance, with the NICs that it is to see from the start.
    pub(super) fn boot_spec(&self, instance: &Instance) -> Option<BootSpec> {
        let mut nics = self.nics_at_boot(&instance.id).into_iter();
        Some(BootSpec {
            instance: instance.id.to_string(),
            hostname: host_name(instance.address),
            body: self.body(instance),
            user_data: instance.user_data.clone(),
            primary: nics.next()?,
            secondary: nics.collect(),
        })
    }

    /// A machine if its image was registered, else namespaces.
    fn body(&self, instance: &Instance) -> Body {
        let Some(image) = self.images.get(&instance.image) else { return Body::Namespaces };
        Body::Machine(Hardware {
            image: image.clone(),
            instance_type: instance.kind.name.to_owned(),
            vcpus: instance.kind.vcpus,
            memory_mib: instance.kind.memory_mib,
        })
    }

    fn nics_at_boot(&self, instance: &InstanceId) -> Vec<NicSpec> {
        let attached = self.world.interfaces_of(instance).into_iter();
        let due = attached.filter(|(_, attachment)| attachment.due_at_boot(self.now_ms));
        due.filter_map(|(eni, attachment)| self.nic_spec(eni, attachment)).collect()
    }

    pub(super) fn nic_spec(&self, eni: &Interface, attachment: &Attachment) -> Option<NicSpec> {
        let subnet = self.world.subnet(&eni.subnet).ok()?;
        Some(NicSpec {
            eni: eni.id.to_string(),
            instance: attachment.instance.to_string(),
            device_index: attachment.device_index,
            mac: eni.mac.0,
            ipv4: eni.ipv4.clone(),
            ipv6: eni.ipv6.clone(),
            subnet: subnet_spec(subnet),
            source_dest_check: eni.source_dest_check,
        })
    }
}

impl Attachment {
    /// Whether an instance that boots now sees the NIC.
    pub(super) fn due_at_boot(&self, now_ms: u64) -> bool {
        self.nic == Nic::Waiting && self.nic_due_ms <= now_ms && !self.status.is_detaching()
    }
}

/// A subnet as the router is to serve it.
pub fn subnet_spec(subnet: &Subnet) -> SubnetSpec {
    SubnetSpec { ipv4: subnet.ipv4, ipv6: Some(subnet.ipv6) }
}
