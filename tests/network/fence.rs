//! The guard's end: the slot is lost, it says so at once, and changes nothing any more.

use std::time::Duration;

use steadfast::agent::Fenced;
use tokio::time::{Instant, sleep};

use crate::guarding::{Clock, Fighter, Flood, Guarding, count, facts, flood, log, warnings};
use crate::judge::{list, routes, sorted, state};
use crate::netns::{Namespace, alone, sh};
use crate::vpc::{SLOT, Vpc, host, wanted};

/// Less than the slow look (2 s): what is found out sooner was told of by an event.
const BY_EVENT: Duration = Duration::from_secs(1);

fn nic_gone() -> Fenced {
    Fenced::NicGone { nic: facts().nic }
}

#[test]
fn a_nic_that_is_detached_is_gone_at_once_and_the_fence_stays() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let clock = Clock::stop();
        vpc.detach(&SLOT);
        clock.pass(BY_EVENT, || guarding.fenced.is_finished()).await;
        let fenced = guarding.fenced().await;
        assert_eq!(fenced, nic_gone());
        assert_eq!(
            fenced.to_string(),
            format!("the slot's NIC eth1 ({}) has gone: its interface was detached", SLOT.mac)
        );
        for family in ["-4", "-6"] {
            let [blackhole] = &routes(family, "10001")[..] else { panic!("{:?}", state()) };
            assert_eq!(blackhole["type"], "blackhole");
            let rules = list(&format!("ip -j {family} rule"));
            assert_eq!(rules.iter().filter(|rule| rule["protocol"] == "83").count(), 2);
        }
        assert_eq!(warnings(""), 0, "{}", log());
    });
}

#[test]
fn the_kernels_word_is_enough_and_no_look_is_waited_for() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let clock = Clock::stop();
        // What brings about a look is told, and the next look is not due before some time.
        sh("ip link set eth1 down");
        clock.stand().await;
        assert!(!guarding.fenced.is_finished());
        sh("ip link del eth1");
        clock.stand().await;
        assert!(guarding.fenced.is_finished());
        assert_eq!(guarding.fenced().await, nic_gone());
    });
}

#[test]
fn a_nic_that_is_not_there_at_the_beginning_is_gone() {
    alone(|| async {
        let _vpc = Vpc::new();
        assert_eq!(Guarding::only().fenced().await, nic_gone());
    });
}

#[test]
fn a_nic_that_comes_back_at_once_was_lost_and_is_not_configured() {
    alone(|| async {
        for events in ["told", "lost"] {
            let _vpc = Vpc::with_slot();
            host().apply(&wanted()).await.unwrap();
            let guarding = tokio::spawn(crate::guarding::guard(wanted()));
            // It is at work: it puts back.
            sh("ip rule del priority 8300");
            let rules = || list("ip -j rule").iter().filter(|it| it["protocol"] == "83").count();
            while rules() < 2 {
                sleep(Duration::from_millis(20)).await;
            }
            let clock = Clock::stop();
            if events == "lost" {
                flood(Flood::Links);
            }
            // The runtime stands still meanwhile: both happen between two looks. The index is given
            // as the old one came from another namespace, and the next one here may be the same.
            sh(&format!(
                "ip link del eth1
                 ip link add eth1 index 99 address {} type veth peer name outer",
                SLOT.mac
            ));
            clock.pass(BY_EVENT, || guarding.is_finished()).await;
            assert_eq!(guarding.await.unwrap(), nic_gone(), "{events}");
            assert!(crate::judge::addresses("eth1").is_empty() && !crate::judge::up("eth1"));
            sh("ip link del eth1; ip link del eth0");
            host().undo(None).await.unwrap();
        }
    });
}

#[test]
fn a_nic_that_goes_while_events_are_lost_is_missed_at_once() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let clock = Clock::stop();
        flood(Flood::Links);
        sh("ip link del eth1");
        clock.pass(BY_EVENT, || guarding.fenced.is_finished()).await;
        assert_eq!(guarding.fenced().await, nic_gone());
    });
}

#[test]
fn a_nic_that_is_moved_to_another_namespace_is_gone() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let other = Namespace::new();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        sh(&format!("ip link set eth1 netns {}", other.pid()));
        assert_eq!(guarding.fenced().await, nic_gone());
    });
}

#[test]
fn a_nic_whose_hardware_address_is_changed_is_gone() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        sh("ip link set eth1 address 02:00:5e:10:00:99");
        assert_eq!(guarding.fenced().await, nic_gone());
    });
}

#[test]
fn a_nic_that_was_in_a_bridge_is_not_gone_when_it_leaves_it() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        // The kernel tells that with the same message as a device's end.
        sh("ip link add br0 type bridge; ip link set eth1 master br0
            ip link set eth1 nomaster; ip link del br0; ip rule del priority 8300");
        guarding.until("it goes on", || sorted(state()) == good).await;
    });
}

#[test]
fn an_address_that_another_nic_has_taken_is_gone_after_a_while() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let moved = Instant::now();
        sh("ip address del 10.0.0.50/24 dev eth1; ip address add 10.0.0.50/24 dev eth0");
        let fenced = guarding.fenced().await;
        assert!(moved.elapsed() >= Duration::from_secs(10), "{:?}", moved.elapsed());
        assert_eq!(
            fenced.to_string(),
            "the slot's address 10.0.0.50 is not on eth1 and could not be put back for 10s: eth0 \
             has it"
        );
        assert_eq!(warnings("10.0.0.50 is the slot's address but eth0 has it"), 1, "{}", log());
    });
}

#[test]
fn an_address_that_comes_free_again_in_time_is_put_back() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        for _ in 0..2 {
            sh("ip address del 10.0.0.50/24 dev eth1; ip address add 10.0.0.50/24 dev eth0");
            let moved = Instant::now();
            // Together longer than the guard's patience, which begins anew.
            guarding.until("6 s", || moved.elapsed() > Duration::from_secs(6)).await;
            sh("ip address del 10.0.0.50/24 dev eth0");
            guarding.until("it is back", || sorted(state()) == good).await;
            // And it is seen to be.
            guarding.looks(count("looked at the network") + 2).await;
        }
    });
}

#[test]
fn an_address_that_the_kernel_refuses_is_gone_after_a_while() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let begin = Instant::now();
        sh("sysctl -qw net.ipv6.conf.eth1.disable_ipv6=1");
        let fenced = guarding.fenced().await;
        assert!(begin.elapsed() >= Duration::from_secs(10), "{:?}", begin.elapsed());
        let Fenced::AddressGone { ip, because, .. } = &fenced else { panic!("{fenced:?}") };
        assert_eq!(
            (ip.to_string(), because.as_str()),
            (SLOT.v6.to_owned(), "Permission denied (os error 13)")
        );
    });
}

#[test]
fn an_address_that_is_removed_as_fast_as_it_is_added_is_gone_after_a_while() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let _fighter = Fighter::begin("ip address del 10.0.0.50/24 dev eth1");
        let fenced = guarding.fenced().await.to_string();
        let says =
            "could not be put back for 10s: something else removes it as fast as it is added";
        assert!(fenced.ends_with(says), "{fenced}");
    });
}
