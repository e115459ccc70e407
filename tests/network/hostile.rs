//! What goes wrong: the NIC vanishes, the privilege is missing, another has its hand in.

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
        let mut gone = 0;
        // From "before the first change" to "after the last": apply takes a few milliseconds.
        for delay in (0..40).map(|n| Duration::from_micros(n * 150)) {
            vpc.attach_slot();
            let pid = vpc.router.pid().to_string();
            let remover = thread::spawn(move || {
                thread::sleep(delay);
                let ip = ["-n", "-t", &pid, "ip", "link", "del", SLOT.outer];
                assert!(std::process::Command::new("nsenter").args(ip).status().unwrap().success());
            });
            // Applies on until the NIC is gone, as the agent's reconciler does.
            let error = loop {
                match host().apply(&wanted()).await {
                    Ok(_) if remover.is_finished() => break None,
                    Ok(_) => (),
                    Err(error) => break Some(error),
                }
            };
            match error {
                Some(NetError::NicGone { .. }) => gone += 1,
                Some(error) => panic!("after {delay:?}: {error}"),
                None => (),
            }
            remover.join().unwrap();
            vpc.forget(&SLOT);
            host().undo(Some(mac(&SLOT))).await.unwrap();
            assert_eq!(state(), before, "after {delay:?}");
        }
        assert!(gone > 20, "only {gone} of 40 met the case");
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
