//! Whether the slot is still attached here, as far as IMDS and EC2 tell: a pure machine, which says
//! whom to ask next and when, without a clock or IO.
//!
//! IMDS alone never condemns the slot: it lags behind an attach and fails for reasons of its own.
//! It raises a doubt, and only then EC2 is asked, whose reads may be older than its last write: two
//! answers in a row, apart, have to say that the slot is not ours. An error is no answer.

use std::fmt;
use std::time::Duration;

use crate::cloud::{AttachmentStatus, Eni};
use crate::ids::{AttachmentId, EniId};

/// How often IMDS is asked. A slot that was taken away and whose NIC the kernel still shows, as
/// after a forced detach, goes unnoticed for twice that and [`CONFIRM_AFTER`].
pub const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How many looks in a row that do not find the slot raise a doubt.
const MISSING_MAX: u32 = 2;
/// How many looks IMDS is given to list the slot for the first time: 5 minutes. It lags an attach
/// by seconds.
const UNLISTED_MAX: u32 = 20;
/// How many answers of EC2's in a row that the slot is not ours are believed.
const NOT_OURS_MAX: u32 = 2;
/// How long after such an answer EC2 is asked again: its reads are some tens to hundreds of
/// milliseconds behind its writes, seldom seconds.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);
/// How long after an answer that did not come EC2 is asked again; then twice as long each time.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// At the longest.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// After how many more looks in vain EC2 is asked again when it has said that the slot is ours, a
/// minute; then after twice as many each time.
const AGREED_FIRST: u32 = 4;
/// At the most: an hour.
const AGREED_MAX: u32 = 240;

/// What is known of the slot's attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// IMDS has not listed the slot yet.
    Unlisted {
        /// How often it was asked.
        looks: u32,
    },
    /// IMDS lists the slot.
    Listed {
        /// In how many of its last answers it did not.
        missing: u32,
    },
    /// It does not, and EC2 is asked.
    Asking {
        /// How many of its last answers said that the slot is not ours.
        not_ours: u32,
        /// How often it did not answer.
        failures: u32,
        /// How often it has said before that the slot is ours.
        agreed: u32,
    },
    /// It does not, but EC2 says that the slot is ours.
    Disagreed {
        /// How often IMDS has not listed it since.
        looks: u32,
        /// How often EC2 has said so.
        agreed: u32,
    },
}

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// IMDS: whether it lists the slot; none if it did not answer.
    Imds(Option<bool>),
    /// EC2: whether the slot is attached here as it was; none if it did not answer.
    Ec2(Option<bool>),
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask IMDS after that time.
    AskImds(Duration),
    /// Ask EC2 after that time.
    AskEc2(Duration),
    /// The slot is not ours.
    Fence,
}

/// What is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// IMDS has never listed the slot.
    NeverListed,
    /// IMDS no longer lists it.
    Missing,
    /// EC2 says that the slot is ours, against IMDS.
    Ours,
    /// EC2 says that it is not, for the first time.
    NotOurs,
    /// IMDS lists it again.
    ListedAgain,
}

impl Doubt {
    /// Where it begins, with a look at once.
    pub const fn begin() -> (Self, Next) {
        (Self::Unlisted { looks: 0 }, Next::AskImds(Duration::ZERO))
    }

    /// What follows from what was heard.
    pub fn step(self, heard: Heard) -> (Self, Next, Option<Say>) {
        match (self, heard) {
            (_, Heard::Imds(Some(true))) => self.listed(),
            (Self::Unlisted { looks }, Heard::Imds(Some(false))) => match looks + 1 {
                UNLISTED_MAX => doubt(0, Some(Say::NeverListed)),
                looks => look(Self::Unlisted { looks }),
            },
            (Self::Listed { missing }, Heard::Imds(Some(false))) => match missing + 1 {
                MISSING_MAX => doubt(0, Some(Say::Missing)),
                missing => look(Self::Listed { missing }),
            },
            (Self::Disagreed { looks, agreed }, Heard::Imds(Some(false))) => match looks + 1 {
                looks if looks < patience(agreed) => look(Self::Disagreed { looks, agreed }),
                _ => doubt(agreed, None),
            },
            (Self::Asking { not_ours, failures, agreed }, Heard::Ec2(answer)) => {
                asked(not_ours, failures, agreed, answer)
            }
            // No answer from IMDS; or one of EC2's that nobody waits for any more.
            (same, _) => look(same),
        }
    }

    fn listed(self) -> (Self, Next, Option<Say>) {
        let (listed, next, _) = look(Self::Listed { missing: 0 });
        let was_doubted = matches!(self, Self::Asking { .. } | Self::Disagreed { .. });
        (listed, next, was_doubted.then_some(Say::ListedAgain))
    }
}

fn look(state: Doubt) -> (Doubt, Next, Option<Say>) {
    (state, Next::AskImds(LOOK_EVERY), None)
}

fn doubt(agreed: u32, say: Option<Say>) -> (Doubt, Next, Option<Say>) {
    (Doubt::Asking { not_ours: 0, failures: 0, agreed }, Next::AskEc2(Duration::ZERO), say)
}

/// EC2 has answered, or not.
fn asked(
    not_ours: u32,
    failures: u32,
    agreed: u32,
    answer: Option<bool>,
) -> (Doubt, Next, Option<Say>) {
    let asking = |not_ours, failures| Doubt::Asking { not_ours, failures, agreed };
    match answer {
        Some(true) => {
            let say = (agreed == 0).then_some(Say::Ours);
            let agreed = agreed.saturating_add(1);
            (Doubt::Disagreed { looks: 0, agreed }, Next::AskImds(LOOK_EVERY), say)
        }
        Some(false) if not_ours + 1 >= NOT_OURS_MAX => {
            (asking(not_ours + 1, failures), Next::Fence, None)
        }
        Some(false) => (asking(not_ours + 1, 0), Next::AskEc2(CONFIRM_AFTER), Some(Say::NotOurs)),
        None => {
            let pause = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(failures.min(16)));
            (asking(not_ours, failures + 1), Next::AskEc2(pause.min(RETRY_MAX)), None)
        }
    }
}

/// How many looks in vain it takes until EC2 is asked again.
fn patience(agreed: u32) -> u32 {
    AGREED_FIRST.saturating_mul(2_u32.saturating_pow(agreed.saturating_sub(1))).min(AGREED_MAX)
}

/// How EC2 shows the slot among this instance's interfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Attached as it was, or on the way to it.
    Ours,
    /// Not attached to this instance.
    Absent,
    /// On its way out.
    Leaving,
    /// Attached to this instance, but anew: it has been away.
    Anew(AttachmentId),
}

impl fmt::Display for Standing {
    /// What EC2 does, as a verb and its object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("shows it so"),
            Self::Absent => f.write_str("no longer shows it on this instance"),
            Self::Leaving => f.write_str("is detaching it"),
            Self::Anew(attachment) => write!(f, "shows it attached anew, by {attachment}"),
        }
    }
}

impl Standing {
    /// What the interfaces that EC2 shows on this instance say of the slot.
    pub fn of(eni: &EniId, ours: &AttachmentId, attached: &[Eni]) -> Self {
        let slot = attached.iter().find(|it| it.id == *eni);
        match slot.and_then(|slot| slot.attachment.as_ref()) {
            None => Self::Absent,
            Some(it) if it.id != *ours => Self::Anew(it.id.clone()),
            Some(it) => match it.status {
                AttachmentStatus::Attaching | AttachmentStatus::Attached => Self::Ours,
                AttachmentStatus::Detaching | AttachmentStatus::Detached => Self::Leaving,
            },
        }
    }
}

#[cfg(test)]
mod tests;
