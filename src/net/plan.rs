//! The desired state and the smallest way to it. Pure: what the kernel holds comes in as
//! [`Observed`], the changes go out, and nothing else is read or done.
//!
//! The order is the promise. The fence (blackhole, then rules) comes first and goes last, so
//! at no moment does traffic from the slot's address or to a peer leave by another NIC; and
//! as the rules carry our mark and name the slot's addresses, whatever a crash leaves behind
//! can be found and undone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::change::{Address, Change, Dev, Entry, Item, Route, RouteKind, Rule, Setting};
use super::observe::{Observed, Seen};
use super::{Nic, SlotNetwork};
use crate::ids::MacAddr;

/// Where our rules stand. Tables of a person's or a VPN's (Tailscale: 5210-5270) are asked
/// before; amazon-ec2-net-utils' rules (10000 + device index), systemd-networkd's and
/// `ip rule`'s own choice (downwards from 32765) and the main table (32766) after.
pub const FROM_PRIORITY: u32 = 8300;
/// The same for the rules to the peers.
pub const TO_PRIORITY: u32 = 8301;
/// From here on the kernel's own rules decide, and another's rule would come too late.
const MAIN_PRIORITY: u32 = 32766;
/// The last that a table can hold: every other route is preferred to it.
const LAST_METRIC: u32 = u32::MAX;

/// All that `want` needs, in the order in which it is to be made.
pub fn desired(want: &SlotNetwork, nic: &Nic, primary_mtu: Option<u32>, table: u32) -> Vec<Item> {
    let dev = Dev::from(nic);
    let mut items: Vec<Item> = fence(want, table).into_iter().map(Item::Have).collect();
    let mtu = primary_mtu.map(Setting::Mtu);
    let settings = [Some(Setting::NoRouterAdvertisements), mtu, Some(Setting::Up)];
    items.extend(settings.into_iter().flatten().map(|setting| Item::Set(dev.clone(), setting)));
    items.extend(addresses(want, &dev).map(Entry::Address).map(Item::Have));
    items.extend(routes(want, &dev, table).into_iter().map(Entry::Route).map(Item::Have));
    items
}

/// What holds without the NIC: the blackhole, and the rules that lead to it.
fn fence(want: &SlotNetwork, table: u32) -> Vec<Entry> {
    let everywhere = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    // Also in a family in which there are peers but no address of ours: better no way to a
    // peer than one from the wrong address.
    let in_use = |any: &IpAddr| ips(want).chain(&want.peers).any(|ip| same_family(ip, any));
    let blackholes = everywhere.iter().filter(|any| in_use(any)).map(|any| {
        let to = default(any);
        let (kind, metric) = (RouteKind::Blackhole, LAST_METRIC);
        Entry::Route(Route { table, kind, to, via: None, dev: None, src: None, metric })
    });
    let from = ips(want).map(|ip| {
        let from = Some(IpNet::from(*ip));
        Entry::Rule(Rule { priority: FROM_PRIORITY, from, to: None, table })
    });
    let to = want.peers.iter().map(|ip| {
        let to = Some(IpNet::from(*ip));
        Entry::Rule(Rule { priority: TO_PRIORITY, from: None, to, table })
    });
    blackholes.chain(from).chain(to).collect()
}

fn ips(want: &SlotNetwork) -> impl Iterator<Item = &IpAddr> {
    want.addresses.iter().map(|address| &address.ip)
}

fn same_family(a: &IpAddr, b: &IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

fn default(family: &IpAddr) -> IpNet {
    match family {
        IpAddr::V4(_) => IpNet::V4(ipnet::Ipv4Net::default()),
        IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
    }
}

fn addresses<'a>(want: &'a SlotNetwork, dev: &'a Dev) -> impl Iterator<Item = Address> + 'a {
    want.addresses.iter().map(|address| Address {
        ip: address.ip,
        prefix: address.subnet.prefix_len(),
        dev: dev.clone(),
    })
}

/// Each family's subnet and default route, from the first address that it has.
fn routes(want: &SlotNetwork, dev: &Dev, table: u32) -> Vec<Route> {
    let first = |v4: bool| want.addresses.iter().find(|address| address.ip.is_ipv4() == v4);
    let families = [first(true), first(false)];
    let both = families.into_iter().flatten().flat_map(|address| {
        let route = |to, via| Route {
            table,
            kind: RouteKind::Unicast,
            to,
            via,
            dev: Some(dev.clone()),
            src: Some(address.ip),
            metric: first_metric(&address.ip),
        };
        [route(address.subnet.trunc(), None), route(default(&address.ip), Some(address.router()))]
    });
    both.collect()
}

/// The metric that wins: another manager's routes in the table may stay beside ours.
fn first_metric(family: &IpAddr) -> u32 {
    match family {
        IpAddr::V4(_) => 0,
        // The kernel takes 0 for "not given" and makes it 1024.
        IpAddr::V6(_) => 1,
    }
}

/// The changes that lead from what was seen to what is desired: none if it is so already.
pub fn diff(desired: &[Item], seen: &Observed) -> Vec<Change> {
    let in_desired_table =
        |route: &Route| desired.iter().any(|item| names_table(item, route.table));
    let (in_the_way, elsewhere): (Vec<_>, Vec<_>) =
        stale_routes(desired, seen).cloned().partition(in_desired_table);
    let stale_rules: Vec<&Rule> = stale_rules(desired, seen).collect();
    let former = former_addresses(desired, &stale_rules, seen);

    // A stale route in the table has to make room for its successor. Its blackhole is never
    // stale, so the fence holds meanwhile; what bears our mark elsewhere goes when all is there.
    let make_room = in_the_way.into_iter().map(|route| Change::Remove(Entry::Route(route)));
    let make = desired.iter().filter(|item| !is_there(item, seen)).cloned().map(Change::from);
    let former = former.map(|address| Change::Remove(Entry::Address(address.clone())));
    let rules = stale_rules.iter().map(|rule| Change::Remove(Entry::Rule((*rule).clone())));
    let tables = elsewhere.into_iter().map(|route| Change::Remove(Entry::Route(route)));
    make_room.chain(make).chain(former).chain(rules).chain(tables).collect()
}

impl From<Item> for Change {
    fn from(item: Item) -> Self {
        match item {
            Item::Set(dev, setting) => Self::Set(dev, setting),
            Item::Have(entry) => Self::Add(entry),
        }
    }
}

fn names_table(item: &Item, table: u32) -> bool {
    matches!(item, Item::Have(Entry::Route(route)) if route.table == table)
}

fn is_there(item: &Item, seen: &Observed) -> bool {
    match item {
        Item::Set(dev, setting) => seen.link(dev).is_some_and(|link| link.is(*setting)),
        // Whoever put it there, and with whatever prefix: routing does not depend on it.
        Item::Have(Entry::Address(want)) => {
            seen.addresses.iter().any(|have| have.ip == want.ip && have.dev == want.dev)
        }
        Item::Have(Entry::Route(want)) => seen.routes.iter().any(|have| have.it == *want),
        Item::Have(Entry::Rule(want)) => seen.rules.iter().any(|have| serves(have, want)),
    }
}

/// Whether a rule does what `want` does. Another manager's may do so from another place.
fn serves(have: &Seen<Rule>, want: &Rule) -> bool {
    let rule = &have.it;
    let same = rule.from == want.from && rule.to == want.to && rule.table == want.table;
    let in_place = match have.ours {
        true => rule.priority == want.priority,
        false => rule.priority < MAIN_PRIORITY,
    };
    same && in_place
}

fn stale_routes<'a>(desired: &'a [Item], seen: &'a Observed) -> impl Iterator<Item = &'a Route> {
    let wanted = |have: &Route| {
        desired.iter().any(|item| matches!(item, Item::Have(Entry::Route(want)) if want == have))
    };
    seen.our_routes().filter(move |route| !wanted(route))
}

fn stale_rules<'a>(desired: &'a [Item], seen: &'a Observed) -> impl Iterator<Item = &'a Rule> {
    let wanted = |have: &Rule| {
        desired.iter().any(|item| matches!(item, Item::Have(Entry::Rule(want)) if want == have))
    };
    seen.our_rules().filter(move |rule| !wanted(rule))
}

/// Addresses that the slot once had on this NIC: a stale rule of ours still names them.
fn former_addresses<'a>(
    desired: &'a [Item],
    stale: &'a [&Rule],
    seen: &'a Observed,
) -> impl Iterator<Item = &'a Address> {
    let wanted = |have: &Address| {
        desired.iter().any(|item| {
            matches!(item, Item::Have(Entry::Address(want)) if want.ip == have.ip && want.dev == have.dev)
        })
    };
    let on_our_nic = |have: &Address| {
        desired.iter().any(|item| matches!(item, Item::Set(dev, _) if *dev == have.dev))
    };
    let named = |have: &Address| stale.iter().any(|rule| rule.from == Some(IpNet::from(have.ip)));
    seen.addresses.iter().filter(move |have| on_our_nic(have) && !wanted(have) && named(have))
}

/// What removes all that is ours, in reverse; the fence goes last.
pub fn undo(seen: &Observed, mac: Option<MacAddr>) -> Vec<Change> {
    let nic = mac.and_then(|mac| seen.nic(mac)).map(Dev::from);
    let (blackholes, routes): (Vec<_>, Vec<_>) =
        seen.our_routes().cloned().partition(|route| route.kind == RouteKind::Blackhole);

    let routes = routes.into_iter().rev().map(|route| Change::Remove(Entry::Route(route)));
    let on_the_nic = seen.addresses.iter().filter(|address| Some(&address.dev) == nic.as_ref());
    let addresses = on_the_nic
        .filter(|address| bears_our_mark(address.ip, seen))
        .map(|address| Change::Remove(Entry::Address(address.clone())));
    let down = nic.iter().filter(|dev| seen.link(dev).is_some_and(|link| link.up));
    let down = down.map(|dev| Change::Set(dev.clone(), Setting::Down));
    let rules = seen.our_rules().map(|rule| Change::Remove(Entry::Rule(rule.clone())));
    let blackholes = blackholes.into_iter().map(|route| Change::Remove(Entry::Route(route)));
    routes.chain(addresses).chain(down).chain(rules).chain(blackholes).collect()
}

/// Addresses carry no mark on older kernels; those that our rules and routes name are ours.
fn bears_our_mark(ip: IpAddr, seen: &Observed) -> bool {
    seen.our_rules().any(|rule| rule.from == Some(IpNet::from(ip)))
        || seen.our_routes().any(|route| route.src == Some(ip))
}

#[cfg(test)]
mod tests;
