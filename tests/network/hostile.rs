//! What goes wrong: the NIC vanishes, the privilege is missing, another has its hand in.

use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use steadfast::net::NetError;

use crate::judge::state;
use crate::netns::{alone, sh};
use crate::vpc::{SLOT, SOON, Vpc, host, mac, wanted};

#[test]
fn without_the_nic_nothing_is_changed() {
    alone(|| async {
        let _vpc = Vpc::new();
        let before = state();
        let error = host().apply(&wanted()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no NIC has the MAC address 02:00:5e:10:00:50: the slot's interface is not attached; \
             claim again"
        );
        assert!(matches!(host().plan(&wanted()).await, Err(NetError::NicGone { .. })));
        assert!(matches!(host().verify(&wanted(), SOON).await, Err(NetError::NicGone { .. })));
        assert_eq!(state(), before);
    });
}

#[test]
fn a_nic_that_vanishes_half_way_is_told_and_undone() {
    alone(|| async {
        let vpc = Vpc::new();
        let before = state();
        let mut half_way = 0;
        // Removing takes a few milliseconds to begin, applying takes two: begun at each of
        // these times, some are caught between the first change and the last.
        for delay in (0..40).map(|n| Duration::from_micros(n * 150)) {
            vpc.attach_slot();
            let mut remover = Command::new("nsenter")
                .args(["-n", "-t", &vpc.router.pid().to_string(), "ip", "link", "del", SLOT.outer])
                .spawn()
                .unwrap();
            thread::sleep(delay);
            let applied = host().apply(&wanted()).await;
            assert!(remover.wait().unwrap().success());
            match applied {
                Ok(_) => (),
                Err(NetError::NicGone { .. }) if state() == before => (),
                Err(NetError::NicGone { .. }) => half_way += 1,
                Err(error) => panic!("after {delay:?}: {error}"),
            }
            vpc.forget(&SLOT);
            host().undo(Some(mac(&SLOT))).await.unwrap();
            assert_eq!(state(), before, "after {delay:?}");
        }
        println!("{half_way} of 40 were half-way");
        assert!(half_way > 0, "none was half-way: other delays are needed on this machine");
    });
}

#[test]
fn each_half_made_state_is_undone() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        let before = state();
        let plan = host().plan(&wanted()).await.unwrap();
        // A crash after each change: the commands that the plan prints, so far.
        for made in 1..=plan.len() {
            for change in &plan[..made] {
                sh(&change.to_string().replace("sysctl ", "sysctl -qw "));
            }
            host().undo(Some(mac(&SLOT))).await.unwrap();
            assert_eq!(state(), before, "after {made} of {} changes", plan.len());
            vpc.detach(&SLOT);
            vpc.attach_slot();
        }
    });
}

#[test]
fn each_half_made_state_is_completed() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        let changes = host().plan(&wanted()).await.unwrap().len();
        for made in 1..=changes {
            // Anew: a NIC attached again has another index.
            let plan = host().plan(&wanted()).await.unwrap();
            for change in &plan[..made] {
                sh(&change.to_string().replace("sysctl ", "sysctl -qw "));
            }
            let rest = host().apply(&wanted()).await.unwrap().changes;
            assert_eq!(rest, plan[made..], "after {made} changes");
            host().verify(&wanted(), SOON).await.unwrap();
            host().undo(Some(mac(&SLOT))).await.unwrap();
            vpc.detach(&SLOT);
            vpc.attach_slot();
        }
    });
}

#[test]
fn without_privilege_the_error_says_what_is_needed() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let before = state();
        let unprivileged = thread::spawn(|| {
            let none = CapabilitySet::empty();
            let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
            set_capabilities(None, none).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                // Looking is free.
                assert!(!host().plan(&wanted()).await.unwrap().is_empty());
                host().apply(&wanted()).await.unwrap_err()
            })
        });
        let error = unprivileged.join().unwrap();
        assert!(matches!(error, NetError::NotPermitted { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "`ip route add blackhole default metric 4294967295 table 10001 proto 83` is not \
             permitted: run as root (CAP_NET_ADMIN)"
        );
        assert_eq!(state(), before);
    });
}

#[test]
fn what_does_not_last_is_told() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        // IPv6 takes our route for this one, and has no place for both.
        sh("ip link set eth1 up
            ip -6 route add fd00:0:0:a::/64 dev eth1 table 10001 metric 1 proto static");
        let error = host().apply(&wanted()).await.unwrap_err().to_string();
        assert!(error.starts_with("`ip -6 route add fd00:0:0:a::/64 dev eth1"), "{error}");
        assert!(error.contains("` does not last: something else manages this NIC"), "{error}");
    });
}
