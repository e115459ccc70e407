//! Carries a retirement out, and takes it back where an agent was quicker.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::super::{PoolCommandError, slot_of};
use super::{Outcome, Plan, held};
use crate::cloud::account::{Account, Which};
use crate::cloud::{
    Action, CallError, Mode, TAG_BOOTSTRAP, TAG_POOL, TAG_RETIRED, TAG_SLOT, patience,
};
use crate::ids::{PoolName, SlotNumber};
use crate::operator::target::Target;

/// EC2's limit for a tag's value, in letters.
const TAG_VALUE_MAX: usize = 256;
/// So long an agent is given to show that it had just claimed the slot: it attaches within a second of
/// its read, and EC2 shows that within another.
const SETTLE: Duration = Duration::from_secs(3);
/// Between two reads, as long as they show what was before.
const AGAIN: Duration = Duration::from_secs(1);

/// The tags that make an ENI a slot, and the one that is meant for its holder.
const OURS: [&str; 3] = [TAG_POOL, TAG_SLOT, TAG_BOOTSTRAP];

impl Plan {
    /// Asks EC2 whether it may be done.
    ///
    /// # Errors
    /// EC2's.
    pub async fn ask(&self, account: &impl Account, deadline: Instant) -> Result<(), CallError> {
        let eni = self.eni();
        if self.is_out.is_none() {
            let tags = self.retirement();
            let set = || account.set_tags(eni, &tags, Mode::DryRun);
            patience::ended(deadline, Action::CreateTags, set).await?;
            let remove = || account.remove_tags(eni, &OURS, Mode::DryRun);
            patience::ended(deadline, Action::DeleteTags, remove).await?;
        }
        if self.delete {
            let delete = || account.delete(eni, Mode::DryRun);
            patience::ended(deadline, Action::DeleteNetworkInterface, delete).await?;
        }
        Ok(())
    }

    /// Does it.
    ///
    /// # Errors
    /// EC2's, how far it came, or that an agent claimed the slot meanwhile; then it is a slot as before.
    pub async fn carry_out(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<Outcome, PoolCommandError> {
        if self.is_done() {
            return Ok(Outcome::Nothing);
        }
        if !self.is_as_planned(account, deadline).await? {
            return Ok(Outcome::Deleted);
        }
        if self.is_out.is_none() {
            self.take_out(account, deadline).await?;
        }
        match self.delete {
            true => self.delete(account, deadline).await,
            false => Ok(Outcome::Retired),
        }
    }

    /// Whoever was asked may have taken an hour: an agent may have claimed the slot, or another operator
    /// have brought it back. `false` if the ENI that was to be deleted is gone.
    async fn is_as_planned(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<bool, PoolCommandError> {
        let (eni, ids) = (self.eni(), [self.eni().clone()]);
        let read = || account.interfaces(Which::WithIds(&ids));
        let read = patience::ended(deadline, Action::DescribeNetworkInterfaces, read).await;
        let found = match read {
            Err(CallError::NotFound { .. }) => Vec::new(),
            read => read?,
        };
        let changed = |how: &str| {
            let text = format!("{eni} {how} after the plan was shown: run the same command again");
            Err(PoolCommandError::NotNow(text))
        };
        let Some(it) = found.first() else {
            return if self.delete { Ok(false) } else { changed("was deleted") };
        };
        if let Some(attachment) = &it.eni.attachment {
            let is_out = self.is_out.is_some();
            return Err(held(&self.target, self.number, attachment.instance.as_ref(), is_out));
        }
        match (it.eni.tags.contains_key(TAG_POOL), self.is_out.is_some()) {
            (true, true) => changed("was made a slot again"),
            (false, false) => changed("was taken out of the pool"),
            _ => Ok(true),
        }
    }

    async fn take_out(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<(), PoolCommandError> {
        let (eni, tags, region) = (self.eni(), self.retirement(), &self.target.region);
        let it = slot_of(&self.target.pool, self.number);
        let set = || account.set_tags(eni, &tags, Mode::Do);
        patience::ended(deadline, Action::CreateTags, set).await?;
        let remove = || account.remove_tags(eni, &OURS, Mode::Do);
        let removed = patience::ended(deadline, Action::DeleteTags, remove).await;
        removed.map_err(|cause| PoolCommandError::HalfWay {
            done: format!(
                "{it} may still be one, although {eni} is tagged {TAG_RETIRED}: the same command \
                 goes on, and `aws ec2 delete-tags --resources {eni} --tags Key={TAG_RETIRED} \
                 --region {region}` takes it back"
            ),
            cause,
        })?;
        if self.delete {
            // EC2 will say.
            return Ok(());
        }
        let read = self.attached_meanwhile(account, deadline).await;
        let holder = read.map_err(|cause| PoolCommandError::HalfWay {
            done: format!(
                "{it} is retired, but it is not known whether an agent had just claimed it: look at \
                 the attachment of {eni}, and run the same command again"
            ),
            cause,
        })?;
        match holder {
            None => Ok(()),
            Some(holder) => Err(self.put_back(account, &holder, deadline).await),
        }
    }

    /// Who has attached it meanwhile, by reads that show what was changed.
    async fn attached_meanwhile(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<Option<String>, CallError> {
        let ids = [self.eni().clone()];
        let mut pause = SETTLE;
        loop {
            sleep(pause).await;
            let read = || account.interfaces(Which::WithIds(&ids));
            let until = patience::or_soon(deadline);
            let found = patience::ended(until, Action::DescribeNetworkInterfaces, read).await?;
            let Some(it) = found.first() else { return Ok(None) };
            if let Some(attachment) = &it.eni.attachment {
                let holder = attachment.instance.as_ref().map(ToString::to_string);
                return Ok(Some(holder.unwrap_or_else(|| "another account".to_owned())));
            }
            if !it.eni.tags.contains_key(TAG_POOL) {
                return Ok(None);
            }
            pause = AGAIN;
            if Instant::now() + pause > deadline {
                let message = format!("{} still shows its tag {TAG_POOL}", self.eni());
                return Err(CallError::InTransition { message });
            }
        }
    }

    /// It was claimed after all: it is a slot as before.
    async fn put_back(
        &self,
        account: &impl Account,
        holder: &str,
        deadline: Instant,
    ) -> PoolCommandError {
        let (eni, number, Target { pool, region }) = (self.eni(), self.number, &self.target);
        let it = slot_of(pool, number);
        let tags = BTreeMap::from([
            (TAG_POOL.to_owned(), pool.to_string()),
            (TAG_SLOT.to_owned(), number.to_string()),
        ]);
        let set = || account.set_tags(eni, &tags, Mode::Do);
        let remove = || account.remove_tags(eni, &[TAG_RETIRED], Mode::Do);
        let until = patience::or_soon(deadline);
        let undone = match patience::ended(until, Action::CreateTags, set).await {
            Ok(()) => patience::ended(until, Action::DeleteTags, remove).await,
            failed => failed,
        };
        match undone {
            Ok(()) => PoolCommandError::NotNow(format!(
                "{it} was claimed by {holder} at the same moment: its tags are put back, it is a slot \
                 as before"
            )),
            Err(cause) => PoolCommandError::HalfWay {
                done: format!(
                    "{it} was claimed by {holder} at the same moment, and its tags could not be put \
                     back: aws ec2 create-tags --resources {eni} --tags Key={TAG_POOL},Value={pool} \
                     Key={TAG_SLOT},Value={number} --region {region}; aws ec2 delete-tags --resources \
                     {eni} --tags Key={TAG_RETIRED} --region {region}"
                ),
                cause,
            },
        }
    }

    async fn delete(
        &self,
        account: &impl Account,
        deadline: Instant,
    ) -> Result<Outcome, PoolCommandError> {
        let delete = || account.delete(self.eni(), Mode::Do);
        match patience::ended(deadline, Action::DeleteNetworkInterface, delete).await {
            Ok(()) | Err(CallError::NotFound { .. }) => Ok(Outcome::Deleted),
            Err(CallError::InUse) if self.is_out.is_none() => {
                Err(self.put_back(account, "somebody", deadline).await)
            }
            Err(cause) => Err(PoolCommandError::HalfWay {
                done: format!(
                    "{} is retired, but {} is not deleted: the same command goes on",
                    slot_of(&self.target.pool, self.number),
                    self.eni()
                ),
                cause,
            }),
        }
    }

    fn retirement(&self) -> BTreeMap<String, String> {
        // The plan has seen that there is room.
        let said = said(&self.target.pool, self.number, SystemTime::now()).unwrap_or_default();
        [(TAG_RETIRED.to_owned(), said)].into()
    }
}

/// What the tag says of a slot that is retired: `POOL/N` and the moment, or the day alone where a long name
/// leaves no room for more; none if it leaves none for that.
pub(super) fn said(pool: &PoolName, number: SlotNumber, at: SystemTime) -> Option<String> {
    let moment = humantime::format_rfc3339_seconds(at).to_string();
    let day = moment.split('T').next().unwrap_or_default();
    let said = |when: &str| format!("{pool}/{number} {when}");
    [said(&moment), said(day)].into_iter().find(|it| it.len() <= TAG_VALUE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_into_a_tag_however_long_the_name_is_or_is_refused() {
        let of = |letters: usize, number: u8| {
            let pool = "p".repeat(letters).parse().unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
            said(&pool, number.try_into().unwrap(), at)
        };
        assert_eq!(of(1, 5).unwrap(), "p/5 2027-01-15T08:00:00Z");
        assert!(of(231, 255).unwrap().ends_with("/255 2027-01-15T08:00:00Z"));
        assert!(of(232, 255).unwrap().ends_with("/255 2027-01-15"));
        assert_eq!(of(241, 255).unwrap().len(), TAG_VALUE_MAX);
        assert_eq!(of(242, 255), None);
        assert_eq!(of(256, 1), None);
    }
}
