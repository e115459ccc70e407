use std::net::IpAddr;

use super::super::observe::Link;
use super::super::{NetError, SlotAddress, table};
use super::*;
use crate::ids::DeviceIndex;

const TABLE: u32 = 10_001;

fn nic(index: u32, name: &str) -> Nic {
    Nic { index, name: name.to_owned(), mac: MacAddr([2, 0, 0, 0, 0, index as u8]) }
}

fn slot_nic() -> Nic {
    nic(3, "eth1")
}

fn address(ip: &str, subnet: &str) -> SlotAddress {
    SlotAddress { ip: ip.parse().unwrap(), subnet: subnet.parse().unwrap() }
}

fn want(addresses: &[(&str, &str)], peers: &[&str]) -> SlotNetwork {
    SlotNetwork {
        mac: slot_nic().mac,
        device_index: DeviceIndex(1),
        addresses: addresses.iter().map(|(ip, subnet)| address(ip, subnet)).collect(),
        peers: peers.iter().map(|ip| ip.parse().unwrap()).collect(),
    }
}

fn usual() -> SlotNetwork {
    want(&[("10.0.0.50", "10.0.0.0/24")], &["10.0.1.60"])
}

fn link(nic: Nic, mtu: u32) -> Link {
    Link { nic, up: true, mtu, heeds_advertisements: true }
}

/// A host with a primary NIC and, attached, the slot's.
fn fresh() -> Observed {
    let primary = nic(2, "eth0");
    let main = Route {
        table: 254,
        kind: RouteKind::Unicast,
        to: "0.0.0.0/0".parse().unwrap(),
        via: Some("10.0.0.1".parse().unwrap()),
        dev: Some(Dev::from(&primary)),
        src: None,
        metric: 100,
    };
    let mut slot = link(slot_nic(), 1500);
    slot.up = false;
    Observed {
        links: vec![link(primary, 9001), slot],
        routes: vec![Seen { it: main, ours: false }],
        ..Observed::default()
    }
}

fn plan(want: &SlotNetwork, seen: &Observed) -> Vec<Change> {
    diff(&desired(want, &slot_nic(), seen.primary_mtu(&slot_nic()), TABLE), seen)
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// What the kernel would hold after the changes.
fn after(mut seen: Observed, changes: &[Change]) -> Observed {
    for change in changes {
        match change {
            Change::Set(dev, setting) => set(&mut seen, dev, *setting),
            Change::Add(Entry::Address(it)) => seen.addresses.push(it.clone()),
            Change::Add(Entry::Route(it)) => {
                seen.routes.push(Seen { it: it.clone(), ours: true });
            }
            Change::Add(Entry::Rule(it)) => seen.rules.push(Seen { it: it.clone(), ours: true }),
            Change::Remove(Entry::Address(it)) => seen.addresses.retain(|have| have != it),
            Change::Remove(Entry::Route(it)) => {
                seen.routes.retain(|have| !(have.ours && have.it == *it));
            }
            Change::Remove(Entry::Rule(it)) => {
                seen.rules.retain(|have| !(have.ours && have.it == *it));
            }
        }
    }
    seen
}

fn set(seen: &mut Observed, dev: &Dev, setting: Setting) {
    let link = seen.links.iter_mut().find(|link| link.nic.index == dev.index).unwrap();
    match setting {
        Setting::NoRouterAdvertisements => link.heeds_advertisements = false,
        Setting::Mtu(bytes) => link.mtu = bytes,
        Setting::Up => link.up = true,
        Setting::Down => link.up = false,
    }
}

#[test]
fn the_fence_is_made_first_and_undone_last() {
    let seen = fresh();
    let changes = plan(&usual(), &seen);
    assert_eq!(
        lines(&changes),
        [
            "ip route add blackhole default metric 4294967295 table 10001 proto 83",
            "ip rule add from 10.0.0.50/32 lookup 10001 priority 8300 protocol 83",
            "ip rule add to 10.0.1.60/32 lookup 10001 priority 8301 protocol 83",
            "sysctl net.ipv6.conf.eth1.accept_ra=0",
            "ip link set dev eth1 mtu 9001",
            "ip link set dev eth1 up",
            "ip address add 10.0.0.50/24 dev eth1 noprefixroute",
            "ip route add 10.0.0.0/24 dev eth1 src 10.0.0.50 table 10001 proto 83",
            "ip route add default via 10.0.0.1 dev eth1 src 10.0.0.50 table 10001 proto 83",
        ]
    );
    let applied = after(seen, &changes);
    assert_eq!(plan(&usual(), &applied), []);
    assert_eq!(
        lines(&undo(&applied, Some(slot_nic().mac))),
        [
            "ip route del default via 10.0.0.1 dev eth1 src 10.0.0.50 table 10001 proto 83",
            "ip route del 10.0.0.0/24 dev eth1 src 10.0.0.50 table 10001 proto 83",
            "ip address del 10.0.0.50/24 dev eth1 noprefixroute",
            "ip link set dev eth1 down",
            "ip rule del from 10.0.0.50/32 lookup 10001 priority 8300 protocol 83",
            "ip rule del to 10.0.1.60/32 lookup 10001 priority 8301 protocol 83",
            "ip route del blackhole default metric 4294967295 table 10001 proto 83",
        ]
    );
}

#[test]
fn several_addresses_share_the_routes_of_their_familys_first() {
    let addresses =
        [("fd00::50", "fd00::/64"), ("10.0.0.50", "10.0.0.0/24"), ("10.0.0.51", "10.0.0.0/24")];
    let changes = lines(&plan(&want(&addresses, &[]), &fresh()));
    let with = |text: &str| changes.iter().filter(|line| line.contains(text)).count();
    assert_eq!((with("address add"), with("rule add from")), (3, 3));
    assert_eq!((with("src 10.0.0.50"), with("src 10.0.0.51"), with("src fd00::50")), (2, 0, 2));
    assert_eq!(with("blackhole"), 2);
}

#[test]
fn peers_of_a_family_that_the_slot_lacks_are_fenced_off() {
    let changes = lines(&plan(&want(&[("10.0.0.50", "10.0.0.0/24")], &["fd00::60"]), &fresh()));
    let blackhole = "ip -6 route add blackhole default metric 4294967295 table 10001 proto 83";
    assert!(changes.iter().any(|line| line == blackhole), "{changes:?}");
    assert!(!changes.iter().any(|line| line.contains("fd00::60 dev")), "{changes:?}");
}

#[test]
fn without_a_primary_the_mtu_stays() {
    let mut seen = fresh();
    // A default route through the slot's own NIC does not make it the primary.
    seen.routes[0].it.dev = Some(Dev::from(&slot_nic()));
    assert_eq!(seen.primary_mtu(&slot_nic()), None);
    assert!(!lines(&plan(&usual(), &seen)).iter().any(|line| line.contains("mtu")));
}

#[test]
fn a_rule_of_another_manager_serves_unless_it_comes_after_the_main_table() {
    let rule = Rule {
        priority: 10_001,
        from: Some("10.0.0.50/32".parse().unwrap()),
        to: None,
        table: TABLE,
    };
    let with = |rule: &Rule| {
        let mut seen = fresh();
        seen.rules.push(Seen { it: rule.clone(), ours: false });
        lines(&plan(&usual(), &seen)).iter().any(|line| line.contains("rule add from"))
    };
    assert!(!with(&rule));
    assert!(with(&Rule { priority: MAIN_PRIORITY, ..rule.clone() }));
    assert!(with(&Rule { table: TABLE + 1, ..rule.clone() }));
    assert!(with(&Rule { from: Some("10.0.0.0/24".parse().unwrap()), ..rule }));
}

#[test]
fn another_slots_leavings_go_and_nothing_of_anybody_elses() {
    let earlier = want(&[("10.0.0.77", "10.0.0.0/24")], &["10.0.2.80"]);
    let mut seen = fresh();
    let left = diff(&desired(&earlier, &slot_nic(), None, 10_003), &seen);
    seen = after(seen, &left);
    let foreign =
        Address { ip: "10.0.0.99".parse().unwrap(), prefix: 24, dev: (&slot_nic()).into() };
    seen.addresses.push(foreign.clone());

    let changes = plan(&usual(), &seen);
    let settled = after(seen, &changes);

    assert_eq!(plan(&usual(), &settled), []);
    let ips: Vec<IpAddr> = settled.addresses.iter().map(|it| it.ip).collect();
    assert_eq!(ips, [foreign.ip, usual().addresses[0].ip]);
    assert!(settled.our_routes().all(|route| route.table == TABLE));
    assert!(settled.our_rules().all(|rule| rule.table == TABLE));
    assert!(settled.routes.iter().any(|route| route.it.table == 254), "the main table's");
    // The new fence stands before the old one falls.
    let lines = lines(&changes);
    let first = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
    assert!(first("rule add to") < first("rule del"), "{lines:?}");
}

#[test]
fn a_stale_route_makes_room_before_its_successor_comes() {
    let mut seen = fresh();
    let readdressed = want(&[("10.0.0.51", "10.0.0.0/24")], &["10.0.1.60"]);
    let made = plan(&readdressed, &seen);
    seen = after(seen, &made);
    let lines = lines(&plan(&usual(), &seen));
    let at = |text: &str| lines.iter().position(|line| line.starts_with(text)).unwrap();
    assert!(at("ip route del 10.0.0.0/24") < at("ip route add 10.0.0.0/24"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("blackhole")), "{lines:?}");
}

#[test]
fn undo_without_a_nic_touches_no_address() {
    let seen = fresh();
    let applied = after(seen.clone(), &plan(&usual(), &seen));
    for mac in [None, Some(MacAddr([9; 6]))] {
        let lines = lines(&undo(&applied, mac));
        assert!(!lines.iter().any(|line| line.contains("address") || line.contains("link")));
        assert_eq!(lines.len(), 5, "{lines:?}");
    }
}

#[test]
fn the_table_is_the_first_that_is_free_or_ours() {
    let choose = |seen: &Observed| table::choose(DeviceIndex(1), &slot_nic(), seen);
    let mut seen = fresh();
    let busy = |table| Seen { it: Route { table, ..fresh().routes[0].it.clone() }, ours: false };
    assert_eq!(choose(&seen).unwrap(), 10_001);
    seen.routes.push(busy(10_001));
    assert_eq!(choose(&seen).unwrap(), 10_257);
    seen.routes.push(Seen { ours: true, ..busy(10_769) });
    assert_eq!(choose(&seen).unwrap(), 10_769);
    seen.routes.extend((0..16).map(|n| busy(10_001 + 256 * n)));
    assert!(matches!(choose(&seen), Err(NetError::TablesBusy { tables }) if tables.len() == 16));
}

#[test]
fn the_router_is_the_subnets_first_address() {
    assert_eq!(address("10.0.17.9", "10.0.16.0/20").router().to_string(), "10.0.16.1");
    assert_eq!(address("10.0.17.9", "10.0.17.9/20").router().to_string(), "10.0.16.1");
    assert_eq!(address("fd00::50", "fd00::/64").router().to_string(), "fd00::1");
}
