//! The guard against other managers: what they change of the slot's network is put back and told,
//! and while nobody changes anything, nothing is.

use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::time::Instant;

use crate::guarding::{Clock, Fighter, Flood, Guarding, count, flood, log, warnings};
use crate::judge::{list, sorted, state};
use crate::netns::{alone, sh};
use crate::vpc::{SOON, Vpc, host, wanted};

/// Less than the slow look (5 s): what is put back sooner was told of by an event.
const BY_EVENT: Duration = Duration::from_secs(1);

/// What is done, and what is told for it, as the beginning of a line.
const HARMS: &[(&str, &str)] = &[
    ("ip address del 10.0.0.50/24 dev eth1", "ip address add 10.0.0.50/24 dev eth1"),
    (
        "ip -6 address del fd00:0:0:a::50/64 dev eth1",
        "ip -6 address add fd00:0:0:a::50/64 dev eth1",
    ),
    ("ip rule del priority 8300", "ip rule add from 10.0.0.50/32 lookup 10001"),
    ("ip rule del priority 8301", "ip rule add to 10.0.1.60/32 lookup 10001"),
    ("ip -6 rule del priority 8300", "ip -6 rule add from fd00:0:0:a::50/128 lookup 10001"),
    ("ip -6 rule del priority 8301", "ip -6 rule add to fd00:0:0:b::60/128 lookup 10001"),
    ("ip route del 10.0.0.0/24 dev eth1 table 10001", "ip route add 10.0.0.0/24 dev eth1"),
    ("ip route del default dev eth1 table 10001", "ip route add default via 10.0.0.1 dev eth1"),
    ("ip route del blackhole default table 10001", "ip route add blackhole default"),
    ("ip -6 route del fd00:0:0:a::/64 dev eth1 table 10001", "ip -6 route add fd00:0:0:a::/64"),
    ("ip -6 route del default dev eth1 table 10001", "ip -6 route add default via fd00:0:0:a::1"),
    (
        "ip -6 route del blackhole default metric 4294967295 table 10001",
        "ip -6 route add blackhole default",
    ),
    ("ip route flush table 10001; ip -6 route flush table 10001", "ip route add 10.0.0.0/24"),
    (
        "for rule in 8300 8301; do ip rule del priority $rule; ip -6 rule del priority $rule; done",
        "ip rule add to 10.0.1.60/32",
    ),
    ("ip link set eth1 mtu 1500", "ip link set dev eth1 mtu 9001"),
    ("ip link set eth1 down", "ip link set dev eth1 up"),
    ("ip address flush dev eth1", "ip address add 10.0.0.50/24 dev eth1"),
];

#[test]
fn whatever_is_removed_is_put_back_and_told() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        for (harm, told) in HARMS {
            let told = format!("put back: {told}");
            let before = count(&told);
            sh(harm);
            guarding.until(harm, || count(&told) > before).await;
            guarding.until(harm, || sorted(state()) == good).await;
            assert!(warnings(&told) > 0, "{}", log());
        }
        // No event tells of it.
        sh("sysctl -qw net.ipv6.conf.eth1.accept_ra=1");
        let heeded = || sh("cat /proc/sys/net/ipv6/conf/eth1/accept_ra").trim() != "0";
        assert!(heeded());
        guarding.until("accept_ra", || !heeded()).await;
        assert_eq!(warnings("cannot put back"), 0, "{}", log());
        host().verify(&wanted(), SOON).await.unwrap();
    });
}

#[test]
fn what_is_removed_is_put_back_at_once() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        let clock = Clock::stop();
        for harm in ["ip rule del priority 8301", "ip -6 route flush table 10001"] {
            sh(harm);
            clock.pass(BY_EVENT, || sorted(state()) == good).await;
        }
    });
}

#[test]
fn at_rest_nothing_is_touched() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let before = state();
        let seen = std::fs::File::create("/run/monitor").unwrap();
        // It ends with this process, whatever becomes of the test.
        let mut monitor = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .args(["ip", "monitor", "link", "address", "route", "rule"])
            .stdout(Stdio::from(seen))
            .spawn()
            .unwrap();
        let seen = || std::fs::read_to_string("/run/monitor").unwrap();
        // Two more slow looks.
        guarding.looks(3).await;
        assert_eq!(seen(), "");
        assert_eq!(state(), before);
        assert_eq!(warnings(""), 0, "{}", log());
        // And it would have been seen.
        sh("ip rule del priority 8300");
        guarding.until("it is put back", || seen().matches("10.0.0.50").count() >= 2).await;
        monitor.kill().unwrap();
        monitor.wait().unwrap();
    });
}

#[test]
fn a_fighter_neither_spins_us_nor_floods_the_log() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        let told = "put back: ip rule add from 10.0.0.50/32";
        let fighter = Fighter::begin("ip rule del priority 8300");
        let (begin, cpu) = (Instant::now(), cpu_time());
        guarding.until("it has fought for long", || count(told) >= 20).await;
        let (lasted, spent) = (begin.elapsed(), cpu_time() - cpu);
        drop(fighter);
        // Some at once, and then one a second.
        assert!(lasted >= Duration::from_secs(8), "20 in {lasted:?}");
        assert!(spent < lasted / 2, "{spent:?} in {lasted:?}");
        assert_eq!(warnings(told), 1, "{}", log());
        guarding.until("it has won", || sorted(state()) == good).await;
    });
}

#[test]
fn a_flood_of_others_changes_does_not_spin_us() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let fighter = Fighter::begin(
            "ip route add blackhole 198.51.100.0/24 table 99; ip route del blackhole \
             198.51.100.0/24 table 99",
        );
        let begin = Instant::now();
        guarding.looks(20).await;
        assert!(begin.elapsed() >= Duration::from_secs(8), "{:?}", begin.elapsed());
        // Under the flood, what concerns us is noticed all the same.
        let told = "put back: ip rule add from 10.0.0.50/32";
        sh("ip rule del priority 8300");
        guarding.until("it is put back", || count(told) == 1).await;
        drop(fighter);
    });
}

#[test]
fn what_is_removed_while_events_are_lost_is_put_back_at_once() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        let good = sorted(state());
        let clock = Clock::stop();
        // It fills the socket's buffer; what comes then is not told.
        flood(Flood::Routes);
        sh("ip rule del priority 8301");
        clock.pass(BY_EVENT, || sorted(state()) == good).await;
    });
}

#[test]
fn the_slots_address_on_another_nic_as_well_is_told_and_the_rest_is_kept() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        sh("ip address add 10.0.0.50/32 dev lo");
        guarding
            .until("it is told", || warnings("10.0.0.50 is the slot's address but lo") == 1)
            .await;
        let good = sorted(state());
        sh("ip rule del priority 8301; ip -6 route flush table 10001");
        guarding.until("the rest is put back", || sorted(state()) == good).await;
        sh("ip address del 10.0.0.50/32 dev lo");
        let seen = count("looked at the network");
        guarding.looks(seen + 2).await;
        assert!(!guarding.fenced.is_finished());
    });
}

#[test]
fn a_foreign_route_in_the_slots_table_does_not_move_the_slot() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        guarding.looks(1).await;
        sh("ip route add 198.51.100.0/24 dev eth0 table 10001; ip rule del priority 8301");
        let to_peer = || list("ip -j rule").into_iter().find(|it| it["priority"] == 8301);
        guarding.until("it is put back", || to_peer().is_some()).await;
        assert_eq!(to_peer().unwrap()["table"], "10001");
        assert_eq!(count("10257"), 0, "{}", log());
    });
}

#[test]
fn a_nic_that_is_renamed_is_kept_under_its_new_name() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let guarding = Guarding::begin().await;
        sh("ip link set eth1 name ens6");
        sh("ip link set ens6 down; sysctl -qw net.ipv6.conf.ens6.accept_ra=1");
        guarding.until("it is up", || crate::judge::up("ens6")).await;
        let heeded = || sh("cat /proc/sys/net/ipv6/conf/ens6/accept_ra").trim() != "0";
        guarding.until("accept_ra", || !heeded()).await;
        guarding.until("its addresses", || crate::judge::addresses("ens6").len() == 2).await;
    });
}

/// The time that this process has spent on its processors; not its children.
fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let times = [usage.user_time(), usage.system_time()];
    times.into_iter().map(|it| Duration::from_micros(it.num_microseconds() as u64)).sum()
}
