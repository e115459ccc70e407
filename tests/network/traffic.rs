//! What the network does, by packets.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::judge::{call, serve};
use crate::netns::{alone, sh};
use crate::vpc::{ELSEWHERE, PEER, PRIMARY, SLOT, SOON, Vpc, host, ip, mac, wanted};

/// Long enough for a SYN and its first repetition.
const NEVER: Duration = Duration::from_millis(1500);

#[test]
fn a_reply_from_the_slots_address_gets_back_through_strict_reverse_path_filtering() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        // An address and nothing else; and the host is lenient, so that the judge is the VPC.
        sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0
            ip link set eth1 up
            ip address add 10.0.0.50/24 dev eth1
            ip -6 address add fd00:0:0:a::50/64 dev eth1 nodad");
        let servers = [SLOT.v4, SLOT.v6].map(|address| serve(None, address));
        for server in servers {
            assert!(call(Some(&vpc.peer), server, NEVER).is_err(), "{server} without apply");
        }

        host().apply(&wanted()).await.unwrap();

        sh("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1");
        for (server, seen) in servers.into_iter().zip([PEER.v4, PEER.v6]) {
            assert_eq!(call(Some(&vpc.peer), server, SOON).unwrap(), ip(seen));
        }
    });
}

#[test]
fn a_connection_to_a_peer_leaves_from_the_slots_address() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        let peers = [PEER.v4, PEER.v6].map(|address| serve(Some(&vpc.peer), address));
        let seen = || peers.map(|peer| call(None, peer, SOON).unwrap());
        assert_eq!(seen(), [ip(PRIMARY.v4), ip(PRIMARY.v6)]);
        host().apply(&wanted()).await.unwrap();
        assert_eq!(seen(), [ip(SLOT.v4), ip(SLOT.v6)]);
        host().undo(Some(mac(&SLOT))).await.unwrap();
        assert_eq!(seen(), [ip(PRIMARY.v4), ip(PRIMARY.v6)]);
    });
}

#[test]
fn when_the_nic_vanishes_the_kernel_refuses_the_peers_and_other_traffic_goes_on() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        let peers = [PEER.v4, PEER.v6].map(|address| serve(Some(&vpc.peer), address));
        let others = ELSEWHERE.map(|address| serve(Some(&vpc.router), address));
        host().apply(&wanted()).await.unwrap();

        vpc.detach(&SLOT);

        for peer in peers {
            let begin = Instant::now();
            let error = call(None, peer, SOON).unwrap_err();
            assert!(begin.elapsed() < Duration::from_millis(100), "{error}");
            assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::INVAL.raw_os_error()));
        }
        for address in [SLOT.v4, SLOT.v6] {
            assert!(UdpSocket::bind((ip(address), 0)).is_err(), "{address} is still there");
        }
        for (other, primary) in others.into_iter().zip([PRIMARY.v4, PRIMARY.v6]) {
            assert_eq!(call(None, other, SOON).unwrap(), ip(primary));
        }
        // The primary may go to the peer's subnet, as long as it is not the peer.
        let router = serve(Some(&vpc.router), "10.0.1.1");
        assert_eq!(call(None, router, SOON).unwrap(), ip(PRIMARY.v4));
    });
}

#[test]
fn other_traffic_keeps_its_way_and_its_source() {
    alone(|| async {
        let vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();
        let others = ELSEWHERE.map(|address| serve(Some(&vpc.router), address));
        for (other, primary) in others.into_iter().zip([PRIMARY.v4, PRIMARY.v6]) {
            assert_eq!(call(None, other, SOON).unwrap(), ip(primary));
        }
    });
}

#[test]
fn verify_is_content_with_what_apply_did() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        let begin = Instant::now();
        host().apply(&wanted()).await.unwrap();
        host().verify(&wanted(), SOON).await.unwrap_or_else(|error| panic!("{error}"));
        // Nothing waits for duplicate address detection (1 s) or a first retry (1 s).
        assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
    });
}

#[test]
fn verify_finds_a_router_that_does_not_answer() {
    alone(|| async {
        for (family, address, router) in
            [("-4", SLOT.v4, "10.0.0.1"), ("-6", SLOT.v6, "fd00:0:0:a::1")]
        {
            let vpc = Vpc::with_slot();
            vpc.router.sh(&format!(
                "for d in lo {0}; do ip {family} address flush dev $d; done
                 sysctl -qw net.ipv4.conf.{0}.proxy_arp=0",
                SLOT.outer
            ));
            host().apply(&wanted()).await.unwrap();
            let within = Duration::from_millis(300);
            let error = host().verify(&wanted(), within).await.unwrap_err().to_string();
            let begin = format!(
                "router {router} does not answer {address} on eth1 ({}) within 300ms: ",
                SLOT.mac
            );
            assert!(error.starts_with(&begin), "{error}");
            host().undo(Some(mac(&SLOT))).await.unwrap();
            vpc.detach(&SLOT);
            vpc.detach(&PRIMARY);
        }
    });
}

#[test]
fn verify_finds_a_rule_that_comes_before_ours() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();
        for (harm, says) in [
            ("to 10.0.1.60 lookup main", "traffic from 10.0.0.50 to 10.0.1.60 leaves by eth0"),
            (
                "not from 10.0.0.50 lookup main",
                "traffic to 10.0.1.60 leaves by eth0 from 10.0.0.10",
            ),
            ("from 10.0.0.50 prohibit", "traffic from 10.0.0.50 to 10.0.1.60 is refused"),
        ] {
            sh(&format!("ip rule add {harm} priority 100"));
            let error = host().verify(&wanted(), SOON).await.unwrap_err().to_string();
            assert!(error.starts_with(says), "{harm}: {error}");
            sh("ip rule del priority 100");
        }
        host().verify(&wanted(), SOON).await.unwrap();
    });
}

#[test]
fn verify_finds_a_route_with_another_source() {
    alone(|| async {
        let _vpc = Vpc::with_slot();
        host().apply(&wanted()).await.unwrap();
        sh("ip route add 10.0.1.60 via 10.0.0.1 dev eth1 src 10.0.0.10 table 10001");
        let error = host().verify(&wanted(), SOON).await.unwrap_err().to_string();
        let says = "traffic to 10.0.1.60 leaves by eth1 from 10.0.0.10";
        assert!(error.starts_with(says), "{error}");
    });
}
