//! Why the host's network is not as it should be, each with what to do about it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::Nic;
use crate::ids::MacAddr;

/// What can go wrong between a plan and a network that works.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// No conversation with the kernel is possible.
    #[error("no netlink socket: {0}; the agent needs AF_NETLINK (see RestrictAddressFamilies=)")]
    Open(#[source] io::Error),

    /// The kernel did not tell what its network is like.
    #[error("the kernel's {what} cannot be read: {source}; try again")]
    Unreadable {
        /// What was asked for, in the plural.
        what: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },

    /// Not privileged.
    #[error("`{change}` is not permitted: run as root (CAP_NET_ADMIN)")]
    NotPermitted {
        /// The change, in the syntax of `ip`.
        change: String,
    },

    /// The NIC is not, or no longer, there. What was applied before is undone by
    /// [`Host::undo`](super::Host::undo).
    #[error("no NIC has the MAC address {mac}: the slot's interface is not attached; claim again")]
    NicGone {
        /// The NIC that was to be configured.
        mac: MacAddr,
    },

    /// Two NICs with one address; nothing was changed.
    #[error(
        "{ip} is the slot's address but {nic} has it already: remove it there \
         (`ip address del {ip} dev {nic}`)"
    )]
    AddressElsewhere {
        /// The slot's address.
        ip: IpAddr,
        /// The NIC that has it.
        nic: String,
    },

    /// Every table that a slot may use holds somebody else's routes; nothing was changed.
    #[error(
        "no routing table is free for the slot: {} hold routes that are not ours; \
         empty one of them (`ip route flush table NUMBER`)", list(.tables)
    )]
    TablesBusy {
        /// The tables that were looked at.
        tables: Vec<u32>,
    },

    /// The kernel refused a change.
    #[error("`{change}` was refused by the kernel: {source}")]
    Refused {
        /// The change, in the syntax of `ip`.
        change: String,
        /// The kernel's answer.
        source: io::Error,
    },

    /// Somebody undoes our changes as fast as they are made, or the kernel took one for another.
    #[error(
        "`{change}` does not last: something else manages this NIC; \
         look for it with `ip monitor` and exempt the NIC from it"
    )]
    Unsettled {
        /// The first change that was still to be made after the last attempt.
        change: String,
    },

    /// The routing is applied, but the kernel chooses otherwise.
    #[error(
        "traffic {} {to} {chosen}, it should leave by {nic} from the slot's address: \
         a rule or a route of somebody else's decides (`ip rule`, `ip route show table all`)", origin(*.from)
    )]
    Misrouted {
        /// The source address that was asked about; none for traffic that has not chosen one.
        from: Option<IpAddr>,
        /// Where to.
        to: IpAddr,
        /// The slot's NIC.
        nic: Nic,
        /// What the kernel does, as a verb and its object.
        chosen: String,
    },

    /// Nothing comes back from the subnet's router.
    #[error(
        "router {router} does not answer {address} on {nic} within {within:?}: \
         compare the NIC's subnet and addresses with EC2's"
    )]
    RouterSilent {
        /// The subnet's router.
        router: IpAddr,
        /// The slot's address that asked.
        address: IpAddr,
        /// The slot's NIC.
        nic: Nic,
        /// How long it was given.
        within: Duration,
    },
}

fn list(tables: &[u32]) -> String {
    tables.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn origin(from: Option<IpAddr>) -> String {
    from.map_or_else(|| "to".to_owned(), |ip| format!("from {ip} to"))
}
