//! Each effect of the claim, performed: its outcome is the event that the claim waits for.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::survey::Survey;
use super::{Agent, Facts};
use crate::claim::{Effect, Event, Held, LocalNics, OwnAttachment, PoolView, Target};
use crate::cloud::{Action, CallError, Cloud, Eni, Metadata, Mode, patience};
use crate::ids::{AttachmentId, DeviceIndex, InstanceId};
use crate::pool::Pool;

/// How long a NIC may take to appear even when the deadline is nearer: it was attached in time.
const NIC_TIMEOUT_MIN: Duration = Duration::from_secs(10);
/// How long a slot that is given back may take to leave the kernel; EC2 takes seconds.
const VANISH_TIMEOUT: Duration = Duration::from_secs(15);

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Performs one effect.
    pub(super) async fn perform(&mut self, effect: Effect, survey: &mut Survey) -> Event {
        match effect {
            Effect::ReadPool => self.read_pool(survey).await,
            Effect::ReadHolders(holders) => self.read_holders(holders, survey).await,
            Effect::ReadOwn => Event::OwnRead(self.read_own().await),
            Effect::Attach(target) => self.attach(target, survey).await,
            Effect::Detach { attachment, force } => self.detach(attachment, force, survey).await,
            Effect::AwaitNic(held) => self.await_nic(held, survey).await,
            Effect::Configure(held) => Event::Configured(
                self.configure(&held, survey).await.map_err(|e| e.as_host_fault()),
            ),
            Effect::Unconfigure(held) => self.unconfigure(held, survey).await,
            Effect::Pause { round, past_deadline } => self.pause(round, past_deadline).await,
        }
    }

    async fn read_pool(&self, survey: &mut Survey) -> Event {
        let (enis, local) = tokio::join!(self.cloud.pool(&self.request.pool), self.local_nics());
        survey.nics = local.1;
        let pool = enis.map(|enis| Pool::from_enis(&self.request.pool, enis));
        survey.trouble = pool.as_ref().err().cloned();
        match pool {
            Err(error) => Event::PoolRead(Err(error)),
            Ok(Err(defect)) => Event::PoolInvalid(defect),
            Ok(Ok(pool)) => {
                survey.pool = Some(pool.clone());
                Event::PoolRead(Ok(PoolView { pool, local: local.0 }))
            }
        }
    }

    /// What this instance knows of its interfaces. Neither source is needed for safety: what they
    /// do not show, EC2 refuses by the device index, and then it is asked.
    pub(super) async fn local_nics(&self) -> (LocalNics, Vec<crate::cloud::MetadataNic>) {
        let listed = self.metadata.nics().await.unwrap_or_else(|error| {
            warn!("{error}");
            Vec::new()
        });
        let in_kernel = self.host.nics().await.unwrap_or_else(|error| {
            warn!("{error}");
            Vec::new()
        });
        let primary = DeviceIndex(0);
        let indexes = listed.iter().filter_map(|nic| nic.index).chain([primary]);
        let macs = listed.iter().map(|nic| nic.mac).chain(in_kernel.iter().map(|nic| nic.mac));
        let local = LocalNics { indexes: indexes.collect(), macs: macs.collect::<BTreeSet<_>>() };
        (local, listed)
    }

    async fn read_holders(&self, holders: Vec<InstanceId>, survey: &mut Survey) -> Event {
        let states = self.cloud.states(&holders).await;
        survey.trouble = states.as_ref().err().cloned();
        if let Ok(states) = &states {
            survey.states.extend(states.clone());
        }
        Event::HoldersRead(states)
    }

    async fn read_own(&self) -> Result<Vec<OwnAttachment>, CallError> {
        let enis = self.cloud.attached_to(&self.me.instance).await?;
        let own = |eni: Eni| {
            let slot = eni.slot_of(&self.request.pool);
            let attachment = eni.attachment?;
            Some(OwnAttachment {
                eni: eni.id,
                slot,
                attachment: attachment.id,
                index: attachment.index,
                status: attachment.status,
            })
        };
        Ok(enis.into_iter().filter_map(own).collect())
    }

    async fn attach(&self, target: Target, survey: &mut Survey) -> Event {
        let Target { slot, eni, index } = &target;
        info!(
            slot = slot.get(), %eni, index = index.0,
            "attaching slot {slot} ({eni}) at device index {index}"
        );
        survey.tried = Some((*slot, eni.clone()));
        let outcome = self.cloud.attach(eni, &self.me.instance, *index, Mode::Do).await;
        survey.trouble = outcome.as_ref().err().cloned();
        // Only a dry run is answered without an attachment.
        let lost = || CallError::Lost {
            action: Action::AttachNetworkInterface,
            cause: "the answer names no attachment".to_owned(),
        };
        Event::Attached(outcome.and_then(|attachment| attachment.ok_or_else(lost)))
    }

    async fn detach(&self, attachment: AttachmentId, force: bool, survey: &mut Survey) -> Event {
        let how = if force { "by force" } else { "gracefully" };
        let of = survey.pool.iter().flat_map(|pool| pool.slots.values());
        let of = of
            .filter_map(|slot| Some((slot, slot.attachment.as_ref()?)))
            .find(|(_, a)| a.id == attachment);
        match of.and_then(|(slot, a)| Some((slot.number, a.instance.clone()?))) {
            Some((slot, holder)) if holder != self.me.instance => {
                let state = survey.states.get(&holder);
                let state = state.map(ToString::to_string).unwrap_or_default();
                info!(
                    slot = slot.get(), %holder, %attachment, force,
                    "taking slot {slot} from {holder} ({state}), {how}"
                );
            }
            _ => info!(%attachment, force, "detaching {attachment}, {how}"),
        }
        let outcome = self.cloud.detach(&attachment, force, Mode::Do).await;
        survey.trouble = outcome.as_ref().err().cloned();
        if outcome.is_ok() {
            self.await_own_nic_gone(&attachment, survey).await;
        }
        Event::Detached(outcome)
    }

    /// Waits until a slot that this instance gives back has left its kernel: a claim started right
    /// after this one, on a stale read, would take the NIC for a slot that it holds.
    async fn await_own_nic_gone(&self, attachment: &AttachmentId, survey: &Survey) {
        let own = survey.attached.as_ref().filter(|held| held.attachment == *attachment);
        let pool = survey.pool.as_ref();
        let Some(slot) = own.zip(pool).and_then(|(held, pool)| pool.slots.get(&held.slot)) else {
            return;
        };
        match self.host.nic_vanishes(slot.mac, VANISH_TIMEOUT).await {
            Ok(true) => {}
            Ok(false) => warn!(slot = slot.number.get(), "slot {} is slow to leave", slot.number),
            Err(error) => warn!("{error}"),
        }
    }

    async fn await_nic(&mut self, held: Held, survey: &mut Survey) -> Event {
        let Some(slot) = survey.pool.as_ref().and_then(|pool| pool.slots.get(&held.slot)) else {
            return Event::NicMissing;
        };
        let left = self.request.deadline.saturating_duration_since(Instant::now());
        let within = self.request.nic_timeout.min(left.max(NIC_TIMEOUT_MIN));
        survey.attached = Some(held.clone());
        survey.waited_for_nic = within;
        if held.resumed {
            info!(slot = held.slot.get(), "this instance holds slot {}", held.slot);
        }
        let appeared = tokio::select! {
            appeared = self.host.nic_appears(slot.mac, within) => appeared,
            () = interrupted(&mut self.interrupt) => return Event::Interrupted,
        };
        match appeared {
            Ok(Some(nic)) => {
                info!(nic = nic.name, mac = %nic.mac, "{} is in the kernel", nic.name);
                Event::NicAppeared
            }
            Ok(None) => Event::NicMissing,
            Err(error) => {
                warn!("{error}");
                Event::NicMissing
            }
        }
    }

    /// As well as it goes: the detach that follows takes the NIC and its addresses in any case.
    async fn unconfigure(&self, held: Held, survey: &Survey) -> Event {
        info!(slot = held.slot.get(), "giving slot {} back", held.slot);
        let slot = survey.pool.as_ref().and_then(|pool| pool.slots.get(&held.slot));
        if let Err(error) = self.host.undo(slot.map(|slot| slot.mac)).await {
            warn!("{error}");
        }
        if let Err(error) = Facts::remove(&self.request.run_dir) {
            warn!("{error}");
        }
        Event::Unconfigured
    }

    async fn pause(&mut self, round: u32, past_deadline: bool) -> Event {
        let until = Instant::now() + patience::pause(round, fastrand::f64());
        if past_deadline {
            sleep_until(until).await;
            return Event::PauseOver;
        }
        tokio::select! {
            () = interrupted(&mut self.interrupt) => Event::Interrupted,
            () = sleep_until(self.request.deadline.min(until)) => match until <= self.request.deadline {
                true => Event::PauseOver,
                false => Event::DeadlinePassed,
            }
        }
    }
}

/// Returns when a signal asks the agent to end; never, if none can come any more.
async fn interrupted(interrupt: &mut super::Interrupt) {
    if interrupt.wait_for(|&asked| asked).await.is_err() {
        std::future::pending::<()>().await;
    }
}
