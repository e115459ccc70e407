//! Policy rules of this network namespace: what becomes of a packet before any route is looked up.

use std::net::IpAddr;

use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::packet_route::{AddressFamily, IpProtocol};
use rustix::io::Errno;

use super::error::{Explain, Result};
use super::netlink::{Netlink, but};

/// The routing table of this namespace's own addresses.
const LOCAL: u8 = 255;
/// The main routing table.
const MAIN: u8 = 254;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule<'a> {
    /// Whose packets it is about.
    pub family: Family,
    /// Its place among the rules; the lowest comes first.
    pub priority: u32,
    /// Only what came in here; `lo` is what this namespace itself sends.
    pub input: Option<&'a str>,
    /// Only what bears this source.
    pub from: Option<IpAddr>,
    /// Only what goes to this address or, with a prefix length in bits, to this network.
    pub to: Option<(IpAddr, u8)>,
    /// Only packets of this protocol: no question of ARP's has one.
    pub protocol: Option<IpProtocol>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Delivers what is for this namespace itself; other packets pass on to the next rule.
    Deliver,
    /// Routes by the main table.
    Route,
    /// Drops, and tells nobody.
    Drop,
}

impl Rule<'_> {
    /// A rule for every packet of a family.
    pub fn new(family: Family, priority: u32, verdict: Verdict) -> Self {
        Self { family, priority, input: None, from: None, to: None, protocol: None, verdict }
    }

    fn message(&self) -> RuleMessage {
        let mut message = RuleMessage::default();
        message.header.family = match self.family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        };
        (message.header.action, message.header.table) = match self.verdict {
            Verdict::Deliver => (RuleAction::ToTable, LOCAL),
            Verdict::Route => (RuleAction::ToTable, MAIN),
            Verdict::Drop => (RuleAction::Blackhole, 0),
        };
        message.header.src_len = self.from.map_or(0, whole);
        message.header.dst_len = self.to.map_or(0, |(_, prefix)| prefix);
        let attributes = [
            Some(RuleAttribute::Priority(self.priority)),
            self.input.map(|name| RuleAttribute::Iifname(name.to_owned())),
            self.from.map(RuleAttribute::Source),
            self.to.map(|(address, _)| RuleAttribute::Destination(address)),
            self.protocol.map(RuleAttribute::IpProtocol),
        ];
        message.attributes = attributes.into_iter().flatten().collect();
        message
    }
}

impl Netlink {
    /// Adds a rule.
    pub async fn add_rule(&self, rule: &Rule<'_>) -> Result<()> {
        let mut request = self.0.rule().add();
        *request.message_mut() = rule.message();
        but(request.execute().await, &[Errno::EXIST])
            .explain(|| format!("cannot add the rule {rule:?}"))
    }

    /// Removes a rule.
    pub async fn remove_rule(&self, rule: &Rule<'_>) -> Result<()> {
        but(self.0.rule().del(rule.message()).execute().await, &[Errno::NOENT])
            .explain(|| format!("cannot remove the rule {rule:?}"))
    }
}

/// The prefix length in bits that means one address.
pub fn whole(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}
