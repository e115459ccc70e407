//! Pure: what is to be made, from what was asked for and what there is.

use std::fmt;

use super::super::{JOINED_LATER, Members, PoolCommandError, slots};
use super::fit::{differences, obstacles, other_address};
use super::place::{Wanted, full, one_network, wanted};
use super::{Seen, Wish, token};
use crate::cloud::account::{Interface, NewEni, NewIpv6};
use crate::cloud::{TAG_INITIALIZED, TAG_POOL, TAG_SLOT};
use crate::ids::{EniId, SlotNumber};
use crate::operator::target::Target;

/// EC2's limit for a tag's value.
const TAG_VALUE_MAX: usize = 256;

/// What is to be made, and what is there already.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pool.
    pub target: Target,
    /// What stays as it is, in slot order.
    pub kept: Vec<Kept>,
    /// What is to be made, in slot order.
    pub new: Vec<New>,
    /// What the operator should know of the pool as it will be.
    pub notes: Vec<String>,
}

/// A slot that is there.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number.
    pub number: SlotNumber,
    /// Its ENI.
    pub interface: Interface,
    /// In what it is not as asked for.
    pub differs: Vec<String>,
}

/// A slot that is to be made.
#[derive(Debug, Clone)]
pub struct New {
    /// Its number.
    pub number: SlotNumber,
    /// The zone of its subnet.
    pub zone: String,
    /// The ENIs that were retired from its number.
    pub retired: Vec<EniId>,
    /// The ENI.
    pub eni: NewEni,
}

impl New {
    /// The ENI under the token of a round, from 0.
    pub fn in_round(&self, round: u32) -> NewEni {
        let client_token = token::token(&self.eni, self.retired.iter(), round);
        NewEni { client_token, ..self.eni.clone() }
    }
}

/// Plans.
///
/// # Errors
/// [`PoolCommandError::Unfit`] with every reason.
pub fn plan(wish: &Wish, seen: &Seen) -> Result<Plan, PoolCommandError> {
    let mut problems: Vec<String> = seen.members.defects.iter().map(ToString::to_string).collect();
    let wanted = wanted(wish, seen, &mut problems);
    problems.extend(one_network(&wanted, seen));
    let (mut kept, mut new) = (Vec::new(), Vec::new());
    for it in &wanted {
        match seen.members.slots.get(&it.number) {
            Some(there) => match other_address(it, there, wish) {
                Some(problem) => problems.push(problem),
                None => kept.push(Kept {
                    number: it.number,
                    interface: there.clone(),
                    differs: differences(wish, it, there),
                }),
            },
            None => {
                problems.extend(obstacles(wish, it, seen));
                new.push(made(wish, it, &seen.members));
            }
        }
    }
    problems.extend(full(&new, &seen.subnets));
    if !problems.is_empty() {
        return Err(PoolCommandError::Unfit(problems));
    }
    let beyond = seen.members.slots.iter().filter(|(n, _)| wanted.iter().all(|w| w.number != **n));
    kept.extend(beyond.map(|(number, it)| Kept {
        number: *number,
        interface: it.clone(),
        differs: Vec::new(),
    }));
    kept.sort_by_key(|it| it.number);
    let notes = notes(wish, &kept, &new, &seen.members);
    Ok(Plan { target: wish.target.clone(), kept, new, notes })
}

fn made(wish: &Wish, wanted: &Wanted<'_>, members: &Members) -> New {
    let (Wanted { number, subnet, addresses }, pool) = (wanted, &wish.target.pool);
    let mut tags = wish.tags.clone();
    let name = format!("{pool}-{number}");
    if name.len() <= TAG_VALUE_MAX {
        tags.entry("Name".to_owned()).or_insert(name);
    }
    tags.insert(TAG_POOL.to_owned(), pool.to_string());
    tags.insert(TAG_SLOT.to_owned(), number.to_string());
    if members.has_served() {
        tags.insert(TAG_INITIALIZED.to_owned(), JOINED_LATER.to_owned());
    }
    let ipv6 = match addresses.and_then(|it| it.ipv6) {
        Some(it) => NewIpv6::These(vec![it]),
        None if wish.ipv6 => NewIpv6::Chosen,
        None => NewIpv6::None,
    };
    let retired = members.retired.iter().filter(|it| it.number == *number);
    New {
        number: *number,
        zone: subnet.zone.clone(),
        retired: retired.map(|it| it.interface.eni.id.clone()).collect(),
        eni: NewEni {
            subnet: subnet.id.clone(),
            ipv4: addresses.map(|it| it.ipv4),
            ipv6,
            groups: wish.groups.clone(),
            // A description is at most 255 letters, and has no more to say than the tags.
            description: format!("slot {number} of pool {pool}").chars().take(255).collect(),
            tags,
            client_token: String::new(),
        },
    }
}

/// What the pool will be like.
fn notes(wish: &Wish, kept: &[Kept], new: &[New], members: &Members) -> Vec<String> {
    let zones = kept.iter().map(|it| it.interface.eni.zone.as_str());
    let mut zones: Vec<&str> = zones.chain(new.iter().map(|it| it.zone.as_str())).collect();
    zones.sort_unstable();
    let total = zones.len();
    let majority = total / 2 + 1;
    let mut all = Vec::new();
    if total.is_multiple_of(2) && total > 0 {
        all.push(format!(
            "{total} servers survive no more losses than {}: an odd number is better",
            total - 1
        ));
    }
    for zone in zones.chunk_by(|a, b| a == b).filter(|it| total > 1 && total - it.len() < majority)
    {
        all.push(format!(
            "{} of {total} slots lie in {}: without that zone there is no quorum",
            zone.len(),
            zone[0]
        ));
    }
    if !new.is_empty() && wish.groups.is_empty() {
        all.push("no security group is named: the network's default one is taken".to_owned());
    }
    if !new.is_empty() && members.has_served() {
        let numbers: Vec<SlotNumber> = new.iter().map(|it| it.number).collect();
        all.push(format!(
            "the pool has served: {} will be filled by the other servers before voting; every \
             server must be restarted with the longer list, one after the other, and clients want \
             the new connect string",
            slots(&numbers)
        ));
    }
    all
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<SlotNumber> = self.new.iter().map(|it| it.number).collect();
        match numbers.is_empty() {
            true => write!(f, "pool {} has every slot that was asked for", self.target.pool),
            false => write!(f, "{} of pool {} to be made", slots(&numbers), self.target.pool),
        }
    }
}
