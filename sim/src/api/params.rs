//! The parameters of a call. Each is read by name; what nobody read is refused, never ignored.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::model::error::Ec2Error;
use crate::model::tags::Tags;

/// Parameters as sent: from the query and from the form in the body.
pub type Params = BTreeMap<String, String>;

/// The parameters that belong to the protocol and not to an action.
const OF_PROTOCOL: [&str; 2] = ["Action", "Version"];

/// Decodes the query and the body of a request.
pub fn decode(query: Option<&str>, body: &[u8]) -> Params {
    let query = query.unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(body));
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Reads parameters, and notes which.
#[derive(Debug)]
pub struct Reader<'a> {
    params: &'a Params,
    seen: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Reader<'a> {
    pub fn new(params: &'a Params) -> Self {
        Self { params, seen: RefCell::default() }
    }

    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (name, value) = self.params.get_key_value(name)?;
        self.seen.borrow_mut().insert(name);
        Some(value)
    }

    pub fn required(&self, name: &str) -> Result<&'a str, Ec2Error> {
        self.get(name).ok_or_else(|| Ec2Error::missing(name))
    }

    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Ec2Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = text.parse();
        number.map(Some).map_err(|_| Ec2Error::bad_value(text, name, "Expecting a number."))
    }

    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Ec2Error> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(Ec2Error::bad_value(text, name, "Expecting true or false.")),
        }
    }

    /// One of the words that a parameter may have; `first` if it is absent.
    pub fn either(&self, name: &str, first: &str, second: &str) -> Result<bool, Ec2Error> {
        Ok(self.choice(name, first, second)?.unwrap_or(true))
    }

    /// Whether a parameter is the first of the two words that it may have.
    pub fn choice(&self, name: &str, first: &str, second: &str) -> Result<Option<bool>, Ec2Error> {
        match self.get(name) {
            None => Ok(None),
            Some(word) if word == first => Ok(Some(true)),
            Some(word) if word == second => Ok(Some(false)),
            Some(text) => {
                let why = format!("Expecting {first} or {second}.");
                Err(Ec2Error::bad_value(text, name, &why))
            }
        }
    }

    /// `name.1`, `name.2` and so on.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.members(name).iter().filter_map(|member| self.get(member)).collect()
    }

    /// `name.member.1` and so on, as services other than EC2 have lists; an empty one is there by
    /// its name alone.
    pub fn query_list(&self, name: &str) -> Result<Vec<&'a str>, Ec2Error> {
        if let Some(text) = self.get(name).filter(|text| !text.is_empty()) {
            return Err(Ec2Error::bad_value(text, name, "Expecting a list."));
        }
        Ok(self.list(&format!("{name}.member")))
    }

    /// A list of what `parse` takes.
    pub fn list_of<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Ec2Error>,
    ) -> Result<Vec<T>, Ec2Error> {
        self.list(name).into_iter().map(parse).collect()
    }

    /// A list that is not empty.
    pub fn required_list_of<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Ec2Error>,
    ) -> Result<Vec<T>, Ec2Error> {
        let list = self.list_of(name, parse)?;
        if list.is_empty() { Err(Ec2Error::missing(name)) } else { Ok(list) }
    }

    /// The names `name.N` for each N that occurs, in order, whatever follows them.
    pub fn members(&self, name: &str) -> Vec<String> {
        let prefix = format!("{name}.");
        let rest = self.params.keys().filter_map(|key| key.strip_prefix(&prefix));
        let numbers: BTreeSet<u32> =
            rest.filter_map(|rest| rest.split('.').next()?.parse().ok()).collect();
        numbers.into_iter().map(|n| format!("{prefix}{n}")).collect()
    }

    /// `prefix.N.Key` with `prefix.N.Value`.
    pub fn tags(&self, prefix: &str) -> Result<Tags, Ec2Error> {
        let mut tags = Tags::new();
        for member in self.members(prefix) {
            let key = self.required(&format!("{member}.Key"))?;
            let value = self.get(&format!("{member}.Value")).unwrap_or_default();
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                let message = format!("Duplicate tag key '{key}' specified.");
                return Err(Ec2Error::invalid_value(message));
            }
        }
        Ok(tags)
    }

    /// The tags that a request gives to what it makes, by the kind of resource.
    pub fn tag_specification(&self, kinds: &[&str]) -> Result<BTreeMap<String, Tags>, Ec2Error> {
        let mut by_kind: BTreeMap<String, Tags> = BTreeMap::new();
        for member in self.members("TagSpecification") {
            let kind = self.required(&format!("{member}.ResourceType"))?;
            if !kinds.contains(&kind) {
                return Err(Ec2Error::invalid_value(format!(
                    "'{kind}' is not a valid taggable resource type for this operation."
                )));
            }
            by_kind
                .entry(kind.to_owned())
                .or_default()
                .extend(self.tags(&format!("{member}.Tag"))?);
        }
        Ok(by_kind)
    }

    /// Everything has been read: refuses the rest, and ends a dry run. It comes before any change.
    pub fn finish(&self) -> Result<(), Ec2Error> {
        let dry_run = self.boolean("DryRun")?.unwrap_or(false);
        self.finish_without_dry_run()?;
        if dry_run {
            let message = "Request would have succeeded, but DryRun flag is set.";
            return Err(Ec2Error::with_status(412, "DryRunOperation", message));
        }
        Ok(())
    }

    /// The same for an action of a service that knows no dry runs.
    pub fn finish_without_dry_run(&self) -> Result<(), Ec2Error> {
        let seen = self.seen.borrow();
        let known = |name: &str| {
            seen.contains(name) || OF_PROTOCOL.contains(&name) || name.starts_with("X-Amz-")
        };
        if let Some(name) = self.params.keys().find(|name| !known(name)) {
            let message = format!("The parameter {name} is not recognized");
            return Err(Ec2Error::new("UnknownParameter", message));
        }
        Ok(())
    }
}
