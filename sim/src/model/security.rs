//! Security groups: which packets may come in. EC2's words only: the router holds nothing to them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::Model;
use super::error::Ec2Error;
use super::ids::{GroupId, RuleId};
use super::permission::{Peer, Permission, Protocol};
use super::place::Place;
use super::tags::{self, Tags};

/// EC2's limits: rules of a group, groups of an interface, letters of a name or description.
const RULES_MAX: usize = 60;
const GROUPS_MAX: usize = 5;
const TEXT_MAX: usize = 255;
/// The name of the group that a VPC has from the start.
const DEFAULT: &str = "default";

/// A security group. What it lets out is everything, which nobody changes here.
#[derive(Debug, Clone)]
pub struct SecurityGroup {
    pub id: GroupId,
    pub name: String,
    pub description: String,
    /// What it lets in, in the order in which that was said.
    pub rules: Vec<Rule>,
    pub tags: Tags,
}

/// A rule: one permission of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: RuleId,
    pub permission: Permission,
    pub description: Option<String>,
}

/// A group to make.
#[derive(Debug, Clone)]
pub struct NewGroup {
    pub name: String,
    pub description: String,
    pub tags: Tags,
}

/// Which rules to take from a group.
#[derive(Debug, Clone)]
pub enum Revoked {
    Permissions(Vec<Permission>),
    Rules(Vec<RuleId>),
}

impl SecurityGroup {
    /// The default group, which lets in everything from itself.
    pub fn default_of(place: &Place) -> Self {
        let id = place.group.clone();
        let permission =
            Permission { protocol: Protocol::All, ports: None, peer: Peer::Group(id.clone()) };
        let rule = RuleId::of_digits(id.as_str().trim_start_matches("sg-"));
        Self {
            name: DEFAULT.to_owned(),
            description: "default VPC security group".to_owned(),
            rules: vec![Rule { id: rule, permission, description: None }],
            tags: Tags::new(),
            id,
        }
    }
}

/// What every group lets out.
pub fn egress() -> [Permission; 2] {
    let all = |peer| Permission { protocol: Protocol::All, ports: None, peer };
    [all(Peer::Ipv4(Ipv4Addr::UNSPECIFIED, 0)), all(Peer::Ipv6(Ipv6Addr::UNSPECIFIED, 0))]
}

impl Model {
    /// Makes a group that lets nothing in.
    pub fn create_security_group(&mut self, new: &NewGroup) -> Result<GroupId, Ec2Error> {
        tags::check(&new.tags)?;
        check_text("GroupName", &new.name)?;
        check_text("GroupDescription", &new.description)?;
        check_name(&new.name)?;
        if self.world.security_groups.values().any(|group| group.name == new.name) {
            let (name, vpc) = (&new.name, &self.place.vpc);
            let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
            return Err(Ec2Error::new("InvalidGroup.Duplicate", message));
        }
        let group = SecurityGroup {
            id: GroupId::fresh(&mut self.rng),
            name: new.name.clone(),
            description: new.description.clone(),
            rules: Vec::new(),
            tags: new.tags.clone(),
        };
        let id = group.id.clone();
        self.world_mut().security_groups.insert(id.clone(), Arc::new(group));
        Ok(id)
    }

    /// Deletes a group that no interface is in and no other group names.
    pub fn delete_security_group(&mut self, id: &GroupId) -> Result<(), Ec2Error> {
        let group = self.world.security_group(id)?;
        if group.name == DEFAULT {
            let message = format!(
                "the specified group: \"{id}\" name: \"{DEFAULT}\" cannot be deleted by a user"
            );
            return Err(Ec2Error::new("CannotDelete", message));
        }
        let names = |rule: &Rule| rule.permission.peer == Peer::Group(id.clone());
        let mut others = self.world.security_groups.values().filter(|other| other.id != *id);
        let is_named = others.any(|other| other.rules.iter().any(names));
        if is_named || self.world.interfaces.values().any(|eni| eni.groups.contains(id)) {
            let message = format!("resource {id} has a dependent object");
            return Err(Ec2Error::new("DependencyViolation", message));
        }
        self.world_mut().security_groups.remove(id);
        Ok(())
    }

    /// Adds rules: all of them or, if one is there or cannot be, none.
    pub fn authorize(
        &mut self,
        id: &GroupId,
        asked: &[(Permission, Option<String>)],
    ) -> Result<Vec<Rule>, Ec2Error> {
        let group = self.world.security_group(id)?;
        for (number, (permission, _)) in asked.iter().enumerate() {
            if let Peer::Group(peer) = &permission.peer {
                self.world.security_group(peer)?;
            }
            if asked[..number].iter().any(|(other, _)| other == permission) {
                let message = "The same permission must not appear multiple times";
                return Err(Ec2Error::invalid_value(message));
            }
            if group.rules.iter().any(|rule| rule.permission == *permission) {
                let message = format!("the specified rule \"{permission}\" already exists");
                return Err(Ec2Error::new("InvalidPermission.Duplicate", message));
            }
        }
        if group.rules.len() + asked.len() > RULES_MAX {
            let message = "The maximum number of rules per security group has been reached.";
            return Err(Ec2Error::new("RulesPerSecurityGroupLimitExceeded", message));
        }
        let rng = &mut self.rng;
        let rules = asked.iter().map(|(permission, description)| Rule {
            id: RuleId::fresh(rng),
            permission: permission.clone(),
            description: description.clone(),
        });
        let rules: Vec<_> = rules.collect();
        self.world_mut().security_group_mut(id)?.rules.extend(rules.iter().cloned());
        Ok(rules)
    }

    /// Takes rules away: all of them or, if one is not there, none.
    pub fn revoke(&mut self, id: &GroupId, revoked: &Revoked) -> Result<Vec<Rule>, Ec2Error> {
        let rules = &self.world.security_group(id)?.rules;
        let gone: Vec<Rule> = match revoked {
            Revoked::Permissions(all) => all
                .iter()
                .map(|permission| {
                    let found = rules.iter().find(|rule| rule.permission == *permission);
                    found.cloned().ok_or_else(not_in_group)
                })
                .collect::<Result<_, _>>()?,
            Revoked::Rules(ids) => ids
                .iter()
                .map(|id| {
                    let found = rules.iter().find(|rule| rule.id == *id);
                    found.cloned().ok_or_else(|| id.missing_one())
                })
                .collect::<Result<_, _>>()?,
        };
        self.world_mut().security_group_mut(id)?.rules.retain(|rule| !gone.contains(rule));
        Ok(gone)
    }

    /// The groups named, or the default one.
    pub(super) fn groups_named(&self, named: &[GroupId]) -> Result<Vec<GroupId>, Ec2Error> {
        let mut groups: Vec<GroupId> = Vec::new();
        for id in named {
            self.world.security_group(id)?;
            if !groups.contains(id) {
                groups.push(id.clone());
            }
        }
        if groups.len() > GROUPS_MAX {
            let message = "The maximum number of security groups per interface has been reached.";
            return Err(Ec2Error::new("SecurityGroupsPerInterfaceLimitExceeded", message));
        }
        if groups.is_empty() {
            groups.push(self.place.group.clone());
        }
        Ok(groups)
    }
}

fn not_in_group() -> Ec2Error {
    let message = "The specified rule does not exist in this security group.";
    Ec2Error::new("InvalidPermission.NotFound", message)
}

fn check_name(name: &str) -> Result<(), Ec2Error> {
    if name == DEFAULT {
        let message = format!("Cannot use reserved security group name: {name}");
        return Err(Ec2Error::invalid_value(message));
    }
    if name.starts_with("sg-") {
        let why = "Group names may not be in the format sg-*.";
        return Err(Ec2Error::bad_value(name, "GroupName", why));
    }
    Ok(())
}

/// What EC2 lets names and descriptions of groups and rules be.
pub fn check_text(parameter: &str, text: &str) -> Result<(), Ec2Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.is_empty() || text.len() > TEXT_MAX || !text.chars().all(allowed) {
        let why = "It must have 1 to 255 characters of a-zA-Z0-9 ._-:/()#,@[]+=&;{}!$*";
        return Err(Ec2Error::bad_value(text, parameter, why));
    }
    Ok(())
}
