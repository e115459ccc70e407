//! Netlink messages into our words. What these cannot express is left out of the rules (so it
//! is never taken for ours nor removed) and kept as foreign among the routes (so its table
//! counts as busy).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};

use super::change::{Address, MARK, Route, RouteKind, Rule};
use super::observe::{Link, Observed, Seen};
use super::{Nic, sysctl};
use crate::ids::MacAddr;

/// The link that a message tells of, if it has a hardware address of six bytes.
pub fn link(message: &LinkMessage) -> Option<Link> {
    let (mut mac, mut name, mut mtu) = (None, None, None);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Address(bytes) => mac = bytes.as_slice().try_into().ok().map(MacAddr),
            LinkAttribute::IfName(text) => name = Some(text.clone()),
            LinkAttribute::Mtu(bytes) => mtu = Some(*bytes),
            _ => (),
        }
    }
    let (mac, name, mtu) = (mac?, name?, mtu?);
    let up = message.header.flags.contains(LinkFlags::Up);
    let heeds_advertisements = sysctl::heeds_advertisements(&name);
    let nic = Nic { index: message.header.index, name, mac };
    Some(Link { nic, up, mtu, heeds_advertisements })
}

/// The address that a message tells of; `seen` knows the links.
pub fn address(message: &AddressMessage, seen: &Observed) -> Option<Address> {
    // IFA_LOCAL is ours; IFA_ADDRESS is the other end's on a point-to-point link, and ours
    // where, as is usual for IPv6, it stands alone.
    let (mut local, mut any) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => any = Some(*ip),
            _ => (),
        }
    }
    let (prefix, dev) = (message.header.prefix_len, seen.dev(message.header.index));
    Some(Address { ip: local.or(any)?, prefix, dev })
}

/// Whether the address of that message cannot be used yet.
pub fn is_tentative(message: &AddressMessage) -> bool {
    message.attributes.iter().any(|attribute| match attribute {
        AddressAttribute::Flags(flags) => flags.contains(AddressFlags::Tentative),
        _ => false,
    })
}

/// The route that a message tells of; `seen` knows the links.
pub fn route(message: &RouteMessage, seen: &Observed) -> Option<Seen<Route>> {
    let header = &message.header;
    let kind = match header.kind {
        RouteType::Unicast => RouteKind::Unicast,
        RouteType::BlackHole => RouteKind::Blackhole,
        _ => RouteKind::Other,
    };
    let net = |ip| IpNet::new(ip, header.destination_prefix_length).ok();
    let to = net(unspecified(header.address_family)?)?;
    let table = u32::from(header.table);
    let mut it = Route { table, kind, to, via: None, dev: None, src: None, metric: 0 };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Table(table) => it.table = *table,
            RouteAttribute::Destination(to) => it.to = net(ip(to)?)?,
            RouteAttribute::Gateway(via) => it.via = ip(via),
            // IPv6 ties a blackhole to the loopback device; it means nothing.
            RouteAttribute::Oif(index) if kind != RouteKind::Blackhole => {
                it.dev = Some(seen.dev(*index));
            }
            RouteAttribute::PrefSource(src) => it.src = ip(src),
            RouteAttribute::Priority(metric) => it.metric = *metric,
            _ => (),
        }
    }
    Some(Seen { it, ours: header.protocol == RouteProtocol::Other(MARK) })
}

fn unspecified(family: AddressFamily) -> Option<IpAddr> {
    match family {
        AddressFamily::Inet => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        AddressFamily::Inet6 => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        _ => None,
    }
}

/// The address in a route's attribute, if it is one of IP.
pub fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

/// The rule that a message tells of, if it selects by nothing but addresses.
pub fn rule(message: &RuleMessage) -> Option<Seen<Rule>> {
    let header = &message.header;
    let plain = header.action == RuleAction::ToTable && header.tos == 0;
    if !plain || header.flags.contains(RuleFlags::Invert) {
        return None;
    }
    let mut it = Rule { priority: 0, from: None, to: None, table: u32::from(header.table) };
    let mut ours = false;
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Table(table) => it.table = *table,
            RuleAttribute::Priority(priority) => it.priority = *priority,
            RuleAttribute::Source(ip) => it.from = Some(IpNet::new(*ip, header.src_len).ok()?),
            RuleAttribute::Destination(ip) => it.to = Some(IpNet::new(*ip, header.dst_len).ok()?),
            RuleAttribute::Protocol(protocol) => ours = *protocol == RouteProtocol::Other(MARK),
            // All ones: suppress nothing, which the kernel always spells out.
            RuleAttribute::SuppressPrefixLen(u32::MAX) => (),
            _ => return None,
        }
    }
    Some(Seen { it, ours })
}
