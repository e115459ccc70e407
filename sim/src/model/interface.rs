//! A network interface and its attachment, which is EC2's lock: there is at most one.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ids::{AttachmentId, EniId, GroupId, InstanceId, SubnetId};
use super::tags::Tags;

/// A network interface.
#[derive(Debug, Clone)]
pub struct Interface {
    pub id: EniId,
    /// Its place in the order of creation.
    pub number: usize,
    pub subnet: SubnetId,
    pub zone: String,
    pub mac: Mac,
    /// The first is the primary one; there is always one.
    pub ipv4: Vec<Ipv4Addr>,
    pub ipv6: Vec<Ipv6Addr>,
    pub description: String,
    pub groups: Vec<GroupId>,
    pub source_dest_check: bool,
    pub tags: Tags,
    pub attachment: Option<Attachment>,
}

impl Interface {
    pub fn primary_ipv4(&self) -> Ipv4Addr {
        self.ipv4.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Also while an attachment is coming or going, the interface is taken.
    pub fn status(&self) -> &'static str {
        if self.attachment.is_some() { "in-use" } else { "available" }
    }

    /// Its attachment, if that is to this instance.
    pub fn attached_to(&self, instance: &InstanceId) -> Option<&Attachment> {
        self.attachment.as_ref().filter(|attachment| attachment.instance == *instance)
    }
}

/// What binds an interface to an instance.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub id: AttachmentId,
    pub instance: InstanceId,
    /// 0 for the primary interface.
    pub device_index: u32,
    pub network_card: u32,
    pub status: AttachmentStatus,
    pub delete_on_termination: bool,
    /// When it was asked for.
    pub since_ms: u64,
    /// When the NIC is to appear.
    pub nic_due_ms: u64,
    pub nic: Nic,
}

/// EC2's three states of an attachment; a detached one is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentStatus {
    Attaching,
    Attached,
    Detaching {
        /// Whether the guest's consent is not waited for.
        forced: bool,
    },
}

impl AttachmentStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Attaching => "attaching",
            Self::Attached => "attached",
            Self::Detaching { .. } => "detaching",
        }
    }

    pub fn is_detaching(self) -> bool {
        matches!(self, Self::Detaching { .. })
    }
}

/// Whether the instance sees the NIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nic {
    /// Not yet, or not while the instance is off.
    Waiting,
    Plugged,
    /// Never: a fault was asked for.
    Withheld,
}

/// A hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// A locally administered unicast address, as EC2's are.
    pub fn fresh(rng: &mut fastrand::Rng) -> Self {
        let [_, _, _, a, b, c, d, e] = rng.u64(..).to_be_bytes();
        Self([0x0a, a, b, c, d, e])
    }
}

impl std::fmt::Display for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
