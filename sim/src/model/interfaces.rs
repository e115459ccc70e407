//! Making, changing and deleting network interfaces.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::Model;
use super::effect::Effect;
use super::error::Ec2Error;
use super::ids::{AttachmentId, EniId, GroupId, SubnetId};
use super::interface::{Interface, Mac, Nic};
use super::place::Subnet;
use super::tags::{self, Tags};
use super::world::World;

/// An interface to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInterface {
    pub subnet: SubnetId,
    /// The addresses asked for, the primary one first; none lets EC2 choose.
    pub ipv4: Vec<Ipv4Addr>,
    /// How many secondary addresses EC2 is to choose beside.
    pub ipv4_more: usize,
    pub ipv6: Vec<Ipv6Addr>,
    /// How many IPv6 addresses EC2 is to choose.
    pub ipv6_more: usize,
    pub description: String,
    /// The default group if empty.
    pub groups: Vec<GroupId>,
    pub tags: Tags,
}

impl NewInterface {
    /// One with nothing asked for.
    pub fn in_subnet(subnet: SubnetId) -> Self {
        Self {
            subnet,
            ipv4: Vec::new(),
            ipv4_more: 0,
            ipv6: Vec::new(),
            ipv6_more: 0,
            description: String::new(),
            groups: Vec::new(),
            tags: Tags::new(),
        }
    }
}

/// The one attribute that ModifyNetworkInterfaceAttribute changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    Description(String),
    SourceDestCheck(bool),
    Groups(Vec<GroupId>),
    DeleteOnTermination(AttachmentId, bool),
}

impl Model {
    /// Makes an interface.
    pub fn create_interface(&mut self, new: &NewInterface) -> Result<EniId, Ec2Error> {
        tags::check(&new.tags)?;
        let groups = self.groups_named(&new.groups)?;
        let subnet = self.world.subnet(&new.subnet)?.clone();
        let interface = Interface {
            id: EniId::fresh(&mut self.rng),
            number: self.next_number(),
            subnet: subnet.id.clone(),
            zone: subnet.zone.clone(),
            mac: Mac::fresh(&mut self.rng),
            ipv4: choose_ipv4(&self.world, &subnet, new)?,
            ipv6: self.choose_ipv6(&subnet, new)?,
            description: new.description.clone(),
            groups,
            source_dest_check: true,
            tags: new.tags.clone(),
            attachment: None,
        };
        let id = interface.id.clone();
        self.world_mut().interfaces.insert(id.clone(), Arc::new(interface));
        Ok(id)
    }

    /// Deletes an interface that is attached to nothing.
    pub fn delete_interface(&mut self, id: &EniId) -> Result<(), Ec2Error> {
        if self.world.interface(id)?.attachment.is_some() {
            let seen_as_value = self.rng.bool();
            return Err(super::attach::in_use(id, seen_as_value));
        }
        self.world_mut().interfaces.remove(id);
        Ok(())
    }

    /// Changes an attribute of an interface.
    pub fn modify_interface(&mut self, id: &EniId, to: Attribute) -> Result<(), Ec2Error> {
        self.world.interface(id)?;
        match to {
            Attribute::Description(text) => {
                self.world_mut().interface_mut(id)?.description = text;
            }
            Attribute::SourceDestCheck(on) => return self.check_source_dest(id, on),
            Attribute::Groups(groups) => {
                let groups = self.groups_named(&groups)?;
                self.world_mut().interface_mut(id)?.groups = groups;
            }
            Attribute::DeleteOnTermination(attachment, on) => {
                let interface = self.world_mut().interface_mut(id)?;
                match interface.attachment.as_mut().filter(|current| current.id == attachment) {
                    Some(current) => current.delete_on_termination = on,
                    None => return Err(attachment.missing_one()),
                }
            }
        }
        Ok(())
    }

    /// The router learns of it by being told of the NIC again.
    fn check_source_dest(&mut self, id: &EniId, on: bool) -> Result<(), Ec2Error> {
        self.world_mut().interface_mut(id)?.source_dest_check = on;
        let eni = self.world.interface(id)?;
        let plugged = eni.attachment.as_ref().filter(|a| a.nic == Nic::Plugged);
        let nic = plugged.and_then(|attachment| self.nic_spec(eni, attachment));
        self.effects.extend(nic.map(Effect::Plug));
        Ok(())
    }

    fn choose_ipv6(
        &mut self,
        subnet: &Subnet,
        new: &NewInterface,
    ) -> Result<Vec<Ipv6Addr>, Ec2Error> {
        if let Some(address) = new.ipv6.iter().find(|address| !subnet.contains_ipv6(**address)) {
            return Err(outside(&address.to_string()));
        }
        if let Some(address) = new.ipv6.iter().find(|a| self.world.bearer((**a).into()).is_some()) {
            return Err(taken(&address.to_string()));
        }
        let network = u128::from(subnet.ipv6.0);
        // 64 random bits, as EC2 chooses them: two alike are not to be expected.
        let mut random = || Ipv6Addr::from(network | u128::from(self.rng.u64(1 << 32..)));
        let chosen: Vec<_> = (0..new.ipv6_more).map(|_| random()).collect();
        Ok(new.ipv6.iter().copied().chain(chosen).collect())
    }
}

/// The addresses asked for, then free ones.
fn choose_ipv4(
    world: &World,
    subnet: &Subnet,
    new: &NewInterface,
) -> Result<Vec<Ipv4Addr>, Ec2Error> {
    let here = world.interfaces.values().filter(|eni| eni.subnet == subnet.id);
    let mut used: BTreeSet<_> = here.flat_map(|eni| eni.ipv4.iter().copied()).collect();
    for address in &new.ipv4 {
        check_ipv4(subnet, *address)?;
        if !used.insert(*address) {
            return Err(taken(&address.to_string()));
        }
    }
    let wanted = new.ipv4.len().max(1) + new.ipv4_more;
    let free = subnet.automatic().filter(|address| !used.contains(address));
    let chosen: Vec<_> = new.ipv4.iter().copied().chain(free).take(wanted).collect();
    if chosen.len() < wanted {
        let message = format!("insufficient free addresses in subnet '{}'", subnet.id);
        return Err(Ec2Error::new("InsufficientFreeAddressesInSubnet", message));
    }
    Ok(chosen)
}

fn check_ipv4(subnet: &Subnet, address: Ipv4Addr) -> Result<(), Ec2Error> {
    if !subnet.contains(address) {
        return Err(outside(&address.to_string()));
    }
    if subnet.reserved(address) {
        let message = format!("Address {address} is in subnet's reserved address range");
        return Err(Ec2Error::invalid_value(message));
    }
    Ok(())
}

fn outside(address: &str) -> Ec2Error {
    let message = format!("Address {address} does not fall within the subnet's address range");
    Ec2Error::invalid_value(message)
}

fn taken(address: &str) -> Ec2Error {
    Ec2Error::new("InvalidIPAddress.InUse", format!("Address {address} is in use."))
}
