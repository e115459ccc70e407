//! Tags and what EC2 lets them be.

use std::collections::BTreeMap;

use super::Model;
use super::error::Ec2Error;
use super::ids::{EniId, GroupId, InstanceId, SubnetId};

/// Tags of a resource, by key.
pub type Tags = BTreeMap<String, String>;

/// EC2's limits: tags on a resource, letters of a key, letters of a value.
const TAGS_MAX: usize = 50;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

/// A resource that bears tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagged {
    Instance(InstanceId),
    Interface(EniId),
    Subnet(SubnetId),
    SecurityGroup(GroupId),
}

impl Tagged {
    /// Takes the id of a resource of any of these kinds.
    pub fn parse(text: &str) -> Result<Self, Ec2Error> {
        match text.split('-').next() {
            Some("i") => InstanceId::parse(text).map(Self::Instance),
            Some("eni") => EniId::parse(text).map(Self::Interface),
            Some("subnet") => SubnetId::parse(text).map(Self::Subnet),
            Some("sg") => GroupId::parse(text).map(Self::SecurityGroup),
            _ => Err(Ec2Error::new("InvalidID", format!("The ID '{text}' is not valid"))),
        }
    }
}

/// Checks tags that a user sets.
pub fn check(tags: &Tags) -> Result<(), Ec2Error> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > KEY_MAX {
            let why = format!("Tag key exceeds the maximum length of {KEY_MAX} characters");
            return Err(Ec2Error::invalid_value(why));
        }
        check_not_reserved(key)?;
        if value.chars().count() > VALUE_MAX {
            let why = format!("Tag value exceeds the maximum length of {VALUE_MAX} characters");
            return Err(Ec2Error::invalid_value(why));
        }
    }
    Ok(())
}

fn check_not_reserved(key: &str) -> Result<(), Ec2Error> {
    if key.to_lowercase().starts_with("aws:") {
        let why = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(Ec2Error::invalid_value(why));
    }
    Ok(())
}

/// Checks that tags may be shown in instance metadata, whose paths they become.
pub fn check_metadata<'a>(mut keys: impl Iterator<Item = &'a String>) -> Result<(), Ec2Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
    let reserved = [".", "..", "_index"];
    match keys.find(|key| !key.chars().all(allowed) || reserved.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(Ec2Error::invalid_value(format!(
            "'{key}' is not a valid tag key. Tag keys must match pattern \
             ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and must not be a reserved name ('.', '..', '_index')"
        ))),
    }
}

/// Which tags to delete: those of the key, and of the value if one is given.
pub type TagPattern = (String, Option<String>);

impl Model {
    /// Sets tags on resources: on all of them or, if one is not there, on none.
    pub fn create_tags(&mut self, on: &[Tagged], tags: &Tags) -> Result<(), Ec2Error> {
        check(tags)?;
        for resource in on {
            let mut merged = self.tags_of(resource)?.clone();
            merged.extend(tags.clone());
            if merged.len() > TAGS_MAX {
                let why = "The maximum number of tags for this resource has been reached.";
                return Err(Ec2Error::new("TagLimitExceeded", why));
            }
            if let Tagged::Instance(id) = resource
                && self.world.instance(id)?.metadata.tags
            {
                check_metadata(tags.keys())?;
            }
        }
        for resource in on {
            self.tags_mut(resource)?.extend(tags.clone());
        }
        Ok(())
    }

    /// Deletes tags; with no pattern all that a user may set.
    pub fn delete_tags(&mut self, on: &[Tagged], which: &[TagPattern]) -> Result<(), Ec2Error> {
        which.iter().try_for_each(|(key, _)| check_not_reserved(key))?;
        for resource in on {
            self.tags_of(resource)?;
        }
        let goes = |key: &str, value: &str| match which {
            [] => !key.starts_with("aws:"),
            some => some.iter().any(|(k, v)| k == key && v.as_deref().is_none_or(|v| v == value)),
        };
        for resource in on {
            self.tags_mut(resource)?.retain(|key, value| !goes(key, value));
        }
        Ok(())
    }

    fn tags_of(&self, resource: &Tagged) -> Result<&Tags, Ec2Error> {
        Ok(match resource {
            Tagged::Instance(id) => &self.world.instance(id)?.tags,
            Tagged::Interface(id) => &self.world.interface(id)?.tags,
            Tagged::Subnet(id) => &self.world.subnet(id)?.tags,
            Tagged::SecurityGroup(id) => &self.world.security_group(id)?.tags,
        })
    }

    fn tags_mut(&mut self, resource: &Tagged) -> Result<&mut Tags, Ec2Error> {
        let world = self.world_mut();
        Ok(match resource {
            Tagged::Instance(id) => &mut world.instance_mut(id)?.tags,
            Tagged::Interface(id) => &mut world.interface_mut(id)?.tags,
            Tagged::Subnet(id) => &mut world.subnet_mut(id)?.tags,
            Tagged::SecurityGroup(id) => &mut world.security_group_mut(id)?.tags,
        })
    }
}
