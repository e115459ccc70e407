//! A pool as EC2 has it, with all of its defects, and what was taken out of it.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use tokio::time::Instant;

use crate::cloud::account::{Account, Interface, Which};
use crate::cloud::{Action, CallError, TAG_INITIALIZED, TAG_POOL, TAG_RETIRED, patience};
use crate::ids::{EniId, PoolName, SlotNumber};
use crate::pool::{Pool, PoolError};

/// Every ENI that bears a pool's name.
#[derive(Debug, Clone)]
pub struct Members {
    /// The pool.
    pub pool: PoolName,
    /// All of them, by number as far as they have one and then by id.
    pub all: Vec<Interface>,
    /// Those that are slots, by number; of two with one number, the lower id.
    pub slots: BTreeMap<SlotNumber, Interface>,
    /// What keeps them from being a pool. An empty pool has none here.
    pub defects: Vec<PoolError>,
    /// Those that were taken out of it and are still there, by number.
    pub retired: Vec<Retired>,
}

/// An ENI that was taken out of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// Which slot it was.
    pub number: SlotNumber,
    /// When, in RFC 3339.
    pub when: String,
    /// The ENI.
    pub interface: Interface,
}

impl Members {
    /// Reads them: two calls at once.
    ///
    /// # Errors
    /// EC2's.
    pub async fn read(
        account: &impl Account,
        pool: &PoolName,
        deadline: Instant,
    ) -> Result<Self, CallError> {
        let of_pool = || account.interfaces(Which::OfPool(pool));
        let retired = || account.interfaces(Which::RetiredFrom(pool));
        let action = Action::DescribeNetworkInterfaces;
        let (all, retired) = try_join(
            patience::ended(deadline, action, of_pool),
            patience::ended(deadline, action, retired),
        )
        .await?;
        Ok(Self::new(pool, all, retired))
    }

    /// Judges what was read.
    pub fn new(pool: &PoolName, mut all: Vec<Interface>, retired: Vec<Interface>) -> Self {
        all.sort_by(|a, b| a.eni.id.cmp(&b.eni.id));
        let (mut slots, mut defects) = (BTreeMap::<SlotNumber, Interface>::new(), Vec::new());
        for it in &all {
            // Alone, so that the defects of others do not hide this one's.
            let one = match Pool::from_enis(pool, vec![it.eni.clone()]) {
                Ok(one) => one,
                Err(defect) => {
                    defects.push(defect);
                    continue;
                }
            };
            for number in one.slots.into_keys() {
                match slots.get(&number) {
                    Some(first) => defects.push(PoolError::Twice {
                        pool: pool.clone(),
                        number,
                        first: first.eni.id.clone(),
                        second: it.eni.id.clone(),
                    }),
                    None => drop(slots.insert(number, it.clone())),
                }
            }
        }
        all.sort_by_key(|it| it.eni.slot_of(pool).map_or(u16::MAX, |n| u16::from(n.get())));
        // One that bears both tags is still a slot: its retirement was cut off.
        let is_out = |it: &Interface| it.eni.tags.get(TAG_POOL).is_none_or(|p| p != pool.as_str());
        let mut retired: Vec<Retired> =
            retired.into_iter().filter(is_out).filter_map(|it| retirement(pool, it)).collect();
        retired.sort_by_key(|it| it.number);
        Self { pool: pool.clone(), all, slots, defects, retired }
    }

    /// The pool, if it is one.
    ///
    /// # Errors
    /// The first defect, or that it is empty.
    pub fn pool(&self) -> Result<Pool, PoolError> {
        let enis = self.all.iter().map(|it| it.eni.clone()).collect();
        Pool::from_enis(&self.pool, enis)
    }

    /// Whether a server was ever started on any of its slots.
    pub fn has_served(&self) -> bool {
        self.all.iter().any(|it| it.eni.tags.contains_key(TAG_INITIALIZED))
    }

    /// All ENIs with this number.
    pub fn numbered(&self, number: SlotNumber) -> impl Iterator<Item = &Interface> {
        self.all.iter().filter(move |it| it.eni.slot_of(&self.pool) == Some(number))
    }

    /// The retired ENI that was this slot.
    pub fn retired_as(&self, number: SlotNumber) -> Option<&Retired> {
        self.retired.iter().find(|it| it.number == number)
    }

    /// The slot or retired slot, other than this ENI, that has one of these addresses.
    pub fn other_with_address<'a>(
        &'a self,
        eni: Option<&'a EniId>,
        addresses: &'a [std::net::IpAddr],
    ) -> Option<(SlotNumber, &'a Interface)> {
        let slots = self.slots.iter().map(|(number, it)| (*number, it));
        let retired = self.retired.iter().map(|it| (it.number, &it.interface));
        let has = |it: &Interface| it.eni.addresses.iter().any(|a| addresses.contains(a));
        slots.chain(retired).find(|(_, it)| Some(&it.eni.id) != eni && has(it))
    }
}

/// What the tag says, if it is about this pool. The pool's name may hold a `/`.
fn retirement(pool: &PoolName, interface: Interface) -> Option<Retired> {
    let text = interface.eni.tags.get(TAG_RETIRED)?;
    let (slot, when) = text.split_once(' ').unwrap_or((text, ""));
    let (name, number) = slot.rsplit_once('/')?;
    let number = number.parse().ok().filter(|_| name == pool.as_str())?;
    Some(Retired { number, when: when.to_owned(), interface })
}
