//! A row of the table as an IAM statement.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Condition, Grant, On};
use crate::cloud::{Action, TAG_POOL, TAG_RETIRED};

/// Where a policy is to hold.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// The pool.
    pub pool: &'a str,
    /// The region's name.
    pub region: &'a str,
    /// The account's number, or `*`.
    pub account: &'a str,
}

/// A statement as a policy has it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'static str>,
    effect: &'static str,
    action: Names,
    resource: Names,
    #[serde(skip_serializing_if = "Map::is_empty")]
    condition: Map<String, Value>,
}

/// One name stands without brackets.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Names {
    One(String),
    More(Vec<String>),
}

impl From<Vec<String>> for Names {
    fn from(mut all: Vec<String>) -> Self {
        match all.len() {
            1 => Self::One(all.remove(0)),
            _ => Self::More(all),
        }
    }
}

impl Statement {
    /// Leave for an action on everything, which is sure to be enough.
    pub fn everywhere(action: Action) -> Self {
        Self {
            sid: None,
            effect: "Allow",
            action: Names::One(action.iam()),
            resource: Names::One("*".to_owned()),
            condition: Map::new(),
        }
    }

    /// On one line.
    pub fn json(&self) -> String {
        // Plain data of ours: strings and lists always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Grant {
    /// The row for a pool.
    pub fn statement(&self, scope: &Scope<'_>) -> Statement {
        let actions: Vec<String> = self.actions.iter().map(|action| action.iam()).collect();
        Statement {
            sid: Some(self.sid),
            effect: "Allow",
            action: actions.into(),
            resource: self.on.resources(scope).into(),
            condition: conditions(self.conditions, scope),
        }
    }
}

impl Scope<'_> {
    fn arn(&self, kind: &str, id: &str) -> String {
        // A partition has its own names; a policy with another's does not hold there.
        let partition = match self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            region if region.starts_with("eusc-") => "aws-eusc",
            region if region.starts_with("us-iso-") => "aws-iso",
            region if region.starts_with("us-isob-") => "aws-iso-b",
            region if region.starts_with("eu-isoe-") => "aws-iso-e",
            region if region.starts_with("us-isof-") => "aws-iso-f",
            _ => "aws",
        };
        format!("arn:{partition}:ec2:{}:{}:{kind}/{id}", self.region, self.account)
    }
}

impl On {
    fn resources(self, scope: &Scope<'_>) -> Vec<String> {
        let kinds: &[&str] = match self {
            Self::Nothing => return vec!["*".to_owned()],
            Self::Interfaces => &["network-interface"],
            Self::Instances => &["instance"],
            Self::Surroundings => &["subnet", "security-group"],
        };
        kinds.iter().map(|kind| scope.arn(kind, "*")).collect()
    }
}

fn conditions(all: &[Condition], scope: &Scope<'_>) -> Map<String, Value> {
    let mut by_operator = Map::new();
    for (operator, key, value) in all.iter().flat_map(|it| it.tests(scope)) {
        let of_operator = by_operator.entry(operator).or_insert_with(|| json!({}));
        of_operator[key] = value;
    }
    by_operator
}

impl Condition {
    /// Operator, key and value each.
    fn tests(self, scope: &Scope<'_>) -> Vec<(&'static str, String, Value)> {
        let has_pool = format!("aws:ResourceTag/{TAG_POOL}");
        let pool = json!(scope.pool);
        match self {
            Self::OfPool => vec![("StringEquals", has_pool, pool)],
            Self::OfNoOtherPool => vec![("StringEqualsIfExists", has_pool, pool)],
            Self::RetiredFromPool => {
                let was = format!("{}/*", scope.pool);
                vec![("StringLike", format!("aws:ResourceTag/{TAG_RETIRED}"), json!(was))]
            }
            Self::IntoPool => vec![("StringEquals", format!("aws:RequestTag/{TAG_POOL}"), pool)],
            // Not as the resource itself (`"Resource": "${ec2:SourceInstanceARN}"`): IAM takes no
            // policy whose resource is no ARN. AWS's own policies say it so, too.
            Self::Itself => {
                let asked_for = scope.arn("instance", "${ec2:InstanceID}");
                vec![("ArnLike", "ec2:SourceInstanceARN".to_owned(), json!(asked_for))]
            }
            Self::Keys(keys) => vec![
                ("ForAllValues:StringEquals", "aws:TagKeys".to_owned(), json!(keys)),
                ("Null", "aws:TagKeys".to_owned(), json!("false")),
            ],
            Self::WhileMade => {
                let made = Action::CreateNetworkInterface.to_string();
                vec![("StringEquals", "ec2:CreateAction".to_owned(), json!(made))]
            }
        }
    }
}
