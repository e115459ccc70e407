//! The primary interface, as an instance's DHCP client would configure it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::error::Result;
use super::netlink::{Netlink, index_of};
use super::router::{VPC_MTU, gateways, inner_name};
use super::sysctl;
use crate::fabric::NicSpec;

/// What DHCP would tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    interface: String,
    addresses: Vec<(IpAddr, u8)>,
    gateways: Vec<IpAddr>,
}

impl Lease {
    /// The lease for an interface.
    pub fn of(nic: &NicSpec) -> Lease {
        let ipv4 = nic.ipv4.iter().map(|address| (IpAddr::V4(*address), nic.subnet.ipv4.1));
        let prefix = nic.subnet.ipv6.map_or(128, |(_, prefix)| prefix);
        let ipv6 = nic.ipv6.iter().map(|address| (IpAddr::V6(*address), prefix));
        let mut gateways = gateways(&nic.subnet);
        gateways.retain(|gateway| gateway.is_ipv4() || !nic.ipv6.is_empty());
        let addresses = ipv4.chain(ipv6).collect();
        Lease { interface: inner_name(nic.device_index), addresses, gateways }
    }

    /// The primary address.
    pub fn address(&self) -> Option<IpAddr> {
        self.addresses.first().map(|(address, _)| *address)
    }

    /// Configures the interface by it.
    pub async fn apply(&self) -> Result<()> {
        check_sources()?;
        let netlink = Netlink::open()?;
        netlink.set_up(index_of("lo")?, None).await?;
        let index = index_of(&self.interface)?;
        netlink.set_up(index, Some(VPC_MTU)).await?;
        for (address, prefix) in &self.addresses {
            netlink.add_address(index, *address, *prefix).await?;
        }
        for gateway in &self.gateways {
            netlink.route_default(index, *gateway).await?;
        }
        Ok(())
    }
}

/// Strict reverse-path filtering, which many images have: with it a second interface needs rules of
/// its own, as it does on EC2 even without.
fn check_sources() -> Result<()> {
    sysctl::set("ipv4/conf/all/rp_filter", 1)?;
    sysctl::set("ipv4/conf/default/rp_filter", 1)
}
