//! Takes a slot out of its pool.
//!
//! The order is what makes it safe to be cut off anywhere. The tag [`TAG_RETIRED`] comes first: an ENI
//! that bears both is still a slot. Then the tags that make it a slot go; an agent that had read the
//! pool before may still attach it, so it is read again a moment later, and if it was claimed the tags
//! are put back. If it is to be deleted, EC2 itself refuses that once it is attached.
//!
//! [`TAG_INITIALIZED`] stays on the ENI: should the slot be brought back
//! by mistake or in need, an empty disk must not vote on it as on one that never served.

mod carry_out;

use std::fmt;
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::{Members, PoolCommandError, listed, slot_of, slots};
use crate::cloud::account::{Account, Interface};
use crate::cloud::{TAG_INITIALIZED, TAG_POOL, TAG_RETIRED};
use crate::ids::{EniId, InstanceId, SlotNumber};
use crate::operator::target::Target;

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    target: Target,
    number: SlotNumber,
    interface: Interface,
    /// Whether it is out of the pool already.
    is_out: Option<String>,
    delete: bool,
    /// The numbers that stay.
    rest: Vec<SlotNumber>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was out already, and nothing was to be done.
    Nothing,
    /// The slot is out, the ENI there.
    Retired,
    /// The slot is out, the ENI gone.
    Deleted,
}

/// Looks; changes nothing.
///
/// # Errors
/// There is no such slot, it is held, or it is not one.
pub async fn plan(
    account: &impl Account,
    target: &Target,
    number: SlotNumber,
    delete: bool,
    deadline: Instant,
) -> Result<Plan, PoolCommandError> {
    let pool = &target.pool;
    let members = Members::read(account, pool, deadline).await?;
    let all: Vec<&Interface> = members.numbered(number).collect();
    let (interface, is_out) = match (&all[..], members.retired_as(number)) {
        ([one], _) => ((*one).clone(), None),
        ([], Some(it)) => (it.interface.clone(), Some(it.when.clone())),
        ([], None) => return Err(no_such_slot(&members, number)),
        (many, _) => {
            let enis: Vec<_> = many.iter().map(|it| &it.eni.id).collect();
            return Err(PoolCommandError::Unfit(vec![format!(
                "{} is {}: remove the tag {TAG_POOL} from what is not the slot",
                slot_of(pool, number),
                listed(&enis)
            )]));
        }
    };
    if let Some(attachment) = &interface.eni.attachment {
        return Err(held(target, number, attachment.instance.as_ref(), is_out.is_some()));
    }
    let has_room = carry_out::said(pool, number, SystemTime::now()).is_some();
    if is_out.is_none() && !has_room {
        return Err(no_room(target, number, &interface.eni.id));
    }
    let rest = members.slots.keys().copied().filter(|it| *it != number).collect();
    Ok(Plan { target: target.clone(), number, interface, is_out, delete, rest })
}

fn no_such_slot(members: &Members, number: SlotNumber) -> PoolCommandError {
    let there: Vec<_> = members.slots.keys().collect();
    let has = match there.is_empty() {
        true => "no slot at all: mend the pool's name or the region".to_owned(),
        false => listed(&there),
    };
    let text = format!("pool {} has no slot {number}: it has {has}", members.pool);
    PoolCommandError::Unfit(vec![text])
}

/// It would not be known any more which slot the ENI was.
fn no_room(target: &Target, number: SlotNumber, eni: &EniId) -> PoolCommandError {
    PoolCommandError::Unfit(vec![format!(
        "{} cannot be noted on {eni}: the pool's name is too long for the tag {TAG_RETIRED}; to take it \
         out unnoted: aws ec2 delete-tags --resources {eni} --tags Key={TAG_POOL} --region {}",
        slot_of(&target.pool, number),
        target.region
    )])
}

fn held(
    target: &Target,
    number: SlotNumber,
    holder: Option<&InstanceId>,
    is_out: bool,
) -> PoolCommandError {
    let by =
        holder.map_or_else(|| "another account or an AWS service".to_owned(), ToString::to_string);
    let it = slot_of(&target.pool, number);
    PoolCommandError::NotNow(match is_out {
        true => format!("the ENI that was {it} is held by {by}: detach it first"),
        false => format!(
            "{it} is held by {by}: stop its server for good, then take the slot with `steadfast \
             reclaim {number} {target}`"
        ),
    })
}

impl Plan {
    /// What is to be typed.
    pub fn phrase(&self) -> String {
        let what = if self.delete { "/delete" } else { "" };
        format!("{}/{}{what}", self.target.pool, self.number)
    }

    /// The ENI.
    pub fn eni(&self) -> &EniId {
        &self.interface.eni.id
    }

    /// The numbers that stay.
    pub fn rest(&self) -> &[SlotNumber] {
        &self.rest
    }

    /// What is to become of it.
    pub fn outcome(&self) -> Outcome {
        match (self.is_done(), self.delete) {
            (true, _) => Outcome::Nothing,
            (false, false) => Outcome::Retired,
            (false, true) => Outcome::Deleted,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_done(&self) -> bool {
        self.is_out.is_some() && !self.delete
    }

    /// What the operator has to do now.
    pub fn next_step(&self, outcome: Outcome) -> String {
        let (pool, number, eni) = (&self.target.pool, self.number, self.eni());
        let it = slot_of(pool, number);
        match outcome {
            Outcome::Nothing => {
                let when = self.is_out.as_deref().unwrap_or_default();
                format!("{it} was retired already ({when}, {eni})")
            }
            Outcome::Retired => {
                format!("{it} is retired; {eni} keeps its address, until it is deleted")
            }
            Outcome::Deleted => format!("{it} is retired and {eni} deleted"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, number, interface, rest, delete, is_out } = self;
        let pool = &target.pool;
        let (eni, addresses) = (&interface.eni.id, listed(&interface.eni.addresses));
        if let Some(when) = is_out {
            return write!(
                f,
                "{eni} ({addresses}), which was slot {number} of pool {pool} until {when}, is to be \
                 DELETED. Its\naddress may go to anybody then."
            );
        }
        writeln!(f, "Slot {number} of pool {pool} ({eni}, {addresses}) is to be RETIRED.")?;
        if *delete {
            writeln!(f, "Its ENI is to be DELETED; its address may go to anybody then.")?;
        }
        match rest.len() {
            0 => return write!(f, "\nIt is the last one: there is no pool {pool} then."),
            1 => write!(f, "\nOne server stays for good, {}:", slots(rest))?,
            count => write!(f, "\n{count} servers stay for good, {}:", slots(rest))?,
        }
        write!(
            f,
            "\n  - every server must be restarted with the shorter list, one after the other;\n  - until \
             then they count the lost server as one that is down;\n  - clients must be given the new \
             connect string.\nThis is for a quiet hour: a lost server is replaced without any of it."
        )?;
        if interface.eni.tags.contains_key(TAG_INITIALIZED) {
            write!(f, "\nThe slot has served: be sure that the others have what it had.")?;
        }
        Ok(())
    }
}
