//! The pool as its tags make it: every defect, where a claim tells of the first alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Area, Check, Finding};
use crate::cloud::account::Interface;
use crate::cloud::{TAG_BOOTSTRAP, TAG_POOL, TAG_SLOT};
use crate::ids::{InstanceId, PoolName, SlotNumber};
use crate::pool::{Pool, PoolError, Slot};

const TAGS: Check = Check::of(Area::Pool, "tags");
const SIZE: Check = Check::of(Area::Pool, "size");
const CONNECT_STRING: Check = Check::of(Area::Pool, "connect-string");
const OVERRIDE: Check = Check::of(Area::Pool, "bootstrap-override");

/// A parameter of Systems Manager holds so many bytes, and is where many keep it.
const CONNECT_STRING_MAX: usize = 4096;
/// Every write waits for a majority: more servers than this make writes slow, not safe.
const SERVERS_MAX: usize = 9;

/// What a number that is free does not tell.
const OLD_NUMBER: &str = "the command gives it a number that is free; if servers know its address \
     already, give it the number that it has in their lists";

/// A slot as EC2 describes it.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// As its tags make it.
    pub slot: Slot,
    /// Its ENI in all detail.
    pub it: &'a Interface,
}

impl Seen<'_> {
    /// Its number.
    pub fn number(&self) -> SlotNumber {
        self.slot.number
    }

    /// The instance that holds it.
    pub fn holder(&self) -> Option<&InstanceId> {
        self.slot.holder()
    }
}

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {} ({})", self.slot.number, self.slot.eni)
    }
}

/// `slot 2`, `slots 1 and 2`, `slots 1, 2 and 5`.
pub fn listed(slots: impl IntoIterator<Item = SlotNumber>) -> String {
    let names: Vec<String> = slots.into_iter().map(|it| it.to_string()).collect();
    match &names[..] {
        [one] => format!("slot {one}"),
        [all @ .., last] => format!("slots {} and {last}", all.join(", ")),
        [] => "no slot".to_owned(),
    }
}

/// The slots that the tags make, in their order, and every defect.
pub fn slots<'a>(pool: &PoolName, interfaces: &'a [Interface]) -> (Vec<Seen<'a>>, Vec<Finding>) {
    let mut by_number: BTreeMap<SlotNumber, Seen<'a>> = BTreeMap::new();
    let mut defects = Vec::new();
    let mut ordered: Vec<&Interface> = interfaces.iter().collect();
    ordered.sort_by(|a, b| a.eni.id.cmp(&b.eni.id));
    for it in ordered {
        match slot(pool, it) {
            Err(error) => defects.push(error),
            Ok(slot) => match by_number.get(&slot.number) {
                Some(first) => defects.push(PoolError::Twice {
                    pool: pool.clone(),
                    number: slot.number,
                    first: first.slot.eni.clone(),
                    second: slot.eni,
                }),
                None => drop(by_number.insert(slot.number, Seen { slot, it })),
            },
        }
    }
    if interfaces.is_empty() {
        defects.push(PoolError::Empty { pool: pool.clone() });
    }
    let free = free_numbers(by_number.keys().copied());
    let defects: Vec<Finding> =
        defects.iter().zip(free).map(|(it, free)| defect(it, free)).collect();
    (by_number.into_values().collect(), defects)
}

/// What one ENI makes on its own.
fn slot(pool: &PoolName, it: &Interface) -> Result<Slot, PoolError> {
    let alone = Pool::from_enis(pool, vec![it.eni.clone()])?;
    alone.slots.into_values().next().ok_or_else(|| PoolError::Empty { pool: pool.clone() })
}

/// The numbers that no slot has, for ENIs that need one.
fn free_numbers(taken: impl Iterator<Item = SlotNumber>) -> impl Iterator<Item = Option<u8>> {
    let taken: BTreeSet<u8> = taken.map(SlotNumber::get).collect();
    let free = (1..=u8::MAX).filter(move |number| !taken.contains(number));
    free.map(Some).chain(std::iter::repeat(None))
}

fn defect(error: &PoolError, free: Option<u8>) -> Finding {
    let number = |finding: Finding, eni: &crate::ids::EniId| match free {
        None => finding,
        Some(free) => finding.command(format!(
            "aws ec2 create-tags --resources {eni} --tags Key={TAG_SLOT},Value={free}"
        )),
    };
    let out = |eni: &crate::ids::EniId| {
        format!("aws ec2 delete-tags --resources {eni} --tags Key={TAG_POOL}")
    };
    let refused = "a pool with a defect is refused whole: no instance can claim a slot of it";
    match error {
        PoolError::Empty { pool } => TAGS
            .error(format!("pool {pool} has no ENI in this region"))
            .why("there is nothing to claim")
            .hint("mend the pool's name or the region, or make the pool: `steadfast pool create`"),
        PoolError::NoNumber { pool, eni } => number(
            TAGS.error(format!("{eni} of pool {pool} has no tag {TAG_SLOT}"))
                .why(refused)
                .hint(OLD_NUMBER),
            eni,
        ),
        PoolError::BadNumber { pool, eni, text } => number(
            TAGS.error(format!(
                "{eni} of pool {pool} has the tag {TAG_SLOT}={text:?}, which is not a slot number \
                 (1 to 255)"
            ))
            .why(refused)
            .hint(OLD_NUMBER),
            eni,
        ),
        PoolError::Twice { pool, number: twice, first, second } => number(
            TAGS.error(format!("pool {pool} has slot {twice} twice, on {first} and {second}"))
                .why(format!("{refused}; two servers of one id would lose data"))
                .hint(format!(
                    "the command gives {second} another number; if servers know slot {twice} by \
                     its address, give {first} that number instead"
                )),
            second,
        ),
        PoolError::NoAddress { eni, .. } => TAGS
            .error(format!("{eni} has no private address"))
            .why(refused)
            .hint("assign one, or take the ENI out of the pool")
            .command(out(eni)),
        PoolError::NoSuchSlot { .. } => TAGS.error(error.to_string()),
    }
}

/// The pool as a whole.
pub fn check(pool: &PoolName, seen: &[Seen<'_>]) -> Vec<Finding> {
    let slots = seen.iter().map(|it| (it.number(), it.slot.clone())).collect();
    let whole = Pool { name: pool.clone(), slots };
    let mut found = vec![size(seen.len()), connect_string(&whole)];
    found.extend(seen.iter().filter_map(override_left));
    found
}

fn size(count: usize) -> Finding {
    let survives = count.saturating_sub(1) / 2;
    match count {
        1 | 2 => SIZE
            .warning(format!("a pool of {count} survives no loss"))
            .why("without a majority of its servers ZooKeeper serves nobody")
            .hint("make it three or five slots, in as many zones as there are"),
        _ if count.is_multiple_of(2) => SIZE
            .warning(format!(
                "a pool of {count} survives {survives} lost, no more than one of {} does",
                count - 1
            ))
            .why("the majority of an even number is one more")
            .hint("make it an odd number of slots"),
        _ if count > SERVERS_MAX => SIZE
            .warning(format!(
                "a pool of {count} makes every write wait for {} servers",
                count / 2 + 1
            ))
            .why("more voting servers make an ensemble slower, and hardly safer")
            .hint("five or seven slots survive two or three losses"),
        _ => SIZE.ok(format!("a pool of {count} survives {survives} lost")),
    }
}

fn connect_string(pool: &Pool) -> Finding {
    let length = pool.connect_string().len();
    match length {
        0..=CONNECT_STRING_MAX => {
            CONNECT_STRING.ok(format!("the connect string has {length} bytes"))
        }
        _ => CONNECT_STRING
            .warning(format!("the connect string has {length} bytes"))
            .why(format!("a parameter store or a tag may hold {CONNECT_STRING_MAX} at the most"))
            .hint("clients need not know every server: some of them are enough"),
    }
}

/// An override is used up at the start that it is for. One that is there waits for it, or has been
/// forgotten.
fn override_left(seen: &Seen<'_>) -> Option<Finding> {
    let meant = seen.slot.bootstrap.as_deref()?;
    let holder = seen.slot.attachment.as_ref().filter(|it| it.id.as_str() == meant);
    let finding = match holder.and_then(|it| it.instance.as_ref()) {
        Some(holder) => OVERRIDE
            .warning(format!("{seen}: an empty disk of {holder} may vote at its next start"))
            .why("it was let by `steadfast pool bootstrap`, and if it was not needed data can be lost"),
        None => OVERRIDE
            .warning(format!("{seen} has an override for {meant}, which is over"))
            .why("it can do no harm any more, and misleads whoever looks"),
    };
    Some(finding.command(format!(
        "aws ec2 delete-tags --resources {} --tags Key={TAG_BOOTSTRAP}",
        seen.slot.eni
    )))
}

#[cfg(test)]
mod tests;
