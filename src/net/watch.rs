//! Waits for a NIC to come or to go: by the kernel's own events, so at once, and by a slow
//! look of our own besides, because events can be lost (the socket's buffer is finite).

use std::time::Duration;

use rtnetlink::MulticastGroup;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tracing::warn;

use super::events::{Event, Events};
use super::netlink::Netlink;
use super::observe::Link;
use super::{NetError, Nic};

/// How long a lost event can go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The shortest time between two looks that events bring about: of a flood of them, the kernel
/// tells for itself the one that matters.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Waits until `check` finds in the links what it looks for; none at the deadline.
///
/// # Errors
/// [`NetError::Open`], [`NetError::Unreadable`].
pub async fn until<T>(
    netlink: &Netlink,
    within: Duration,
    mut check: impl FnMut(&[Link]) -> Option<T>,
) -> Result<Option<T>, NetError> {
    let deadline = Instant::now() + within;
    // Subscribed before the first look: what happens in between is not missed.
    let events = Events::subscribe(&[MulticastGroup::Link])?;
    loop {
        events.drain();
        if let Some(found) = check(&netlink.links().await?) {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        let look_again = deadline.min(Instant::now() + LOOK_EVERY);
        if let Ok(Err(_)) = timeout_at(look_again, events.next()).await {
            sleep_until(look_again).await;
        }
    }
}

/// Waits until that NIC has gone: this one, by its index, not another of its hardware address that
/// has come in its place.
///
/// # Errors
/// [`NetError::Open`], [`NetError::Unreadable`]: it is unknown what has become of it.
pub async fn gone(netlink: &Netlink, nic: &Nic) -> Result<(), NetError> {
    let events = Events::subscribe(&[MulticastGroup::Link])?;
    let look = Notify::new();
    tokio::select! {
        // The kernel's word for it is enough, and never waits for a look that is under way.
        biased;
        told = told_gone(&events, nic, &look) => told,
        () = seen_gone(netlink, nic, &look) => Ok(()),
    }
}

/// Heeds the events; asks for a look at those that do not tell enough.
async fn told_gone(events: &Events, nic: &Nic, look: &Notify) -> Result<(), NetError> {
    loop {
        match events.next().await? {
            Event::LinkGone(index) if index == nic.index => return Ok(()),
            Event::Link(index) if index == nic.index => look.notify_one(),
            Event::Lost => look.notify_one(),
            _ => {}
        }
    }
}

/// Looks: at once, when asked to, and every now and then. A look that fails does not end the watch,
/// which the events would end with; the next is made by a connection of its own, since an error may
/// have closed the first.
async fn seen_gone(netlink: &Netlink, nic: &Nic, look: &Notify) {
    let mut fresh: Option<Netlink> = None;
    loop {
        match fresh.as_ref().unwrap_or(netlink).link(nic.index).await {
            Ok(Some(link)) if link.nic.mac == nic.mac => {}
            Ok(_) => return,
            Err(error) => {
                if fresh.is_none() {
                    warn!("{error}; it is asked again by another connection");
                }
                fresh = Netlink::open().ok();
            }
        }
        sleep(LOOK_PAUSE).await;
        // Asked for or not: after that time it is due.
        let _ = timeout(LOOK_EVERY, look.notified()).await;
    }
}

/// "Something has changed" in the links, addresses, routes or rules of this host.
pub struct Changes(Events);

impl Changes {
    /// Subscribes in the calling thread's network namespace, inside a tokio runtime.
    ///
    /// # Errors
    /// [`NetError::Open`].
    pub fn subscribe() -> Result<Self, NetError> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
            MulticastGroup::Ipv4Rule,
            MulticastGroup::Ipv6Rule,
        ];
        Ok(Self(Events::subscribe(&groups)?))
    }

    /// Waits until something has changed since [`clear`](Self::clear). That events were lost is
    /// such a change. Cancel safe.
    ///
    /// # Errors
    /// [`NetError::Unreadable`]: no more will be told.
    pub async fn next(&self) -> Result<(), NetError> {
        self.0.next().await.map(|_| ())
    }

    /// Forgets what has changed by now: before a look, which sees it.
    pub fn clear(&self) {
        self.0.drain();
    }
}
