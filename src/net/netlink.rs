//! One netlink conversation with the kernel: what it holds is read whole, and one change at a
//! time is made. Nothing here decides anything.

use std::io;

use futures_util::StreamExt;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REQUEST,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::neighbour::{NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;
use rustix::io::Errno;

use super::change::{Change, Entry, Setting};
use super::observe::{Link, Observed};
use super::{NetError, decode, encode, sysctl};

/// How often a dump is begun anew because the kernel's tables changed under it.
const DUMPS_MAX: usize = 10;

/// An open netlink socket. A task of the runtime serves it, and ends with it.
#[derive(Debug, Clone)]
pub struct Netlink(rtnetlink::Handle);

impl Netlink {
    /// Opens the socket in the calling thread's network namespace, inside a tokio runtime.
    ///
    /// # Errors
    /// [`NetError::Open`] where the process may have no netlink sockets.
    pub fn open() -> Result<Self, NetError> {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(NetError::Open)?;
        tokio::spawn(connection);
        Ok(Self(handle))
    }

    /// Reads all that a plan depends on.
    ///
    /// # Errors
    /// [`NetError::Unreadable`].
    pub async fn observe(&self) -> Result<Observed, NetError> {
        let mut seen = Observed { links: self.links().await?, ..Observed::default() };
        let addresses = self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()));
        let routes = self.dump(RouteNetlinkMessage::GetRoute(RouteMessage::default()));
        let rules = self.dump(RouteNetlinkMessage::GetRule(RuleMessage::default()));
        for message in addresses.await.map_err(unreadable("addresses"))? {
            if let RouteNetlinkMessage::NewAddress(message) = message
                && let Some(address) = decode::address(&message, &seen)
            {
                seen.tentative.extend(decode::is_tentative(&message).then(|| address.clone()));
                seen.addresses.push(address);
            }
        }
        for message in routes.await.map_err(unreadable("routes"))? {
            if let RouteNetlinkMessage::NewRoute(message) = message {
                seen.routes.extend(decode::route(&message, &seen));
            }
        }
        for message in rules.await.map_err(unreadable("rules"))? {
            if let RouteNetlinkMessage::NewRule(message) = message {
                seen.rules.extend(decode::rule(&message));
            }
        }
        Ok(seen)
    }

    /// Reads the links.
    ///
    /// # Errors
    /// [`NetError::Unreadable`], also when the conversation has ended: an empty answer must
    /// not pass for "the NIC is gone".
    pub async fn links(&self) -> Result<Vec<Link>, NetError> {
        let messages = self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()));
        let messages = messages.await.map_err(unreadable("links"))?;
        if messages.is_empty() {
            // Every namespace has a loopback device.
            return Err(unreadable("links")(io::ErrorKind::UnexpectedEof.into()));
        }
        let links = messages.iter().filter_map(|message| match message {
            RouteNetlinkMessage::NewLink(message) => decode::link(message),
            _ => None,
        });
        Ok(links.collect())
    }

    /// Reads one link; none if there is no device of that index.
    ///
    /// # Errors
    /// [`NetError::Unreadable`], also for an answer that tells of no link: it must not pass for
    /// "the NIC is gone".
    pub async fn link(&self, index: u32) -> Result<Option<Link>, NetError> {
        let mut question = LinkMessage::default();
        question.header.index = index;
        let request = RouteNetlinkMessage::GetLink(question);
        let messages = match self.request(request, NLM_F_REQUEST).await {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NODEV) => return Ok(None),
            answer => answer.map_err(unreadable("links"))?.0,
        };
        let link = messages.iter().find_map(|message| match message {
            RouteNetlinkMessage::NewLink(message) => decode::link(message),
            _ => None,
        });
        link.map(Some).ok_or_else(|| unreadable("links")(io::ErrorKind::UnexpectedEof.into()))
    }

    /// Reads the neighbour tables.
    ///
    /// # Errors
    /// [`NetError::Unreadable`].
    pub async fn neighbours(&self) -> Result<Vec<NeighbourMessage>, NetError> {
        let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
        let messages = self.dump(request).await.map_err(unreadable("neighbours"))?;
        let neighbours = messages.into_iter().filter_map(|message| match message {
            RouteNetlinkMessage::NewNeighbour(neighbour) => Some(neighbour),
            _ => None,
        });
        Ok(neighbours.collect())
    }

    /// Forgets a neighbour: the next packet to it asks for its hardware address at once.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn forget(&self, neighbour: &NeighbourMessage) -> io::Result<()> {
        let mut message = NeighbourMessage::default();
        message.header.family = neighbour.header.family;
        message.header.ifindex = neighbour.header.ifindex;
        let destination =
            |it: &&NeighbourAttribute| matches!(it, NeighbourAttribute::Destination(_));
        message.attributes.extend(neighbour.attributes.iter().find(destination).cloned());
        let request = RouteNetlinkMessage::DelNeighbour(message);
        self.request(request, NLM_F_REQUEST | NLM_F_ACK).await.map(|_| ())
    }

    /// Asks the kernel how it would route; the answer is its choice, or its refusal.
    pub async fn lookup(&self, question: RouteMessage) -> io::Result<RouteMessage> {
        let request = RouteNetlinkMessage::GetRoute(question);
        let (messages, _) = self.request(request, NLM_F_REQUEST).await?;
        let answer = messages.into_iter().find_map(|message| match message {
            RouteNetlinkMessage::NewRoute(answer) => Some(answer),
            _ => None,
        });
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Makes one change; the error is the kernel's.
    pub async fn perform(&self, change: &Change) -> io::Result<()> {
        let acked = NLM_F_REQUEST | NLM_F_ACK;
        let flags = match change {
            Change::Set(dev, Setting::NoRouterAdvertisements) => {
                return sysctl::ignore_advertisements(&dev.name);
            }
            Change::Set(..) | Change::Remove(_) => acked,
            // Without EXCL, IPv4 puts a route before others of its key and refuses only its
            // equal: another manager's route through another gateway may stay.
            Change::Add(Entry::Route(route)) if route.to.addr().is_ipv4() => acked | NLM_F_CREATE,
            Change::Add(_) => acked | NLM_F_CREATE | NLM_F_EXCL,
        };
        self.request(encode::change(change), flags).await.map(|_| ())
    }

    /// Reads one of the kernel's tables, unchanged from its beginning to its end.
    async fn dump(&self, request: RouteNetlinkMessage) -> io::Result<Vec<RouteNetlinkMessage>> {
        for _ in 0..DUMPS_MAX {
            let reply = self.request(request.clone(), NLM_F_REQUEST | NLM_F_DUMP).await?;
            if let (messages, Whole::Yes) = reply {
                return Ok(messages);
            }
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    async fn request(
        &self,
        request: RouteNetlinkMessage,
        flags: u16,
    ) -> io::Result<(Vec<RouteNetlinkMessage>, Whole)> {
        let mut request = NetlinkMessage::from(request);
        request.header.flags = flags;
        let mut handle = self.0.clone();
        let mut replies = handle.request(request).map_err(|_| io::ErrorKind::BrokenPipe)?;
        let (mut messages, mut whole) = (Vec::new(), Whole::Yes);
        while let Some(reply) = replies.next().await {
            if reply.header.flags & NLM_F_DUMP_INTR != 0 {
                whole = Whole::No;
            }
            match reply.payload {
                NetlinkPayload::InnerMessage(message) => messages.push(message),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                _ => (),
            }
        }
        Ok((messages, whole))
    }
}

/// Whether a dump shows one state of the table rather than a mixture of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

fn unreadable(what: &'static str) -> impl Fn(io::Error) -> NetError {
    move |source| NetError::Unreadable { what, source }
}
