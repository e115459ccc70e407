//! The proof that what was applied works: the kernel's own routing decisions, then a packet
//! from each of the slot's addresses that its router answers.

use std::net::IpAddr;
use std::time::Duration;

use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{RouteAttribute, RouteMessage};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::netlink::Netlink;
use super::observe::Link;
use super::{NetError, Nic, SlotAddress, SlotNetwork, decode, encode};

/// RFC 863's discard port: whatever the router does with the datagram is fine.
const DISCARD_PORT: u16 = 9;
/// The first pause between two looks at the neighbour table; each is twice the last.
const PAUSE_MIN: Duration = Duration::from_millis(2);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Asks the kernel where the slot's traffic would go, without sending any.
///
/// # Errors
/// [`NetError::Misrouted`] for the first that would not leave by `nic` from the slot's address.
pub async fn routing(netlink: &Netlink, want: &SlotNetwork, nic: &Nic) -> Result<(), NetError> {
    for address in &want.addresses {
        let same_family = |ip: &&IpAddr| ip.is_ipv4() == address.ip.is_ipv4();
        let peers = want.peers.iter().filter(same_family);
        for to in peers.clone().chain([&address.router()]) {
            expect(netlink, Some(address.ip), *to, nic, None).await?;
        }
    }
    for peer in &want.peers {
        let ours = want.addresses.iter().find(|it| it.ip.is_ipv4() == peer.is_ipv4());
        // No address of the peer's family: the blackhole is what is right there.
        if let Some(ours) = ours {
            expect(netlink, None, *peer, nic, Some(ours.ip)).await?;
        }
    }
    Ok(())
}

async fn expect(
    netlink: &Netlink,
    from: Option<IpAddr>,
    to: IpAddr,
    nic: &Nic,
    source: Option<IpAddr>,
) -> Result<(), NetError> {
    let chosen = match netlink.lookup(question(from, to)).await {
        Ok(answer) if leaves_by(&answer, nic, source) => return Ok(()),
        Ok(answer) => describe(&answer, &netlink.links().await?),
        Err(refusal) => format!("is refused ({refusal})"),
    };
    Err(NetError::Misrouted { from, to, nic: nic.clone(), chosen })
}

fn question(from: Option<IpAddr>, to: IpAddr) -> RouteMessage {
    let bits = |ip: &IpAddr| if ip.is_ipv4() { 32 } else { 128 };
    let mut message = RouteMessage::default();
    message.header.address_family = encode::family(&to);
    message.header.destination_prefix_length = bits(&to);
    message.attributes.push(RouteAttribute::Destination(to.into()));
    if let Some(from) = from {
        message.header.source_prefix_length = bits(&from);
        message.attributes.push(RouteAttribute::Source(from.into()));
    }
    message
}

fn leaves_by(answer: &RouteMessage, nic: &Nic, source: Option<IpAddr>) -> bool {
    device(answer) == Some(nic.index) && (source.is_none() || source == chosen_source(answer))
}

fn device(answer: &RouteMessage) -> Option<u32> {
    answer.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        _ => None,
    })
}

fn chosen_source(answer: &RouteMessage) -> Option<IpAddr> {
    answer.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::PrefSource(ip) => decode::ip(ip),
        _ => None,
    })
}

fn describe(answer: &RouteMessage, links: &[Link]) -> String {
    let index = device(answer);
    let link = links.iter().find(|link| Some(link.nic.index) == index);
    let by = link.map_or("no NIC", |link| &link.nic.name);
    let from = chosen_source(answer).map_or_else(String::new, |ip| format!(" from {ip}"));
    format!("leaves by {by}{from}")
}

/// Sends a datagram from the address to its router and waits until the router is a neighbour.
///
/// Not a ping: EC2's router answers ARP and neighbour discovery, but not every echo request.
///
/// # Errors
/// [`NetError::RouterSilent`] at the deadline, [`NetError::Refused`] if nothing can be sent
/// from the address, [`NetError::Unreadable`].
pub async fn router_answers(
    netlink: &Netlink,
    address: &SlotAddress,
    nic: &Nic,
    within: Duration,
) -> Result<(), NetError> {
    let router = address.router();
    let deadline = Instant::now() + within;
    let socket = UdpSocket::bind((address.ip, 0)).await.map_err(|source| {
        let change = format!("bind a UDP socket to {}", address.ip);
        NetError::Refused { change, source }
    })?;
    let mut pause = PAUSE_MIN;
    loop {
        // Its errors are of no account: "no route to host" comes late, from the last attempt
        // at resolution, and this one begins the next. The neighbour table is the judge.
        let _: std::io::Result<usize> = socket.send_to(b"steadfast", (router, DISCARD_PORT)).await;
        if netlink.neighbours().await?.iter().any(|it| has_answered(it, router, nic)) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(NetError::RouterSilent {
                router,
                address: address.ip,
                nic: nic.clone(),
                within,
            });
        }
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

fn has_answered(neighbour: &NeighbourMessage, router: IpAddr, nic: &Nic) -> bool {
    use NeighbourState::{Delay, Permanent, Probe, Reachable, Stale};
    let destination = match router {
        IpAddr::V4(ip) => NeighbourAddress::Inet(ip),
        IpAddr::V6(ip) => NeighbourAddress::Inet6(ip),
    };
    let has = |attribute: &NeighbourAttribute| neighbour.attributes.contains(attribute);
    let resolved = neighbour
        .attributes
        .iter()
        .any(|attribute| matches!(attribute, NeighbourAttribute::LinkLayerAddress(_)));
    neighbour.header.ifindex == nic.index
        && matches!(neighbour.header.state, Reachable | Stale | Delay | Probe | Permanent)
        && has(&NeighbourAttribute::Destination(destination))
        && resolved
}
