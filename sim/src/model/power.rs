//! Start, stop, terminate, and what becomes of an instance and its interfaces in between.

use crate::fabric::PowerOff;

use super::Model;
use super::delays::Delays;
use super::effect::Effect;
use super::error::Ec2Error;
use super::ids::{EniId, InstanceId};
use super::instance::{Cause, Impaired, Reason, State};
use super::interface::{AttachmentStatus, Nic};
use super::timers::Event;

/// An instance's state before and after a change.
pub type Change = (InstanceId, State, State);

impl Model {
    /// Terminates instances, or none of them if one is not there.
    pub fn terminate(&mut self, ids: &[InstanceId]) -> Result<Vec<Change>, Ec2Error> {
        self.check_all(ids, |_| true, "terminated")?;
        Ok(self.each(ids, |model, id, state| match state {
            State::ShuttingDown | State::Terminated => state,
            _ => model.shut_down(id, Cause::User),
        }))
    }

    /// Stops instances; their interfaces stay attached. With force no guest is waited for.
    pub fn stop(&mut self, ids: &[InstanceId], forced: bool) -> Result<Vec<Change>, Ec2Error> {
        let can = |state| matches!(state, State::Running | State::Stopping | State::Stopped);
        self.check_all(ids, can, "stopped")?;
        let wait = self.delays.stop / if forced { Delays::FORCED_FRACTION } else { 1 };
        Ok(self.each(ids, |model, id, state| match state {
            State::Running => model.halt(id, wait, Cause::User),
            State::Stopping if forced => model.halt(id, wait, Cause::User),
            _ => state,
        }))
    }

    /// Starts instances again, with the interfaces that they have.
    pub fn start(&mut self, ids: &[InstanceId]) -> Result<Vec<Change>, Ec2Error> {
        let can = |state: State| state.is_up() || state == State::Stopped;
        self.check_all(ids, can, "started")?;
        Ok(self.each(ids, |model, id, state| match state {
            State::Stopped => model.power_on(id),
            _ => state,
        }))
    }

    /// An instance's PID 1 ended by itself, as after `shutdown` inside: it stops.
    pub fn ended_by_itself(&mut self, id: &InstanceId) {
        if self.world.instance(id).is_ok_and(|instance| instance.state == State::Running) {
            self.halt(id, self.delays.stop, Cause::Guest);
        }
    }

    /// The machine could not run an instance: EC2 terminates one whose launch fails.
    pub fn boot_failed(&mut self, id: &InstanceId) {
        if self.world.instance(id).is_ok_and(|instance| instance.state.is_up()) {
            self.shut_down(id, Cause::Machine);
        }
    }

    /// Checks that all are there, and in a state that admits the change.
    fn check_all(
        &self,
        ids: &[InstanceId],
        can: impl Fn(State) -> bool,
        done: &str,
    ) -> Result<(), Ec2Error> {
        let is_missing = |id: &&InstanceId| self.world.instance(id).is_err();
        let missing: Vec<_> = ids.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            return Err(InstanceId::missing(&missing));
        }
        for id in ids {
            if !can(self.world.instance(id)?.state) {
                let message =
                    format!("The instance '{id}' is not in a state from which it can be {done}.");
                return Err(Ec2Error::new("IncorrectInstanceState", message));
            }
        }
        Ok(())
    }

    fn each(
        &mut self,
        ids: &[InstanceId],
        change: impl Fn(&mut Model, &InstanceId, State) -> State,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for id in ids {
            if let Ok(before) = self.world.instance(id).map(|instance| instance.state) {
                let after = change(self, id, before);
                changes.push((id.clone(), before, after));
            }
        }
        changes
    }

    fn shut_down(&mut self, id: &InstanceId, cause: Cause) -> State {
        self.cut_power(id, PowerOff::DropDisk);
        self.begin(id, State::ShuttingDown, self.delays.terminate);
        self.give_reason(id, cause);
        State::ShuttingDown
    }

    fn halt(&mut self, id: &InstanceId, wait_ms: u64, cause: Cause) -> State {
        self.cut_power(id, PowerOff::KeepDisk);
        self.begin(id, State::Stopping, wait_ms);
        self.give_reason(id, cause);
        State::Stopping
    }

    fn power_on(&mut self, id: &InstanceId) -> State {
        let now_ms = self.now_ms;
        self.begin(id, State::Pending, self.delays.boot);
        if let Ok(instance) = self.world_mut().instance_mut(id) {
            instance.launched_ms = now_ms;
            instance.reason = None;
        }
        State::Pending
    }

    /// Puts an instance into a state that ends by itself after a while.
    pub(super) fn begin(&mut self, id: &InstanceId, state: State, wait_ms: u64) {
        let due_ms = self.now_ms + wait_ms;
        if let Ok(instance) = self.world_mut().instance_mut(id) {
            instance.state = state;
            instance.due_ms = Some(due_ms);
            self.timers.at(due_ms, Event::Transition(id.clone()));
        }
    }

    fn give_reason(&mut self, id: &InstanceId, cause: Cause) {
        let at_ms = self.now_ms;
        if let Ok(instance) = self.world_mut().instance_mut(id) {
            instance.reason = Some(Reason { cause, at_ms });
        }
    }

    fn cut_power(&mut self, id: &InstanceId, how: PowerOff) {
        self.effects.push(Effect::PowerOff { instance: id.to_string(), how });
        if let Ok(instance) = self.world_mut().instance_mut(id) {
            instance.impaired = Impaired::default();
        }
        for eni in self.enis_of(id) {
            if let Ok(interface) = self.world_mut().interface_mut(&eni)
                && let Some(attachment) = &mut interface.attachment
                && attachment.nic == Nic::Plugged
            {
                attachment.nic = Nic::Waiting;
            }
        }
    }

    /// A transition is over, unless another one has begun since.
    pub(super) fn transition(&mut self, id: &InstanceId) {
        let now_ms = self.now_ms;
        let Ok(instance) = self.world_mut().instance_mut(id) else { return };
        if instance.due_ms != Some(now_ms) {
            return;
        }
        instance.due_ms = None;
        match instance.state {
            State::Pending => self.running(id),
            State::Stopping => self.stopped(id),
            State::ShuttingDown => self.terminated(id),
            State::Running | State::Stopped | State::Terminated => {}
        }
    }

    fn running(&mut self, id: &InstanceId) {
        self.set_state(id, State::Running);
        let spec = self.world.instance(id).ok().and_then(|instance| self.boot_spec(instance));
        self.effects.extend(spec.map(Effect::Boot));
        let now_ms = self.now_ms;
        for eni in self.enis_of(id) {
            if let Ok(interface) = self.world_mut().interface_mut(&eni)
                && let Some(attachment) = &mut interface.attachment
                && attachment.due_at_boot(now_ms)
            {
                attachment.nic = Nic::Plugged;
                attachment.status = AttachmentStatus::Attached;
            }
        }
    }

    fn stopped(&mut self, id: &InstanceId) {
        self.set_state(id, State::Stopped);
        for eni in self.enis_of(id) {
            let interface = self.world.interface(&eni).ok();
            let attachment = interface.and_then(|eni| eni.attachment.as_ref());
            if attachment.is_some_and(|attachment| attachment.status.is_detaching()) {
                self.free(&eni);
            }
        }
    }

    fn terminated(&mut self, id: &InstanceId) {
        self.set_state(id, State::Terminated);
        for eni in self.enis_of(id) {
            let interface = self.world.interface(&eni).ok();
            let attachment = interface.and_then(|eni| eni.attachment.as_ref());
            let goes = attachment.is_some_and(|attachment| attachment.delete_on_termination);
            self.free(&eni);
            if goes {
                self.world_mut().interfaces.remove(&eni);
            }
        }
        self.timers.at(self.now_ms + Delays::FORGET, Event::Forget(id.clone()));
    }

    fn set_state(&mut self, id: &InstanceId, state: State) {
        if let Ok(instance) = self.world_mut().instance_mut(id) {
            instance.state = state;
        }
    }

    fn enis_of(&self, id: &InstanceId) -> Vec<EniId> {
        self.world.interfaces_of(id).into_iter().map(|(eni, _)| eni.id.clone()).collect()
    }
}
