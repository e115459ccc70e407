//! The slot's network against what it should be, and what this instance believes that it holds against
//! EC2.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::tags::Seen;
use super::super::{Area, Check, Finding};
use crate::ids::{AttachmentId, DeviceIndex, InstanceId, MacAddr, PoolName, SlotNumber};
use crate::net::{Host, NetError, Nic, SlotAddress, SlotNetwork};

const HOLDS: Check = Check::of(Area::Host, "slot-json");
const NETWORK: Check = Check::of(Area::Host, "slot-network");
const LEFTOVERS: Check = Check::of(Area::Host, "leftovers");
const IPV6: Check = Check::of(Area::Host, "ipv6");

/// The slot's NIC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotNic {
    /// The kernel's index.
    pub index: u32,
    /// Its name now.
    pub name: String,
}

/// What this instance believes that it holds: `slot.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    /// The pool.
    pub pool: PoolName,
    /// The slot.
    pub slot: SlotNumber,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Where on the instance it is attached.
    pub device_index: DeviceIndex,
    /// The NIC's hardware address.
    pub mac: MacAddr,
    /// The routing table of its traffic.
    pub table: u32,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The other slots' addresses.
    pub peers: Vec<IpAddr>,
}

/// What the kernel and the file say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// This instance, if IMDS told it.
    pub me: Option<InstanceId>,
    /// What it believes.
    pub believed: Option<Believed>,
    /// The slot's NIC, if it is there.
    pub nic: Option<SlotNic>,
    /// The changes that are missing on a slot that is held, as commands; or those that would remove
    /// what was left behind, if none is.
    pub changes: Vec<String>,
    /// Whether IPv6 is off on the slot's NIC.
    pub ipv6_is_off: bool,
    /// Why the kernel's side is not known.
    pub unknown: Option<String>,
}

/// Asks the kernel. `subnets` are the networks of the slot's subnet, by IMDS.
pub async fn gather(
    root: &super::Root,
    me: Option<InstanceId>,
    believed: Option<Believed>,
    subnets: Result<Vec<IpNet>, String>,
) -> Network {
    let mut network = Network { me, believed, ..Network::default() };
    match look(&network, subnets).await {
        Ok((nic, changes)) => {
            network.ipv6_is_off = nic.as_ref().is_some_and(|nic| {
                let path = format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", nic.name);
                root.read(path).is_some_and(|value| value.trim() == "1")
            });
            (network.nic, network.changes) = (nic, changes);
        }
        Err(because) => network.unknown = Some(because),
    }
    network
}

async fn look(
    network: &Network,
    subnets: Result<Vec<IpNet>, String>,
) -> Result<(Option<SlotNic>, Vec<String>), String> {
    let say = |error: NetError| error.to_string();
    let host = Host::open().map_err(say)?;
    let Some(believed) = &network.believed else {
        let left = host.leftovers().await.map_err(say)?;
        return Ok((None, left.iter().map(ToString::to_string).collect()));
    };
    let Some(nic) = host.nic(believed.mac).await.map_err(say)? else {
        return Ok((None, Vec::new()));
    };
    let want = wanted(believed, &subnets?)?;
    let drift = host.drift(&want, &nic, believed.table).await.map_err(say)?;
    let changes = drift.changes.iter().map(ToString::to_string).collect();
    let Nic { index, name, .. } = nic;
    Ok((Some(SlotNic { index, name }), changes))
}

fn wanted(believed: &Believed, subnets: &[IpNet]) -> Result<SlotNetwork, String> {
    let place = |&ip: &IpAddr| {
        let subnet = subnets.iter().copied().find(|subnet| subnet.contains(&ip));
        let subnet = subnet.ok_or_else(|| format!("IMDS tells no subnet that holds {ip}"))?;
        Ok(SlotAddress { ip, subnet })
    };
    Ok(SlotNetwork {
        mac: believed.mac,
        device_index: believed.device_index,
        addresses: believed.addresses.iter().map(place).collect::<Result<_, String>>()?,
        peers: believed.peers.clone(),
    })
}

/// The findings.
pub fn check(network: &Network, seen: &[Seen<'_>], pool: &PoolName) -> Vec<Finding> {
    let mut found: Vec<Finding> = holds(network, seen, pool).into_iter().collect();
    if let Some(because) = &network.unknown {
        found.push(NETWORK.unknown("this host's network for the slot", because));
        return found;
    }
    found.push(match &network.believed {
        Some(believed) => of_slot(network, believed),
        None => leftovers(network, pool),
    });
    found.extend(network.believed.as_ref().map(|it| ipv6(network, it)));
    found
}

/// Whether EC2 agrees with the file. Without a pool that was read there is nothing to compare.
fn holds(network: &Network, seen: &[Seen<'_>], pool: &PoolName) -> Option<Finding> {
    let me = network.me.as_ref()?;
    let by_ec2 = seen.iter().find(|it| it.holder() == Some(me));
    if let Some(other) = network.believed.as_ref().filter(|it| it.pool != *pool) {
        let (slot, pool) = (other.slot, &other.pool);
        return Some(HOLDS.skipped(format!("this instance holds slot {slot} of pool {pool}")));
    }
    if seen.is_empty() {
        return None;
    }
    let release = |finding: Finding| {
        finding
            .command(format!("steadfast release --pool {pool}"))
            .hint("then claim anew: `systemctl restart steadfast`, if it runs as a service")
    };
    Some(match (&network.believed, by_ec2) {
        (None, None) => HOLDS.ok("this instance holds no slot, and does not say that it does"),
        (Some(it), Some(slot)) if it.attachment == *attachment(slot)? => {
            HOLDS.ok(format!("this instance holds slot {}, and says so", it.slot))
        }
        (None, Some(slot)) => HOLDS
            .error(format!("{slot} is attached to this instance, which does not use it"))
            .why("nobody else can have it, and the ensemble is one server short")
            .hint("see why its claim did not end: `journalctl -u steadfast-zookeeper`")
            .command(format!("steadfast claim --pool {pool}")),
        (Some(it), _) => release(
            HOLDS
                .error(format!(
                    "slot.json says that this instance holds slot {} by {}, and EC2 that it does not",
                    it.slot, it.attachment
                ))
                .why("the slot is lost: whoever goes by the file goes to another server"),
        ),
    })
}

fn attachment<'a>(slot: &'a Seen<'_>) -> Option<&'a AttachmentId> {
    slot.slot.attachment.as_ref().map(|it| &it.id)
}

fn of_slot(network: &Network, believed: &Believed) -> Finding {
    let slot = believed.slot;
    match (&network.nic, network.changes.is_empty()) {
        (None, _) => NETWORK
            .error(format!("no NIC has the hardware address {} of slot {slot}", believed.mac))
            .why("the slot's interface is gone: its server is cut off")
            .hint("claim anew: `systemctl restart steadfast`, if it runs as a service"),
        (Some(nic), true) => {
            NETWORK.ok(format!("{} has slot {slot}'s addresses, routes and rules", nic.name))
        }
        (Some(nic), false) => {
            let count = network.changes.len();
            let what = format!("{} lacks {count} of what slot {slot} needs", nic.name);
            let finding = NETWORK
                .error(what)
                .why(
                    "packets of the server leave by the wrong interface, and EC2 drops them; while \
                     steadfast runs it puts them back: then something else takes them away",
                )
                .hint("find who does it with `ip monitor`");
            network.changes.iter().fold(finding, |it, change| it.command(change.clone()))
        }
    }
}

fn leftovers(network: &Network, pool: &PoolName) -> Finding {
    match network.changes.len() {
        0 => LEFTOVERS.ok("nothing is left of a slot that was held before"),
        count => LEFTOVERS
            .warning(format!("{count} routes and rules of a slot that is not held are left"))
            .why(
                "they keep this host's packets from the pool's servers: that is the fence of a slot \
                 that was lost, and is to be taken down once its server is stopped",
            )
            .command(format!("steadfast release --pool {pool}")),
    }
}

fn ipv6(network: &Network, believed: &Believed) -> Finding {
    let has_ipv6 = believed.addresses.iter().any(IpAddr::is_ipv6);
    match &network.nic {
        Some(nic) if has_ipv6 && network.ipv6_is_off => IPV6
            .error(format!("IPv6 is off on {}, and slot {} has an IPv6 address", nic.name, {
                believed.slot
            }))
            .why("the address cannot be set, and without it the slot is not usable")
            .command(format!("sysctl -w net.ipv6.conf.{}.disable_ipv6=0", nic.name)),
        _ => IPV6.ok("the slot's addresses are of families that this host has"),
    }
}
