//! A policy's JSON, read once and whole: what is not known is an error.

use serde_json::{Map, Value};

use super::condition::Condition;
use super::pattern::Pattern;
use super::{Statement, Which};

/// The version of the policy language that has variables; the older one is not to be had here.
const VERSION: &str = "2012-10-17";
/// How long a role's inline policies may be, in characters that are not white space.
const SIZE_MAX: usize = 10_240;

/// What a policy says that cannot be, or that this region does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

/// An identity policy.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

type Object = Map<String, Value>;

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// It is no policy, or has something that this region does not evaluate.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.chars().filter(|c| !c.is_whitespace()).count() > SIZE_MAX {
            return fail(format!("a role's policy has at most {SIZE_MAX} characters"));
        }
        let document: Value = serde_json::from_str(text)
            .map_err(|error| PolicyError(format!("the policy is not JSON: {error}")))?;
        let document = object(&document, "the policy")?;
        known(document, &["Version", "Id", "Statement"], "the policy")?;
        if document.get("Version").and_then(Value::as_str) != Some(VERSION) {
            return fail(format!("the policy's Version has to be \"{VERSION}\""));
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(all)) if !all.is_empty() => all.iter().map(statement).collect(),
            Some(one @ Value::Object(_)) => statement(one).map(|one| vec![one]),
            _ => fail("the policy has no Statement"),
        };
        Ok(Self { statements: statements? })
    }
}

fn statement(value: &Value) -> Result<Statement, PolicyError> {
    let all = object(value, "a statement")?;
    let sid = all.get("Sid").and_then(Value::as_str);
    let name = sid.map_or("a statement".to_owned(), |sid| format!("statement {sid}"));
    read_statement(all).map_err(|PolicyError(why)| PolicyError(format!("{name}: {why}")))
}

fn read_statement(all: &Object) -> Result<Statement, PolicyError> {
    let names = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    known(all, &names, "it")?;
    let allows = match all.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return fail("Effect has to be \"Allow\" or \"Deny\""),
    };
    Ok(Statement {
        allows,
        actions: which(all, "Action", check_action)?,
        resources: which(all, "Resource", check_resource)?,
        conditions: all.get("Condition").map(conditions).transpose()?.unwrap_or_default(),
    })
}

/// One of `name` and `Notname`.
fn which(
    all: &Object,
    name: &str,
    check: fn(&str) -> Result<(), PolicyError>,
) -> Result<Which, PolicyError> {
    let (value, excepted) = match (all.get(name), all.get(&format!("Not{name}"))) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        _ => return fail(format!("it needs either {name} or Not{name}")),
    };
    let texts = texts(value, name)?;
    texts.iter().try_for_each(|text| check(text))?;
    let patterns = texts.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>()?;
    if patterns.is_empty() {
        return fail(format!("{name} is empty"));
    }
    // A variable without a value would let in all that is not excepted.
    if excepted && !patterns.iter().all(Pattern::is_fixed) {
        return fail(format!("Not{name} takes no variables here"));
    }
    Ok(Which { patterns, excepted })
}

fn check_action(text: &str) -> Result<(), PolicyError> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "*?".contains(c);
    let in_service = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_action = text.split_once(':').is_some_and(|(service, name)| {
        !service.is_empty() && service.chars().all(in_service) && name.chars().all(in_name)
    });
    if text == "*" || is_action {
        return Ok(());
    }
    fail(format!("\"{text}\" is not an action, such as ec2:DescribeInstances"))
}

fn check_resource(text: &str) -> Result<(), PolicyError> {
    if text == "*" || text.starts_with("${") || text.starts_with("arn:") && has_parts(text) {
        return Ok(());
    }
    fail(format!("\"{text}\" is not the ARN of a resource"))
}

/// An ARN's parts; colons of variables do not make any.
fn has_parts(text: &str) -> bool {
    let mut depth = 0_usize;
    let colons = text.chars().filter(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ':' && depth == 0
    });
    colons.count() >= 5
}

fn conditions(value: &Value) -> Result<Vec<Condition>, PolicyError> {
    let mut all = Vec::new();
    for (operator, keys) in object(value, "Condition")? {
        for (key, values) in object(keys, operator)? {
            all.push(Condition::parse(operator, key, &texts(values, key)?)?);
        }
    }
    Ok(all)
}

/// A text or a list of texts; truths and numbers may go without quotes.
fn texts(value: &Value, of: &str) -> Result<Vec<String>, PolicyError> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(_) | Value::Number(_) => Ok(vec![value.to_string()]),
        Value::Array(all) => {
            let each = all.iter().map(|one| match one {
                Value::Array(_) => fail(format!("{of} has a list in a list")),
                one => texts(one, of),
            });
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Value::Null | Value::Object(_) => fail(format!("{of} is neither a text nor a list")),
    }
}

fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Object, PolicyError> {
    value.as_object().ok_or_else(|| PolicyError(format!("{name} is not a JSON object")))
}

/// Refuses what is not known: `Principal` and the like are not of identity policies.
fn known(all: &Object, names: &[&str], of: &str) -> Result<(), PolicyError> {
    match all.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => fail(format!("{of} has an element {name}, which this region does not know")),
    }
}

fn fail<T>(why: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError(why.into()))
}
