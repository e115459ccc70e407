//! EC2's source/destination check, and that the router forwards at all.
//!
//! For IPv4 the check is the kernel's strict reverse-path filter. IPv6 has none: there, rules route
//! only what comes in by the interface that owns its source address.

use super::error::Result;
use super::netlink::Netlink;
use super::rule::{Family, Rule, Verdict};
use super::sysctl;
use crate::fabric::NicSpec;

/// Where IPv6 rules of interfaces stand among the rules.
const FROM_INSTANCES: u32 = 1000;
/// Where the rule for what the router itself sends stands.
const FROM_ROUTER: u32 = 2000;
/// Where the rule stands that drops all else, as silently as EC2 does.
const FROM_OTHERS: u32 = 3000;
/// Where the kernel's own rule stands that routes anything for anyone.
const FROM_ANYWHERE: u32 = 32766;

/// Makes this namespace forward, answer ARP for what it can reach, and check sources: `all` is 0,
/// since the stricter of it and a link's own setting holds.
pub fn forward() -> Result<()> {
    for (name, value) in [
        ("ipv4/conf/all/rp_filter", 0),
        ("ipv4/conf/default/rp_filter", 1),
        ("ipv4/conf/default/proxy_arp", 1),
        ("ipv4/conf/all/send_redirects", 0),
        ("ipv4/conf/default/send_redirects", 0),
        ("ipv4/ip_forward", 1),
    ] {
        sysctl::set(name, value)?;
    }
    if sysctl::has_ipv6() {
        sysctl::set("ipv6/conf/all/forwarding", 1)?;
        sysctl::set("ipv6/conf/default/accept_dad", 0)?;
        sysctl::set("ipv6/conf/default/proxy_ndp", 1)?;
    }
    Ok(())
}

/// Replaces the kernel's rule that routes anything for anyone: what the router itself sends is
/// routed, what an instance sends only by a rule of its interface.
pub async fn check_sources(netlink: &Netlink) -> Result<()> {
    let own = Rule::new(Family::V6, FROM_ROUTER, Verdict::Route);
    netlink.add_rule(&Rule { input: Some("lo"), ..own }).await?;
    netlink.add_rule(&Rule::new(Family::V6, FROM_OTHERS, Verdict::Drop)).await?;
    netlink.remove_rule(&Rule::new(Family::V6, FROM_ANYWHERE, Verdict::Route)).await
}

/// The IPv6 rules of an interface: its own addresses are routed, or all if EC2 does not check.
pub fn rules<'a>(outer: &'a str, nic: &NicSpec) -> Vec<Rule<'a>> {
    let route = Rule::new(Family::V6, FROM_INSTANCES, Verdict::Route);
    let rule = |from| Rule { input: Some(outer), from, ..route.clone() };
    match nic.source_dest_check {
        _ if !sysctl::has_ipv6() => Vec::new(),
        true => nic.ipv6.iter().map(|address| rule(Some((*address).into()))).collect(),
        false => vec![rule(None)],
    }
}

/// Settings that only a link itself has: neighbours are answered for at once, and EC2's check is
/// taken off where the ENI has it off.
pub fn check_link(outer: &str, nic: &NicSpec) -> Result<()> {
    sysctl::set(&format!("ipv4/neigh/{outer}/proxy_delay"), 0)?;
    sysctl::set(&format!("ipv4/conf/{outer}/rp_filter"), nic.source_dest_check.into())?;
    if sysctl::has_ipv6() {
        sysctl::set(&format!("ipv6/neigh/{outer}/proxy_delay"), 0)?;
    }
    Ok(())
}
