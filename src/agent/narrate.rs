//! Tells people what has just happened; the effects tell what is about to. What has not changed
//! since it was last said is said again only to those who ask for more (`debug`).

use tracing::{debug, info, warn};

use super::Agent;
use super::run::status;
use super::survey::Survey;
use crate::claim::{Event, PoolView, State};
use crate::cloud::{CallError, Cloud, Metadata};

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Tells of an event in a state.
    pub(super) fn narrate(&self, state: &State, event: &Event, survey: &mut Survey) {
        match (state, event) {
            (State::Reading(_), Event::PoolRead(Ok(view))) => self.tell_pool(view, survey),
            (State::CheckingHolders { .. }, Event::HoldersRead(Ok(_))) => {
                self.tell_holders(survey);
            }
            (State::Attaching { target, .. }, Event::Attached(Err(error))) => {
                info!(slot = target.slot.get(), "slot {} was not attached: {error}", target.slot);
            }
            (
                _,
                Event::PoolRead(Err(error))
                | Event::HoldersRead(Err(error))
                | Event::OwnRead(Err(error)),
            ) if error.may_pass() || matches!(error, CallError::NoCredentials { .. }) => {
                warn!("{error}");
            }
            (_, Event::Detached(Err(error))) if *error != CallError::AttachmentGone => {
                warn!("not detached: {error}");
            }
            (State::AwaitingNic(held), Event::NicMissing) => {
                warn!(slot = held.slot.get(), "the NIC of slot {} did not appear", held.slot);
            }
            (State::Configuring(held), Event::Configured(Err(error))) => {
                warn!(slot = held.slot.get(), "slot {} cannot be used: {error}", held.slot);
            }
            (State::Configuring(held), Event::Configured(Ok(()))) => {
                survey.warn_of_others(held, &self.me);
            }
            _ => {}
        }
    }

    fn tell_pool(&self, view: &PoolView, survey: &mut Survey) {
        let (pool, zone) = (&view.pool, &self.me.zone);
        let slots = pool.slots.len();
        let free = pool.in_zone(zone).filter(|slot| slot.attachment.is_none()).count();
        let text = format!("{pool}: {free} free in {zone}");
        if survey.said_of_pool == text {
            debug!(pool = %pool.name, slots, free, zone, "{text}");
        } else {
            info!(pool = %pool.name, slots, free, zone, "{text}");
            survey.said_of_pool = text;
        }
    }

    /// Who holds what, while no slot is free: what a person asks first about a claim that waits.
    fn tell_holders(&self, survey: &mut Survey) {
        let holdings = survey.holdings(&self.me.zone, self.request.want);
        if survey.said_of_holders == holdings {
            debug!("no slot is free: {holdings}");
        } else {
            info!("no slot is free: {holdings}");
            status(&format!("waiting for a slot of pool {}: {holdings}", self.request.pool));
            survey.said_of_holders = holdings;
        }
    }
}
