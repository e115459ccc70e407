//! Hosts that hang or are cut off: the losses that EC2 does not see.

use crate::fabric::Impairment;

use super::Model;
use super::effect::Effect;
use super::error::Ec2Error;
use super::ids::InstanceId;
use super::instance::{Impaired, State};

impl Model {
    /// Impairs running instances or ends that; none of them if one does not run. EC2's states stay.
    ///
    /// What ails an instance already is done again, for what has been started in it since; what does
    /// not ail it needs no end.
    pub fn impair(&mut self, ids: &[InstanceId], how: Impairment) -> Result<(), Ec2Error> {
        for id in ids {
            let state = self.world.instance(id)?.state;
            if state != State::Running {
                let message = format!(
                    "the instance {id} is {}: only a running one can {}",
                    state.name(),
                    how.verb()
                );
                return Err(Ec2Error::new("IncorrectInstanceState", message));
            }
        }
        for id in ids {
            let impaired = &mut self.world_mut().instance_mut(id)?.impaired;
            let before = *impaired;
            impaired.suffer(how);
            if how.begins() || before != *impaired {
                self.effects.push(Effect::Impair { instance: id.to_string(), how });
            }
        }
        Ok(())
    }

    /// The machine did not do it: the instance is as it was.
    pub fn impair_failed(&mut self, id: &InstanceId, how: Impairment) {
        let instance = self.world_mut().instance_mut(id);
        if let Ok(instance) = instance
            && instance.state == State::Running
        {
            instance.impaired.suffer(how.opposite());
        }
    }
}

impl Impaired {
    fn suffer(&mut self, how: Impairment) {
        match how {
            Impairment::Hang => self.hung = true,
            Impairment::Resume => self.hung = false,
            Impairment::Cut => self.cut = true,
            Impairment::Mend => self.cut = false,
        }
    }
}

impl Impairment {
    /// For a message.
    fn verb(self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::Resume => "be resumed",
            Self::Cut => "be cut off",
            Self::Mend => "be mended",
        }
    }

    fn begins(self) -> bool {
        matches!(self, Self::Hang | Self::Cut)
    }

    fn opposite(self) -> Self {
        match self {
            Self::Hang => Self::Resume,
            Self::Resume => Self::Hang,
            Self::Cut => Self::Mend,
            Self::Mend => Self::Cut,
        }
    }
}
