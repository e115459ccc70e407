//! The vocabulary of a plan: what the kernel may hold, and one change to it. Everything
//! prints as the `ip` command that does the same, so that a dry run can be read and typed.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Nic;

/// The mark on every route and rule that is ours (`rtm_protocol`, `FRA_PROTOCOL`): by it they
/// are found again, by any later run, without a memory of our own. 83 is given to nobody in
/// the kernel's `rtnetlink.h` nor in iproute2's `rt_protos`.
pub const MARK: u8 = 83;

/// A network device, as a route or an address refers to it.
#[derive(Debug, Clone, Eq)]
pub struct Dev {
    /// The kernel's index: for the device's life.
    pub index: u32,
    /// The name, for people.
    pub name: String,
}

/// By index alone: udev may rename a NIC between two looks at it.
impl PartialEq for Dev {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl From<&Nic> for Dev {
    fn from(nic: &Nic) -> Self {
        Self { index: nic.index, name: nic.name.clone() }
    }
}

/// A property of the slot's NIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Router advertisements are not heeded: one would put a second default route, through
    /// the slot's NIC, into the main table.
    NoRouterAdvertisements,
    /// The maximum transmission unit, in bytes.
    Mtu(u32),
    /// Administratively up.
    Up,
    /// Administratively down.
    Down,
}

/// An address on a NIC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Its prefix length in bits.
    pub prefix: u8,
    /// The NIC.
    pub dev: Dev,
}

/// What a route does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// Sends it on.
    Unicast,
    /// Refuses it.
    Blackhole,
    /// Anything that we never make.
    Other,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The table it is in.
    pub table: u32,
    /// What it does.
    pub kind: RouteKind,
    /// The destinations.
    pub to: IpNet,
    /// The gateway; none on the link itself.
    pub via: Option<IpAddr>,
    /// The device; none for a blackhole.
    pub dev: Option<Dev>,
    /// The source address that traffic gets that has not chosen one.
    pub src: Option<IpAddr>,
    /// The metric: the lowest wins.
    pub metric: u32,
}

/// A rule that names a table for some traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its place: the lowest is asked first.
    pub priority: u32,
    /// Traffic from there only.
    pub from: Option<IpNet>,
    /// Traffic to there only.
    pub to: Option<IpNet>,
    /// The table to look up.
    pub table: u32,
}

/// Something that is there or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An address.
    Address(Address),
    /// A route.
    Route(Route),
    /// A rule.
    Rule(Rule),
}

/// One thing of the desired state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The NIC is set so.
    Set(Dev, Setting),
    /// This exists.
    Have(Entry),
}

/// One change to the kernel's state. It prints as the command that does the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Set a property of the NIC.
    Set(Dev, Setting),
    /// Make an entry.
    Add(Entry),
    /// Remove an entry.
    Remove(Entry),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(dev, Setting::NoRouterAdvertisements) => {
                write!(f, "sysctl net.ipv6.conf.{dev}.accept_ra=0")
            }
            Self::Set(dev, Setting::Mtu(bytes)) => write!(f, "ip link set dev {dev} mtu {bytes}"),
            Self::Set(dev, Setting::Up) => write!(f, "ip link set dev {dev} up"),
            Self::Set(dev, Setting::Down) => write!(f, "ip link set dev {dev} down"),
            Self::Add(entry) => entry.command(f, "add"),
            Self::Remove(entry) => entry.command(f, "del"),
        }
    }
}

impl Entry {
    fn command(&self, f: &mut fmt::Formatter<'_>, verb: &str) -> fmt::Result {
        let ip = if self.is_ipv6() { "ip -6" } else { "ip" };
        match self {
            Self::Address(address) => write!(f, "{ip} address {verb} {address}"),
            Self::Route(route) => write!(f, "{ip} route {verb} {route}"),
            Self::Rule(rule) => write!(f, "{ip} rule {verb} {rule}"),
        }
    }

    fn is_ipv6(&self) -> bool {
        match self {
            Self::Address(address) => address.ip.is_ipv6(),
            Self::Route(route) => route.to.addr().is_ipv6(),
            Self::Rule(rule) => rule.is_ipv6(),
        }
    }
}

impl Rule {
    /// The family, from whichever selector there is.
    pub(super) fn is_ipv6(&self) -> bool {
        self.from.or(self.to).is_some_and(|net| net.addr().is_ipv6())
    }
}

impl fmt::Display for Dev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodad = if self.ip.is_ipv6() { " nodad" } else { "" };
        write!(f, "{}/{} dev {} noprefixroute{nodad}", self.ip, self.prefix, self.dev)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == RouteKind::Blackhole {
            f.write_str("blackhole ")?;
        }
        match self.to.prefix_len() {
            0 => f.write_str("default")?,
            _ => write!(f, "{}", self.to)?,
        }
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        if let Some(dev) = &self.dev {
            write!(f, " dev {dev}")?;
        }
        if let Some(src) = self.src {
            write!(f, " src {src}")?;
        }
        if self.metric != 0 {
            write!(f, " metric {}", self.metric)?;
        }
        write!(f, " table {} proto {MARK}", self.table)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from {
            write!(f, "from {from} ")?;
        }
        if let Some(to) = self.to {
            write!(f, "to {to} ")?;
        }
        write!(f, "lookup {} priority {} protocol {MARK}", self.table, self.priority)
    }
}
