//! Others on the same host: their NICs, tables, rules and addresses, and what earlier slots
//! have left behind.

use steadfast::net::NetError;

use crate::judge::{addresses, list, routes, state};
use crate::netns::{alone, sh};
use crate::vpc::{FOREIGN, SLOT, TABLE, Vpc, host, ip, mac, wanted};

#[test]
fn a_foreign_nic_its_table_and_its_rules_are_not_touched() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        vpc.attach(&FOREIGN, std::process::id());
        sh("ip link set eth2 up
            ip address add 10.0.1.70/24 dev eth2
            ip -6 address add fd00:0:0:b::70/64 dev eth2 nodad
            ip route add default via 10.0.1.1 dev eth2 table 10002
            ip -6 route add default via fd00:0:0:b::1 dev eth2 table 10002
            ip rule add from 10.0.1.70 lookup 10002 priority 10002
            ip rule add fwmark 7 lookup 10002 priority 50
            ip rule add to 198.51.100.0/24 lookup 10002 priority 8301");
        let before = state();
        let theirs = || (addresses("eth2"), routes("-4", "10002"), routes("-6", "10002"));
        let theirs_before = theirs();

        host().apply(&wanted()).await.unwrap();
        assert_eq!(theirs(), theirs_before);
        host().undo(Some(mac(&SLOT))).await.unwrap();
        assert_eq!(state(), before);
    });
}

#[test]
fn a_busy_table_is_left_alone_and_the_next_is_found_again() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        sh("ip route add 198.51.100.0/24 dev eth0 table 10001
            ip -6 route add 2001:db8:1::/64 dev eth0 table 10257");
        let before = state();

        let applied = host().apply(&wanted()).await.unwrap();
        assert_eq!(applied.table, TABLE + 2 * 256);
        assert_eq!(routes("-4", "10001").len(), 1);

        // The first number is free again; ours is in use and stays.
        sh("ip route flush table 10001");
        let again = host().apply(&wanted()).await.unwrap();
        assert_eq!((again.table, again.changes.len()), (TABLE + 2 * 256, 0));

        sh("ip route add 198.51.100.0/24 dev eth0 table 10001");
        host().undo(Some(mac(&SLOT))).await.unwrap();
        assert_eq!(state(), before);
    });
}

#[test]
fn all_tables_busy_is_an_error_that_names_them_and_changes_nothing() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        for n in 0..16 {
            sh(&format!("ip route add 198.51.100.0/24 dev eth0 table {}", TABLE + n * 256));
        }
        let before = state();
        let error = host().apply(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains("10001, 10257, "), "{error}");
        assert!(matches!(error, NetError::TablesBusy { tables } if tables.len() == 16));
        assert_eq!(state(), before);
    });
}

#[test]
fn what_earlier_slots_left_behind_is_removed() {
    alone(|| async {
        let vpc = Vpc::new();
        let before = state();
        // An earlier claim, at another device index and with other peers, whose NIC went.
        let mut earlier = wanted();
        earlier.device_index.0 = 3;
        earlier.peers.push(ip("10.0.2.80"));
        vpc.attach_slot();
        host().apply(&earlier).await.unwrap();
        vpc.detach(&SLOT);
        assert_eq!(routes("-4", "10003").len(), 1, "its blackhole");

        vpc.attach_slot();
        host().apply(&wanted()).await.unwrap();

        assert_eq!((routes("-4", "10003"), routes("-6", "10003")), (vec![], vec![]));
        let rules = list("ip -j rule");
        assert!(!rules.iter().any(|it| it["table"] == "10003" || it["dst"] == "10.0.2.80"));
        host().undo(Some(mac(&SLOT))).await.unwrap();
        vpc.detach(&SLOT);
        assert_eq!(state(), before);
    });
}

#[test]
fn an_address_that_the_slot_no_longer_has_is_removed() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let mut earlier = wanted();
        earlier.addresses[0].ip = ip("10.0.0.55");
        host().apply(&earlier).await.unwrap();
        // Never ours; in a subnet of its own, or it would go with the first of its subnet.
        sh("ip address add 10.0.9.99/24 dev eth1");

        host().apply(&wanted()).await.unwrap();

        let v4 = list("ip -j -4 address show dev eth1");
        let v4: Vec<_> = v4[0]["addr_info"].as_array().unwrap().iter().collect();
        let mut v4: Vec<_> = v4.iter().map(|it| it["local"].as_str().unwrap()).collect();
        v4.sort_unstable();
        assert_eq!(v4, [SLOT.v4, "10.0.9.99"]);
        host().verify(&wanted(), crate::vpc::SOON).await.unwrap();
    });
}

#[test]
fn what_another_manager_has_done_already_is_not_done_again_and_not_undone() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        // As amazon-ec2-net-utils does, by way of systemd-networkd.
        sh("ip link set eth1 up
            ip address add 10.0.0.50/24 dev eth1 noprefixroute
            ip route add 10.0.0.0/24 dev eth1 src 10.0.0.50 table 10001 proto static
            ip route add default via 10.0.0.1 dev eth1 src 10.0.0.50 table 10001 metric 513
            ip rule add from 10.0.0.50 lookup 10001 priority 10001");
        let theirs = (routes("-4", "10001"), list("ip -j -4 rule"));

        let applied = host().apply(&wanted()).await.unwrap();

        assert_eq!(applied.table, TABLE, "routes by the slot's own NIC do not make a table busy");
        let lines: Vec<_> = applied.changes.iter().map(ToString::to_string).collect();
        let touched = |what: &str| lines.iter().any(|line| line.contains(what));
        assert!(!touched("from 10.0.0.50"), "{lines:?}");
        assert!(!touched("10.0.0.0/24"), "{lines:?}");
        assert!(!touched("ip link set dev eth1 up"), "{lines:?}");
        host().verify(&wanted(), crate::vpc::SOON).await.unwrap();

        host().undo(None).await.unwrap();
        assert_eq!((routes("-4", "10001"), list("ip -j -4 rule")), theirs);
    });
}

#[test]
fn the_slots_address_on_another_nic_is_an_error_and_nothing_is_changed() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        for (ip, address) in [("ip", "10.0.0.50/32"), ("ip -6", "fd00:0:0:a::50/128 nodad")] {
            sh(&format!("{ip} address add {address} dev eth0"));
            let before = state();
            let error = host().apply(&wanted()).await.unwrap_err();
            assert!(matches!(&error, NetError::AddressElsewhere { nic, .. } if nic == "eth0"));
            assert!(error.to_string().contains("but eth0 has it already"), "{error}");
            assert_eq!(state(), before);
            sh(&format!("{ip} address flush to {} dev eth0", address.trim_end_matches(" nodad")));
        }
        host().apply(&wanted()).await.unwrap();
    });
}

#[test]
fn an_address_that_another_manager_is_still_checking_is_waited_for() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        sh("ip link set eth1 up; ip -6 address add fd00:0:0:a::50/64 dev eth1");
        assert_eq!(addresses("eth1")[0]["tentative"], true);
        host().apply(&wanted()).await.unwrap_or_else(|error| panic!("{error}"));
        host().verify(&wanted(), crate::vpc::SOON).await.unwrap();
    });
}
