//! RunInstances: all of what it asks is made, or none of it.

use std::sync::Arc;

use super::Model;
use super::attach::{in_use, other_zone};
use super::error::Ec2Error;
use super::ids::{AttachmentId, EniId, ImageId, InstanceId, ReservationId, SubnetId};
use super::instance::{Credentials, Impaired, Instance, Metadata, State};
use super::interface::{Attachment, AttachmentStatus, Nic};
use super::interfaces::NewInterface;
use super::tags::{self, Tags};
use super::types::InstanceType;
use crate::control::ROLE;

/// What RunInstances asks.
#[derive(Debug, Clone)]
pub struct Launch {
    pub image: ImageId,
    pub kind: &'static InstanceType,
    pub count: usize,
    /// One of them is at device index 0.
    pub nics: Vec<LaunchNic>,
    pub user_data: Vec<u8>,
    pub profile: Option<String>,
    pub metadata: Metadata,
    pub tags: Tags,
    pub client_token: String,
    pub group: Option<String>,
}

/// The image of what is launched without naming one: the host's userland.
const IMAGE: &str = "05eadfa5705eadfa5";

/// The image that was named, or [`IMAGE`].
pub fn image_or_plain(named: Option<&str>) -> Result<ImageId, Ec2Error> {
    named.map_or_else(|| Ok(ImageId::of_digits(IMAGE)), ImageId::parse)
}

impl Launch {
    /// One instance with nothing but a primary interface and a role.
    pub fn plain(kind: &'static InstanceType, subnet: SubnetId) -> Self {
        Self {
            image: ImageId::of_digits(IMAGE),
            kind,
            count: 1,
            nics: vec![LaunchNic {
                device_index: 0,
                network_card: 0,
                delete_on_termination: true,
                source: NicSource::New(NewInterface::in_subnet(subnet)),
            }],
            user_data: Vec::new(),
            profile: Some(ROLE.to_owned()),
            metadata: Metadata::default(),
            tags: Tags::new(),
            client_token: String::new(),
            group: None,
        }
    }
}

/// An interface of an instance to be.
#[derive(Debug, Clone)]
pub struct LaunchNic {
    pub device_index: u32,
    pub network_card: u32,
    pub delete_on_termination: bool,
    pub source: NicSource,
}

/// Where an interface comes from.
#[derive(Debug, Clone)]
pub enum NicSource {
    New(NewInterface),
    Existing(EniId),
}

impl Model {
    /// Launches instances: their ids in launch order.
    pub fn launch(&mut self, launch: &Launch) -> Result<Vec<InstanceId>, Ec2Error> {
        self.check_launch(launch)?;
        let before = Arc::clone(&self.world);
        let made = self.make_instances(launch);
        match &made {
            Ok(ids) => ids.iter().for_each(|id| self.begin(id, State::Pending, self.delays.boot)),
            Err(_) => self.world = before,
        }
        made
    }

    fn check_launch(&self, launch: &Launch) -> Result<(), Ec2Error> {
        tags::check(&user_tags(launch))?;
        if launch.metadata.tags {
            tags::check_metadata(launch.tags.keys())?;
        }
        let places = launch.nics.iter().map(|nic| (nic.network_card, nic.device_index));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        if places.windows(2).any(|pair| pair[0] == pair[1]) {
            let message = "Each network interface requires a unique device index.";
            return Err(Ec2Error::invalid_value(message));
        }
        if places.first() != Some(&(0, 0)) {
            let message =
                "When specifying network interfaces, you must include a device at index 0.";
            return Err(Ec2Error::combination(message));
        }
        if launch.nics.len() > launch.kind.interfaces as usize {
            let (count, kind) = (launch.nics.len(), launch.kind.name);
            let message = format!("Interface count {count} exceeds the limit for {kind}");
            return Err(Ec2Error::new("AttachmentLimitExceeded", message));
        }
        launch.nics.iter().try_for_each(|nic| check_source(nic, launch.count))
    }

    fn make_instances(&mut self, launch: &Launch) -> Result<Vec<InstanceId>, Ec2Error> {
        let reservation = ReservationId::fresh(&mut self.rng);
        (0..launch.count).map(|index| self.make_instance(launch, &reservation, index)).collect()
    }

    fn make_instance(
        &mut self,
        launch: &Launch,
        reservation: &ReservationId,
        launch_index: usize,
    ) -> Result<InstanceId, Ec2Error> {
        let id = InstanceId::fresh(&mut self.rng);
        let mut nics: Vec<_> = launch.nics.iter().collect();
        nics.sort_by_key(|nic| (nic.network_card, nic.device_index));
        let enis = nics.iter().map(|nic| self.bind(nic, &id)).collect::<Result<Vec<_>, _>>()?;
        let primary = enis.first().ok_or_else(|| Ec2Error::missing("SubnetId"))?;
        let primary = self.world.interface(primary)?;
        let (zone, address) = (primary.zone.clone(), primary.primary_ipv4());
        if enis.iter().any(|eni| self.world.interface(eni).is_ok_and(|eni| eni.zone != zone)) {
            return Err(other_zone());
        }
        let number = self.next_number();
        let instance = Instance {
            id: id.clone(),
            number,
            reservation: reservation.clone(),
            launch_index,
            image: launch.image.clone(),
            kind: launch.kind,
            state: State::Pending,
            due_ms: None,
            reason: None,
            impaired: Impaired::default(),
            launched_ms: self.now_ms,
            zone,
            address,
            user_data: launch.user_data.clone(),
            profile: launch.profile.clone(),
            metadata: launch.metadata,
            tags: launch.tags.clone(),
            client_token: launch.client_token.clone(),
            credentials: Credentials::fresh(&mut self.rng),
            group: launch.group.clone(),
        };
        self.world_mut().instances.insert(id.clone(), Arc::new(instance));
        Ok(id)
    }

    /// Takes or makes an interface and attaches it to an instance that is about to be.
    fn bind(&mut self, nic: &LaunchNic, instance: &InstanceId) -> Result<EniId, Ec2Error> {
        let eni = match &nic.source {
            NicSource::New(new) => self.create_interface(new)?,
            NicSource::Existing(eni) => eni.clone(),
        };
        if self.world.interface(&eni)?.attachment.is_some() {
            let seen_as_value = self.rng.bool();
            return Err(in_use(&eni, seen_as_value));
        }
        let attachment = Attachment {
            id: AttachmentId::fresh(&mut self.rng),
            instance: instance.clone(),
            device_index: nic.device_index,
            network_card: nic.network_card,
            status: AttachmentStatus::Attaching,
            delete_on_termination: nic.delete_on_termination,
            since_ms: self.now_ms,
            nic_due_ms: self.now_ms,
            nic: Nic::Waiting,
        };
        self.world_mut().interface_mut(&eni)?.attachment = Some(attachment);
        Ok(eni)
    }
}

/// The tags that the caller chose: a group adds its own, which are EC2's.
fn user_tags(launch: &Launch) -> Tags {
    let own = |key: &String| launch.group.is_some() && key.starts_with("aws:autoscaling:");
    launch.tags.iter().filter(|(key, _)| !own(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn check_source(nic: &LaunchNic, count: usize) -> Result<(), Ec2Error> {
    let single = match &nic.source {
        NicSource::New(new) => !new.ipv4.is_empty() || !new.ipv6.is_empty(),
        NicSource::Existing(_) => true,
    };
    if single && count > 1 {
        let message = "Network interfaces and private IP addresses may not be specified when \
                       launching more than one instance.";
        return Err(Ec2Error::combination(message));
    }
    Ok(())
}
