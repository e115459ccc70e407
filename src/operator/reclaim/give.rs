//! The attach of a free slot to a named instance, verified by reading.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::look::Destination;
use super::take::read;
use super::{ReclaimError, Seen};
use crate::cloud::patience::{pause, retried};
use crate::cloud::{Account, Attachment, AttachmentStatus, CallError, Mode};
use crate::ids::{AttachmentId, DeviceIndex, InstanceId};

/// Between two reads while EC2 attaches.
const LOOK: Duration = Duration::from_millis(500);

/// The slot, attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To whom.
    pub instance: InstanceId,
    /// By which attachment.
    pub attachment: AttachmentId,
    /// Where.
    pub index: DeviceIndex,
}

/// Attaches the slot, which is free, and returns when EC2 shows it attached. An agent that waits on
/// that very instance may be faster: that is as good.
///
/// # Errors
/// EC2's; another instance was faster; it is not attached by the deadline.
pub async fn give(
    account: &impl Account,
    seen: &Seen,
    to: &Destination,
    mode: Mode,
    deadline: Instant,
) -> Result<Option<Given>, ReclaimError> {
    let it = Giving { account, seen, to, started: Instant::now(), deadline };
    let mut taken: BTreeSet<u32> = to.indexes().collect();
    if mode == Mode::DryRun {
        let at = lowest_free(&taken);
        retried(deadline, || account.attach(&seen.slot.eni, &to.id, at, mode)).await?;
        return Ok(None);
    }
    it.attach(&mut taken).await?;
    it.attached().await.map(Some)
}

impl Destination {
    /// The device indexes that are taken on network card 0, where slots are attached.
    fn indexes(&self) -> impl Iterator<Item = u32> {
        let interfaces = self.instance.iter().flat_map(|it| &it.interfaces);
        interfaces.filter(|it| it.network_card == 0).map(|it| it.device_index)
    }
}

/// The lowest above the primary's.
fn lowest_free(taken: &BTreeSet<u32>) -> DeviceIndex {
    DeviceIndex((1..).find(|index| !taken.contains(index)).unwrap_or(1))
}

struct Giving<'a, A> {
    account: &'a A,
    seen: &'a Seen,
    to: &'a Destination,
    started: Instant,
    deadline: Instant,
}

impl<A: Account> Giving<'_, A> {
    /// Asks until EC2 has done it, or a read shows the slot attached.
    async fn attach(&self, taken: &mut BTreeSet<u32>) -> Result<(), ReclaimError> {
        let (slot, eni, to) = (self.seen.slot.number, &self.seen.slot.eni, &self.to.id);
        for round in 0.. {
            let at = lowest_free(taken);
            info!("attaching slot {slot} to {to} at device index {at}");
            let error = match self.account.attach(eni, to, at, Mode::Do).await {
                Ok(_) => return Ok(()),
                Err(CallError::IndexTaken) => {
                    taken.insert(at.0);
                    CallError::IndexTaken
                }
                // Whose it is, perhaps that instance's own doing, only a read tells.
                Err(error) if error.may_pass() || error == CallError::InUse => error,
                Err(error) => return Err(error.into()),
            };
            let until = Instant::now() + pause(round, fastrand::f64());
            if until > self.deadline {
                return Err(error.into());
            }
            warn!("{error}");
            sleep_until(until).await;
            if self.now().await?.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits until EC2 shows it attached there.
    async fn attached(&self) -> Result<Given, ReclaimError> {
        loop {
            if let Some(Attachment { id, instance, index, status }) = self.now().await? {
                if instance.as_ref() != Some(&self.to.id) {
                    return Err(self.outrun(instance));
                }
                if status == AttachmentStatus::Attached {
                    let instance = self.to.id.clone();
                    return Ok(Given { instance, attachment: id, index });
                }
            }
            if Instant::now() >= self.deadline {
                return Err(self.not_attached());
            }
            sleep(LOOK).await;
        }
    }

    /// The attachment that follows the one that was taken; a read may be older than that.
    async fn now(&self) -> Result<Option<Attachment>, CallError> {
        let before = self.seen.held.as_ref().map(|held| held.attachment.id.clone());
        let now = read(self.account, &self.seen.slot.eni, self.deadline).await?;
        Ok(now.eni.attachment.filter(|it| Some(&it.id) != before.as_ref()))
    }

    fn outrun(&self, by: Option<InstanceId>) -> ReclaimError {
        ReclaimError::Outrun {
            slot: self.seen.slot.number,
            by: by.map_or_else(|| "another account".to_owned(), |it| it.to_string()),
            to: self.to.id.clone(),
        }
    }

    fn not_attached(&self) -> ReclaimError {
        let waited = Duration::from_secs(self.started.elapsed().as_secs());
        ReclaimError::NotAttached {
            slot: self.seen.slot.number,
            to: self.to.id.clone(),
            waited: humantime::format_duration(waited).to_string(),
        }
    }
}
