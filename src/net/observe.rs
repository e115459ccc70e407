//! What the kernel holds, in our words: links, addresses, routes and rules, and which of the
//! last two bear our mark.

use super::Nic;
use super::change::{Address, Dev, Route, Rule, Setting};
use crate::ids::MacAddr;

/// The main table, of routes that no rule has taken elsewhere (`RT_TABLE_MAIN`).
const MAIN_TABLE: u32 = 254;

/// The kernel's network state.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The devices that have a hardware address.
    pub links: Vec<Link>,
    /// All addresses.
    pub addresses: Vec<Address>,
    /// Those among them that IPv6 still checks for duplicates: they cannot be used yet.
    pub tentative: Vec<Address>,
    /// The routes of all tables.
    pub routes: Vec<Seen<Route>>,
    /// The rules that select by address alone.
    pub rules: Vec<Seen<Rule>>,
}

/// A device and its settings.
#[derive(Debug, Clone)]
pub struct Link {
    /// Which it is.
    pub nic: Nic,
    /// Administratively up.
    pub up: bool,
    /// Its MTU in bytes.
    pub mtu: u32,
    /// Whether router advertisements change its routes.
    pub heeds_advertisements: bool,
}

/// Something that may bear our mark.
#[derive(Debug, Clone)]
pub struct Seen<T> {
    /// What it is.
    pub it: T,
    /// Whether it bears our mark.
    pub ours: bool,
}

impl Link {
    /// Whether it is set so.
    pub fn is(&self, setting: Setting) -> bool {
        match setting {
            Setting::NoRouterAdvertisements => !self.heeds_advertisements,
            Setting::Mtu(bytes) => self.mtu == bytes,
            Setting::Up => self.up,
            Setting::Down => !self.up,
        }
    }
}

impl Observed {
    /// The NIC of that hardware address. Devices stacked on a NIC (VLAN, bridge) share its
    /// address and were made after it, so the lowest index is the NIC itself.
    pub fn nic(&self, mac: MacAddr) -> Option<&Nic> {
        let nics = self.links.iter().map(|link| &link.nic);
        nics.filter(|nic| nic.mac == mac).min_by_key(|nic| nic.index)
    }

    /// The link of that device.
    pub fn link(&self, dev: &Dev) -> Option<&Link> {
        self.links.iter().find(|link| link.nic.index == dev.index)
    }

    /// The MTU, in bytes, of the NIC that carries the main table's default route; of
    /// another than `slot`, to which another manager may have given one as well.
    pub fn primary_mtu(&self, slot: &Nic) -> Option<u32> {
        let defaults = self.routes.iter().map(|route| &route.it);
        let defaults =
            defaults.filter(|route| route.table == MAIN_TABLE && route.to.prefix_len() == 0);
        let via_others = defaults.filter(|route| route.dev != Some(Dev::from(slot)));
        let by_preference = |route: &&Route| (route.to.addr().is_ipv6(), route.metric);
        let first = via_others.filter(|route| route.dev.is_some()).min_by_key(by_preference)?;
        self.link(first.dev.as_ref()?).map(|link| link.mtu)
    }

    /// The routes that bear our mark.
    pub fn our_routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(|route| route.ours).map(|route| &route.it)
    }

    /// The rules that bear our mark.
    pub fn our_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.ours).map(|rule| &rule.it)
    }

    /// The device of that index. One without a hardware address goes by its number.
    pub fn dev(&self, index: u32) -> Dev {
        let known = self.links.iter().find(|link| link.nic.index == index);
        known.map_or_else(|| Dev { index, name: format!("if{index}") }, |link| Dev::from(&link.nic))
    }
}
