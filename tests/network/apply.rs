//! Desired state: what is applied, that it is applied once, and undone.

use serde_json::{Value, json};
use steadfast::net::{Change, SlotAddress};

use crate::judge::{addresses, list, routes, sorted, state, up};
use crate::netns::{alone, sh};
use crate::vpc::{PEER, PRIMARY, SLOT, SOON, TABLE, Vpc, host, ip, mac, wanted};

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn mtu(nic: &str) -> Value {
    list(&format!("ip -j link show dev {nic}"))[0]["mtu"].clone()
}

#[test]
fn the_nic_gets_its_addresses_and_the_primarys_mtu() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        assert!(!up(SLOT.name));
        assert_eq!(mtu(SLOT.name), 1500);

        host().apply(&wanted()).await.unwrap();

        assert!(up(SLOT.name));
        assert_eq!(mtu(SLOT.name), 9001);
        let [v4, v6] = &addresses(SLOT.name)[..] else { panic!("{:?}", addresses(SLOT.name)) };
        assert_eq!((&v4["local"], &v4["prefixlen"]), (&json!(SLOT.v4), &json!(24)));
        assert_eq!((&v6["local"], &v6["prefixlen"]), (&json!(SLOT.v6), &json!(64)));
        for address in [v4, v6] {
            assert_eq!(address["noprefixroute"], true, "{address}");
            assert_eq!(address["tentative"], Value::Null, "{address}");
        }
        assert_eq!(sh("cat /proc/sys/net/ipv6/conf/eth1/accept_ra").trim(), "0");
    });
}

#[test]
fn the_table_leads_to_the_router_and_ends_in_a_blackhole() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let applied = host().apply(&wanted()).await.unwrap();
        assert_eq!(applied.table, TABLE);

        for (family, slot, router, subnet) in [
            ("-4", SLOT.v4, "10.0.0.1", "10.0.0.0/24"),
            ("-6", SLOT.v6, "fd00:0:0:a::1", "fd00:0:0:a::/64"),
        ] {
            let routes = routes(family, "10001");
            assert_eq!(routes.len(), 3, "{routes:?}");
            let find = |to: &str, kind: Value| {
                routes.iter().find(|it| it["dst"] == to && it["type"] == kind).unwrap()
            };
            for route in [find(subnet, Value::Null), find("default", Value::Null)] {
                assert_eq!((&route["dev"], &route["prefsrc"]), (&json!("eth1"), &json!(slot)));
            }
            assert_eq!(find("default", Value::Null)["gateway"], router);
            assert_eq!(find("default", json!("blackhole"))["metric"], u32::MAX);
        }
    });
}

#[test]
fn the_rules_lead_from_the_slot_and_to_the_peers_into_the_table() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();

        for (family, slot, peer) in [("-4", SLOT.v4, PEER.v4), ("-6", SLOT.v6, PEER.v6)] {
            let rules = list(&format!("ip -j {family} rule"));
            let ours: Vec<_> = rules.iter().filter(|rule| rule["protocol"] == "83").collect();
            let [from, to] = &ours[..] else { panic!("{rules:?}") };
            assert_eq!((&from["src"], &from["priority"]), (&json!(slot), &json!(8300)));
            assert_eq!((&to["dst"], &to["priority"]), (&json!(peer), &json!(8301)));
            assert_eq!((&from["table"], &to["table"]), (&json!("10001"), &json!("10001")));
        }
    });
}

#[test]
fn the_main_table_and_the_primary_stay_as_they_were() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let before = (routes("-4", "main"), routes("-6", "main"), addresses(PRIMARY.name));
        host().apply(&wanted()).await.unwrap();
        let after = (routes("-4", "main"), routes("-6", "main"), addresses(PRIMARY.name));
        assert_eq!(before, after);
    });
}

#[test]
fn applying_twice_changes_nothing() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let first = host().apply(&wanted()).await.unwrap();
        assert!(!first.changes.is_empty());
        let before = state();

        let second = host().apply(&wanted()).await.unwrap();

        assert_eq!(lines(&second.changes), Vec::<String>::new());
        assert_eq!(second.table, first.table);
        assert_eq!(state(), before);
    });
}

#[test]
fn a_plan_is_what_apply_does_and_changes_nothing() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let before = state();
        let plan = host().plan(&wanted()).await.unwrap();
        assert_eq!(state(), before);

        let applied = host().apply(&wanted()).await.unwrap();
        assert_eq!(lines(&plan), lines(&applied.changes));
    });
}

#[test]
fn a_plan_can_be_typed() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let plan = host().plan(&wanted()).await.unwrap();
        for line in lines(&plan) {
            sh(&line.replace("sysctl ", "sysctl -qw "));
        }
        assert_eq!(lines(&host().plan(&wanted()).await.unwrap()), Vec::<String>::new());
    });
}

#[test]
fn undo_leaves_the_host_as_it_was() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let before = state();
        host().apply(&wanted()).await.unwrap();
        assert_ne!(state(), before);

        let undone = host().undo(Some(mac(&SLOT))).await.unwrap();

        assert!(!undone.is_empty());
        assert_eq!(state(), before);
        assert!(!up(SLOT.name));
        assert_eq!(lines(&host().undo(Some(mac(&SLOT))).await.unwrap()), Vec::<String>::new());
    });
}

#[test]
fn undo_takes_all_of_the_slots_addresses_and_no_other() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        sh("ip address add 198.51.100.7/24 dev eth1");
        let before = state();
        let mut want = wanted();
        // In the first one's subnet: the kernel removes it together with the first.
        want.addresses.push(SlotAddress { ip: ip("10.0.0.51"), ..want.addresses[0] });
        host().apply(&want).await.unwrap();
        host().verify(&want, SOON).await.unwrap();
        assert_eq!(addresses(SLOT.name).len(), 4);

        host().undo(Some(mac(&SLOT))).await.unwrap();
        assert_eq!(state(), before);
    });
}

#[test]
fn undo_removes_the_rest_when_the_nic_has_gone() {
    alone(|| async {
        let vpc = Vpc::new();
        let before = state();
        for mac in [Some(mac(&SLOT)), None] {
            vpc.attach_slot();
            host().apply(&wanted()).await.unwrap();
            vpc.detach(&SLOT);
            assert_ne!(state(), before, "the blackhole and the rules stay");
            host().undo(mac).await.unwrap();
            assert_eq!(state(), before);
        }
    });
}

#[test]
fn what_another_manager_removes_is_put_back_and_only_that() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();
        let good = state();
        for (harm, repairs) in [
            ("ip rule del priority 8300", 1),
            ("ip -6 rule del priority 8301", 1),
            ("ip route del default dev eth1 table 10001", 1),
            ("ip route del blackhole default table 10001", 1),
            ("ip -6 route del fd00:0:0:a::/64 dev eth1 table 10001", 1),
            // An address takes along the routes that name it.
            ("ip address del 10.0.0.50/24 dev eth1", 3),
            // IPv6 keeps the routes, without the address: two have to make room.
            ("ip -6 address del fd00:0:0:a::50/64 dev eth1", 5),
            // Down: the link, all four routes, and IPv6's address.
            ("ip link set eth1 down", 6),
            ("ip route flush table 10001; ip -6 route flush table 10001", 6),
        ] {
            sh(harm);
            assert_ne!(state(), good, "{harm}");
            let repaired = host().apply(&wanted()).await.unwrap();
            assert_eq!(repaired.changes.len(), repairs, "{harm}: {:?}", lines(&repaired.changes));
            assert_eq!(sorted(state()), sorted(good.clone()), "{harm}");
        }
    });
}
