//! A cut without a sign: what makes an instance's packets vanish in the router, both ways.
//!
//! Its NICs stay up and neighbours are still resolved on both sides, as they are on EC2, where the
//! host below an instance answers for them: otherwise its own kernel would tell its programs, after
//! three seconds, that there is no route. So nothing is taken off the links; rules drop what would
//! be routed, and tell nobody. (Traffic control would say it more plainly, and not every kernel has
//! it; a veth end that is taken down would be seen as a cable that is pulled.)

use std::net::{IpAddr, Ipv6Addr};

use rtnetlink::packet_route::IpProtocol;

use super::error::Result;
use super::netlink::Netlink;
use super::rule::{Family, Rule, Verdict, whole};
use super::sysctl;
use crate::fabric::NicSpec;

/// Where the rule stands that lets IPv6 neighbours be asked for, cut or not.
const MULTICAST: u32 = 10;
/// Where the rules of a cut stand: before the router's own addresses, among them IMDS's.
const OF_A_CUT: u32 = 20;
/// Where the router's own addresses stand among the rules, once there is room before them.
const OWN: u32 = 100;
/// Where the kernel puts them.
const FIRST: u32 = 0;

/// All that instances speak over IPv4. A rule for any protocol would catch ARP, too, which the
/// kernel answers only where it would route.
const PROTOCOLS: [IpProtocol; 3] = [IpProtocol::Icmp, IpProtocol::Tcp, IpProtocol::Udp];
/// IPv6's multicast addresses.
const ALL_MULTICAST: (IpAddr, u8) = (IpAddr::V6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0)), 8);

/// Makes room for cuts before the rule by which the router takes what is for itself.
pub async fn make_room(netlink: &Netlink) -> Result<()> {
    let ipv6 = sysctl::has_ipv6().then_some(Family::V6);
    for family in [Some(Family::V4), ipv6].into_iter().flatten() {
        netlink.add_rule(&Rule::new(family, OWN, Verdict::Deliver)).await?;
        netlink.remove_rule(&Rule::new(family, FIRST, Verdict::Deliver)).await?;
    }
    if ipv6.is_some() {
        let multicast = Rule::new(Family::V6, MULTICAST, Verdict::Deliver);
        netlink.add_rule(&Rule { to: Some(ALL_MULTICAST), ..multicast }).await?;
    }
    Ok(())
}

/// The rules that cut an interface off: what comes in by it, and what goes to its addresses.
pub fn rules<'a>(outer: &'a str, nic: &NicSpec) -> Vec<Rule<'a>> {
    let drop = |family| Rule::new(family, OF_A_CUT, Verdict::Drop);
    let mut ways = vec![Rule { input: Some(outer), ..drop(Family::V4) }];
    ways.extend(nic.ipv4.iter().map(|address| to((*address).into(), drop(Family::V4))));
    let of_protocols = ways
        .into_iter()
        .flat_map(|way| PROTOCOLS.map(|protocol| Rule { protocol: Some(protocol), ..way.clone() }));
    let mut rules: Vec<Rule<'a>> = of_protocols.collect();
    if sysctl::has_ipv6() {
        rules.push(Rule { input: Some(outer), ..drop(Family::V6) });
        rules.extend(nic.ipv6.iter().map(|address| to((*address).into(), drop(Family::V6))));
    }
    rules
}

fn to(address: IpAddr, rule: Rule<'_>) -> Rule<'_> {
    Rule { to: Some((address, whole(address))), ..rule }
}
