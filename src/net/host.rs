//! The host as the agent sees it: look, plan, apply, verify, undo. All take the network
//! namespace of the thread that opened it, and none outlives its deadline.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::{Instant, sleep};

use super::change::{Address, Change};
use super::netlink::Netlink;
use super::observe::{Link, Observed};
use super::{Applied, Changes, NetError, Nic, SlotNetwork, plan, probe, table, udev, watch};
use crate::ids::MacAddr;

/// How often a plan is made and carried out before we say that it does not last: another
/// manager may have its hand in, as systemd-networkd does when a NIC appears.
const ROUNDS_MAX: usize = 5;
/// How long IPv6's duplicate address detection is waited for; by default it takes 1 to 2 s.
const DUPLICATE_CHECK_MAX: Duration = Duration::from_secs(5);
/// How often it is looked at.
const DUPLICATE_CHECK_LOOK: Duration = Duration::from_millis(50);

/// An open netlink connection to this host's kernel, served by one task of the runtime.
#[derive(Debug, Clone)]
pub struct Host {
    pub(super) netlink: Netlink,
}

/// A plan and what it was made from.
struct Survey {
    nic: Nic,
    table: u32,
    changes: Vec<Change>,
}

impl Host {
    /// Opens the connection. Needs a tokio runtime, but no privilege yet.
    ///
    /// # Errors
    /// [`NetError::Open`] where the process may have no netlink sockets.
    pub fn open() -> Result<Self, NetError> {
        Ok(Self { netlink: Netlink::open()? })
    }

    /// The host's network devices that have a hardware address; the loopback device among them.
    ///
    /// # Errors
    /// [`NetError::Unreadable`].
    pub async fn nics(&self) -> Result<Vec<Nic>, NetError> {
        Ok(self.netlink.links().await?.into_iter().map(|link| link.nic).collect())
    }

    /// The NIC of that hardware address, if it is there.
    ///
    /// # Errors
    /// [`NetError::Unreadable`].
    pub async fn nic(&self, mac: MacAddr) -> Result<Option<Nic>, NetError> {
        Ok(find(&self.netlink.links().await?, mac))
    }

    /// Waits for the NIC, by the kernel's events, and until udev has named it; none at the
    /// deadline.
    ///
    /// # Errors
    /// [`NetError::Open`], [`NetError::Unreadable`].
    pub async fn nic_appears(
        &self,
        mac: MacAddr,
        within: Duration,
    ) -> Result<Option<Nic>, NetError> {
        let deadline = Instant::now() + within;
        let found = watch::until(&self.netlink, within, |links| find(links, mac)).await?;
        let Some(nic) = found else { return Ok(None) };
        udev::finish(nic.index, deadline).await;
        // Under the name that it has now.
        Ok(find(&self.netlink.links().await?, mac).or(Some(nic)))
    }

    /// Waits for the NIC to go; false if it is still there at the deadline.
    ///
    /// # Errors
    /// [`NetError::Open`], [`NetError::Unreadable`].
    pub async fn nic_vanishes(&self, mac: MacAddr, within: Duration) -> Result<bool, NetError> {
        let is_gone = |links: &[Link]| find(links, mac).is_none().then_some(());
        Ok(watch::until(&self.netlink, within, is_gone).await?.is_some())
    }

    /// Waits until that NIC has gone: this one, by its index, not another of its hardware address
    /// that has come in its place. The kernel's event ends it at once, whatever else is under way.
    ///
    /// # Errors
    /// [`NetError::Open`], [`NetError::Unreadable`]: it is unknown what has become of it.
    pub async fn nic_gone(&self, nic: &Nic) -> Result<(), NetError> {
        watch::gone(&self.netlink, nic).await
    }

    /// Tells from now on that something has changed: links, addresses, routes or rules.
    ///
    /// # Errors
    /// [`NetError::Open`].
    pub fn changes(&self) -> Result<Changes, NetError> {
        Changes::subscribe()
    }

    /// What [`apply`](Self::apply) would change, in order. Changes nothing, needs no privilege.
    ///
    /// # Errors
    /// As `apply`, as far as they can be foreseen.
    pub async fn plan(&self, want: &SlotNetwork) -> Result<Vec<Change>, NetError> {
        Ok(self.survey(want).await?.changes)
    }

    /// Brings the host to the desired state by the smallest change, and looks again that it
    /// stays. After an error call [`undo`](Self::undo): some changes may have been made.
    ///
    /// # Errors
    /// [`NetError::NicGone`] if the NIC is not there, or goes meanwhile. Before any change:
    /// [`NetError::AddressElsewhere`], [`NetError::TablesBusy`]. Then
    /// [`NetError::NotPermitted`], [`NetError::Refused`], [`NetError::Unsettled`].
    pub async fn apply(&self, want: &SlotNetwork) -> Result<Applied, NetError> {
        let mut done = Vec::new();
        loop {
            let Survey { nic, table, changes } = self.survey(want).await?;
            if changes.is_empty() {
                return Ok(Applied { nic, table, changes: done.concat() });
            }
            self.perform(changes, Some(want.mac), &mut done).await?;
        }
    }

    /// Proves that it works: the kernel routes the slot's traffic and what is dialled to the
    /// peers by the slot's NIC, and the subnet's router answers each of the slot's addresses,
    /// each within `within`.
    ///
    /// # Errors
    /// [`NetError::NicGone`], [`NetError::Misrouted`], [`NetError::RouterSilent`],
    /// [`NetError::Refused`].
    pub async fn verify(&self, want: &SlotNetwork, within: Duration) -> Result<(), NetError> {
        let nic = find(&self.netlink.links().await?, want.mac);
        let nic = nic.ok_or(NetError::NicGone { mac: want.mac })?;
        let mut proof = probe::routing(&self.netlink, want, &nic).await;
        for address in &want.addresses {
            if proof.is_ok() {
                proof = probe::router_answers(&self.netlink, address, &nic, within).await;
            }
        }
        match proof {
            Err(_) if self.is_gone(want.mac).await? => Err(NetError::NicGone { mac: want.mac }),
            proof => proof,
        }
    }

    /// Removes all that is ours, in reverse, and leaves the NIC of `mac`, if it is still
    /// there, down and without our addresses. Returns the changes made. The NIC's MTU stays:
    /// nobody has noted the old one, and a detached NIC takes it along.
    ///
    /// # Errors
    /// [`NetError::NotPermitted`], [`NetError::Refused`], [`NetError::Unsettled`].
    pub async fn undo(&self, mac: Option<MacAddr>) -> Result<Vec<Change>, NetError> {
        let mut done = Vec::new();
        loop {
            let changes = plan::undo(&self.netlink.observe().await?, mac);
            if changes.is_empty() {
                return Ok(done.concat());
            }
            self.perform(changes, None, &mut done).await?;
        }
    }

    /// What is ours on this host, whatever slot it was for: the changes that would remove it. Changes
    /// nothing, needs no privilege.
    ///
    /// # Errors
    /// [`NetError::Unreadable`].
    pub async fn leftovers(&self) -> Result<Vec<Change>, NetError> {
        Ok(plan::undo(&self.netlink.observe().await?, None))
    }

    /// Looks and plans.
    async fn survey(&self, want: &SlotNetwork) -> Result<Survey, NetError> {
        let seen = self.settled(want).await?;
        let nic = seen.nic(want.mac).ok_or(NetError::NicGone { mac: want.mac })?.clone();
        not_elsewhere(want, &nic, &seen)?;
        let table = table::choose(want.device_index, &nic, &seen)?;
        let desired = plan::desired(want, &nic, seen.primary_mtu(&nic), table);
        Ok(Survey { changes: plan::diff(&desired, &seen), nic, table })
    }

    /// Looks when none of the slot's addresses is being checked for duplicates any more: another
    /// manager may have added one so, and until then no route can name it.
    pub(super) async fn settled(&self, want: &SlotNetwork) -> Result<Observed, NetError> {
        let deadline = Instant::now() + DUPLICATE_CHECK_MAX;
        loop {
            let seen = self.netlink.observe().await?;
            let index = seen.nic(want.mac).map(|nic| nic.index);
            let is_ours = |it: &&Address| want.addresses.iter().any(|address| address.ip == it.ip);
            let mut checked = seen.tentative.iter().filter(is_ours);
            if !checked.any(|it| Some(it.dev.index) == index) || Instant::now() >= deadline {
                return Ok(seen);
            }
            sleep(DUPLICATE_CHECK_LOOK).await;
        }
    }

    /// Carries out one round of changes. `needed` is the NIC without which there is no point
    /// in going on.
    async fn perform(
        &self,
        changes: Vec<Change>,
        needed: Option<MacAddr>,
        done: &mut Vec<Vec<Change>>,
    ) -> Result<(), NetError> {
        if let (ROUNDS_MAX, Some(change)) = (done.len(), changes.first()) {
            return Err(NetError::Unsettled { change: change.to_string() });
        }
        for change in &changes {
            match self.netlink.perform(change).await {
                Err(error) if !is_so_already(change, &error, needed.is_some()) => {
                    return Err(self.refused(change, error, needed).await);
                }
                _ => (),
            }
        }
        done.push(changes);
        Ok(())
    }

    /// What the kernel's error means to us.
    async fn refused(
        &self,
        change: &Change,
        source: io::Error,
        needed: Option<MacAddr>,
    ) -> NetError {
        if let Some(mac) = needed {
            match self.is_gone(mac).await {
                Ok(true) => return NetError::NicGone { mac },
                Ok(false) => (),
                Err(unreadable) => return unreadable,
            }
        }
        let change = change.to_string();
        match Errno::from_io_error(&source) {
            Some(Errno::PERM) => NetError::NotPermitted { change },
            _ => NetError::Refused { change, source },
        }
    }

    async fn is_gone(&self, mac: MacAddr) -> Result<bool, NetError> {
        Ok(find(&self.netlink.links().await?, mac).is_none())
    }
}

fn find(links: &[Link], mac: MacAddr) -> Option<Nic> {
    let seen = Observed { links: links.to_vec(), ..Observed::default() };
    seen.nic(mac).cloned()
}

/// Two NICs with the slot's address would answer for each other.
fn not_elsewhere(want: &SlotNetwork, nic: &Nic, seen: &Observed) -> Result<(), NetError> {
    let ours = |ip| want.addresses.iter().any(|address| address.ip == ip);
    match seen.addresses.iter().find(|it| ours(it.ip) && it.dev.index != nic.index) {
        Some(it) => Err(NetError::AddressElsewhere { ip: it.ip, nic: it.dev.to_string() }),
        None => Ok(()),
    }
}

/// Whether the error says that somebody, or the kernel on its own, came first: removing an
/// address takes its routes along. The next look at the host tells whether it is true.
/// `needed` is whether there is no point in the change without the NIC.
pub(super) fn is_so_already(change: &Change, error: &io::Error, needed: bool) -> bool {
    let Some(errno) = Errno::from_io_error(error) else { return false };
    let gone = [Errno::SRCH, Errno::NOENT, Errno::ADDRNOTAVAIL, Errno::NODEV];
    match change {
        Change::Add(_) => errno == Errno::EXIST,
        Change::Remove(_) => gone.contains(&errno),
        Change::Set(..) => !needed && errno == Errno::NODEV,
    }
}
