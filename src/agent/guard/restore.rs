//! Puts back what others remove of the slot's network, and says so. What cannot be put back is
//! tried again for ever, except the slot's address: without it the server is no member.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::trace;

use super::Fenced;
use super::pace::{Pace, Said};
use crate::net::{Change, Changes, Drift, Entry, Host, NetError, Nic, SlotNetwork};

/// How long an event or a setting that has none can go unnoticed (of `accept_ra` nothing is told).
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long after what could not be put back it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// From an event to the look: changes come in bunches. And a NIC that is being taken away is set
/// down first, so a look at once would find much to put back, and wait for the kernel's lock that
/// is held until the NIC is gone: with it would wait whoever is to be told of that.
const SETTLE: Duration = Duration::from_millis(50);
/// How long an address of the slot's may be away. A follower and its leader give each other up after
/// ZooKeeper's `syncLimit`, 5 ticks of 2 s: until then a restart would cost more than the absence.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps the network of one slot.
pub struct Keeper<'a> {
    host: &'a Host,
    want: &'a SlotNetwork,
    nic: &'a Nic,
    table: u32,
    said: Said,
    /// Since when an address of the slot's is away.
    absent_since: Option<Instant>,
}

impl<'a> Keeper<'a> {
    /// Of the network as it was applied to that NIC and table.
    pub fn new(host: &'a Host, want: &'a SlotNetwork, nic: &'a Nic, table: u32) -> Self {
        Self { host, want, nic, table, said: Said::default(), absent_since: None }
    }

    /// Returns when the address is lost. Cancel safe: at most the change that is under way is
    /// still made.
    pub async fn keep(mut self) -> Fenced {
        loop {
            let error = match self.host.changes() {
                Ok(changes) => match self.follow(&changes).await {
                    Ok(never) => match never {},
                    Err(Stop::Fenced(fenced)) => return fenced,
                    Err(Stop::Deaf(error)) => error,
                },
                Err(error) => error,
            };
            self.said.warn(&error.to_string());
            sleep(RETRY_AFTER).await;
        }
    }

    /// Looks at once, at every change, and every now and then.
    async fn follow(&mut self, changes: &Changes) -> Result<Infallible, Stop> {
        let mut pace = Pace::new(Instant::now());
        loop {
            sleep_until(pace.next(Instant::now())).await;
            // Before the look: what comes while it is under way brings about another.
            changes.clear();
            let again = if self.look().await? { LOOK_EVERY } else { RETRY_AFTER };
            if let Ok(told) = timeout(again, changes.next()).await {
                told.map_err(Stop::Deaf)?;
                sleep(SETTLE).await;
            }
        }
    }

    /// Looks, and puts back what is not as it was; false if not all could be.
    async fn look(&mut self) -> Result<bool, Stop> {
        let drift = self.host.drift(self.want, self.nic, self.table).await;
        trace!("looked at the network");
        match drift {
            Ok(drift) => {
                for (ip, nic) in &drift.elsewhere {
                    let error = NetError::AddressElsewhere { ip: *ip, nic: nic.to_string() };
                    self.said.warn(&error.to_string());
                }
                let refused = self.put_back(&drift.changes).await;
                self.judge(&drift, &refused)?;
                Ok(refused.is_empty() && drift.missing.is_empty())
            }
            // Whoever watches the NIC decides.
            Err(NetError::NicGone { .. }) => Ok(true),
            Err(error) => {
                self.said.warn(&error.to_string());
                Ok(false)
            }
        }
    }

    /// Makes every change that the kernel accepts; returns those that it does not.
    async fn put_back<'c>(&mut self, changes: &'c [Change]) -> Vec<(&'c Change, io::Error)> {
        let mut refused = Vec::new();
        for change in changes {
            match self.host.put_back(change).await {
                Ok(true) => self.said.warn(&format!("put back: {change}")),
                Ok(false) => {}
                Err(error) => {
                    self.said.warn(&format!("cannot put back: `{change}`: {error}"));
                    refused.push((change, error));
                }
            }
        }
        refused
    }

    /// An address is back when a look finds it, not when the kernel has accepted it: another
    /// manager may take it away as fast as it is added.
    fn judge(&mut self, drift: &Drift, refused: &[(&Change, io::Error)]) -> Result<(), Stop> {
        let Some(&ip) = drift.missing.first() else {
            self.absent_since = None;
            return Ok(());
        };
        let since = *self.absent_since.get_or_insert_with(Instant::now);
        if since.elapsed() < RESTORE_TIMEOUT {
            return Ok(());
        }
        let because = match (drift.elsewhere.iter().find(|it| it.0 == ip), why(ip, refused)) {
            (Some((_, nic)), _) => format!("{nic} has it"),
            (None, Some(error)) => error.to_string(),
            (None, None) => "something else removes it as fast as it is added".to_owned(),
        };
        let (nic, within) = (self.nic.name.clone(), RESTORE_TIMEOUT);
        Err(Stop::Fenced(Fenced::AddressGone { ip, nic, within, because }))
    }
}

/// The kernel's reason against that address.
fn why<'a>(ip: IpAddr, refused: &'a [(&Change, io::Error)]) -> Option<&'a io::Error> {
    let adds = |change: &Change| matches!(change, Change::Add(Entry::Address(address)) if address.ip == ip);
    refused.iter().find(|(change, _)| adds(change)).map(|(_, error)| error)
}

/// Why nothing more is followed.
enum Stop {
    /// The slot is lost.
    Fenced(Fenced),
    /// No more events come.
    Deaf(NetError),
}
