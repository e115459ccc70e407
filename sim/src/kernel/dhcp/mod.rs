//! A VPC's DHCP: an interface of a machine is told its private address, and no other.
//!
//! As on EC2 every interface is answered, secondary ones too: whoever configures a slot's NIC by DHCP
//! beside the agent does the same harm here. Only IPv4: a machine's primary interface has no IPv6.

mod message;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::sockopt::{set_socket_broadcast, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::error::{Explain, Result};
use super::router::{ENDPOINT, VPC_MTU, gateways};
use crate::fabric::NicSpec;
use message::{Kind, Question, Terms, Wants};

/// Where servers and clients listen.
const PORTS: (u16, u16) = (67, 68);
/// How long an address is given for, in seconds, as EC2's DHCP has it.
const LEASE_S: u32 = 3600;
/// The longest message that a client sends, in bytes.
const LONGEST: usize = 1500;

/// The server of one interface; it ends when this is dropped.
#[derive(Debug)]
pub struct Server(JoinHandle<()>);

impl Server {
    /// Serves an interface whose link here has this name.
    pub fn start(link: &str, nic: &NicSpec) -> Result<Server> {
        let doing = || format!("cannot serve DHCP on {link}");
        let socket = open(link).explain(doing)?;
        let socket = UdpSocket::from_std(socket.into()).explain(doing)?;
        Ok(Server(tokio::spawn(serve(socket, terms(nic), nic.mac))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A socket that hears and speaks on one link alone.
fn open(link: &str) -> std::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    set_socket_reuseaddr(&socket, true)?;
    set_socket_broadcast(&socket, true)?;
    bind_to_link(&socket, link)?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORTS.0))?;
    Ok(socket)
}

fn bind_to_link(socket: &OwnedFd, link: &str) -> std::io::Result<()> {
    use std::os::fd::AsRawFd;
    let length = libc::socklen_t::try_from(link.len()).unwrap_or_default();
    // SAFETY: the option takes a name and its length, which live through the call.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            link.as_ptr().cast(),
            length,
        )
    };
    if status < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// What an interface is told.
fn terms(nic: &NicSpec) -> Terms {
    let router = gateways(&nic.subnet).into_iter().find_map(|gateway| match gateway {
        std::net::IpAddr::V4(gateway) => Some(gateway),
        std::net::IpAddr::V6(_) => None,
    });
    Terms {
        address: nic.ipv4.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED),
        prefix: nic.subnet.ipv4.1,
        router: router.unwrap_or(Ipv4Addr::UNSPECIFIED),
        dns: ENDPOINT,
        domain: "compute.internal".to_owned(),
        mtu: u16::try_from(VPC_MTU).unwrap_or(u16::MAX),
        lease_s: LEASE_S,
    }
}

async fn serve(socket: UdpSocket, terms: Terms, mac: [u8; 6]) {
    let mut buffer = [0; LONGEST];
    loop {
        let heard = socket.recv_from(&mut buffer).await;
        let Ok((length, from)) = heard else {
            // A link that is down for a moment; its end ends this server, too.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        if let Some((answer, to)) = answer(&buffer[..length], from, &terms, mac) {
            // A client that hears nothing asks again.
            let _ = socket.send_to(&answer, to).await;
        }
    }
}

/// The answer to a message, and where it goes: to all on the link, who are one, unless a client renews
/// from the address that it has.
fn answer(
    message: &[u8],
    from: SocketAddr,
    terms: &Terms,
    mac: [u8; 6],
) -> Option<(Vec<u8>, SocketAddr)> {
    let question = Question::parse(message).filter(|question| question.mac == mac)?;
    let kind = match question.wants {
        Wants::Discover => Kind::Offer,
        Wants::Request(address) if address == terms.address => Kind::Ack,
        Wants::Request(_) => Kind::Nak,
    };
    let renews = kind == Kind::Ack && question.has == terms.address && !from.ip().is_unspecified();
    let to = if renews { question.has } else { Ipv4Addr::BROADCAST };
    Some((question.answer(kind, terms), (to, PORTS.1).into()))
}
