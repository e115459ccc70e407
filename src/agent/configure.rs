//! Makes an attached slot usable: the subnet from IMDS, the host's network, the proof that a packet
//! gets through, the facts files.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::survey::Survey;
use super::{Agent, AgentError, Facts, Peer, SlotNic, facts};
use crate::claim::Held;
use crate::cloud::{Cloud, Metadata, MetadataError};
use crate::ids::{DeviceIndex, MacAddr};
use crate::net::{Applied, SlotAddress, SlotNetwork};
use crate::pool::{Pool, Slot};

/// How long IMDS may take to tell a new interface's subnet; it lags the attach by seconds.
const SUBNET_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked meanwhile.
const SUBNET_POLL: Duration = Duration::from_millis(100);
/// How long a packet to the subnet's router may take, tries included.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Configures and verifies the host for a slot whose NIC is there, then writes the facts.
    pub(super) async fn configure(
        &self,
        held: &Held,
        survey: &mut Survey,
    ) -> Result<(), AgentError> {
        let pool = survey.pool.as_ref().ok_or(AgentError::Stuck { state: "configuring" })?;
        let slot = pool.slots.get(&held.slot).ok_or(AgentError::Stuck { state: "configuring" })?;
        let want = SlotNetwork {
            mac: slot.mac,
            device_index: held.index,
            addresses: self.addresses(slot, survey).await?,
            peers: peers_of(pool, slot),
        };
        let applied = self.host.apply(&want).await?;
        let (changes, table) = (applied.changes.len(), applied.table);
        for change in &applied.changes {
            tracing::debug!(%change, "{change}");
        }
        info!(changes, table, "network: {changes} changes, routing table {table}");
        self.host.verify(&want, VERIFY_TIMEOUT).await?;
        info!(address = %slot.address(), "verified: {} reaches its router", slot.address());
        self.facts_of(pool, slot, held, &applied).write(&self.request.run_dir)?;
        survey.network = Some(want);
        Ok(())
    }

    /// The slot's addresses with their subnets. The primary interface's subnet is known at once;
    /// a slot in the same one need not wait until IMDS knows the new interface.
    async fn addresses(
        &self,
        slot: &Slot,
        survey: &Survey,
    ) -> Result<Vec<SlotAddress>, AgentError> {
        let primary = survey.nics.iter().find(|nic| nic.index == Some(DeviceIndex(0)));
        let same = primary.filter(|nic| nic.subnet.as_ref() == Some(&slot.subnet));
        let mac = same.map_or(slot.mac, |nic| nic.mac);
        let give_up = Instant::now() + SUBNET_TIMEOUT;
        loop {
            let error = match self.metadata.subnet_networks(mac).await {
                Ok(networks) => match place(&slot.addresses, &networks) {
                    Some(addresses) => return Ok(addresses),
                    None => no_subnet(mac, &networks),
                },
                // A slot is not given up for one bad answer.
                Err(error) => error,
            };
            if Instant::now() >= give_up {
                return Err(error.into());
            }
            sleep(SUBNET_POLL).await;
        }
    }

    fn facts_of(&self, pool: &Pool, slot: &Slot, held: &Held, applied: &Applied) -> Facts {
        let peer = |slot: &Slot| Peer {
            slot: slot.number,
            address: slot.address(),
            addresses: slot.addresses.clone(),
        };
        Facts {
            version: facts::VERSION,
            pool: pool.name.clone(),
            slot: slot.number,
            address: slot.address(),
            addresses: slot.addresses.clone(),
            eni: slot.eni.clone(),
            attachment: held.attachment.clone(),
            device_index: held.index,
            nic: SlotNic { name: applied.nic.name.clone(), mac: slot.mac },
            table: applied.table,
            instance: self.me.instance.clone(),
            zone: self.me.zone.clone(),
            region: self.me.region.clone(),
            peers: pool.slots.values().map(peer).collect(),
            connect_string: pool.connect_string(),
            status: None,
        }
    }
}

/// The other slots' addresses.
fn peers_of(pool: &Pool, slot: &Slot) -> Vec<IpAddr> {
    let others = pool.slots.values().filter(|other| other.number != slot.number);
    others.flat_map(|other| other.addresses.iter().copied()).collect()
}

/// Each address with the network that holds it; `None` as long as one has none.
fn place(addresses: &[IpAddr], networks: &[IpNet]) -> Option<Vec<SlotAddress>> {
    let place = |&ip: &IpAddr| {
        let subnet = networks.iter().copied().find(|network| network.contains(&ip))?;
        Some(SlotAddress { ip, subnet })
    };
    addresses.iter().map(place).collect()
}

fn no_subnet(mac: MacAddr, networks: &[IpNet]) -> MetadataError {
    MetadataError::Invalid {
        path: format!("network/interfaces/macs/{mac}"),
        cause: format!(
            "no network that holds the slot's addresses after {} (it lists {networks:?})",
            humantime::format_duration(SUBNET_TIMEOUT)
        ),
    }
}
