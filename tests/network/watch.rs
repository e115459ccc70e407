//! A NIC's coming and going.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::guarding::{Flood, LONG, flood, settled};
use crate::netns::{alone, sh};
use crate::vpc::{PRIMARY, SLOT, SOON, Vpc, host, mac, wanted};

/// Less than the slow look of the watcher's own (2 s): what comes sooner came by an event.
const BY_EVENT: Duration = Duration::from_secs(1);

#[test]
fn a_nic_that_appears_is_seen_at_once() {
    alone(|| async {
        let vpc = Vpc::new();
        let waiting = tokio::spawn(async { host().nic_appears(mac(&SLOT), SOON).await });
        // Far enough into the watcher's pause.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        vpc.attach_slot();
        let attached = Instant::now();
        let nic = waiting.await.unwrap().unwrap().expect("it has appeared");
        assert!(attached.elapsed() < BY_EVENT, "{:?}", attached.elapsed());
        assert_eq!((nic.name.as_str(), nic.mac), (SLOT.name, mac(&SLOT)));
        assert!(host().nics().await.unwrap().contains(&nic));
    });
}

#[test]
fn a_nic_that_is_there_already_is_seen() {
    alone(|| async {
        let _vpc = Vpc::new();
        let nic = host().nic_appears(mac(&PRIMARY), Duration::ZERO).await.unwrap();
        assert_eq!(nic.unwrap().name, PRIMARY.name);
    });
}

#[test]
fn a_nic_that_never_appears_is_none_at_the_deadline() {
    alone(|| async {
        let _vpc = Vpc::new();
        let begin = Instant::now();
        let within = Duration::from_millis(200);
        assert_eq!(host().nic_appears(mac(&SLOT), within).await.unwrap(), None);
        assert!((within..BY_EVENT).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    });
}

#[test]
fn a_nic_that_vanishes_is_missed_at_once() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        assert!(!host().nic_vanishes(mac(&SLOT), Duration::from_millis(50)).await.unwrap());
        let waiting = tokio::spawn(async { host().nic_vanishes(mac(&SLOT), SOON).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        vpc.detach(&SLOT);
        let detached = Instant::now();
        assert!(waiting.await.unwrap().unwrap());
        assert!(detached.elapsed() < BY_EVENT, "{:?}", detached.elapsed());
    });
}

#[test]
fn a_nic_is_reported_under_the_name_that_udev_gives_it() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        sh("mkdir -p /run/udev/data; touch /run/udev/control");
        let waiting = tokio::spawn(async { host().nic_appears(mac(&SLOT), SOON).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished(), "udev has not finished yet");
        let index =
            host().nics().await.unwrap().iter().find(|it| it.mac == mac(&SLOT)).unwrap().index;
        sh(&format!("ip link set eth1 name ens6; touch /run/udev/data/n{index}"));
        let nic = waiting.await.unwrap().unwrap().unwrap();
        assert_eq!((nic.name.as_str(), nic.mac), ("ens6", mac(&SLOT)));
    });
}

#[test]
fn a_nic_that_udev_does_not_finish_with_is_reported_all_the_same() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        sh("mkdir -p /run/udev; touch /run/udev/control");
        let nic = host().nic_appears(mac(&SLOT), SOON).await.unwrap();
        assert_eq!(nic.unwrap().name, SLOT.name);
    });
}

#[test]
fn each_kind_of_change_is_told_and_rest_is_not() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();
        settled().await;
        let changes = host().changes().unwrap();
        for change in [
            "ip link set eth1 mtu 1400",
            "ip address add 198.51.100.1/24 dev eth1 noprefixroute",
            "ip -6 address add 2001:db8:1::1/64 dev eth1 nodad noprefixroute",
            "ip route add blackhole 198.51.100.0/24",
            "ip -6 route add blackhole 2001:db8:2::/64",
            "ip rule add from 198.51.100.1 lookup 99",
            "ip -6 rule add from 2001:db8:1::1 lookup 99",
            "ip route flush table 10001",
            "ip link del eth1",
        ] {
            // What an earlier change brought about may come late.
            tokio::time::sleep(Duration::from_millis(100)).await;
            changes.clear();
            let rest = timeout(Duration::from_millis(200), changes.next()).await;
            assert!(rest.is_err(), "before {change}");
            sh(change);
            let told = timeout(LONG, changes.next()).await;
            told.unwrap_or_else(|_| panic!("not told: {change}")).unwrap();
        }
    });
}

#[test]
fn that_events_were_lost_is_told_and_not_the_end() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let changes = host().changes().unwrap();
        for _ in 0..2 {
            flood(Flood::Links);
            timeout(LONG, changes.next()).await.expect("told").unwrap();
            changes.clear();
        }
        sh("ip rule add from 198.51.100.1 lookup 99");
        timeout(LONG, changes.next()).await.expect("told").unwrap();
    });
}
