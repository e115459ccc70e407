//! What is true in the region, and when it becomes so: no IO, no clock, no kernel in here.
//!
//! A [`Model`] is told the time ([`Model::advance`]) and what callers want; it changes its
//! [`World`], and lists as [`Effect`]s what the kernel is to do about it.

pub mod attach;
pub mod change;
pub mod delays;
pub mod effect;
pub mod error;
pub mod groups;
pub mod history;
pub mod ids;
pub mod impair;
pub mod instance;
pub mod interface;
pub mod interfaces;
pub mod launch;
pub mod permission;
pub mod place;
pub mod pool;
pub mod power;
pub mod security;
pub mod tags;
#[cfg(test)]
mod tests;
pub mod timers;
pub mod types;
pub mod view;
pub mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use fastrand::Rng;

use crate::control::{SubnetInfo, Timings};
use crate::fabric::SubnetSpec;
use delays::Delays;
use effect::Effect;
use error::Ec2Error;
use groups::Groups;
use history::History;
use ids::ImageId;
use place::{Place, Subnet};
use security::SecurityGroup;
use timers::{Event, Timers};
use world::World;

/// The region as it is, was a moment ago, and will be.
#[derive(Debug)]
pub struct Model {
    pub place: Place,
    pub delays: Delays,
    world: Arc<World>,
    history: History,
    timers: Timers,
    effects: Vec<Effect>,
    groups: Groups,
    /// The directories of the images that machines boot from.
    images: BTreeMap<ImageId, PathBuf>,
    rng: Rng,
    now_ms: u64,
    /// How many instances and interfaces have been made.
    made: usize,
}

impl Model {
    /// An empty region with this many zones, at time 0.
    pub fn new(region: &str, zones: u8, seed: u64, epoch_ms: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let place = Place::new(region, epoch_ms, &mut rng);
        let subnets = (1..=zones).map(|z| Arc::new(Subnet::new(&place, z, &mut rng)));
        let world = World {
            subnets: subnets.map(|subnet| (subnet.id.clone(), subnet)).collect(),
            security_groups: BTreeMap::from([(
                place.group.clone(),
                Arc::new(SecurityGroup::default_of(&place)),
            )]),
            ..World::default()
        };
        Self {
            place,
            delays: Delays::default(),
            world: Arc::new(world),
            history: History::default(),
            timers: Timers::default(),
            effects: Vec::new(),
            groups: BTreeMap::new(),
            images: BTreeMap::new(),
            rng,
            now_ms: 0,
            made: 0,
        }
    }

    pub fn set_timings(&mut self, timings: &Timings) {
        self.delays.apply(timings);
    }

    /// Makes a directory an image: what is launched from it is a machine. The same directory is the
    /// same image.
    pub fn register_image(&mut self, directory: PathBuf) -> ImageId {
        let known = self.images.iter().find(|(_, known)| **known == directory);
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = ImageId::fresh(&mut self.rng);
        self.images.insert(id.clone(), directory);
        id
    }

    /// Lets time pass: what became due happens, each thing at its own time.
    pub fn advance(&mut self, now_ms: u64) {
        while let Some((due_ms, event)) = self.timers.pop_due(now_ms) {
            self.now_ms = self.now_ms.max(due_ms);
            self.happen(event);
            self.keep_groups();
        }
        self.now_ms = self.now_ms.max(now_ms);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Plug(eni, attachment) => self.nic_due(&eni, &attachment),
            Event::Attached(eni, attachment) => self.attached(&eni, &attachment),
            Event::Detached(eni, attachment) => self.detached(&eni, &attachment),
            Event::Transition(instance) => self.transition(&instance),
            Event::Forget(instance) => {
                self.world_mut().instances.remove(&instance);
            }
            Event::Launch { group, zone } => self.launch_for_group(&group, &zone),
        }
    }

    /// When [`Model::advance`] will next have something to do.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.timers.next_due_ms()
    }

    /// What the kernel is to do since the last time this was asked, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What is true now.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What a read sees: now, or a state up to `stale_ms` old, as the seed has it.
    pub fn read(&mut self) -> Arc<World> {
        let age = self.rng.u64(0..=self.delays.stale);
        let past = self.history.at(self.now_ms.saturating_sub(age));
        Arc::clone(past.unwrap_or(&self.world))
    }

    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn world_mut(&mut self) -> &mut World {
        self.history.keep(self.now_ms, &self.world, self.delays.stale);
        Arc::make_mut(&mut self.world)
    }

    fn next_number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// The subnet of a zone as a person names it, by its letter alone if he likes.
    pub fn subnet_in(&self, zone: &str) -> Result<&Subnet, Ec2Error> {
        let zones = self.world.zones();
        let is_named = |full: &&String| *full == zone || zone.len() == 1 && full.ends_with(zone);
        let found = zones.iter().find(is_named).and_then(|zone| self.world.subnet_of_zone(zone));
        found.ok_or_else(|| {
            let zones = zones.join(", ");
            Ec2Error::invalid_value(format!("there is no zone {zone}: the zones are {zones}"))
        })
    }

    /// The subnets as the router is to serve them.
    pub fn subnet_specs(&self) -> Vec<SubnetSpec> {
        self.world.subnets.values().map(|subnet| effect::subnet_spec(subnet)).collect()
    }

    /// The subnets as people see them, by zone.
    pub fn subnet_infos(&self) -> Vec<SubnetInfo> {
        let mut infos: Vec<_> = self.world.subnets.values().map(|s| view::subnet_info(s)).collect();
        infos.sort_by(|a, b| a.zone.cmp(&b.zone));
        infos
    }
}
