//! What a rule of a security group lets in: a protocol, ports, and from whom.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::Ec2Error;
use super::ids::GroupId;

/// A permission with one peer; two are the same if all of it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    pub protocol: Protocol,
    /// The first and the last port, or the type and code of ICMP; -1 is any. None for all protocols.
    pub ports: Option<(i32, i32)>,
    pub peer: Peer,
}

/// A protocol that EC2 has a name for; others are not to be had here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    All,
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
}

/// From whom; networks have no bits set behind their length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    Ipv4(Ipv4Addr, u8),
    Ipv6(Ipv6Addr, u8),
    Group(GroupId),
}

impl Protocol {
    /// Takes a name or an IANA number.
    pub fn parse(text: &str) -> Result<Self, Ec2Error> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            "icmp" | "1" => Self::Icmp,
            "icmpv6" | "58" => Self::Icmpv6,
            _ => {
                let message = format!("Invalid value '{text}' for IP protocol. Unknown protocol.");
                return Err(Ec2Error::invalid_value(message));
            }
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::All => "-1",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Icmpv6 => "icmpv6",
        }
    }

    /// The ports of a rule; for all protocols they are not looked at.
    pub fn ports(self, from: Option<i32>, to: Option<i32>) -> Result<Option<(i32, i32)>, Ec2Error> {
        match (self, from, to) {
            (Self::All, _, _) => Ok(None),
            (Self::Tcp | Self::Udp, Some(from), Some(to)) => {
                let is_range = 0 <= from && from <= to && to <= 65_535;
                let message = format!("Invalid TCP/UDP port range ({from}:{to})");
                is_range.then_some(Some((from, to))).ok_or_else(|| Ec2Error::invalid_value(message))
            }
            (Self::Tcp | Self::Udp, _, _) => {
                let why = "Must specify both from and to ports with TCP/UDP.";
                Err(Ec2Error::invalid_value(format!("Invalid value '{why}' for portRange.")))
            }
            (Self::Icmp | Self::Icmpv6, kind, code) => {
                let (kind, code) = (kind.unwrap_or(-1), code.unwrap_or(-1));
                let is_known = (-1..=255).contains(&kind) && (-1..=255).contains(&code);
                let message = format!("ICMP type ({kind}) or code ({code}) is out of range");
                is_known
                    .then_some(Some((kind, code)))
                    .ok_or_else(|| Ec2Error::invalid_value(message))
            }
        }
    }
}

impl Peer {
    /// Takes an IPv4 network.
    pub fn ipv4(text: &str) -> Result<Self, Ec2Error> {
        let (address, bits) = split::<Ipv4Addr>(text, 32).ok_or_else(|| malformed(text))?;
        let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
        Ok(Self::Ipv4(Ipv4Addr::from(u32::from(address) & mask), bits))
    }

    /// Takes an IPv6 network.
    pub fn ipv6(text: &str) -> Result<Self, Ec2Error> {
        let (address, bits) = split::<Ipv6Addr>(text, 128).ok_or_else(|| malformed(text))?;
        let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
        Ok(Self::Ipv6(Ipv6Addr::from(u128::from(address) & mask), bits))
    }
}

fn split<A: std::str::FromStr>(text: &str, bits_max: u8) -> Option<(A, u8)> {
    let (address, bits) = text.split_once('/')?;
    let bits = bits.parse().ok().filter(|bits| *bits <= bits_max)?;
    Some((address.parse().ok()?, bits))
}

fn malformed(text: &str) -> Ec2Error {
    Ec2Error::invalid_value(format!("CIDR block {text} is malformed"))
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(network, bits) => write!(f, "{network}/{bits}"),
            Self::Ipv6(network, bits) => write!(f, "{network}/{bits}"),
            Self::Group(id) => write!(f, "{id}"),
        }
    }
}

/// As EC2 says it in `InvalidPermission.Duplicate`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer: {}, ", self.peer)?;
        match self.ports {
            None => f.write_str("ALL")?,
            Some((from, to)) => {
                let protocol = self.protocol.name().to_ascii_uppercase();
                write!(f, "{protocol}, from port: {from}, to port: {to}")?;
            }
        }
        f.write_str(", ALLOW")
    }
}
