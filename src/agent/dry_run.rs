//! What a claim would do now, found out without changing anything: the claim's own first steps,
//! with EC2's `DryRun` in place of the first change.

use serde::Serialize;

use super::survey::Survey;
use super::{Agent, AgentError};
use crate::claim::{Effect, Event, State, step};
use crate::cloud::{Cloud, Metadata, Mode};
use crate::ids::{AttachmentId, DeviceIndex, EniId, SlotNumber};

/// The claim's reads before its first change, at the most.
const STEPS_MAX: u32 = 16;

/// What a claim would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// The first change.
    #[serde(flatten)]
    pub would: Would,
    /// What EC2 says that this role may do, each asked by a dry run.
    pub permitted: Vec<&'static str>,
}

/// The first change that a claim would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "would", rename_all = "kebab-case")]
pub enum Would {
    /// Nothing but check the host: this instance holds a slot.
    Resume {
        /// The slot.
        slot: SlotNumber,
    },
    /// Attach a free slot.
    Attach {
        /// The slot.
        slot: SlotNumber,
        /// Its ENI.
        eni: EniId,
        /// Where.
        device_index: DeviceIndex,
    },
    /// Take a slot from a holder that is not running.
    TakeOver {
        /// The attachment that would be ended.
        attachment: AttachmentId,
        /// Whether without the holder's consent.
        force: bool,
    },
    /// Wait for a slot to come free, or for a second look at a holder that seems lost.
    Wait {
        /// Who holds what.
        because: String,
    },
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Finds out what [`Agent::claim`] would do.
    ///
    /// # Errors
    /// As a claim's, for what would fail before its first change or is not permitted.
    pub async fn dry_run(&mut self) -> Result<DryRun, AgentError> {
        let setup = self.setup(self.earlier_facts().await?);
        let mut survey = Survey::default();
        let mut state = State::start();
        let mut effect = Effect::ReadPool;
        for _ in 0..STEPS_MAX {
            let is_read =
                matches!(effect, Effect::ReadPool | Effect::ReadHolders(_) | Effect::ReadOwn);
            if !is_read {
                return self.ask(effect, &survey).await;
            }
            let event: Event = self.perform(effect, &mut survey).await;
            self.narrate(&state, &event, &mut survey);
            let (next, mut effects) = step(&setup, &state, event)?;
            state = next;
            effect = match (&state, effects.pop()) {
                (_, Some(next)) => next,
                (State::Failed { why, left }, None) => {
                    return Err(self.failed(why.clone(), *left, survey));
                }
                (other, None) => return Err(AgentError::Stuck { state: other.name() }),
            };
        }
        Err(AgentError::Stuck { state: state.name() })
    }

    /// Asks EC2 whether it would permit the first change.
    async fn ask(&self, effect: Effect, survey: &Survey) -> Result<DryRun, AgentError> {
        let mut permitted = Vec::new();
        let would = match effect {
            Effect::Attach(target) => {
                let me = &self.me.instance;
                let call = || self.cloud.attach(&target.eni, me, target.index, Mode::DryRun);
                self.retried(call).await?;
                permitted.push("ec2:AttachNetworkInterface");
                let (slot, eni) = (target.slot, target.eni);
                Would::Attach { slot, eni, device_index: target.index }
            }
            Effect::Detach { attachment, force } => {
                self.retried(|| self.cloud.detach(&attachment, force, Mode::DryRun)).await?;
                permitted.push("ec2:DetachNetworkInterface");
                Would::TakeOver { attachment, force }
            }
            Effect::AwaitNic(held) => Would::Resume { slot: held.slot },
            Effect::Pause { .. } => {
                if let Some(error) = &survey.trouble {
                    return Err(error.clone().into());
                }
                Would::Wait { because: survey.holdings(&self.me.zone, self.request.want) }
            }
            _ => return Err(AgentError::Stuck { state: "dry-run" }),
        };
        Ok(DryRun { would, permitted })
    }
}
