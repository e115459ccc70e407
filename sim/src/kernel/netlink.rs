//! What is asked of the kernel's network, in the network namespace it was opened in.
//!
//! Each request is idempotent: what is there already, or gone already, is no error.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::packet_route::neighbour::NeighbourFlags;
use rtnetlink::packet_route::route::{RouteScope, RouteType};
use rtnetlink::{Error, Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, netdevice, socket};

use super::error::{Explain, Result};

/// A connection to one network namespace.
#[derive(Clone)]
pub struct Netlink(pub(super) Handle);

/// A virtual cable between this namespace and an instance's.
#[derive(Debug)]
pub struct Cable<'a> {
    /// The name of the end here, at most 15 bytes.
    pub outer: &'a str,
    /// The name of the instance's end.
    pub inner: &'a str,
    /// The MTUs of the end here and of the instance's, in bytes.
    pub mtus: (u32, u32),
    /// The hardware address of the instance's end.
    pub mac: [u8; 6],
    /// A process in the instance's network namespace, as this PID namespace numbers it.
    pub pid: u32,
}

impl Netlink {
    /// Connects to the network namespace that this thread is in; needs a tokio runtime.
    pub fn open() -> Result<Netlink> {
        let (connection, handle, _) =
            rtnetlink::new_connection().explain(|| "cannot open a netlink socket")?;
        tokio::spawn(connection);
        Ok(Netlink(handle))
    }

    /// Lays a cable. The far end is born in its namespace with its name, address and MTU, so that
    /// nobody there ever sees it half made.
    pub async fn lay(&self, cable: &Cable<'_>) -> Result<()> {
        let inner = LinkMessageBuilder::<LinkUnspec>::new()
            .name(cable.inner)
            .address(cable.mac.to_vec())
            .mtu(cable.mtus.1)
            .setns_by_pid(cable.pid)
            .build();
        let pair = LinkVeth::new(cable.outer, cable.inner)
            .mtu(cable.mtus.0)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(inner)))
            .build();
        let done = self.0.link().add(pair).execute().await;
        done.map_err(errno).explain(|| format!("cannot plug {} as {}", cable.outer, cable.inner))
    }

    /// Removes a link, both its ends if it has two.
    pub async fn remove(&self, index: u32) -> Result<()> {
        let done = self.0.link().del(index).execute().await;
        but(done, &[Errno::NODEV]).explain(|| format!("cannot remove link {index}"))
    }

    /// Takes a link up, with another MTU in bytes if one is given.
    pub async fn set_up(&self, index: u32, mtu: Option<u32>) -> Result<()> {
        let link = LinkUnspec::new_with_index(index).up();
        let link = mtu.into_iter().fold(link, LinkMessageBuilder::mtu);
        let done = self.0.link().change(link.build()).execute().await;
        done.map_err(errno).explain(|| format!("cannot take link {index} up"))
    }

    /// Sets a link's MTU in bytes.
    pub async fn set_mtu(&self, index: u32, mtu: u32) -> Result<()> {
        let link = LinkUnspec::new_with_index(index).mtu(mtu);
        let done = self.0.link().change(link.build()).execute().await;
        done.map_err(errno).explain(|| format!("cannot set the MTU of link {index}"))
    }

    /// Gives a link an address; an IPv6 one is usable at once (no duplicate address detection).
    pub async fn add_address(&self, index: u32, address: IpAddr, prefix: u8) -> Result<()> {
        let mut request = self.0.address().add(index, address, prefix);
        if address.is_ipv6() {
            request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
        }
        but(request.execute().await, &[Errno::EXIST])
            .explain(|| format!("cannot give link {index} the address {address}/{prefix}"))
    }

    /// Routes one address out of a link.
    pub async fn route_to(&self, index: u32, address: IpAddr) -> Result<()> {
        let done = match address {
            IpAddr::V4(address) => {
                let route = RouteMessageBuilder::<Ipv4Addr>::new()
                    .destination_prefix(address, 32)
                    .scope(RouteScope::Link)
                    .output_interface(index);
                self.0.route().add(route.build()).replace().execute().await
            }
            IpAddr::V6(address) => {
                let route = RouteMessageBuilder::<Ipv6Addr>::new()
                    .destination_prefix(address, 128)
                    .output_interface(index);
                self.0.route().add(route.build()).replace().execute().await
            }
        };
        done.map_err(errno).explain(|| format!("cannot route {address} out of link {index}"))
    }

    /// Routes everything else out of a link, through a gateway on it.
    pub async fn route_default(&self, index: u32, gateway: IpAddr) -> Result<()> {
        let done = match gateway {
            IpAddr::V4(gateway) => {
                let route = RouteMessageBuilder::<Ipv4Addr>::new();
                let route = route.gateway(gateway).output_interface(index).build();
                self.0.route().add(route).execute().await
            }
            IpAddr::V6(gateway) => {
                let route = RouteMessageBuilder::<Ipv6Addr>::new();
                let route = route.gateway(gateway).output_interface(index).build();
                self.0.route().add(route).execute().await
            }
        };
        but(done, &[Errno::EXIST]).explain(|| format!("cannot route everything to {gateway}"))
    }

    /// Drops what no other IPv4 route leads anywhere, and tells nobody.
    pub async fn drop_the_rest(&self) -> Result<()> {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().kind(RouteType::BlackHole).build();
        let done = self.0.route().add(route).replace().execute().await;
        done.map_err(errno).explain(|| "cannot drop what leads nowhere")
    }

    /// Answers neighbour solicitations for an address of elsewhere on this link.
    pub async fn answer_for(&self, index: u32, address: Ipv6Addr) -> Result<()> {
        let request = self.0.neighbours().add(index, address.into());
        let done = request.flags(NeighbourFlags::Proxy).execute().await;
        but(done, &[Errno::EXIST])
            .explain(|| format!("cannot answer for {address} on link {index}"))
    }

    /// No longer answers for the address on this link.
    pub async fn stop_answering(&self, index: u32, address: Ipv6Addr) -> Result<()> {
        let mut request = self.0.neighbours().add(index, address.into());
        request = request.flags(NeighbourFlags::Proxy);
        let message = request.message_mut().clone();
        but(self.0.neighbours().del(message).execute().await, &[Errno::NOENT, Errno::NODEV])
            .explain(|| format!("cannot stop answering for {address} on link {index}"))
    }
}

/// A link's index by its name.
pub fn index_of(name: &str) -> Result<u32> {
    let doing = || format!("cannot find link {name}");
    let any = socket(AddressFamily::INET, SocketType::DGRAM, None).explain(doing)?;
    netdevice::name_to_index(any, name).explain(doing)
}

/// Only the kernel's reason: the crate's own text repeats the whole message in hexadecimal.
fn errno(error: Error) -> std::io::Error {
    match error {
        Error::NetlinkError(message) => message.to_io(),
        other => std::io::Error::other(other.to_string()),
    }
}

/// Takes some errors as done.
pub(super) fn but(done: std::result::Result<(), Error>, fine: &[Errno]) -> std::io::Result<()> {
    done.map_err(errno).or_else(|error| match Errno::from_io_error(&error) {
        Some(number) if fine.contains(&number) => Ok(()),
        _ => Err(error),
    })
}
