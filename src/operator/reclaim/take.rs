//! The detach of one attachment, and the wait for its end.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::look::{Held, Holder, Seen};
use super::{Order, ReclaimError, Word, race};
use crate::claim::lost;
use crate::cloud::account::{Interface, Which};
use crate::cloud::patience::{pause, retried};
use crate::cloud::{
    Account, Attachment, AttachmentStatus, CallError, InstanceState, Mode, TAG_RECLAIMED,
};
use crate::ids::{EniId, InstanceId, SlotNumber};

/// Between two reads while the slot comes free: EC2 takes a second or two.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// The same once that has not helped for [`STUCK`].
const LOOK_LATER: Duration = Duration::from_secs(5);
/// After which a detach that has not ended is told to be stuck.
const STUCK: Duration = Duration::from_secs(15);
/// How long a free slot is looked at for who claims it: an agent that waits reads every 8 s at least.
const SUCCESSOR: Duration = Duration::from_secs(10);
/// Between two such looks.
const LOOK_ON: Duration = Duration::from_secs(1);
/// How often a holder on its way down is asked for.
const HOLDER_EVERY: Duration = Duration::from_secs(2);

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Whether EC2 did it at our word.
    pub is_ours: bool,
    /// Whether by force.
    pub forced: bool,
    /// How long after the start it was seen to be free, or another's.
    pub after: Duration,
    /// What the audit tag says of who did it, if it was somebody else.
    pub by: Option<String>,
    /// Who has it now, if anyone was seen to claim it.
    pub successor: Option<Successor>,
}

/// The next holder.
#[derive(Debug, Clone, PartialEq)]
pub struct Successor {
    /// The instance; absent if it is none of this account.
    pub instance: Option<InstanceId>,
    /// How long after the start it was seen.
    pub after: Duration,
}

/// Takes the slot by the attachment that was seen, and returns when it has ended. The audit tag is set
/// before, so that a trace is left whatever happens.
///
/// # Errors
/// EC2's; the holder's state has changed; the attachment has no end by the deadline.
pub async fn take(
    account: &impl Account,
    seen: &Seen,
    order: &Order,
    word: &Word,
    deadline: Instant,
) -> Result<Taken, ReclaimError> {
    let (Some(held), Some(holder)) = (&seen.held, seen.holder()) else {
        let now = "no instance of this account holds it".to_owned();
        return Err(ReclaimError::Changed { slot: seen.slot.number, now });
    };
    let it = Taking {
        account,
        slot: seen.slot.number,
        eni: &seen.slot.eni,
        held,
        holder,
        last: seen.last.as_deref(),
        started: Instant::now(),
        deadline,
    };
    let state = it.confirmed().await?;
    let force = order.force || lost::takes_force(state);
    let (is_ours, forced) = it.detach(force, word).await?;
    it.ended(is_ours, forced, word, order.to.is_none()).await
}

/// Who has ended an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Us,
    Another,
}

pub(super) struct Taking<'a, A> {
    pub(super) account: &'a A,
    slot: SlotNumber,
    pub(super) eni: &'a EniId,
    held: &'a Held,
    holder: &'a Holder,
    /// What the audit tag said before.
    pub(super) last: Option<&'a str>,
    started: Instant,
    pub(super) deadline: Instant,
}

impl<A: Account> Taking<'_, A> {
    fn attachment(&self) -> &Attachment {
        &self.held.attachment
    }

    /// The holder's state, confirmed as the claim confirms it: one read may be stale, or too early to
    /// show an instance at all.
    async fn confirmed(&self) -> Result<InstanceState, ReclaimError> {
        let mut state = self.holder.state;
        let mut sightings = 1;
        while lost::sightings(state).is_some_and(|needed| sightings < needed) {
            sleep_until(self.deadline.min(Instant::now() + pause(0, fastrand::f64()))).await;
            state = self.state().await?;
            sightings += 1;
        }
        if lost::sightings(self.holder.state).is_some() && lost::sightings(state).is_none() {
            let now = format!("{} is {state}", self.holder.id);
            return Err(ReclaimError::Changed { slot: self.slot, now });
        }
        Ok(state)
    }

    async fn state(&self) -> Result<InstanceState, CallError> {
        let ids = [self.holder.id.clone()];
        let states = retried(self.deadline, || self.account.states(&ids)).await?;
        Ok(states.get(&self.holder.id).copied().unwrap_or(InstanceState::Gone))
    }

    /// The slot's ENI as it is now.
    pub(super) async fn read(&self) -> Result<Interface, CallError> {
        read(self.account, self.eni, self.deadline).await
    }

    /// Asks for the detach: whether it is ours, and whether by force. First without force, which EC2
    /// grants to one caller alone, and then with force where that is to be.
    async fn detach(&self, force: bool, word: &Word) -> Result<(bool, bool), ReclaimError> {
        let is_leaving = self.attachment().status == AttachmentStatus::Detaching;
        if is_leaving && !force {
            info!("slot {} is being detached from {} already", self.slot, self.holder.id);
            return Ok((false, false));
        }
        let tag = || self.account.set_tag(self.eni, TAG_RECLAIMED, word.as_str(), Mode::Do);
        retried(self.deadline, tag).await?;
        let asked = self.ask(is_leaving, force).await;
        if asked.is_err() {
            // It says what was not done.
            race::withdraw(self, word).await;
        }
        Ok(asked?)
    }

    async fn ask(&self, is_leaving: bool, force: bool) -> Result<(bool, bool), CallError> {
        let how = if force { ", by force" } else { "" };
        info!(
            slot = self.slot.get(), holder = %self.holder.id, attachment = %self.attachment().id, force,
            "detaching slot {} from {}{how}", self.slot, self.holder.id
        );
        if !is_leaving && self.ask_once(false).await? == By::Another {
            return Ok((false, false));
        }
        match force {
            false => Ok((true, false)),
            // What has ended by now needed none.
            true => Ok((self.ask_once(true).await? == By::Us || !is_leaving, true)),
        }
    }

    /// Asks until it is known who has ended the attachment, or is ending it.
    async fn ask_once(&self, force: bool) -> Result<By, CallError> {
        let id = &self.attachment().id;
        let mut is_in_doubt = false;
        for round in 0.. {
            let by = if is_in_doubt { By::Us } else { By::Another };
            let error = match self.account.detach(id, force, Mode::Do).await {
                Ok(()) => return Ok(By::Us),
                Err(CallError::AttachmentGone) => return Ok(by),
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error),
            };
            is_in_doubt |= matches!(error, CallError::Lost { .. });
            if matches!(error, CallError::InTransition { .. }) && !self.is_there_still().await? {
                return Ok(by);
            }
            let until = Instant::now() + pause(round, fastrand::f64());
            if until > self.deadline {
                return Err(error);
            }
            warn!("{error}");
            sleep_until(until).await;
        }
        Ok(By::Another)
    }

    /// Whether the attachment stands, and nobody has asked for its end.
    async fn is_there_still(&self) -> Result<bool, CallError> {
        let now = self.read().await?.eni.attachment;
        Ok(now.is_some_and(|it| {
            it.id == self.attachment().id && it.status != AttachmentStatus::Detaching
        }))
    }

    /// Waits for the attachment's end, and looks on for who comes next.
    async fn ended(
        &self,
        is_ours: bool,
        mut forced: bool,
        word: &Word,
        looks_on: bool,
    ) -> Result<Taken, ReclaimError> {
        let now = self.wait(&mut forced).await?;
        let after = self.started.elapsed();
        let successor = self.successor(now.eni.attachment.as_ref());
        match &successor {
            None => info!("slot {} is free after {:.1} s", self.slot, after.as_secs_f64()),
            Some(next) => info!("slot {} is held by {} now", self.slot, next.name()),
        }
        let by = race::settle(self, is_ours, word, now).await?;
        let successor = match successor {
            None if looks_on && is_ours => self.look_on(word).await?,
            known => known,
        };
        Ok(Taken { is_ours, forced, after, by, successor })
    }

    async fn wait(&self, forced: &mut bool) -> Result<Interface, ReclaimError> {
        let mut told = false;
        let mut asked_at = Instant::now();
        loop {
            let now = self.read().await?;
            let status = match &now.eni.attachment {
                Some(it) if it.id == self.attachment().id => it.status,
                _ => return Ok(now),
            };
            let waited = self.started.elapsed();
            if Instant::now() >= self.deadline {
                return Err(self.still_held(status));
            }
            if !*forced && asked_at.elapsed() >= HOLDER_EVERY {
                asked_at = Instant::now();
                *forced = self.force_if_down().await?;
            }
            if waited >= STUCK && !told && !*forced {
                told = true;
                self.warn_stuck(waited);
            }
            sleep(if waited < STUCK { LOOK } else { LOOK_LATER }).await;
        }
    }

    /// A holder that was on its way down, and is down, answers no detach: as the claim does.
    async fn force_if_down(&self) -> Result<bool, ReclaimError> {
        let is_going_down = lost::sightings(self.holder.state).is_some();
        if !is_going_down || !lost::takes_force(self.state().await?) {
            return Ok(false);
        }
        info!("{} is down: detaching slot {} by force", self.holder.id, self.slot);
        self.ask_once(true).await?;
        Ok(true)
    }

    fn warn_stuck(&self, waited: Duration) {
        warn!(
            "EC2 has waited {} s for {} to let go of slot {}: if it hangs, interrupt this and run it \
             again with --force",
            waited.as_secs(),
            self.holder.id,
            self.slot
        );
    }

    fn still_held(&self, status: AttachmentStatus) -> ReclaimError {
        let waited = Duration::from_secs(self.started.elapsed().as_secs());
        ReclaimError::StillHeld {
            slot: self.slot,
            holder: self.holder.id.to_string(),
            status: match status {
                AttachmentStatus::Detaching => "being detached from",
                _ => "attached to",
            },
            waited: humantime::format_duration(waited).to_string(),
        }
    }

    fn successor(&self, attachment: Option<&Attachment>) -> Option<Successor> {
        let attachment = attachment.filter(|it| it.id != self.attachment().id)?;
        let instance = attachment.instance.clone();
        Some(Successor { instance, after: self.started.elapsed() })
    }

    /// Who claims the free slot, if somebody waits for it. Meanwhile the audit tag is kept at our word.
    async fn look_on(&self, word: &Word) -> Result<Option<Successor>, ReclaimError> {
        info!("looking for {} s who claims slot {}", SUCCESSOR.as_secs(), self.slot);
        let end = self.deadline.min(Instant::now() + SUCCESSOR);
        while Instant::now() < end {
            sleep_until(end.min(Instant::now() + LOOK_ON)).await;
            let now = self.read().await?;
            if let Some(next) = self.successor(now.eni.attachment.as_ref()) {
                info!("slot {} is held by {} now", self.slot, next.name());
                return Ok(Some(next));
            }
            race::keep(self, word, &now).await?;
        }
        Ok(None)
    }
}

impl Successor {
    /// As messages name it.
    pub fn name(&self) -> String {
        self.instance.as_ref().map_or_else(|| "another account".to_owned(), ToString::to_string)
    }
}

/// An ENI as it is now.
pub(super) async fn read(
    account: &impl Account,
    eni: &EniId,
    deadline: Instant,
) -> Result<Interface, CallError> {
    let ids = [eni.clone()];
    let found = retried(deadline, || account.interfaces(Which::WithIds(&ids))).await?;
    // EC2 fails the call if there is none.
    let missing = || CallError::NotFound { message: format!("EC2 does not describe {eni}") };
    found.into_iter().next().ok_or_else(missing)
}
