//! Attach and detach. An interface has one attachment: of two callers at once, one is refused.

use super::Model;
use super::delays::Delays;
use super::effect::Effect;
use super::error::Ec2Error;
use super::ids::{AttachmentId, EniId, InstanceId};
use super::instance::{Instance, State};
use super::interface::{Attachment, AttachmentStatus, Interface, Nic};
use super::timers::Event;

/// What AttachNetworkInterface asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    pub eni: EniId,
    pub instance: InstanceId,
    pub device_index: u32,
    pub network_card: Option<u32>,
}

impl Model {
    /// Attaches; the NIC appears and the status becomes `attached` a while later.
    pub fn attach(&mut self, request: &Attach) -> Result<AttachmentId, Ec2Error> {
        self.check_attach(request)?;
        let attachment = Attachment {
            id: AttachmentId::fresh(&mut self.rng),
            instance: request.instance.clone(),
            device_index: request.device_index,
            network_card: request.network_card.unwrap_or(0),
            status: AttachmentStatus::Attaching,
            delete_on_termination: false,
            since_ms: self.now_ms,
            nic_due_ms: self.now_ms + self.delays.attach_nic,
            nic: Nic::Waiting,
        };
        let id = attachment.id.clone();
        self.set_attach_timers(&request.eni, &attachment);
        self.world_mut().interface_mut(&request.eni)?.attachment = Some(attachment);
        Ok(id)
    }

    fn set_attach_timers(&mut self, eni: &EniId, attachment: &Attachment) {
        let (eni, id) = (eni.clone(), attachment.id.clone());
        self.timers.at(attachment.nic_due_ms, Event::Plug(eni.clone(), id.clone()));
        self.timers.at(self.now_ms + self.delays.attached, Event::Attached(eni, id));
    }

    fn check_attach(&mut self, request: &Attach) -> Result<(), Ec2Error> {
        let instance = self.world.instance(&request.instance)?;
        let eni = self.world.interface(&request.eni)?;
        if instance.zone != eni.zone {
            return Err(other_zone());
        }
        attachable(instance)?;
        if eni.attachment.is_some() {
            let seen_as_value = self.rng.bool();
            return Err(in_use(&request.eni, seen_as_value));
        }
        self.check_room(instance, request)
    }

    fn check_room(&self, instance: &Instance, request: &Attach) -> Result<(), Ec2Error> {
        let index = request.device_index;
        let taken = index_taken(&instance.id, index);
        // EC2 answers so on types of several cards, too, if no card is named.
        let card = match request.network_card {
            None if instance.kind.cards > 1 => return Err(taken),
            card => card.unwrap_or(0),
        };
        if card >= instance.kind.cards {
            let why = "The network card does not exist on this instance type.";
            return Err(Ec2Error::bad_value(&card.to_string(), "networkCardIndex", why));
        }
        let attached = self.world.interfaces_of(&instance.id);
        let on_card = || attached.iter().filter(|(_, a)| a.network_card == card);
        if on_card().any(|(_, a)| a.device_index == index) {
            return Err(taken);
        }
        check_limit(instance, on_card().count() + 1)
    }

    /// Detaches. Without force it waits for the guest; an instance on its way down does not
    /// answer, so then the interface comes free when the instance has stopped or terminated.
    pub fn detach(&mut self, id: &AttachmentId, forced: bool) -> Result<(), Ec2Error> {
        let (eni, attachment) = self.world.attached_by(id)?;
        check_detach(attachment, forced)?;
        let eni = eni.id.clone();
        let wait = self.delays.detach / if forced { Delays::FORCED_FRACTION } else { 1 };
        self.timers.at(self.now_ms + wait, Event::Detached(eni.clone(), id.clone()));
        if let Some(attachment) = &mut self.world_mut().interface_mut(&eni)?.attachment {
            attachment.status = AttachmentStatus::Detaching { forced };
        }
        Ok(())
    }

    /// Makes an attached interface's NIC never appear: the fault of that name.
    pub fn withhold_nic(&mut self, eni: &EniId) {
        if let Ok(Some(attachment)) =
            self.world_mut().interface_mut(eni).map(|eni| eni.attachment.as_mut())
        {
            attachment.nic = Nic::Withheld;
        }
    }

    /// The attachment of an interface, if it is still this one.
    fn current(&mut self, eni: &EniId, id: &AttachmentId) -> Option<&mut Attachment> {
        let attachment = self.world_mut().interface_mut(eni).ok()?.attachment.as_mut()?;
        (attachment.id == *id).then_some(attachment)
    }

    pub(super) fn nic_due(&mut self, eni: &EniId, id: &AttachmentId) {
        let Some(attachment) = self.current(eni, id) else { return };
        if attachment.nic != Nic::Waiting || attachment.status.is_detaching() {
            return;
        }
        let instance = attachment.instance.clone();
        if self.world.instance(&instance).is_ok_and(|i| i.state == State::Running) {
            self.plug(eni);
        }
    }

    fn plug(&mut self, eni: &EniId) {
        let Ok(Interface { attachment: Some(attachment), .. }) =
            self.world_mut().interface_mut(eni)
        else {
            return;
        };
        attachment.nic = Nic::Plugged;
        let attachment = attachment.clone();
        let spec = self.world.interface(eni).ok().and_then(|eni| self.nic_spec(eni, &attachment));
        self.effects.extend(spec.map(Effect::Plug));
    }

    pub(super) fn attached(&mut self, eni: &EniId, id: &AttachmentId) {
        if let Some(attachment) = self.current(eni, id)
            && attachment.status == AttachmentStatus::Attaching
        {
            attachment.status = AttachmentStatus::Attached;
        }
    }

    pub(super) fn detached(&mut self, eni: &EniId, id: &AttachmentId) {
        let Some(attachment) = self.current(eni, id) else { return };
        let forced = attachment.status == AttachmentStatus::Detaching { forced: true };
        let instance = attachment.instance.clone();
        let no_guest = self.world.instance(&instance).is_ok_and(|i| i.state.is_going_down());
        if forced || !no_guest {
            self.free(eni);
        }
    }

    /// Ends whatever attachment an interface has.
    pub(super) fn free(&mut self, eni: &EniId) {
        let Ok(interface) = self.world_mut().interface_mut(eni) else { return };
        if let Some(attachment) = interface.attachment.take() {
            let instance = attachment.instance.to_string();
            self.effects.push(Effect::Unplug { eni: eni.to_string(), instance });
        }
    }
}

/// Whether an instance's state admits an attach.
fn attachable(instance: &Instance) -> Result<(), Ec2Error> {
    let id = &instance.id;
    match instance.state {
        State::Running | State::Stopped => Ok(()),
        State::Pending | State::Stopping => {
            Err(Ec2Error::new("IncorrectState", format!("Instance '{id}' is not 'running'.")))
        }
        State::ShuttingDown | State::Terminated => {
            let message =
                format!("The instance '{id}' is not in the 'running' or 'stopped' state.");
            Err(Ec2Error::new("IncorrectInstanceState", message))
        }
    }
}

fn check_detach(attachment: &Attachment, forced: bool) -> Result<(), Ec2Error> {
    let id = &attachment.id;
    if attachment.device_index == 0 {
        let message = "The network interface at device index 0 cannot be detached.";
        return Err(Ec2Error::new("OperationNotPermitted", message));
    }
    if attachment.status.is_detaching() && !forced {
        let message = format!("The attachment '{id}' is already in the 'detaching' state.");
        return Err(Ec2Error::new("IncorrectState", message));
    }
    Ok(())
}

fn check_limit(instance: &Instance, count: usize) -> Result<(), Ec2Error> {
    let kind = instance.kind;
    if count <= kind.interfaces_per_card() as usize {
        return Ok(());
    }
    let message = format!("Interface count {count} exceeds the limit for {}", kind.name);
    Err(Ec2Error::new("AttachmentLimitExceeded", message))
}

/// EC2 says it in either of two ways.
pub(super) fn in_use(eni: &EniId, as_value: bool) -> Ec2Error {
    if as_value {
        let message = format!("Network interface '{eni}' is currently in use.");
        return Ec2Error::invalid_value(message);
    }
    Ec2Error::new("InvalidNetworkInterface.InUse", format!("Interface: [{eni}] in use."))
}

fn index_taken(instance: &InstanceId, index: u32) -> Ec2Error {
    Ec2Error::invalid_value(format!(
        "Instance '{instance}' already has an interface attached at device index '{index}'."
    ))
}

pub(super) fn other_zone() -> Ec2Error {
    Ec2Error::combination(
        "You may not attach a network interface to an instance if they are not in the same \
         availability zone",
    )
}
