//! Filters of the Describe actions: a name that the action does not know is refused.

use super::params::Reader;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::groups::Groups;
use crate::model::place::Place;
use crate::model::tags::Tags;
use crate::model::world::World;

/// EC2's limit of values in one filter.
const VALUES_MAX: usize = 200;

/// What a filter may look at beside the resource itself.
pub struct View<'a> {
    pub world: &'a World,
    pub place: &'a Place,
    pub scaling: &'a Groups,
}

impl<'a> View<'a> {
    /// A region as it is now.
    pub fn of(model: &'a Model) -> Self {
        Self { world: model.world(), place: &model.place, scaling: model.groups() }
    }
}

/// The values of one property of a resource; a filter matches if any of them does.
pub type Property<T> = fn(&View<'_>, &T) -> Vec<String>;

/// A kind of resource that can be filtered.
pub trait Filtered: Sized + 'static {
    /// Each filter's name with what it looks at, beside those on tags.
    const FILTERS: &'static [(&'static str, Property<Self>)];

    /// Whether this kind of resource has tags.
    const HAS_TAGS: bool = true;

    /// Its tags, if its kind has tags.
    fn tags(&self) -> Option<&Tags>;
}

/// A filter that was asked for.
pub struct Filter<T> {
    looks_at: LooksAt<T>,
    patterns: Vec<String>,
}

enum LooksAt<T> {
    Property(Property<T>),
    TagKey,
    Tag(String),
}

impl<T: Filtered> Filter<T> {
    /// The filters of a call.
    pub fn read(reader: &Reader<'_>) -> Result<Vec<Self>, Ec2Error> {
        reader.members("Filter").iter().map(|member| Self::read_one(reader, member)).collect()
    }

    fn read_one(reader: &Reader<'_>, member: &str) -> Result<Self, Ec2Error> {
        let name = reader.required(&format!("{member}.Name"))?;
        let looks_at = LooksAt::parse(name)
            .ok_or_else(|| Ec2Error::invalid_value(format!("The filter '{name}' is invalid")))?;
        let patterns: Vec<_> =
            reader.list(&format!("{member}.Value")).into_iter().map(str::to_owned).collect();
        if patterns.is_empty() {
            return Err(Ec2Error::invalid_value("The filter must have at least one value"));
        }
        if patterns.len() > VALUES_MAX {
            let message = "The maximum number of filter values specified on a single call is 200";
            return Err(Ec2Error::new("FilterLimitExceeded", message));
        }
        Ok(Self { looks_at, patterns })
    }

    pub fn admits(&self, view: &View<'_>, item: &T) -> bool {
        let matches = |value: &str| self.patterns.iter().any(|pattern| matches(pattern, value));
        match &self.looks_at {
            LooksAt::Property(property) => property(view, item).iter().any(|value| matches(value)),
            LooksAt::TagKey => item.tags().is_some_and(|tags| tags.keys().any(|key| matches(key))),
            LooksAt::Tag(key) => {
                item.tags().and_then(|tags| tags.get(key)).is_some_and(|value| matches(value))
            }
        }
    }
}

impl<T: Filtered> LooksAt<T> {
    fn parse(name: &str) -> Option<Self> {
        if T::HAS_TAGS {
            if name == "tag-key" {
                return Some(Self::TagKey);
            }
            if let Some(key) = name.strip_prefix("tag:") {
                return Some(Self::Tag(key.to_owned()));
            }
        }
        let known = T::FILTERS.iter().find(|(known, _)| *known == name);
        known.map(|(_, property)| Self::Property(*property))
    }
}

/// Whether a value matches a pattern: `*` is any text, `?` any letter, `\` takes the next as is.
pub fn matches(pattern: &str, value: &str) -> bool {
    let (pattern, value): (Vec<_>, Vec<_>) = (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v) = (0, 0);
    // Where to resume if what follows the last `*` fails: that star, and what it has taken.
    let mut resume = None;
    loop {
        match (pattern.get(p), value.get(v)) {
            (Some('*'), _) => {
                resume = Some((p, v));
                p += 1;
                continue;
            }
            (Some('?'), Some(_)) => (p, v) = (p + 1, v + 1),
            (Some('\\'), Some(c)) if pattern.get(p + 1) == Some(c) => (p, v) = (p + 2, v + 1),
            (Some(wanted), Some(c)) if wanted == c && *wanted != '\\' => (p, v) = (p + 1, v + 1),
            (None, None) => return true,
            _ => match resume {
                Some((star, taken)) if taken < value.len() => {
                    resume = Some((star, taken + 1));
                    (p, v) = (star + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_match_as_in_ec2() {
        for (pattern, value, expected) in [
            ("zk", "zk", true),
            ("zk", "zk1", false),
            ("zk*", "zk-1", true),
            ("*k-?", "zk-1", true),
            ("*k-?", "zk-", false),
            ("a*b*c", "aXXbYYbZc", true),
            ("a*b*c", "aXXbYY", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("*", "", true),
            ("?", "", false),
            ("", "", true),
            ("ZK", "zk", false),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} on {value}");
        }
    }
}
