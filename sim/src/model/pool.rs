//! Pools: interfaces with fixed addresses, tagged as the agent looks for them.

use super::Model;
use super::error::Ec2Error;
use super::ids::EniId;
use super::interfaces::NewInterface;
use super::place::Subnet;
use super::tags::Tags;
use crate::control::PoolRequest;

const POOL_TAG: &str = "steadfast:pool";
const SLOT_TAG: &str = "steadfast:slot";

impl Model {
    /// Makes a pool; its interfaces in slot order.
    pub fn create_pool(&mut self, request: &PoolRequest) -> Result<Vec<EniId>, Ec2Error> {
        let is_there = |tags: &Tags| tags.get(POOL_TAG) == Some(&request.name);
        if self.world.interfaces.values().any(|eni| is_there(&eni.tags)) {
            let message = format!("the pool {} exists already", request.name);
            return Err(Ec2Error::invalid_value(message));
        }
        let slots = u8::try_from(request.slots).ok().filter(|slots| *slots > 0);
        let Some(slots) = slots else {
            return Err(Ec2Error::invalid_value("a pool has 1 to 255 slots"));
        };
        (1..=slots).map(|k| self.create_slot(request, k)).collect()
    }

    /// Slot k lies in zone (k - 1) modulo the zones.
    fn create_slot(&mut self, request: &PoolRequest, k: u8) -> Result<EniId, Ec2Error> {
        let zones = self.world.zones();
        let zone = zones.get((usize::from(k) - 1) % zones.len());
        let subnet = zone.and_then(|zone| self.world.subnet_of_zone(zone));
        let Some(subnet) = subnet else {
            return Err(Ec2Error::invalid_value("the region has no zones"));
        };
        let new = self.slot_interface(request, k, subnet);
        self.create_interface(&new)
    }

    /// With the slot's own addresses, or EC2's choice where an earlier pool has those.
    fn slot_interface(&self, request: &PoolRequest, k: u8, subnet: &Subnet) -> NewInterface {
        let (ipv4, ipv6) = subnet.slot(k);
        let is_free = self.world.bearer(ipv4.into()).is_none();
        let own_ipv6 = request.ipv6 && is_free;
        NewInterface {
            ipv4: is_free.then_some(ipv4).into_iter().collect(),
            ipv6: own_ipv6.then_some(ipv6).into_iter().collect(),
            ipv6_more: usize::from(request.ipv6 && !is_free),
            description: format!("slot {k} of pool {}", request.name),
            tags: Tags::from([
                (POOL_TAG.to_owned(), request.name.clone()),
                (SLOT_TAG.to_owned(), k.to_string()),
                ("Name".to_owned(), format!("{}-{k}", request.name)),
            ]),
            ..NewInterface::in_subnet(subnet.id.clone())
        }
    }
}
