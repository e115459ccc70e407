//! What has become of a slot's network since it was applied, and its restoration.
//!
//! Unlike a claim, which plans anew, this keeps to the NIC and the table that the claim chose, and
//! does what it can: one change that the kernel refuses keeps no other from being made.

use std::io;
use std::net::IpAddr;

use super::change::{Address, Change, Entry};
use super::host::{Host, is_so_already};
use super::observe::Observed;
use super::{Dev, NetError, Nic, SlotNetwork, plan};

/// How the host differs from what was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// What leads back, in order; nothing, if all is well.
    pub changes: Vec<Change>,
    /// The slot's addresses that its NIC lacks.
    pub missing: Vec<IpAddr>,
    /// The slot's addresses that another NIC has. None of `changes` adds them to the slot's: two
    /// NICs with one address would answer for each other.
    pub elsewhere: Vec<(IpAddr, Dev)>,
}

impl Host {
    /// Compares the host with what was applied to that NIC and table. Changes nothing.
    ///
    /// # Errors
    /// [`NetError::NicGone`] if the NIC of that index has gone, whatever has come in its place;
    /// [`NetError::Unreadable`].
    pub async fn drift(
        &self,
        want: &SlotNetwork,
        nic: &Nic,
        table: u32,
    ) -> Result<Drift, NetError> {
        let seen = self.settled(want).await?;
        // Under the name that it has now.
        let nic = seen.nic(want.mac).filter(|now| now.index == nic.index);
        let nic = nic.ok_or(NetError::NicGone { mac: want.mac })?;
        Ok(compare(want, nic, table, &seen))
    }

    /// Makes one change that [`drift`](Self::drift) asked for; false if it was no longer needed.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn put_back(&self, change: &Change) -> io::Result<bool> {
        match self.netlink.perform(change).await {
            Ok(()) => Ok(true),
            Err(error) if is_so_already(change, &error, true) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn compare(want: &SlotNetwork, nic: &Nic, table: u32, seen: &Observed) -> Drift {
    let ours = |it: &&Address| want.addresses.iter().any(|address| address.ip == it.ip);
    let held = seen.addresses.iter().filter(ours);
    let (here, elsewhere): (Vec<_>, Vec<_>) = held.partition(|it| it.dev.index == nic.index);
    let missing = want.addresses.iter().map(|address| address.ip);
    let missing = missing.filter(|ip| !here.iter().any(|it| it.ip == *ip)).collect();
    let mut changes = plan::diff(&plan::desired(want, nic, seen.primary_mtu(nic), table), seen);
    changes.retain(|change| match change {
        Change::Add(Entry::Address(add)) => !elsewhere.iter().any(|it| it.ip == add.ip),
        _ => true,
    });
    let elsewhere = elsewhere.into_iter().map(|it| (it.ip, it.dev.clone())).collect();
    Drift { changes, missing, elsewhere }
}
