//! The VPC's router: a network namespace in which every plugged interface ends.
//!
//! As in a VPC, neighbours are resolved by the router, an address moves with its interface at once,
//! and what leaves an instance by an interface that does not own its source address is dropped: for
//! IPv4 by strict reverse-path filtering, for IPv6 by rules that route only what is allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dhcp;
use super::error::Result;
use super::netlink::{Cable, Netlink, index_of};
use super::rule::{Rule, whole};
use super::source_check::{self, check_link, check_sources, forward};
use super::{cut, sysctl, tap};
use crate::fabric::{NicSpec, SubnetSpec};

/// Where instances find IMDS.
pub const IMDS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// Where instances find the EC2 API: an address that EC2 reserves in every VPC.
pub const ENDPOINT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The same as programs take it.
pub const ENDPOINT_URL: &str = "http://10.0.0.2";
/// The VPC's MTU in bytes, as EC2's DHCP tells it.
pub const VPC_MTU: u32 = 9001;
/// The MTU in bytes of an interface that nobody configured.
const PLAIN_MTU: u32 = 1500;

/// The router of one region.
pub struct Router {
    netlink: Netlink,
    lo: u32,
    plugged: BTreeMap<String, Plugged>,
    /// The instances that are cut off.
    cut: BTreeSet<String>,
}

/// An interface that ends in the router.
struct Plugged {
    spec: NicSpec,
    outer: String,
    index: u32,
    /// Of a tap alone: in namespaces the region itself configures the primary interface.
    _dhcp: Option<dhcp::Server>,
}

/// What is at the far end of an interface's cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Far {
    /// A network namespace, by a process in it as this PID namespace numbers it.
    Namespace(u32),
    /// A program that opens a tap: a machine.
    Tap,
}

impl Router {
    /// Makes the current network namespace the router.
    pub async fn start() -> Result<Router> {
        forward()?;
        let netlink = Netlink::open()?;
        let lo = index_of("lo")?;
        netlink.set_up(lo, None).await?;
        for address in [IMDS, ENDPOINT] {
            netlink.add_address(lo, address.into(), 32).await?;
        }
        // As in a VPC, a packet to an address that nobody holds vanishes; no ICMP error tells.
        netlink.drop_the_rest().await?;
        cut::make_room(&netlink).await?;
        if sysctl::has_ipv6() {
            check_sources(&netlink).await?;
        }
        Ok(Router { netlink, lo, plugged: BTreeMap::new(), cut: BTreeSet::new() })
    }

    /// Is a subnet's first host.
    pub async fn serve(&self, subnet: &SubnetSpec) -> Result<()> {
        for gateway in gateways(subnet) {
            self.netlink.add_address(self.lo, gateway, whole(gateway)).await?;
        }
        Ok(())
    }

    /// Plugs an interface into an instance. One that is plugged elsewhere is pulled first.
    pub async fn plug(&mut self, nic: &NicSpec, far: Far) -> Result<()> {
        if let Some(old) = self.plugged.get(&nic.eni)
            && is_same_nic(&old.spec, nic)
        {
            return self.adjust(nic).await;
        }
        self.unplug(&nic.eni).await?;
        let outer = outer_name(&nic.eni);
        self.lay(nic, far, &outer).await?;
        let index = index_of(&outer)?;
        let new = Plugged { spec: nic.clone(), outer, index, _dhcp: None };
        // Known before it is finished, so that a failure below leaves nothing that unplug misses.
        self.plugged.insert(nic.eni.clone(), new);
        self.connect(&nic.eni).await?;
        if far == Far::Tap
            && let Some(new) = self.plugged.get_mut(&nic.eni)
        {
            new._dhcp = Some(dhcp::Server::start(&new.outer, nic)?);
        }
        Ok(())
    }

    /// Lays the cable itself.
    async fn lay(&self, nic: &NicSpec, far: Far, outer: &str) -> Result<()> {
        match far {
            Far::Tap => {
                tap::make(outer)?;
                self.netlink.set_mtu(index_of(outer)?, VPC_MTU).await
            }
            Far::Namespace(pid) => {
                let (inner, mac) = (&*inner_name(nic.device_index), nic.mac);
                let mtus = (VPC_MTU, PLAIN_MTU);
                self.netlink.lay(&Cable { outer, inner, mtus, mac, pid }).await
            }
        }
    }

    /// The instance that an interface is plugged into.
    pub fn holder(&self, eni: &str) -> Option<String> {
        self.plugged.get(eni).map(|plugged| plugged.spec.instance.clone())
    }

    /// Brings a plugged interface's check up to date; the instance sees nothing of it.
    async fn adjust(&mut self, nic: &NicSpec) -> Result<()> {
        let Some(plugged) = self.plugged.get_mut(&nic.eni) else { return Ok(()) };
        if plugged.spec == *nic {
            return Ok(());
        }
        let old = std::mem::replace(&mut plugged.spec, nic.clone());
        for rule in source_check::rules(&plugged.outer, &old) {
            self.netlink.remove_rule(&rule).await?;
        }
        self.connect(&nic.eni).await
    }

    /// Pulls an interface out of wherever it is.
    pub async fn unplug(&mut self, eni: &str) -> Result<()> {
        let Some(old) = self.plugged.remove(eni) else { return Ok(()) };
        // Its routes and what it answers for vanish with the link; what names it elsewhere stays.
        self.netlink.remove(old.index).await?;
        for rule in self.rules(&old) {
            self.netlink.remove_rule(&rule).await?;
        }
        for other in self.neighbours(&old.spec) {
            for address in &old.spec.ipv6 {
                self.netlink.stop_answering(other.index, *address).await?;
            }
        }
        Ok(())
    }

    /// Pulls every interface of an instance that is off, and forgets that it was cut off: not
    /// before, or its processes' last words would get out.
    pub async fn unplug_all(&mut self, instance: &str) -> Result<()> {
        let enis: Vec<String> = self.nics_of(instance).map(|nic| nic.spec.eni.clone()).collect();
        for eni in enis {
            self.unplug(&eni).await?;
        }
        self.cut.remove(instance);
        Ok(())
    }

    /// Cuts an instance off, with what is plugged into it later.
    pub async fn cut(&mut self, instance: &str) -> Result<()> {
        self.cut.insert(instance.to_owned());
        let done = self.add_cut(instance).await;
        if done.is_err() {
            // Half a cut is none; why it is none is what counts.
            let _ = self.mend(instance).await;
        }
        done
    }

    async fn add_cut(&self, instance: &str) -> Result<()> {
        for rule in self.nics_of(instance).flat_map(Plugged::cut) {
            self.netlink.add_rule(&rule).await?;
        }
        Ok(())
    }

    /// Connects an instance again.
    pub async fn mend(&mut self, instance: &str) -> Result<()> {
        self.cut.remove(instance);
        for rule in self.nics_of(instance).flat_map(Plugged::cut) {
            self.netlink.remove_rule(&rule).await?;
        }
        Ok(())
    }

    /// Configures the router's end of a plugged interface.
    async fn connect(&self, eni: &str) -> Result<()> {
        let nic = &self.plugged[eni];
        check_link(&nic.outer, &nic.spec)?;
        // Before the link is up, so that nothing slips through.
        for rule in self.rules(nic) {
            self.netlink.add_rule(&rule).await?;
        }
        self.netlink.set_up(nic.index, None).await?;
        // On the link itself, too, so that the router asks for neighbours as the subnet's gateway:
        // a question from any other address would not pass an instance's own filter.
        for gateway in gateways(&nic.spec.subnet) {
            self.netlink.add_address(nic.index, gateway, whole(gateway)).await?;
        }
        for address in addresses(&nic.spec) {
            self.netlink.route_to(nic.index, address).await?;
        }
        self.introduce(nic).await
    }

    /// Lets an interface and the others of its subnet resolve each other's IPv6 addresses. The
    /// kernel has no `proxy_arp` for IPv6: each address is to be named on each link; not on its
    /// own, where the answer would look like a duplicate.
    async fn introduce(&self, nic: &Plugged) -> Result<()> {
        for other in self.neighbours(&nic.spec) {
            for address in &nic.spec.ipv6 {
                self.netlink.answer_for(other.index, *address).await?;
            }
            for address in &other.spec.ipv6 {
                self.netlink.answer_for(nic.index, *address).await?;
            }
        }
        Ok(())
    }

    /// The rules that hold for an interface.
    fn rules<'a>(&self, nic: &'a Plugged) -> Vec<Rule<'a>> {
        let mut rules = source_check::rules(&nic.outer, &nic.spec);
        if self.cut.contains(&nic.spec.instance) {
            rules.extend(nic.cut());
        }
        rules
    }

    /// The interfaces of an instance.
    fn nics_of<'a>(&'a self, instance: &'a str) -> impl Iterator<Item = &'a Plugged> {
        self.plugged.values().filter(move |nic| nic.spec.instance == instance)
    }

    /// The other interfaces of the same subnet.
    fn neighbours<'a>(&'a self, nic: &'a NicSpec) -> impl Iterator<Item = &'a Plugged> {
        let near = |other: &&Plugged| other.spec.eni != nic.eni && other.spec.subnet == nic.subnet;
        self.plugged.values().filter(near)
    }
}

impl Plugged {
    /// The rules that cut it off.
    fn cut(&self) -> Vec<Rule<'_>> {
        cut::rules(&self.outer, &self.spec)
    }
}

/// The name that an instance sees, as EC2's Nitro instances name their interfaces.
pub fn inner_name(device_index: u32) -> String {
    format!("ens{}", 5 + device_index)
}

/// The subnet's router addresses: its first host, for IPv6 its address 1.
pub fn gateways(subnet: &SubnetSpec) -> Vec<IpAddr> {
    let ipv4 = Ipv4Addr::from_bits(subnet.ipv4.0.to_bits() + 1);
    let ipv6 = subnet.ipv6.filter(|_| sysctl::has_ipv6());
    let ipv6 = ipv6.map(|(network, _)| Ipv6Addr::from_bits(network.to_bits() + 1));
    [Some(IpAddr::V4(ipv4)), ipv6.map(IpAddr::V6)].into_iter().flatten().collect()
}

/// The router's end bears the end of the ENI's id: 15 bytes are all that a name can have.
pub fn outer_name(eni: &str) -> String {
    let start = eni.len().saturating_sub(14);
    format!("v{}", &eni[start..])
}

/// Whether two specifications differ in no more than what the router alone knows of.
fn is_same_nic(old: &NicSpec, new: &NicSpec) -> bool {
    let source_dest_check = old.source_dest_check;
    *old == NicSpec { source_dest_check, ..new.clone() }
}

fn addresses(nic: &NicSpec) -> Vec<IpAddr> {
    let ipv4 = nic.ipv4.iter().copied().map(IpAddr::V4);
    ipv4.chain(nic.ipv6.iter().copied().map(IpAddr::V6)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_name_fits_the_kernel() {
        let name = outer_name("eni-0123456789abcdef0");
        assert_eq!(name, "v3456789abcdef0");
        assert_eq!(name.len(), 15);
    }
}
