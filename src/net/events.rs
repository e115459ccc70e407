//! What the kernel tells of its own accord: that a link has gone, or that something has changed.
//!
//! The socket is read here and not by an `rtnetlink` connection, which would keep all that nobody
//! has asked for yet in memory: of a flood of events this one keeps what the kernel's buffer holds,
//! and that some were lost is an event, too. The end of the events is an error, never silence.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use netlink_packet_route::AddressFamily;
use rtnetlink::MulticastGroup;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, SocketAddr, TokioSocket};
use rustix::io::Errno;

use super::NetError;

/// The length of a `struct nlmsghdr` and of the `struct ifinfomsg` after it: all that is looked at.
const HEAD: usize = 16 + 16;
/// `RTM_NEWLINK` in the kernel's `rtnetlink.h`.
const NEW_LINK: u16 = 16;
/// `RTM_DELLINK`.
const DEL_LINK: u16 = 17;
/// The kernel's port: nobody else can send from it.
const KERNEL: u32 = 0;
/// How many events are thrown away at once: several times what the kernel's buffer holds.
const DRAIN_MAX: usize = 4096;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The device of that index has left this network namespace, for good.
    LinkGone(u32),
    /// The device of that index is new, or otherwise than it was.
    Link(u32),
    /// Something else has changed.
    Other,
    /// Events were lost: anything may have changed.
    Lost,
}

/// The events of some of the kernel's groups, from the subscription on.
pub struct Events {
    socket: TokioSocket,
}

impl Events {
    /// Subscribes in the calling thread's network namespace, inside a tokio runtime.
    ///
    /// # Errors
    /// [`NetError::Open`].
    pub fn subscribe(groups: &[MulticastGroup]) -> Result<Self, NetError> {
        let mask = groups.iter().fold(0, |mask, group| mask | 1 << (*group as u32 - 1));
        let open = || {
            let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
            socket.socket_mut().bind(&SocketAddr::new(0, mask))?;
            Ok(socket)
        };
        Ok(Self { socket: open().map_err(NetError::Open)? })
    }

    /// The next event. Cancel safe.
    ///
    /// # Errors
    /// [`NetError::Unreadable`]: there may be no more.
    pub async fn next(&self) -> Result<Event, NetError> {
        let event = poll_fn(|context| self.poll(context)).await;
        event.map_err(|source| NetError::Unreadable { what: "events", source })
    }

    /// Throws away what has come by now: whoever looks next sees what it tells of.
    pub fn drain(&self) {
        for _ in 0..DRAIN_MAX {
            if !matches!(self.next().now_or_never(), Some(Ok(_))) {
                // Nothing is left, or the next to ask for an event gets the error.
                return;
            }
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<io::Result<Event>> {
        let mut head = [0; HEAD];
        // The kernel throws away what does not fit.
        let mut room = head.as_mut_slice();
        let sender = self.socket.poll_recv_from(context, &mut room);
        let length = HEAD - room.len();
        sender.map(|sender| match sender {
            Ok(_) if length == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            // Its word is good for a look, no more.
            Ok(sender) if sender.port_number() != KERNEL => Ok(Event::Lost),
            Ok(_) => Ok(event(&head[..length])),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOBUFS | Errno::INTR) => Ok(Event::Lost),
                _ => Err(error),
            },
        })
    }
}

/// The event that a message tells of, by its head.
fn event(head: &[u8]) -> Event {
    let kind = head.get(4..6).and_then(|bytes| Some(u16::from_ne_bytes(bytes.try_into().ok()?)));
    let family = head.get(16).map(|family| AddressFamily::from(*family));
    let index = head.get(20..24).and_then(|bytes| Some(u32::from_ne_bytes(bytes.try_into().ok()?)));
    match (kind, family, index) {
        // Of the family AF_BRIDGE it is told that a device has left a bridge.
        (Some(DEL_LINK), Some(AddressFamily::Unspec), Some(index)) => Event::LinkGone(index),
        (Some(NEW_LINK | DEL_LINK), _, Some(index)) => Event::Link(index),
        _ => Event::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message's head, of one kind, about a device.
    fn head(kind: u16, family: AddressFamily, index: u32) -> Vec<u8> {
        let mut head = vec![0; HEAD];
        head[4..6].copy_from_slice(&kind.to_ne_bytes());
        head[16] = family.into();
        head[20..24].copy_from_slice(&index.to_ne_bytes());
        head
    }

    #[test]
    fn a_device_that_leaves_a_bridge_has_not_gone() {
        assert_eq!(event(&head(DEL_LINK, AddressFamily::Unspec, 7)), Event::LinkGone(7));
        assert_eq!(event(&head(DEL_LINK, AddressFamily::Bridge, 7)), Event::Link(7));
        assert_eq!(event(&head(NEW_LINK, AddressFamily::Unspec, 7)), Event::Link(7));
    }

    #[test]
    fn what_is_not_about_a_link_or_cut_short_is_some_change() {
        let new_route = 24;
        assert_eq!(event(&head(new_route, AddressFamily::Inet, 7)), Event::Other);
        for length in 0..24 {
            let head = head(DEL_LINK, AddressFamily::Unspec, 7);
            assert_eq!(event(&head[..length]), Event::Other, "{length} bytes");
        }
    }
}
