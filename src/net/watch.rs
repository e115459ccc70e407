//! Waits for a NIC to come or to go: by the kernel's own events, so at once, and by a slow
//! look of our own besides, because events can be lost (the socket's buffer is finite).

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use rtnetlink::MulticastGroup;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::NetError;
use super::netlink::Netlink;
use super::observe::Link;

/// How long a lost event can go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

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
    let mut events = subscribe()?;
    loop {
        if let Some(found) = check(&netlink.links().await?) {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        let look_again = deadline.min(Instant::now() + LOOK_EVERY);
        if let Ok(None) = timeout_at(look_again, events.next()).await {
            sleep_until(look_again).await;
        }
    }
}

/// A stream of "some link has changed".
fn subscribe() -> Result<BoxStream<'static, ()>, NetError> {
    let groups = [MulticastGroup::Link];
    let (connection, handle, messages) =
        rtnetlink::new_multicast_connection(&groups).map_err(NetError::Open)?;
    tokio::spawn(connection);
    // The connection lives as long as its handle does.
    Ok(messages.map(move |_| drop(handle.clone())).boxed())
}
