//! A pool as its ENIs' tags make it, checked whole: a pool that exists has one ENI a number, each
//! with an address, so its connect string is the same for everyone who reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use crate::cloud::{Attachment, Eni, TAG_BOOTSTRAP, TAG_INITIALIZED, TAG_POOL, TAG_SLOT};
use crate::ids::{CLIENT_PORT, EniId, InstanceId, MacAddr, PoolName, SlotNumber, SubnetId};

/// A pool: every slot, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: PoolName,
    /// Its slots, at least one.
    pub slots: BTreeMap<SlotNumber, Slot>,
}

/// One ENI of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// 1 to 255; also the ZooKeeper server id.
    pub number: SlotNumber,
    /// The ENI.
    pub eni: EniId,
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its availability zone.
    pub zone: String,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its private addresses, at least one; the first is the slot's name in the connect string.
    pub addresses: Vec<IpAddr>,
    /// Where it is attached, if it is.
    pub attachment: Option<Attachment>,
    /// The lineage of its data, by its tag [`TAG_INITIALIZED`]; absent if no server was ever started
    /// on it.
    pub initialized: Option<String>,
    /// For which attachment an operator lets an empty disk vote, by its tag [`TAG_BOOTSTRAP`].
    pub bootstrap: Option<String>,
}

impl Slot {
    /// The address by which peers and clients know the slot.
    pub fn address(&self) -> IpAddr {
        self.addresses[0]
    }

    /// The instance that the slot is attached to.
    pub fn holder(&self) -> Option<&InstanceId> {
        self.attachment.as_ref()?.instance.as_ref()
    }

    /// Whether the slot is attached to this instance.
    pub fn is_held_by(&self, instance: &InstanceId) -> bool {
        self.holder() == Some(instance)
    }
}

/// Why ENIs do not make a pool. Each names the ENI and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PoolError {
    /// No ENI bears the pool's name.
    #[error(
        "pool {pool} has no ENI: tag the ENIs of the pool {TAG_POOL}={pool} in this region, or \
         mend the pool's name"
    )]
    Empty {
        /// The pool.
        pool: PoolName,
    },
    /// An ENI of the pool has no slot number.
    #[error(
        "{eni} of pool {pool} has no tag {TAG_SLOT}: aws ec2 create-tags --resources {eni} \
         --tags Key={TAG_SLOT},Value=N"
    )]
    NoNumber {
        /// The pool.
        pool: PoolName,
        /// The ENI.
        eni: EniId,
    },
    /// An ENI's slot number is none.
    #[error(
        "{eni} of pool {pool} has the tag {TAG_SLOT}={text:?}, which is not a slot number (1 to \
         255): aws ec2 create-tags --resources {eni} --tags Key={TAG_SLOT},Value=N"
    )]
    BadNumber {
        /// The pool.
        pool: PoolName,
        /// The ENI.
        eni: EniId,
        /// The tag's value.
        text: String,
    },
    /// Two ENIs claim one number.
    #[error(
        "pool {pool} has slot {number} twice, on {first} and {second}: give one of them another \
         number in its tag {TAG_SLOT}, or remove its tag {TAG_POOL}"
    )]
    Twice {
        /// The pool.
        pool: PoolName,
        /// The number.
        number: SlotNumber,
        /// One ENI, the lower id.
        first: EniId,
        /// The other.
        second: EniId,
    },
    /// No slot has the number.
    #[error("pool {pool} has no slot {number}: it has {there}")]
    NoSuchSlot {
        /// The pool.
        pool: PoolName,
        /// What was asked for.
        number: SlotNumber,
        /// The numbers that there are.
        there: String,
    },
    /// An ENI has no private address.
    #[error(
        "{eni}, slot {number} of pool {pool}, has no private address: assign one, or remove its \
         tag {TAG_POOL}"
    )]
    NoAddress {
        /// The pool.
        pool: PoolName,
        /// The ENI.
        eni: EniId,
        /// Its slot.
        number: SlotNumber,
    },
}

impl PoolError {
    /// The ENI without which the pool would not have this defect; of two with one number, the one
    /// with the higher id.
    pub fn eni(&self) -> Option<&EniId> {
        match self {
            Self::Empty { .. } | Self::NoSuchSlot { .. } => None,
            Self::NoNumber { eni, .. }
            | Self::BadNumber { eni, .. }
            | Self::NoAddress { eni, .. } => Some(eni),
            Self::Twice { second, .. } => Some(second),
        }
    }

    /// Whether it is that one of these ENIs has no number.
    pub fn is_without_number(&self, enis: &BTreeSet<&EniId>) -> bool {
        match self {
            Self::NoNumber { eni, .. } | Self::BadNumber { eni, .. } => enis.contains(eni),
            _ => false,
        }
    }
}

impl Pool {
    /// Checks the ENIs of a pool.
    ///
    /// # Errors
    /// The first of the pool's defects, in the order of the ENIs' ids, so that everyone is told
    /// the same one.
    pub fn from_enis(name: &PoolName, mut enis: Vec<Eni>) -> Result<Self, PoolError> {
        enis.sort_by(|a, b| a.id.cmp(&b.id));
        let mut slots: BTreeMap<SlotNumber, Slot> = BTreeMap::new();
        for eni in enis {
            let slot = slot(name, eni)?;
            if let Some(first) = slots.get(&slot.number) {
                return Err(PoolError::Twice {
                    pool: name.clone(),
                    number: slot.number,
                    first: first.eni.clone(),
                    second: slot.eni,
                });
            }
            slots.insert(slot.number, slot);
        }
        match slots.is_empty() {
            true => Err(PoolError::Empty { pool: name.clone() }),
            false => Ok(Self { name: name.clone(), slots }),
        }
    }

    /// `ip1:2181,ip2:2181,...` of all slots, in slot order: constant for the pool's life.
    pub fn connect_string(&self) -> String {
        let servers: Vec<String> =
            self.slots.values().map(|slot| host_port(slot.address(), CLIENT_PORT)).collect();
        servers.join(",")
    }

    /// The slot of a number.
    ///
    /// # Errors
    /// [`PoolError::NoSuchSlot`].
    pub fn slot(&self, number: SlotNumber) -> Result<&Slot, PoolError> {
        self.slots.get(&number).ok_or_else(|| {
            let there: Vec<String> = self.slots.keys().map(ToString::to_string).collect();
            PoolError::NoSuchSlot { pool: self.name.clone(), number, there: there.join(", ") }
        })
    }

    /// The slots of a zone, by number.
    pub fn in_zone<'a>(&'a self, zone: &'a str) -> impl Iterator<Item = &'a Slot> {
        self.slots.values().filter(move |slot| slot.zone == zone)
    }

    /// Where the pool has free slots outside a zone: `eu-west-1b (3), eu-west-1c (1)`.
    pub fn free_elsewhere(&self, zone: &str) -> String {
        let mut zones: BTreeMap<&str, u32> = BTreeMap::new();
        for slot in self.slots.values().filter(|s| s.zone != zone && s.attachment.is_none()) {
            *zones.entry(&slot.zone).or_default() += 1;
        }
        let zones: Vec<String> = zones.iter().map(|(zone, n)| format!("{zone} ({n})")).collect();
        zones.join(", ")
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.slots.len();
        let slots = if count == 1 { "slot" } else { "slots" };
        write!(f, "pool {} of {count} {slots}", self.name)
    }
}

fn slot(pool: &PoolName, eni: Eni) -> Result<Slot, PoolError> {
    let named = |eni: EniId| (pool.clone(), eni);
    let Some(text) = eni.tags.get(TAG_SLOT) else {
        let (pool, eni) = named(eni.id);
        return Err(PoolError::NoNumber { pool, eni });
    };
    let Ok(number) = text.parse::<SlotNumber>() else {
        let text = text.clone();
        let (pool, eni) = named(eni.id);
        return Err(PoolError::BadNumber { pool, eni, text });
    };
    if eni.addresses.is_empty() {
        let (pool, eni) = named(eni.id);
        return Err(PoolError::NoAddress { pool, eni, number });
    }
    Ok(Slot {
        number,
        eni: eni.id,
        mac: eni.mac,
        zone: eni.zone,
        subnet: eni.subnet,
        addresses: eni.addresses,
        attachment: eni.attachment,
        initialized: eni.tags.get(TAG_INITIALIZED).cloned(),
        bootstrap: eni.tags.get(TAG_BOOTSTRAP).cloned(),
    })
}

/// `10.0.0.1:2181`, or `[fd00::1]:2181`.
pub fn host_port(ip: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(ip, port).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MacAddr;

    fn eni(n: u8, slot: Option<&str>, addresses: &[&str]) -> Eni {
        let tag = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
        let tags = [Some((TAG_POOL, "kafka")), slot.map(|s| (TAG_SLOT, s))];
        Eni {
            id: format!("eni-000000000000000{n:02x}").parse().unwrap(),
            mac: MacAddr([2, 0, 0, 0, 0, n]),
            zone: "eu-west-1a".into(),
            subnet: "subnet-00000001".parse().unwrap(),
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            tags: tags.into_iter().flatten().map(tag).collect(),
            attachment: None,
        }
    }

    fn pool(enis: Vec<Eni>) -> Result<Pool, PoolError> {
        Pool::from_enis(&"kafka".parse().unwrap(), enis)
    }

    #[test]
    fn the_connect_string_is_in_slot_order_with_ipv6_in_brackets() {
        let enis = vec![
            eni(3, Some("10"), &["10.0.0.10", "fd00::10"]),
            eni(1, Some("9"), &["fd00::9"]),
            eni(2, Some("1"), &["10.0.0.1"]),
        ];
        let string = pool(enis).unwrap().connect_string();
        assert_eq!(string, "10.0.0.1:2181,[fd00::9]:2181,10.0.0.10:2181");
    }

    #[test]
    fn each_defect_is_refused_by_name() {
        let ok = || eni(1, Some("1"), &["10.0.0.1"]);
        let cases = [
            (vec![], "has no ENI"),
            (vec![eni(2, None, &["10.0.0.2"])], "has no tag steadfast:slot"),
            (vec![ok(), eni(2, Some("1"), &["10.0.0.2"])], "has slot 1 twice"),
            (vec![ok(), eni(2, Some("0"), &["10.0.0.2"])], "\"0\""),
            (vec![ok(), eni(2, Some("256"), &["10.0.0.2"])], "\"256\""),
            (vec![ok(), eni(2, Some("x"), &["10.0.0.2"])], "\"x\""),
            (vec![ok(), eni(2, Some("2"), &[])], "has no private address"),
        ];
        for (enis, text) in cases {
            let error = pool(enis).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
