//! Two people at once: the audit tag is to name the one who did it.
//!
//! Each sets it before his detach, so the slower one may have written over the other's. Who did it
//! sets it once more if so, as long as he looks on; who did not takes his own away, and tells what is
//! there instead.

use tokio::time::sleep;
use tracing::warn;

use super::take::{LOOK, Taking};
use super::{ReclaimError, Word};
use crate::cloud::account::Interface;
use crate::cloud::patience::retried;
use crate::cloud::{Account, CallError, Mode, TAG_RECLAIMED};

/// How often the tag is looked at for another's word: who did it sets it when he has seen the end, a
/// read and a call later, and EC2 may throttle both.
const LOOKS: u32 = 10;

/// Puts the tag in order, now that the attachment has ended; tells who ended it if it was not us.
pub(super) async fn settle<A: Account>(
    it: &Taking<'_, A>,
    is_ours: bool,
    word: &Word,
    mut now: Interface,
) -> Result<Option<String>, ReclaimError> {
    let own = Some(word.as_str());
    let tag = |now: &Interface| now.eni.tags.get(TAG_RECLAIMED).cloned();
    if is_ours {
        keep(it, word, &now).await?;
        return Ok(None);
    }
    for _ in 0..LOOKS {
        if tag(&now).as_deref() != own {
            return Ok(tag(&now));
        }
        sleep(LOOK).await;
        now = it.read().await?;
    }
    withdraw(it, word).await;
    Ok(None)
}

/// Sets our word again if another's is there, or none: of who has not done it, a moment too late.
pub(super) async fn keep<A: Account>(
    it: &Taking<'_, A>,
    word: &Word,
    now: &Interface,
) -> Result<(), CallError> {
    if now.eni.tags.get(TAG_RECLAIMED).map(String::as_str) == Some(word.as_str()) {
        return Ok(());
    }
    let set = || it.account.set_tag(it.eni, TAG_RECLAIMED, word.as_str(), Mode::Do);
    retried(it.deadline, set).await
}

/// Takes our own word away, and no other, and puts back the one before it: who took the slot last is asked
/// for after the next incident, too.
pub(super) async fn withdraw<A: Account>(it: &Taking<'_, A>, word: &Word) {
    let remove = || it.account.remove_tag(it.eni, TAG_RECLAIMED, word.as_str(), Mode::Do);
    if let Err(error) = retried(it.deadline, remove).await {
        warn!("the tag {TAG_RECLAIMED} says what was not done: {error}");
        return;
    }
    let Some(last) = it.last.filter(|last| *last != word.as_str()) else { return };
    if let Err(error) = put_back(it, word, last).await {
        warn!("the tag {TAG_RECLAIMED} was removed, and said before: {last} ({error})");
    }
}

async fn put_back<A: Account>(
    it: &Taking<'_, A>,
    word: &Word,
    last: &str,
) -> Result<(), CallError> {
    let now = it.read().await?;
    // A stale read may show either; any other word is another person's, who has written since.
    match now.eni.tags.get(TAG_RECLAIMED).map(String::as_str) {
        Some(now) if now != word.as_str() && now != last => Ok(()),
        _ => {
            let set = || it.account.set_tag(it.eni, TAG_RECLAIMED, last, Mode::Do);
            retried(it.deadline, set).await
        }
    }
}
