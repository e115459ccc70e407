//! The VPC as the kernel makes it, judged by `ip -j` and by packets.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use steadfast_sim::client::LocalRegion;

use super::support::{attach, detach, ec2, instance, ip, links, output, region, shell, until};
use super::traffic::{Server, address, configure, connect, eni, route, slots};

/// Waits a second for a datagram.
const RECEIVER: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 7000)); s.settimeout(1)
print('listens', flush=True)
try:
    print(s.recv(9).decode())
except TimeoutError:
    print('dropped')
";

/// Sends one datagram from an address to another.
const SENDER: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0)); s.sendto(b'passed', (sys.argv[2], 7000))
";

/// Sends a datagram from an instance and address to another; what becomes of it.
fn send(region: &LocalRegion, from: (&str, &str), to: (&str, &str)) -> String {
    let mut receiver = region.exec(to.0, &["python3", "-c", RECEIVER]);
    let mut receiver = receiver.stdout(Stdio::piped()).spawn().expect("python3 runs");
    let mut lines = BufReader::new(receiver.stdout.take().expect("its output")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "listens");
    output(region.exec(from.0, &["python3", "-c", SENDER, from.1, to.1]));
    let word = lines.next().expect("a line").expect("text");
    receiver.wait().expect("it ends");
    word
}

#[test]
fn instances_reach_each_other_and_imds_through_the_router() {
    let region = region();
    let (one, two) = (instance(&region), instance(&region));
    let (from, to) = (address(&region, &one), address(&region, &two));
    let _server = Server::start(&region, &two, "0.0.0.0");
    assert_eq!(connect(&region, &one, &to, &from), from);
    let imds = "exec 3<>/dev/tcp/169.254.169.254/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; \
                head -1 <&3";
    // 401: IMDSv2 wants a token; so it is IMDS that answers.
    assert!(shell(&region, &one, imds).contains("401"), "{}", shell(&region, &one, imds));
}

#[test]
fn a_nic_appears_as_ec2_shows_it_and_vanishes() {
    let region = region();
    let id = instance(&region);
    let [slot, _] = slots(&region);
    attach(&region, &slot.id, &id, 1);
    let found = ip(region.exec(&id, &["ip", "-j", "address", "show", "dev", "ens6"]));
    assert_eq!(found[0]["address"], slot.mac.as_str());
    assert_eq!(found[0]["mtu"], 1500);
    assert_eq!(found[0]["operstate"], "DOWN");
    assert_eq!(found[0]["addr_info"].as_array().map(Vec::len), Some(0));
    let primary = ip(region.exec(&id, &["ip", "-j", "link", "show", "dev", "ens5"]));
    assert_eq!(primary[0]["mtu"], 9001);
    detach(&region, &slot.id);
    until("it vanishes", || !links(&region, &id).contains("ens6"));
}

#[test]
fn a_packet_by_the_wrong_interface_is_dropped() {
    let region = region();
    let (one, two) = (instance(&region), instance(&region));
    let [slot, peer] = slots(&region);
    attach(&region, &slot.id, &one, 1);
    attach(&region, &peer.id, &two, 1);
    for (instance, nic) in [(&one, &slot), (&two, &peer)] {
        configure(&region, instance, nic);
    }
    route(&region, &two, &peer);
    for (from, to) in [(&slot.ipv4[0], &peer.ipv4[0]), (&slot.ipv6[0], &peer.ipv6[0])] {
        let _server = Server::start(&region, &two, to);
        // The kernel picks either interface of the same subnet: told to take the primary one.
        let by_primary = format!("ip route add {to} dev ens5");
        shell(&region, &one, &by_primary);
        assert_eq!(connect(&region, &one, to, from), "dropped");
        shell(&region, &one, &by_primary.replace("add", "del"));
    }
    route(&region, &one, &slot);
    for (from, to) in [(&slot.ipv4[0], &peer.ipv4[0]), (&slot.ipv6[0], &peer.ipv6[0])] {
        let _server = Server::start(&region, &two, to);
        assert_eq!(&connect(&region, &one, to, from), from);
    }
}

#[test]
fn without_ec2s_check_a_packet_of_another_source_passes() {
    let region = region();
    let (one, two) = (instance(&region), instance(&region));
    let to = address(&region, &two);
    let enis = region.state().expect("the region answers").enis;
    let primary = enis.iter().find(|eni| eni.instance.as_deref() == Some(&one)).expect("an ENI");
    // A source that belongs to no interface.
    shell(&region, &one, "ip address add 192.0.2.1/32 dev lo");
    let link = || ip(region.exec(&one, &["ip", "-j", "link", "show", "dev", "ens5"]));
    let before = link();
    assert_eq!(send(&region, (&one, "192.0.2.1"), (&two, &to)), "dropped");
    let off = [("NetworkInterfaceId", primary.id.as_str()), ("SourceDestCheck.Value", "false")];
    ec2(&region, "ModifyNetworkInterfaceAttribute", &off);
    until("it passes", || send(&region, (&one, "192.0.2.1"), (&two, &to)) == "passed");
    assert_eq!(link(), before, "the instance saw nothing of it");
}

#[test]
fn an_address_moves_with_its_interface_at_once() {
    let region = region();
    let (one, two, client) = (instance(&region), instance(&region), instance(&region));
    let [slot, _] = slots(&region);
    let from = address(&region, &client);
    for holder in [&one, &two] {
        attach(&region, &slot.id, holder, 1);
        configure(&region, holder, &slot);
        route(&region, holder, &slot);
        let server = Server::start(&region, holder, &slot.ipv4[0]);
        assert_eq!(connect(&region, &client, &slot.ipv4[0], &from), from);
        drop(server);
        detach(&region, &slot.id);
        until("it is free", || eni(&region, &slot.id).status == "available");
    }
}

#[test]
fn a_packet_to_an_address_that_nobody_holds_vanishes() {
    let region = region();
    let id = instance(&region);
    let enis = region.create_pool("zk", 2, false).expect("a pool");
    let other_zone = eni(&region, &enis[1]).ipv4.remove(0);
    let from = address(&region, &id);
    assert_eq!(connect(&region, &id, &other_zone, &from), "dropped");
}

#[test]
fn duplicate_address_detection_finds_no_duplicate() {
    let region = region();
    let (one, two) = (instance(&region), instance(&region));
    let [slot, peer] = slots(&region);
    for (holder, nic) in [(&one, &slot), (&two, &peer)] {
        attach(&region, &nic.id, holder, 1);
        let add = format!("ip link set ens6 up; ip address add {}/64 dev ens6", nic.ipv6[0]);
        shell(&region, holder, &add);
        let tentative = || {
            let found = ip(region.exec(holder, &["ip", "-j", "-6", "address", "show", "ens6"]));
            found[0]["addr_info"].to_string()
        };
        until("it is usable", || !tentative().contains("tentative"));
        assert!(!tentative().contains("dadfailed"), "{}", tentative());
    }
}

#[test]
fn the_router_keeps_nothing_of_what_was_unplugged() {
    let region = region();
    let tables = |region: &LocalRegion| {
        let look = "ip -j link show type veth; ip route; ip -6 route; ip rule; ip -6 rule; \
                    ip -6 neigh show proxy";
        output(region.router(&["sh", "-c", look]))
    };
    let before = tables(&region);
    let (one, two) = (instance(&region), instance(&region));
    let [slot, peer] = slots(&region);
    attach(&region, &slot.id, &one, 1);
    attach(&region, &peer.id, &two, 1);
    assert_ne!(tables(&region), before);
    region.cut(&one).expect("it is cut off");
    for id in [&one, &two] {
        region.terminate(id).expect("it is terminated");
    }
    for id in [&one, &two] {
        let gone = region.wait_state(id, "terminated", super::support::DEADLINE);
        gone.expect("it is terminated");
    }
    until("nothing is left", || tables(&region) == before);
}
