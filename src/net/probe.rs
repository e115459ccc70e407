//! The proof that what was applied works: the kernel's own routing decisions, then a packet
//! from each of the slot's addresses that its router answers.

use std::io;
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
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(20);
/// When the question is put anew; each time after twice as long, for answers that are slow.
/// The kernel repeats it each second, but the first is easily lost: a link that has just come
/// up may drop what is sent at once.
const ASK_AGAIN: Duration = Duration::from_millis(5);

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
    let (mut asked, mut patience) = (Instant::now(), ASK_AGAIN);
    loop {
        // Its errors are of no account: "no route to host" comes late, from the last attempt
        // at resolution, and this one begins the next. The neighbour table is the judge.
        let _: io::Result<usize> = socket.send_to(b"steadfast", (router, DISCARD_PORT)).await;
        let neighbours = netlink.neighbours().await?;
        let neighbour = neighbours.iter().find(|it| is_about(it, router, nic));
        if neighbour.is_some_and(has_answered) {
            return Ok(());
        }
        if let (true, Some(silent)) = (asked.elapsed() >= patience, neighbour) {
            // Refused or already gone: then the kernel's own repetition has to do.
            let _: io::Result<()> = netlink.forget(silent).await;
            (asked, patience) = (Instant::now(), patience * 2);
        }
        if Instant::now() >= deadline {
            let (address, nic) = (address.ip, nic.clone());
            return Err(NetError::RouterSilent { router, address, nic, within });
        }
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

fn is_about(neighbour: &NeighbourMessage, router: IpAddr, nic: &Nic) -> bool {
    let destination = match router {
        IpAddr::V4(ip) => NeighbourAddress::Inet(ip),
        IpAddr::V6(ip) => NeighbourAddress::Inet6(ip),
    };
    let destination = NeighbourAttribute::Destination(destination);
    neighbour.header.ifindex == nic.index && neighbour.attributes.contains(&destination)
}

fn has_answered(neighbour: &NeighbourMessage) -> bool {
    use NeighbourState::{Delay, Permanent, Probe, Reachable, Stale};
    let is_hardware =
        |it: &NeighbourAttribute| matches!(it, NeighbourAttribute::LinkLayerAddress(_));
    matches!(neighbour.header.state, Reachable | Stale | Delay | Probe | Permanent)
        && neighbour.attributes.iter().any(is_hardware)
}
