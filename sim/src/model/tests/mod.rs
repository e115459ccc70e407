//! The model by itself: what callers ask, at what time, and what is then true.

mod attaching;
mod groups;
mod impaired;
mod power;
mod reading;

use super::Model;
use super::attach::Attach;
use super::effect::Effect;
use super::error::Ec2Error;
use super::ids::{AttachmentId, EniId, InstanceId};
use super::instance::State;
use super::interfaces::NewInterface;
use super::launch::Launch;
use super::types::InstanceType;
use crate::control::Timings;

/// A region of three zones with timings that are easy to tell apart, in ms.
fn model() -> Model {
    let mut model = Model::new("eu-west-1", 3, 7, 1_700_000_000_000);
    model.set_timings(&Timings {
        attach_nic_ms: Some(100),
        attached_ms: Some(150),
        detach_ms: Some(200),
        boot_ms: Some(300),
        stop_ms: Some(400),
        terminate_ms: Some(500),
        replace_ms: Some(50),
        ..Timings::default()
    });
    model
}

/// Zone `eu-west-1` and this letter.
fn zone(letter: char) -> String {
    format!("eu-west-1{letter}")
}

impl Model {
    fn pass(&mut self, ms: u64) {
        self.advance(self.now_ms() + ms);
    }

    fn launch_in(&mut self, letter: char, kind: &str) -> InstanceId {
        let subnet = self.world().subnet_of_zone(&zone(letter)).unwrap().id.clone();
        let kind = InstanceType::parse(kind).unwrap();
        self.launch(&Launch::plain(kind, subnet)).unwrap().remove(0)
    }

    /// An instance that runs.
    fn running_in(&mut self, letter: char, kind: &str) -> InstanceId {
        let id = self.launch_in(letter, kind);
        self.pass(300);
        assert_eq!(self.state_of(&id), State::Running);
        id
    }

    fn eni_in(&mut self, letter: char) -> EniId {
        let subnet = self.world().subnet_of_zone(&zone(letter)).unwrap().id.clone();
        self.create_interface(&NewInterface::in_subnet(subnet)).unwrap()
    }

    fn attach_at(
        &mut self,
        eni: &EniId,
        instance: &InstanceId,
        device_index: u32,
    ) -> Result<AttachmentId, Ec2Error> {
        let (eni, instance) = (eni.clone(), instance.clone());
        self.attach(&Attach { eni, instance, device_index, network_card: None })
    }

    fn state_of(&self, id: &InstanceId) -> State {
        self.world().instance(id).unwrap().state
    }

    fn holder(&self, eni: &EniId) -> Option<InstanceId> {
        let attachment = self.world().interface(eni).unwrap().attachment.clone();
        attachment.map(|attachment| attachment.instance)
    }

    fn attachment_status(&self, eni: &EniId) -> Option<&'static str> {
        let attachment = self.world().interface(eni).unwrap().attachment.as_ref();
        attachment.map(|attachment| attachment.status.name())
    }
}

/// The kinds of effects, with the interface or instance that each is about.
fn brief(effects: &[Effect]) -> Vec<(&'static str, &str)> {
    let brief = effects.iter().map(|effect| match effect {
        Effect::Boot(spec) => ("boot", spec.instance.as_str()),
        Effect::PowerOff { instance, .. } => ("power-off", instance.as_str()),
        Effect::Impair { instance, .. } => ("impair", instance.as_str()),
        Effect::Plug(nic) => ("plug", nic.eni.as_str()),
        Effect::Unplug { eni, .. } => ("unplug", eni.as_str()),
    });
    brief.collect()
}
