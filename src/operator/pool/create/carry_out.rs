//! Makes what is planned, reads the pool again, and says how far it came.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::super::{Members, PoolCommandError, slots};
use super::{New, Plan};
use crate::cloud::account::Account;
use crate::cloud::{Action, CallError, Mode, patience};
use crate::ids::{EniId, SlotNumber};

/// How long EC2 may take to show an ENI that it says it has made; it is seconds. After that it is taken
/// for one that was deleted since and that only EC2's memory of client tokens still knows.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(10);
/// So often a token is given up for another: each stands for an ENI that was made the same way and
/// deleted within a day or so.
const ROUNDS_MAX: u32 = 5;

/// The ENIs that this run was given, by slot.
pub type Made = BTreeMap<SlotNumber, BTreeSet<EniId>>;

/// A plan on its way.
pub(super) struct Run<'a, A> {
    pub(super) account: &'a A,
    pub(super) plan: &'a Plan,
    pub(super) deadline: Instant,
    pub(super) made: Made,
    rounds: BTreeMap<SlotNumber, u32>,
}

impl Plan {
    /// Asks EC2 whether it may be done, once a subnet.
    ///
    /// # Errors
    /// EC2's.
    pub async fn ask(&self, account: &impl Account, deadline: Instant) -> Result<(), CallError> {
        let mut asked = BTreeSet::new();
        for new in self.new.iter().filter(|it| asked.insert(&it.eni.subnet)) {
            let eni = new.in_round(0);
            let ask = || account.create(&eni, Mode::DryRun);
            patience::ended(deadline, Action::CreateNetworkInterface, ask).await?;
        }
        Ok(())
    }

    /// Makes what is missing; the answer is the pool as it is then.
    ///
    /// # Errors
    /// [`PoolCommandError::HalfWay`], or a collision with another operator.
    pub async fn carry_out(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<Members, PoolCommandError> {
        let (made, rounds) = (Made::new(), BTreeMap::new());
        let mut run = Run { account, plan: self, deadline, made, rounds };
        for new in &self.new {
            run.make(new).await?;
        }
        let members = run.verified().await?;
        run.settled(members).await
    }
}

impl<A: Account> Run<'_, A> {
    async fn make(&mut self, new: &New) -> Result<(), PoolCommandError> {
        loop {
            let round = self.rounds.get(&new.number).copied().unwrap_or_default();
            let eni = new.in_round(round);
            let create = || self.account.create(&eni, Mode::Do);
            match patience::ended(self.deadline, Action::CreateNetworkInterface, create).await {
                Ok(Some(it)) => {
                    info!(slot = %new.number, eni = %it.eni.id, zone = it.eni.zone,
                        "slot {} is {} in {}", new.number, it.eni.id, it.eni.zone);
                    self.made.entry(new.number).or_default().insert(it.eni.id);
                    return Ok(());
                }
                // The token is that of an ENI which is gone.
                Err(CallError::NotFound { .. }) if round < ROUNDS_MAX => self.next_round(new),
                Err(cause) => return Err(self.half_way(cause).await),
                Ok(None) => return Err(self.half_way(no_answer()).await),
            }
        }
    }

    fn next_round(&mut self, new: &New) {
        *self.rounds.entry(new.number).or_default() += 1;
    }

    /// The pool, when it shows all that was made.
    async fn verified(&mut self) -> Result<Members, PoolCommandError> {
        let mut since = Instant::now();
        for round in 0.. {
            let members = self.read().await?;
            let unseen = self.unseen(&members);
            if unseen.is_empty() {
                return Ok(members);
            }
            if since.elapsed() >= VISIBLE_TIMEOUT {
                self.make_again(&members, unseen).await?;
                since = Instant::now();
            }
            let pause = patience::pause(round, fastrand::f64()).min(Duration::from_secs(1));
            if Instant::now() + pause > self.deadline {
                break;
            }
            sleep(pause).await;
        }
        Err(self.half_way(no_answer()).await)
    }

    fn unseen(&self, members: &Members) -> Vec<SlotNumber> {
        let is_seen = |number| {
            let made = self.made.get(&number);
            let is_made = |eni: &EniId| made.is_some_and(|made| made.contains(eni));
            members.numbered(number).any(|it| is_made(&it.eni.id))
        };
        self.plan.new.iter().map(|it| it.number).filter(|number| !is_seen(*number)).collect()
    }

    /// What EC2 only remembers, under another token.
    async fn make_again(
        &mut self,
        members: &Members,
        unseen: Vec<SlotNumber>,
    ) -> Result<(), PoolCommandError> {
        let plan = self.plan;
        for new in plan.new.iter().filter(|it| unseen.contains(&it.number)) {
            if let Some(other) = members.numbered(new.number).next() {
                return Err(PoolCommandError::Collision(format!(
                    "slot {} was made by another operator at the same time ({}): look at `steadfast \
                     pool show {}`, then run the same command again",
                    new.number, other.eni.id, plan.target
                )));
            }
            let round = self.rounds.get(&new.number).copied().unwrap_or_default();
            if round >= ROUNDS_MAX {
                return Err(self.half_way(no_answer()).await);
            }
            warn!(
                "EC2 answered with an ENI for slot {} that is not there: it remembers one that was \
                 deleted; another is asked for",
                new.number
            );
            self.next_round(new);
            self.make(new).await?;
        }
        Ok(())
    }

    pub(super) async fn read(&self) -> Result<Members, PoolCommandError> {
        let read = Members::read(self.account, &self.plan.target.pool, self.deadline).await;
        read.map_err(|cause| PoolCommandError::HalfWay {
            done: format!(
                "{} made, but the pool could not be read again: look at `steadfast pool show \
                 {}`",
                self.told_made(),
                self.plan.target
            ),
            cause,
        })
    }

    /// How far it came, by EC2's account if it gives one.
    async fn half_way(&self, cause: CallError) -> PoolCommandError {
        let pool = &self.plan.target.pool;
        // Whatever is left of the time: the cause may be that there is none.
        let soon = patience::or_soon(self.deadline.min(Instant::now()));
        let mut known: BTreeSet<SlotNumber> = self.made.keys().copied().collect();
        let account = match Members::read(self.account, pool, soon).await {
            Ok(members) => {
                known.extend(members.slots.into_keys());
                ""
            }
            Err(_) => {
                known.extend(self.plan.kept.iter().map(|it| it.number));
                ", as far as EC2 has answered"
            }
        };
        let all = self.plan.kept.iter().map(|it| it.number);
        let all = all.chain(self.plan.new.iter().map(|it| it.number));
        let (there, missing): (Vec<SlotNumber>, Vec<SlotNumber>) =
            all.partition(|n| known.contains(n));
        let there = match there.is_empty() {
            true => "no slot is there".to_owned(),
            false => format!("{} there", slots_are(&there)),
        };
        let missing = match missing.is_empty() {
            true => "none is missing".to_owned(),
            false => format!("{} not", slots_are(&missing)),
        };
        let done = format!(
            "pool {pool} is not complete: {there}, {missing}{account}; the same command goes on from \
             there"
        );
        PoolCommandError::HalfWay { done, cause }
    }

    fn told_made(&self) -> String {
        let numbers: Vec<SlotNumber> = self.made.keys().copied().collect();
        slots_are(&numbers)
    }
}

fn slots_are(numbers: &[SlotNumber]) -> String {
    format!("{} {}", slots(numbers), if numbers.len() == 1 { "is" } else { "are" })
}

/// EC2 says that it has made an ENI, and does not show it.
fn no_answer() -> CallError {
    CallError::Lost {
        action: Action::CreateNetworkInterface,
        cause: "it was answered, but the ENI is not to be seen".to_owned(),
    }
}
