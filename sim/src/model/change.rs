//! Changing instances that are there.

use super::Model;
use super::error::Ec2Error;
use super::ids::{EniId, GroupId, InstanceId};
use super::instance::State;
use super::interfaces;
use super::tags;
use super::types::InstanceType;

/// What ModifyInstanceMetadataOptions changes; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataChange {
    pub enabled: Option<bool>,
    pub tokens_required: Option<bool>,
    pub hop_limit: Option<u8>,
    pub tags: Option<bool>,
}

/// The one attribute that ModifyInstanceAttribute changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// Of the only interface.
    SourceDestCheck(bool),
    /// Of the only interface.
    Groups(Vec<GroupId>),
    /// Of a stopped instance.
    Kind(&'static InstanceType),
}

impl Model {
    /// Changes what an instance's metadata service offers, at once.
    pub fn modify_metadata(
        &mut self,
        id: &InstanceId,
        to: &MetadataChange,
    ) -> Result<(), Ec2Error> {
        let instance = self.world.instance(id)?;
        if matches!(instance.state, State::ShuttingDown | State::Terminated) {
            return Err(not_in_state(id, "'pending', 'running', 'stopping' or 'stopped'"));
        }
        let mut metadata = instance.metadata;
        metadata.enabled = to.enabled.unwrap_or(metadata.enabled);
        metadata.tokens_required = to.tokens_required.unwrap_or(metadata.tokens_required);
        metadata.hop_limit = to.hop_limit.unwrap_or(metadata.hop_limit);
        metadata.tags = to.tags.unwrap_or(metadata.tags);
        if metadata.tags {
            tags::check_metadata(instance.tags.keys())?;
        }
        self.world_mut().instance_mut(id)?.metadata = metadata;
        Ok(())
    }

    /// Changes an attribute of an instance, or of its interface if it has one alone.
    pub fn modify_instance(&mut self, id: &InstanceId, to: Attribute) -> Result<(), Ec2Error> {
        match to {
            Attribute::SourceDestCheck(on) => {
                let eni = self.only_interface(id)?;
                self.modify_interface(&eni, interfaces::Attribute::SourceDestCheck(on))
            }
            Attribute::Groups(groups) => {
                let eni = self.only_interface(id)?;
                self.modify_interface(&eni, interfaces::Attribute::Groups(groups))
            }
            Attribute::Kind(kind) => {
                if self.world.instance(id)?.state != State::Stopped {
                    return Err(not_in_state(id, "'stopped'"));
                }
                self.world_mut().instance_mut(id)?.kind = kind;
                Ok(())
            }
        }
    }

    fn only_interface(&self, id: &InstanceId) -> Result<EniId, Ec2Error> {
        self.world.instance(id)?;
        match &self.world.interfaces_of(id)[..] {
            [(eni, _)] => Ok(eni.id.clone()),
            [] => Err(not_in_state(id, "'running' or 'stopped'")),
            _ => Err(Ec2Error::new(
                "InvalidInstanceID",
                format!(
                    "There are multiple interfaces attached to instance '{id}'. Please specify \
                     an interface ID for the operation instead."
                ),
            )),
        }
    }
}

fn not_in_state(id: &InstanceId, states: &str) -> Ec2Error {
    let message = format!("The instance '{id}' is not in the {states} state.");
    Ec2Error::new("IncorrectInstanceState", message)
}
