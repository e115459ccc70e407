//! Makes slots of ENIs that are there already.
//!
//! The plan tells everything at once that keeps any of them from being a slot. What is changed are tags
//! alone, one ENI after the other; a second run goes on where the first one ended.

mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join;
use tokio::time::{Instant, sleep};

use super::{Members, PoolCommandError, slots, twice};
use crate::cloud::account::{Account, Interface, Which};
use crate::cloud::{Action, CallError, Mode, TAG_POOL, TAG_RETIRED, TAG_SLOT, patience};
use crate::ids::{EniId, SlotNumber};
use crate::operator::target::Target;

/// So long another operator who gave a number to another ENI is given to take that back.
const OTHERS_TIME: Duration = Duration::from_secs(10);

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The pool.
    pub target: Target,
    /// The ENIs, by the number that each is to have.
    pub enis: BTreeMap<SlotNumber, EniId>,
    /// Whether the number of a retired slot may be given to another ENI.
    pub reuse_retired: bool,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pool.
    pub target: Target,
    /// What is a slot as it was asked for.
    pub kept: Vec<(SlotNumber, Interface)>,
    /// What is to be tagged.
    pub new: Vec<New>,
    /// What the operator should know.
    pub notes: Vec<String>,
}

/// An ENI that is to be a slot.
#[derive(Debug, Clone)]
pub struct New {
    /// Its number.
    pub number: SlotNumber,
    /// The ENI.
    pub interface: Interface,
    /// The tags that it gets.
    pub tags: BTreeMap<String, String>,
    /// Whether it was retired from this number, and is brought back.
    pub is_back: bool,
}

/// Looks and plans; changes nothing. Three calls in one round trip, as long as EC2 knows all ENIs.
///
/// # Errors
/// [`PoolCommandError::Unfit`] with every reason.
pub async fn plan(
    account: &impl Account,
    wish: &Wish,
    deadline: Instant,
) -> Result<Plan, PoolCommandError> {
    let ids: Vec<EniId> = wish.enis.values().cloned().collect();
    let (members, found) = try_join(
        Members::read(account, &wish.target.pool, deadline),
        read(account, &ids, deadline),
    )
    .await?;
    judge::judge(wish, &members, &found)
}

/// Those that there are: EC2 fails a call that names an unknown one.
async fn read(
    account: &impl Account,
    ids: &[EniId],
    deadline: Instant,
) -> Result<Vec<Interface>, CallError> {
    let action = Action::DescribeNetworkInterfaces;
    let together = || account.interfaces(Which::WithIds(ids));
    match patience::ended(deadline, action, together).await {
        Err(CallError::NotFound { .. }) if ids.len() > 1 => {}
        Err(CallError::NotFound { .. }) => return Ok(Vec::new()),
        settled => return settled,
    }
    let mut found = Vec::new();
    for id in ids.chunks(1) {
        let alone = || account.interfaces(Which::WithIds(id));
        match patience::ended(deadline, action, alone).await {
            Err(CallError::NotFound { .. }) => {}
            settled => found.extend(settled?),
        }
    }
    Ok(found)
}

impl Plan {
    /// Asks EC2 whether it may be done.
    ///
    /// # Errors
    /// EC2's.
    pub async fn ask(&self, account: &impl Account, deadline: Instant) -> Result<(), CallError> {
        for it in &self.new {
            let set = || account.set_tags(&it.interface.eni.id, &it.tags, Mode::DryRun);
            patience::ended(deadline, Action::CreateTags, set).await?;
        }
        Ok(())
    }

    /// Does it; the answer is the pool as it is then.
    ///
    /// # Errors
    /// [`PoolCommandError::HalfWay`], or a collision with another operator.
    pub async fn carry_out(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<Members, PoolCommandError> {
        self.is_as_planned(account, deadline).await?;
        for (done, it) in self.new.iter().enumerate() {
            adopt(account, it, deadline).await.map_err(|cause| self.half_way(done, cause))?;
        }
        for round in 0.. {
            let read = Members::read(account, &self.target.pool, deadline).await;
            let members = read.map_err(|cause| self.half_way(self.new.len(), cause))?;
            let is_seen =
                |it: &New| members.numbered(it.number).any(|m| m.eni.id == it.interface.eni.id);
            if self.new.iter().all(is_seen) {
                return self.settled(account, members, deadline).await;
            }
            let pause = patience::pause(round, fastrand::f64()).min(Duration::from_secs(1));
            if Instant::now() + pause > deadline {
                break;
            }
            sleep(pause).await;
        }
        Err(PoolCommandError::Collision(format!(
            "all tags are set, but EC2 does not show them yet: look at `steadfast pool show {}`",
            self.target
        )))
    }

    /// Whoever was asked may have taken an hour, in which the ENIs may have become slots of another pool.
    async fn is_as_planned(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<(), PoolCommandError> {
        let ids: Vec<EniId> = self.new.iter().map(|it| it.interface.eni.id.clone()).collect();
        let now = read(account, &ids, deadline).await?;
        let tags = |it: &Interface| {
            [TAG_POOL, TAG_SLOT, TAG_RETIRED].map(|key| it.eni.tags.get(key).cloned())
        };
        let is_as_planned = |it: &&New| {
            let now = now.iter().find(|now| now.eni.id == it.interface.eni.id);
            now.is_some_and(|now| tags(now) == tags(&it.interface))
        };
        match self.new.iter().find(|it| !is_as_planned(it)) {
            None => Ok(()),
            Some(it) => Err(PoolCommandError::NotNow(format!(
                "the tags of {} were changed after the plan was shown: run the same command again",
                it.interface.eni.id
            ))),
        }
    }

    fn half_way(&self, done: usize, cause: CallError) -> PoolCommandError {
        let numbers: Vec<SlotNumber> = self.new.iter().map(|it| it.number).collect();
        let (done, left) = numbers.split_at(done);
        let told = |numbers: &[SlotNumber], what: &str| {
            let verb = if numbers.len() == 1 { "is" } else { "are" };
            match numbers.is_empty() {
                true => format!("none {verb} {what}"),
                false => format!("{} {verb} {what}", slots(numbers)),
            }
        };
        let pool = &self.target.pool;
        let (done, left) = (told(done, "adopted"), told(left, "not adopted"));
        let done = format!("pool {pool}: {done}, {left}; the same command goes on from there");
        PoolCommandError::HalfWay { done, cause }
    }

    /// Another operator may have given one of the numbers to another ENI at the same moment. The ENI
    /// with the lower id stays; if the other does not go, ours does, as where slots are made.
    async fn settled(
        &self,
        account: &impl Account,
        mut members: Members,
        deadline: Instant,
    ) -> Result<Members, PoolCommandError> {
        let mut told = Vec::new();
        let until = deadline.min(Instant::now() + OTHERS_TIME);
        for round in 0.. {
            let doubled: Vec<_> = self.new.iter().filter_map(|it| doubled(it, &members)).collect();
            if doubled.is_empty() {
                break;
            }
            let pause = patience::pause(round, fastrand::f64()).min(Duration::from_secs(1));
            let is_late = Instant::now() + pause > until;
            for (number, ours, other) in doubled {
                if other < ours || is_late {
                    told.push(yielded(account, number, &ours, &other, deadline).await);
                }
            }
            if is_late {
                break;
            }
            sleep(pause).await;
            let read = Members::read(account, &self.target.pool, deadline).await;
            members = read.map_err(|cause| self.half_way(self.new.len(), cause))?;
        }
        told.sort();
        told.dedup();
        match told.is_empty() {
            true => Ok(members),
            false => Err(PoolCommandError::Collision(format!(
                "{}; look at `steadfast pool show {}`",
                told.join("; "),
                self.target
            ))),
        }
    }
}

/// One that we tagged, and another with its number.
fn doubled(it: &New, members: &Members) -> Option<(SlotNumber, EniId, EniId)> {
    let ours = &it.interface.eni.id;
    let all: Vec<&EniId> = members.numbered(it.number).map(|it| &it.eni.id).collect();
    // Once it is taken out again, the other one's number is no matter of ours.
    let other = all.iter().find(|id| **id != ours).filter(|_| all.contains(&ours));
    other.map(|other| (it.number, ours.clone(), (*other).clone()))
}

/// Takes ours out again: as it was before, attached or not, it is in nobody's way.
async fn yielded(
    account: &impl Account,
    number: SlotNumber,
    ours: &EniId,
    other: &EniId,
    deadline: Instant,
) -> String {
    let remove = || account.remove_tags(ours, &[TAG_POOL, TAG_SLOT], Mode::Do);
    let until = patience::or_soon(deadline);
    match patience::ended(until, Action::DeleteTags, remove).await {
        Ok(()) => format!(
            "slot {number} was given to {other} by another operator at the same time: {ours} is taken \
             out of the pool again"
        ),
        Err(error) => format!(
            "{}, and {ours} could not be taken out again ({error}): remove the tag {TAG_POOL} from one \
             of the two",
            twice(number, ours, other)
        ),
    }
}

async fn adopt(account: &impl Account, it: &New, deadline: Instant) -> Result<(), CallError> {
    let eni = &it.interface.eni.id;
    let set = || account.set_tags(eni, &it.tags, Mode::Do);
    patience::ended(deadline, Action::CreateTags, set).await?;
    if it.is_back {
        let remove = || account.remove_tags(eni, &[TAG_RETIRED], Mode::Do);
        patience::ended(deadline, Action::DeleteTags, remove).await?;
    }
    Ok(())
}
