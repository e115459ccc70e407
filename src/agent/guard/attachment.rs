//! Watches the slot's attachment from outside of this host, for the case in which its kernel does
//! not tell: after a forced detach it may show the NIC for ever. Asks IMDS now and then, and EC2
//! only on [`Doubt`].

use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::Fenced;
use super::doubt::{Doubt, Heard, Next, Say, Standing};
use crate::agent::Facts;
use crate::cloud::{Cloud, Metadata};

/// The watch over one attachment.
pub struct Attachment<'a, C, M> {
    cloud: &'a C,
    metadata: &'a M,
    facts: &'a Facts,
    /// What IMDS and EC2 failed with last, so that it is said once.
    trouble: [Option<String>; 2],
    /// How EC2 showed the slot last.
    standing: Standing,
}

impl<'a, C: Cloud, M: Metadata> Attachment<'a, C, M> {
    /// Of the slot that the facts tell of.
    pub fn new(cloud: &'a C, metadata: &'a M, facts: &'a Facts) -> Self {
        let standing = Standing::Ours;
        Self { cloud, metadata, facts, trouble: [None, None], standing }
    }

    /// Returns when EC2 has said, twice, that the slot is not attached here as it was. Cancel safe.
    pub async fn lost(mut self) -> Fenced {
        let (mut doubt, mut next) = Doubt::begin();
        loop {
            let heard = match next {
                Next::AskImds(after) => {
                    sleep(after).await;
                    Heard::Imds(self.ask_imds().await)
                }
                Next::AskEc2(after) => {
                    sleep(after).await;
                    Heard::Ec2(self.ask_ec2().await)
                }
                Next::Fence => return self.fenced(),
            };
            let say;
            (doubt, next, say) = doubt.step(heard);
            if let Some(say) = say {
                self.say(say);
            }
        }
    }

    async fn ask_imds(&mut self) -> Option<bool> {
        let answer = self.metadata.lists(self.facts.nic.mac).await;
        note(&mut self.trouble[0], answer.as_ref().err().map(ToString::to_string));
        answer.ok()
    }

    async fn ask_ec2(&mut self) -> Option<bool> {
        let answer = self.cloud.attached_to(&self.facts.instance).await;
        note(&mut self.trouble[1], answer.as_ref().err().map(ToString::to_string));
        self.standing = Standing::of(&self.facts.eni, &self.facts.attachment, &answer.ok()?);
        Some(self.standing == Standing::Ours)
    }

    fn say(&self, say: Say) {
        let Facts { slot, eni, nic, .. } = self.facts;
        match say {
            Say::NeverListed => warn!(
                "the instance metadata has never listed slot {slot} ({}): EC2 is asked about it",
                nic.mac
            ),
            Say::Missing => warn!(
                "the instance metadata no longer lists slot {slot} ({}): EC2 is asked about it",
                nic.mac
            ),
            Say::NotOurs => {
                warn!("of slot {slot} ({eni}) EC2 {}: it is asked once more", self.standing);
            }
            Say::Ours => warn!(
                "EC2 shows {eni} attached here as it was: slot {slot} is kept, and the instance \
                 metadata is wrong"
            ),
            Say::ListedAgain => info!("the instance metadata lists slot {slot} again"),
        }
    }

    fn fenced(self) -> Fenced {
        Fenced::AttachedElsewhere {
            slot: self.facts.slot,
            eni: self.facts.eni.clone(),
            attachment: self.facts.attachment.clone(),
            standing: self.standing,
        }
    }
}

/// Says what is wrong with a source when it begins to be, and when it has passed.
fn note(before: &mut Option<String>, now: Option<String>) {
    match (&before, &now) {
        (None, Some(error)) => warn!("{error}"),
        (Some(_), Some(error)) => debug!("{error}"),
        (Some(error), None) => info!("answered again, after: {error}"),
        (None, None) => {}
    }
    *before = now;
}

#[cfg(test)]
mod tests;
