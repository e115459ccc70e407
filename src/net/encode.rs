//! Our changes into netlink messages.

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{
    RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::change::{Address, Change, Dev, Entry, MARK, Route, RouteKind, Rule, Setting};

/// The message that asks for the change.
pub fn change(change: &Change) -> RouteNetlinkMessage {
    match change {
        Change::Set(dev, setting) => RouteNetlinkMessage::SetLink(link(dev, *setting)),
        Change::Add(Entry::Address(it)) => RouteNetlinkMessage::NewAddress(address(it)),
        Change::Add(Entry::Route(it)) => RouteNetlinkMessage::NewRoute(route(it)),
        Change::Add(Entry::Rule(it)) => RouteNetlinkMessage::NewRule(rule(it)),
        Change::Remove(Entry::Address(it)) => RouteNetlinkMessage::DelAddress(address(it)),
        Change::Remove(Entry::Route(it)) => RouteNetlinkMessage::DelRoute(route(it)),
        Change::Remove(Entry::Rule(it)) => RouteNetlinkMessage::DelRule(rule(it)),
    }
}

fn link(dev: &Dev, setting: Setting) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = dev.index;
    match setting {
        Setting::Mtu(bytes) => message.attributes.push(LinkAttribute::Mtu(bytes)),
        Setting::Up => {
            message.header.flags = LinkFlags::Up;
            message.header.change_mask = LinkFlags::Up;
        }
        Setting::Down => message.header.change_mask = LinkFlags::Up,
        // Not netlink's; a message that changes nothing.
        Setting::NoRouterAdvertisements => (),
    }
    message
}

fn address(it: &Address) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(&it.ip);
    message.header.prefix_len = it.prefix;
    message.header.index = it.dev.index;
    message.header.scope = AddressScope::Universe;
    message.attributes.push(AddressAttribute::Local(it.ip));
    message.attributes.push(AddressAttribute::Address(it.ip));
    // No prefix route: it would go into the main table, and take the subnet's other traffic.
    let mut flags = AddressFlags::Noprefixroute;
    if it.ip.is_ipv6() {
        // EC2 sees to it that an address is unique; detecting it again costs a second or two
        // during which the address cannot be used.
        flags |= AddressFlags::Nodad;
    }
    message.attributes.push(AddressAttribute::Flags(flags));
    message
}

/// The message of a route of ours.
fn route(it: &Route) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(&it.to.addr());
    message.header.destination_prefix_length = it.to.prefix_len();
    message.header.protocol = RouteProtocol::Other(MARK);
    message.header.scope = scope(it);
    message.header.kind = match it.kind {
        RouteKind::Unicast => RouteType::Unicast,
        RouteKind::Blackhole => RouteType::BlackHole,
        RouteKind::Other => RouteType::Unspec,
    };
    let attributes = [
        Some(RouteAttribute::Table(it.table)),
        Some(RouteAttribute::Priority(it.metric)),
        (it.to.prefix_len() > 0).then(|| RouteAttribute::Destination(it.to.addr().into())),
        it.via.map(|via| RouteAttribute::Gateway(via.into())),
        it.dev.as_ref().map(|dev| RouteAttribute::Oif(dev.index)),
        it.src.map(|src| RouteAttribute::PrefSource(src.into())),
    ];
    message.attributes.extend(attributes.into_iter().flatten());
    message
}

/// IPv4 wants to be told what is on the link; IPv6 knows but one scope.
fn scope(it: &Route) -> RouteScope {
    match it.kind == RouteKind::Unicast && it.via.is_none() && it.to.addr().is_ipv4() {
        true => RouteScope::Link,
        false => RouteScope::Universe,
    }
}

fn rule(it: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = if it.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    message.header.action = RuleAction::ToTable;
    message.header.src_len = it.from.map_or(0, |net| net.prefix_len());
    message.header.dst_len = it.to.map_or(0, |net| net.prefix_len());
    let ip = |net: IpNet| net.addr();
    let attributes = [
        Some(RuleAttribute::Table(it.table)),
        Some(RuleAttribute::Priority(it.priority)),
        Some(RuleAttribute::Protocol(RouteProtocol::Other(MARK))),
        it.from.map(ip).map(RuleAttribute::Source),
        it.to.map(ip).map(RuleAttribute::Destination),
    ];
    message.attributes.extend(attributes.into_iter().flatten());
    message
}

/// The address family of an address.
pub fn family(ip: &IpAddr) -> AddressFamily {
    match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}
