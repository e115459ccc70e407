//! What is known of a request: condition keys with their values.

use std::collections::BTreeMap;

/// Keys with what precedes a tag's key, and one value.
const WITH_TAG: [&str; 3] = ["aws:resourcetag/", "ec2:resourcetag/", "aws:requesttag/"];

/// Keys with one value, in lower case.
const SINGLE: [&str; 20] = [
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
    "ec2:availabilityzone",
    "ec2:createaction",
    "ec2:instanceid",
    "ec2:instanceprofile",
    "ec2:instancetype",
    "ec2:region",
    "ec2:sourceinstancearn",
    "ec2:subnet",
    "ec2:vpc",
];

/// The key of the service to which a role is passed; of one value, too.
const PASSED_TO: &str = "iam:passedtoservice";

/// Keys with several values, in lower case.
const MULTIPLE: [&str; 1] = ["aws:tagkeys"];

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    Single,
    Multiple,
}

/// What the region knows of a key, whose case does not matter; nothing if it has no such key.
pub fn arity(key: &str) -> Option<Arity> {
    let key = key.to_lowercase();
    let has_tag = |prefix: &str| key.strip_prefix(prefix).is_some_and(|tag| !tag.is_empty());
    if WITH_TAG.into_iter().any(has_tag) || SINGLE.contains(&key.as_str()) || key == PASSED_TO {
        return Some(Arity::Single);
    }
    MULTIPLE.contains(&key.as_str()).then_some(Arity::Multiple)
}

/// The keys of a request that have a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// With a key more.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.0.insert(key.to_lowercase(), vec![value.to_string()]);
        self
    }

    /// With a key more that has several values; without values the key is absent.
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.0.insert(key.to_lowercase(), values);
        }
        self
    }

    /// With all keys of another context.
    pub fn and(mut self, other: &Context) -> Self {
        self.0.extend(other.0.clone());
        self
    }

    /// The values of a key; a key that is there has one at least.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_lowercase()).map(Vec::as_slice)
    }

    /// The keys that have values, in lower case.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
