//! Auto Scaling groups: each keeps its count, spread over its zones.
//!
//! An instance that is stopping, stopped, shutting down or terminated counts as lost, and its
//! replacement is launched in the zone that lost it. A stopped one is not terminated: EC2's
//! groups do that only minutes later, and until then its interfaces stay attached. Started again
//! after it was replaced, it is one too many, and the youngest of its zone is terminated.

use std::collections::BTreeMap;

use super::Model;
use super::error::Ec2Error;
use super::ids::{ImageId, InstanceId};
use super::instance::{Instance, State};
use super::launch::{Launch, image_or_plain};
use super::timers::Event;
use super::types::InstanceType;
use super::world::World;
use crate::control::GroupRequest;

/// The tag that names an instance's group.
const NAME_TAG: &str = "aws:autoscaling:groupName";
/// More than any region here can run.
const DESIRED_MAX: u32 = 500;

/// All groups, by name.
pub type Groups = BTreeMap<String, Group>;

/// A group.
#[derive(Debug)]
pub struct Group {
    pub request: GroupRequest,
    kind: &'static InstanceType,
    image: ImageId,
    pub created_ms: u64,
    /// Zone names with the launches that are on their way.
    zones: BTreeMap<String, usize>,
}

impl Group {
    /// The names of the zones that it uses.
    pub fn zones(&self) -> impl Iterator<Item = &String> {
        self.zones.keys()
    }

    /// How many instances each zone is to have; the first zones have one more if need be.
    fn wanted(&self) -> Vec<(String, usize)> {
        let (desired, zones) = (self.request.desired as usize, self.zones.len());
        let share = |index| desired / zones + usize::from(index < desired % zones);
        self.zones.keys().enumerate().map(|(index, zone)| (zone.clone(), share(index))).collect()
    }
}

impl World {
    /// The instances of a group that are not terminated, by id.
    pub fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Instance> {
        let all = self.instances.values().map(AsRef::as_ref);
        all.filter(move |instance: &&Instance| {
            instance.group.as_deref() == Some(group) && instance.state != State::Terminated
        })
    }
}

impl Model {
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Makes or changes a group; what is missing is launched at once.
    pub fn put_group(&mut self, request: GroupRequest) -> Result<(), Ec2Error> {
        let group = self.check_group(request)?;
        let name = group.request.name.clone();
        self.groups.insert(name.clone(), group);
        self.keep_group(&name, 0);
        self.advance(self.now_ms);
        Ok(())
    }

    fn check_group(&self, request: GroupRequest) -> Result<Group, Ec2Error> {
        if request.name.is_empty() || request.desired > DESIRED_MAX {
            let message = format!("a group needs a name and at most {DESIRED_MAX} instances");
            return Err(Ec2Error::invalid_value(message));
        }
        let zones = match &request.zones[..] {
            [] => self.world.zones(),
            named => {
                let zone = |name: &String| Ok(self.subnet_in(name)?.zone.clone());
                named.iter().map(zone).collect::<Result<_, Ec2Error>>()?
            }
        };
        super::tags::check(&request.tags)?;
        super::tags::check_metadata(request.tags.keys())?;
        let before = self.groups.get(&request.name);
        Ok(Group {
            image: image_or_plain(request.image.as_deref())?,
            created_ms: before.map_or(self.now_ms, |before| before.created_ms),
            kind: InstanceType::parse(&request.instance_type)?,
            zones: zones.into_iter().map(|zone| (zone, 0)).collect(),
            request,
        })
    }

    /// Ends a group and terminates its instances, stopped ones too.
    pub fn delete_group(&mut self, name: &str) -> Result<(), Ec2Error> {
        if self.groups.remove(name).is_none() {
            return Err(Ec2Error::invalid_value(format!("there is no group {name}")));
        }
        let ids: Vec<_> = self.members(name).map(|instance| instance.id.clone()).collect();
        self.terminate(&ids).map(drop)
    }

    /// Sees to it that every group has what it wants, or soon will.
    pub fn keep_groups(&mut self) {
        let names: Vec<_> = self.groups.keys().cloned().collect();
        for name in names {
            self.keep_group(&name, self.delays.replace);
        }
    }

    fn keep_group(&mut self, name: &str, wait_ms: u64) {
        for (zone, wanted) in self.wanted(name) {
            let up = self.up_in(name, &zone);
            for surplus in up.iter().skip(wanted) {
                // A member that has just been listed cannot be missing.
                let _ = self.terminate(std::slice::from_ref(surplus));
            }
            self.order_launches(name, &zone, wanted.saturating_sub(up.len()), wait_ms);
        }
    }

    /// How many instances a group wants in each of the region's zones: none in those it has left.
    fn wanted(&self, name: &str) -> Vec<(String, usize)> {
        let Some(group) = self.groups.get(name) else { return Vec::new() };
        let shares: BTreeMap<_, _> = group.wanted().into_iter().collect();
        let share = |zone: &String| shares.get(zone).copied().unwrap_or_default();
        self.world.zones().into_iter().map(|zone| (zone.clone(), share(&zone))).collect()
    }

    /// Has `missing` launches on their way in a zone.
    fn order_launches(&mut self, name: &str, zone: &str, missing: usize, wait_ms: u64) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let Some(ordered) = group.zones.get_mut(zone) else { return };
        while *ordered < missing {
            *ordered += 1;
            let launch = Event::Launch { group: name.to_owned(), zone: zone.to_owned() };
            self.timers.at(self.now_ms + wait_ms, launch);
        }
    }

    /// A launch is due; it is made if it is still wanted. What fails is ordered again.
    pub(super) fn launch_for_group(&mut self, name: &str, zone: &str) {
        let up = self.up_in(name, zone).len();
        let Some(group) = self.groups.get_mut(name) else { return };
        if let Some(ordered) = group.zones.get_mut(zone) {
            *ordered = ordered.saturating_sub(1);
        }
        let wanted = group.wanted().into_iter().find(|(of, _)| of == zone);
        if wanted.is_none_or(|(_, wanted)| up >= wanted) {
            return;
        }
        if let Some(launch) = self.group_launch(name, zone)
            && let Err(error) = self.launch(&launch)
        {
            tracing::warn!("group {name} cannot launch in {zone}: {error}");
        }
    }

    fn group_launch(&self, name: &str, zone: &str) -> Option<Launch> {
        let group = self.groups.get(name)?;
        let subnet = self.world.subnet_of_zone(zone)?.id.clone();
        let mut tags = group.request.tags.clone();
        tags.insert(NAME_TAG.to_owned(), name.to_owned());
        Some(Launch {
            image: group.image.clone(),
            user_data: group.request.user_data.clone().into_bytes(),
            tags,
            group: Some(name.to_owned()),
            ..Launch::plain(group.kind, subnet)
        })
    }

    fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.world.members(group)
    }

    /// The members that are up in a zone, the oldest first.
    fn up_in(&self, group: &str, zone: &str) -> Vec<InstanceId> {
        let here = |instance: &&Instance| instance.zone == zone && instance.state.is_up();
        let mut up: Vec<_> = self.members(group).filter(here).collect();
        up.sort_by_key(|instance| (instance.launched_ms, instance.id.clone()));
        up.into_iter().map(|instance| instance.id.clone()).collect()
    }
}
