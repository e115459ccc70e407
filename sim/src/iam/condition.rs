//! Conditions of a statement: an operator, a key, the values that it is held against.

use super::context::{Arity, Context, arity};
use super::document::PolicyError;
use super::pattern::Pattern;

/// A condition on one key.
#[derive(Debug, Clone)]
pub struct Condition {
    operator: Operator,
    key: String,
    values: Vec<Pattern>,
}

/// An operator with what precedes and follows its name.
#[derive(Debug, Clone, Copy)]
struct Operator {
    set: Set,
    kind: Kind,
    /// Whether it holds where the comparison fails (`StringNotEquals`).
    negated: bool,
    if_exists: bool,
}

/// How the values of a request are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// There is one.
    Single,
    ForAll,
    ForAny,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Equals { ignores_case: bool },
    Like,
    Arn,
    Bool,
    Null,
}

const EQUALS: Kind = Kind::Equals { ignores_case: false };
const EQUALS_IGNORE_CASE: Kind = Kind::Equals { ignores_case: true };

/// Each operator's name with how it compares, and whether it is negated.
const OPERATORS: [(&str, Kind, bool); 12] = [
    ("ArnEquals", Kind::Arn, false),
    ("ArnLike", Kind::Arn, false),
    ("ArnNotEquals", Kind::Arn, true),
    ("ArnNotLike", Kind::Arn, true),
    ("Bool", Kind::Bool, false),
    ("Null", Kind::Null, false),
    ("StringEquals", EQUALS, false),
    ("StringEqualsIgnoreCase", EQUALS_IGNORE_CASE, false),
    ("StringLike", Kind::Like, false),
    ("StringNotEquals", EQUALS, true),
    ("StringNotEqualsIgnoreCase", EQUALS_IGNORE_CASE, true),
    ("StringNotLike", Kind::Like, true),
];

impl Condition {
    /// Reads a condition, or says what this region does not know about it.
    pub fn parse(operator: &str, key: &str, values: &[String]) -> Result<Self, PolicyError> {
        let operator = Operator::parse(operator)?;
        let many = match arity(key) {
            Some(arity) => arity == Arity::Multiple,
            None => return Err(PolicyError(format!("this region has no condition key {key}"))),
        };
        if many && operator.set == Set::Single && operator.kind != Kind::Null {
            return Err(PolicyError(format!(
                "{key} has several values: compare it with ForAllValues: or ForAnyValue:"
            )));
        }
        if values.is_empty() {
            return Err(PolicyError(format!("the condition on {key} has no values")));
        }
        let is_truth = |value: &String| ["true", "false"].contains(&value.to_lowercase().as_str());
        if matches!(operator.kind, Kind::Bool | Kind::Null) && !values.iter().all(is_truth) {
            return Err(PolicyError(format!("the condition on {key} takes true or false")));
        }
        let patterns = values.iter().map(|value| Pattern::parse(value));
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        if operator.kind == Kind::Arn {
            let is_arn = |value: &str| value.split(':').count() >= 6;
            let mut both = values.iter().zip(&patterns);
            if let Some((bad, _)) = both.find(|(value, p)| p.is_fixed() && !is_arn(value)) {
                return Err(PolicyError(format!("\"{bad}\" for {key} is not an ARN")));
            }
        }
        Ok(Self { operator, key: key.to_owned(), values: patterns })
    }

    /// Whether it holds of a request.
    pub fn holds(&self, context: &Context) -> bool {
        let Operator { set, kind, negated, if_exists } = self.operator;
        let present = context.get(&self.key);
        if kind == Kind::Null {
            let absent = present.is_none().to_string();
            return self.values.iter().any(|v| v.is(&absent, true, context) == Some(true));
        }
        match (present, set) {
            // No value fails, for there is none; nor does any hold, whether it has to exist or not.
            (None, Set::ForAll) => true,
            (None, Set::ForAny) => false,
            (None, Set::Single) => if_exists || negated,
            (Some(values), Set::ForAny) => values.iter().any(|value| self.admits(value, context)),
            (Some(values), _) => values.iter().all(|value| self.admits(value, context)),
        }
    }

    /// Whether a value of the request is one of those wanted, or none of them if so negated. A
    /// variable without a value is like nothing, and keeps a negation from holding.
    fn admits(&self, value: &str, context: &Context) -> bool {
        let mut verdicts = self.values.iter().map(|wanted| self.compare(wanted, value, context));
        if self.operator.negated {
            verdicts.all(|verdict| verdict == Some(false))
        } else {
            verdicts.any(|verdict| verdict == Some(true))
        }
    }

    fn compare(&self, wanted: &Pattern, value: &str, context: &Context) -> Option<bool> {
        match self.operator.kind {
            Kind::Equals { ignores_case } => wanted.is(value, ignores_case, context),
            Kind::Like => wanted.is_like(value, context),
            Kind::Arn => wanted.is_arn_like(value, context),
            Kind::Bool | Kind::Null => wanted.is(value, true, context),
        }
    }
}

impl Operator {
    fn parse(text: &str) -> Result<Self, PolicyError> {
        let (set, name) = match text.split_once(':') {
            None => (Set::Single, text),
            Some(("ForAllValues", name)) => (Set::ForAll, name),
            Some(("ForAnyValue", name)) => (Set::ForAny, name),
            Some(_) => return Err(unknown(text)),
        };
        let bare = name.strip_suffix("IfExists");
        let found = OPERATORS.iter().find(|(known, _, _)| *known == bare.unwrap_or(name));
        let (_, kind, negated) = found.ok_or_else(|| unknown(text))?;
        // To ask whether a key is there, if it is there, is not in IAM's grammar.
        if *kind == Kind::Null && (bare.is_some() || set != Set::Single) {
            return Err(unknown(text));
        }
        Ok(Self { set, kind: *kind, negated: *negated, if_exists: bare.is_some() })
    }
}

fn unknown(operator: &str) -> PolicyError {
    let known: Vec<_> = OPERATORS.iter().map(|(name, _, _)| *name).collect();
    let known = known.join(", ");
    PolicyError(format!(
        "this region has no condition operator {operator}: it has {known}, those with IfExists, \
         and those of ForAllValues: and ForAnyValue:"
    ))
}
