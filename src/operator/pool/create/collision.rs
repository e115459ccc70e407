//! Two operators made ENIs of one number: which one stays is decided by what both can see.
//!
//! The one that is attached or was used stays, then the one with the lower id. A run deletes only what
//! it made itself and what is attached nowhere (EC2 holds it to that). If the other's is to go and does
//! not (its maker may have read the pool before ours was there, or may be dead), ours goes: to yield
//! twice costs another run, to stay twice a pool that agents refuse.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::warn;

use super::super::{JOINED_LATER, Members, PoolCommandError, twice};
use super::carry_out::{Made, Run};
use crate::cloud::account::{Account, Interface};
use crate::cloud::{Action, CallError, Mode, TAG_INITIALIZED, patience};
use crate::ids::{EniId, SlotNumber};

/// So long the other operator is given to take back what is to be taken back.
const OTHERS_TIME: Duration = Duration::from_secs(10);

/// An ENI of this run's that has its number beside another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Doubled {
    number: SlotNumber,
    ours: EniId,
    other: EniId,
    /// Whether the other is this run's, too.
    is_other_ours: bool,
    /// Whether ours is the one to go.
    yields: bool,
    /// Whether ours is attached: then it stays in any case.
    is_attached: bool,
}

/// Each of ours that is doubled, beside the best of the others.
fn doubled(members: &Members, made: &Made) -> Vec<Doubled> {
    let mut all = Vec::new();
    for (number, ours) in made {
        let mut enis: Vec<&Interface> = members.numbered(*number).collect();
        enis.sort_by_key(|it| rank(it));
        let is_ours = |it: &&&Interface| ours.contains(&it.eni.id);
        for it in enis.iter().filter(is_ours) {
            let Some(other) = enis.iter().find(|other| other.eni.id != it.eni.id) else { continue };
            all.push(Doubled {
                number: *number,
                ours: it.eni.id.clone(),
                other: other.eni.id.clone(),
                is_other_ours: ours.contains(&other.eni.id),
                yields: rank(other) < rank(it),
                is_attached: it.eni.attachment.is_some(),
            });
        }
    }
    all
}

/// The lowest stays.
fn rank(it: &Interface) -> (bool, bool, EniId) {
    let lineage = it.eni.tags.get(TAG_INITIALIZED).filter(|it| *it != JOINED_LATER);
    (it.eni.attachment.is_none(), lineage.is_none(), it.eni.id.clone())
}

impl<A: Account> Run<'_, A> {
    /// The pool without surplus ENIs.
    pub(super) async fn settled(&self, mut members: Members) -> Result<Members, PoolCommandError> {
        let mut told = Vec::new();
        let until = self.deadline.min(Instant::now() + OTHERS_TIME);
        for round in 0.. {
            let doubled = doubled(&members, &self.made);
            if doubled.is_empty() {
                break;
            }
            let pause = patience::pause(round, fastrand::f64()).min(Duration::from_secs(1));
            let is_late = Instant::now() + pause > until;
            for it in doubled.iter().filter(|it| it.yields || (is_late && !it.is_other_ours)) {
                told.extend(self.take_back(it).await);
            }
            if is_late {
                break;
            }
            sleep(pause).await;
            members = self.read().await?;
        }
        told.sort();
        told.dedup();
        match told.is_empty() {
            true => Ok(members),
            false => Err(PoolCommandError::Collision(format!(
                "{}; look at `steadfast pool show {}`, then run the same command again",
                told.join("; "),
                self.plan.target
            ))),
        }
    }

    /// What is to be told of it; nothing where it was this run's own doubling.
    async fn take_back(&self, it: &Doubled) -> Option<String> {
        let Doubled { number, ours, other, is_other_ours, is_attached, .. } = it;
        if *is_attached {
            return Some(format!(
                "{}, and {ours} is attached already: remove the tag steadfast:pool from {other}",
                twice(*number, ours, other)
            ));
        }
        warn!("slot {number} is there twice: {ours}, made by this run, is deleted, {other} stays");
        let delete = || self.account.delete(ours, Mode::Do);
        let until = patience::or_soon(self.deadline);
        match patience::ended(until, Action::DeleteNetworkInterface, delete).await {
            Ok(()) | Err(CallError::NotFound { .. }) if *is_other_ours => None,
            Ok(()) | Err(CallError::NotFound { .. }) => Some(format!(
                "slot {number} was made by another operator at the same time: {other} stays, {ours} of \
                 this run was deleted"
            )),
            Err(error) => Some(format!(
                "{}, which could not be deleted ({error}): remove the tag steadfast:pool from one of \
                 the two",
                twice(*number, ours, other)
            )),
        }
    }
}
