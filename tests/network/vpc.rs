//! A little VPC of veth pairs: a router that, as EC2 does, answers for everybody and drops
//! what comes from an interface that does not own the source address; a host (the test's own
//! namespace) with a primary NIC, and a slot's NIC that can be attached; a peer.

use std::net::IpAddr;
use std::time::Duration;

use steadfast::ids::{DeviceIndex, MacAddr};
use steadfast::net::{Host, SlotAddress, SlotNetwork};

use crate::netns::{Namespace, sh};

/// One network interface and what the router knows of it.
pub struct Eni {
    /// The name of the router's end.
    pub outer: &'static str,
    /// The name in the instance.
    pub name: &'static str,
    pub mac: &'static str,
    pub v4: &'static str,
    pub v6: &'static str,
    pub subnet: Subnet,
}

/// A subnet's network addresses, without their lengths: /24 and /64.
#[derive(Clone, Copy)]
pub struct Subnet {
    pub v4: &'static str,
    pub v6: &'static str,
}

pub const SUBNET_A: Subnet = Subnet { v4: "10.0.0.", v6: "fd00:0:0:a::" };
pub const SUBNET_B: Subnet = Subnet { v4: "10.0.1.", v6: "fd00:0:0:b::" };

pub const PRIMARY: Eni = Eni {
    outer: "primary",
    name: "eth0",
    mac: "02:00:5e:10:00:10",
    v4: "10.0.0.10",
    v6: "fd00:0:0:a::10",
    subnet: SUBNET_A,
};
/// In the primary's subnet: the hardest case, as the main table has a route for it already.
pub const SLOT: Eni = Eni {
    outer: "slot",
    name: "eth1",
    mac: "02:00:5e:10:00:50",
    v4: "10.0.0.50",
    v6: "fd00:0:0:a::50",
    subnet: SUBNET_A,
};
pub const PEER: Eni = Eni {
    outer: "peer",
    name: "eth0",
    mac: "02:00:5e:10:00:60",
    v4: "10.0.1.60",
    v6: "fd00:0:0:b::60",
    subnet: SUBNET_B,
};
/// Somebody else's, on the host.
pub const FOREIGN: Eni = Eni {
    outer: "foreign",
    name: "eth2",
    mac: "02:00:5e:10:00:70",
    v4: "10.0.1.70",
    v6: "fd00:0:0:b::70",
    subnet: SUBNET_B,
};
/// Addresses beyond the router: "other traffic".
pub const ELSEWHERE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

/// The table of the slot's NIC at device index 1.
pub const TABLE: u32 = 10_001;
pub const SOON: Duration = Duration::from_secs(3);

pub struct Vpc {
    pub router: Namespace,
    pub peer: Namespace,
}

impl Vpc {
    /// With the primary NIC and the peer attached and set up, and the slot's NIC not attached.
    pub fn new() -> Self {
        let vpc = Self { router: Namespace::new(), peer: Namespace::new() };
        vpc.router.sh(&router_script());
        vpc.peer.sh("ip link set lo up; sysctl -qw net.ipv6.conf.default.accept_dad=0");
        sh("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1;
            ip link set lo up");
        vpc.attach(&PRIMARY, std::process::id());
        sh(&main_script(&PRIMARY));
        vpc.attach(&PEER, vpc.peer.pid());
        vpc.peer.sh(&main_script(&PEER));
        vpc
    }

    /// With the slot's NIC attached, too: down, and with no address.
    pub fn with_slot() -> Self {
        let vpc = Self::new();
        vpc.attach_slot();
        vpc
    }

    pub fn attach_slot(&self) {
        self.attach(&SLOT, std::process::id());
    }

    /// Makes the interface appear in a process's namespace.
    pub fn attach(&self, eni: &Eni, pid: u32) {
        let Eni { outer, name, mac, v4, v6, subnet } = eni;
        // IPv6 has no reverse-path filter: two rules do the same. (`not from` will not do: it
        // inverts `iif`, too.)
        self.router.sh(&format!(
            "ip link add {outer} mtu 9001 type veth peer name inner mtu 1500 address {mac}
             sysctl -qw net.ipv4.conf.{outer}.proxy_arp=1 net.ipv4.conf.{outer}.rp_filter=1
             sysctl -qw net.ipv4.neigh.{outer}.proxy_delay=0
             ip link set {outer} up
             ip -6 address add {router}1/128 dev {outer} nodad
             ip route add {v4}/32 dev {outer}
             ip -6 route add {v6}/128 dev {outer}
             ip -6 rule add from {v6}/128 iif {outer} lookup main priority 100
             ip -6 rule add iif {outer} blackhole priority 101
             ip link set inner name {name} netns {pid}",
            router = subnet.v6,
        ));
    }

    /// The interface is gone, both ends at once.
    pub fn detach(&self, eni: &Eni) {
        self.router.sh(&format!("ip link del {}", eni.outer));
        self.forget(eni);
    }

    /// What else the router has for an interface that is gone.
    pub fn forget(&self, eni: &Eni) {
        let outer = eni.outer;
        self.router.sh(&format!(
            "ip -6 rule del iif {outer} priority 100; ip -6 rule del iif {outer} priority 101"
        ));
    }
}

fn router_script() -> String {
    let [v4, v6] = ELSEWHERE;
    format!(
        "ip link set lo up
         sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
         sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv6.conf.default.accept_dad=0
         ip address add {a}1/32 dev lo
         ip address add {b}1/32 dev lo
         ip address add {v4}/32 dev lo
         ip -6 address add {v6}/128 dev lo
         ip -6 rule add from fe80::/10 lookup main priority 50",
        a = SUBNET_A.v4,
        b = SUBNET_B.v4,
    )
}

/// An instance's only NIC, as its image sets it up.
fn main_script(eni: &Eni) -> String {
    let Eni { name, v4, v6, subnet, .. } = eni;
    format!(
        "ip link set {name} mtu 9001 up
         ip address add {v4}/24 dev {name}
         ip -6 address add {v6}/64 dev {name} nodad
         ip route add default via {r4}1
         ip -6 route add default via {r6}1",
        r4 = subnet.v4,
        r6 = subnet.v6,
    )
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn mac(eni: &Eni) -> MacAddr {
    eni.mac.parse().unwrap()
}

/// What the slot needs: both families, one peer.
pub fn wanted() -> SlotNetwork {
    let address = |ip: &str, subnet: String| SlotAddress {
        ip: ip.parse().unwrap(),
        subnet: subnet.parse().unwrap(),
    };
    let Subnet { v4, v6 } = SLOT.subnet;
    SlotNetwork {
        mac: mac(&SLOT),
        device_index: DeviceIndex(1),
        addresses: vec![
            address(SLOT.v4, format!("{v4}0/24")),
            address(SLOT.v6, format!("{v6}/64")),
        ],
        peers: vec![ip(PEER.v4), ip(PEER.v6)],
    }
}

/// Opens the host; panics with the error's text.
pub fn host() -> Host {
    Host::open().unwrap_or_else(|error| panic!("{error}"))
}
