//! The host's network: brings about, by netlink alone, what one slot needs, and undoes it.
//!
//! It is a desired state ([`SlotNetwork`]) compared with what the kernel holds, and the
//! smallest change between the two. Applying twice changes nothing; what another manager has
//! removed is put back; what is ours is known by a mark that the kernel keeps, so any later
//! run can find and remove it. Nothing else is touched.
//!
//! | module | what it does |
//! |---|---|
//! | `change` | the vocabulary: an address, a route, a rule, a change, each printing as `ip` |
//! | `plan` | pure: what is desired, and the changes that lead there or undo it |
//! | `table` | pure: which routing table |
//! | `observe` | what the kernel holds, in our words |
//! | `netlink` | reads and changes it; `decode` and `encode` are its translators |
//! | `drift` | what others have changed since, put back |
//! | `events` | what the kernel tells of its own accord |
//! | `watch`, `udev` | a NIC's coming and going; that something has changed |
//! | `probe` | the proof that it works |

mod change;
mod decode;
mod drift;
mod encode;
mod error;
mod events;
mod host;
mod netlink;
mod observe;
mod plan;
mod probe;
mod sysctl;
mod table;
mod udev;
mod watch;

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

pub use self::change::{Address, Change, Dev, Entry, MARK, Route, RouteKind, Rule, Setting};
pub use self::drift::Drift;
pub use self::error::NetError;
pub use self::host::Host;
pub use self::plan::{FROM_PRIORITY, TO_PRIORITY};
pub use self::watch::Changes;
use crate::ids::{DeviceIndex, MacAddr};

/// What the host's network is to be for one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotNetwork {
    /// The slot's NIC.
    pub mac: MacAddr,
    /// Where it is attached: it gives the routing table its number.
    pub device_index: DeviceIndex,
    /// The slot's addresses. The first of a family is the source of what the host dials out.
    pub addresses: Vec<SlotAddress>,
    /// The other slots' addresses.
    pub peers: Vec<IpAddr>,
}

/// One of the slot's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotAddress {
    /// The address.
    pub ip: IpAddr,
    /// The subnet that it is in.
    pub subnet: IpNet,
}

impl SlotAddress {
    /// The subnet's router: in both families EC2 reserves the address after the subnet's own
    /// for it. For IPv6 it answers to link-local addresses as well (`fe80:ec2::1`), but one rule
    /// for both is enough.
    pub fn router(&self) -> IpAddr {
        match self.subnet.network() {
            IpAddr::V4(network) => IpAddr::V4(u32::from(network).saturating_add(1).into()),
            IpAddr::V6(network) => IpAddr::V6(u128::from(network).saturating_add(1).into()),
        }
    }
}

/// A network interface of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// The kernel's index: for the NIC's life.
    pub index: u32,
    /// The name at this moment: udev may change it.
    pub name: String,
    /// The hardware address, by which EC2 knows it.
    pub mac: MacAddr,
}

impl fmt::Display for Nic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.mac)
    }
}

/// What [`Host::apply`] has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The slot's NIC.
    pub nic: Nic,
    /// The routing table that it got.
    pub table: u32,
    /// The changes made, in order; none if all was there.
    pub changes: Vec<Change>,
}
