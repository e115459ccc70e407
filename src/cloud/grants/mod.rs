//! What the program calls, for whom, on what: the one table behind every IAM statement that it prints.
//!
//! EC2 asks IAM for leave for each resource that a call touches: an attach for the instance and for the
//! interface, by a statement each. Facts about actions, resources and condition keys are those of EC2's
//! chapter in AWS's service authorization reference.

mod statement;
mod table;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

pub use statement::{Scope, Statement};
pub use table::GRANTS;

use super::Action;

/// Whose permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The agent on an instance: claim, run, release.
    Agent,
    /// A person: every command.
    Operator,
}

/// One statement's worth of leave.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    /// Its name in a policy.
    pub sid: &'static str,
    /// Who needs it.
    pub roles: &'static [Role],
    /// For which calls.
    pub actions: &'static [Action],
    /// On what.
    pub on: On,
    /// Under which conditions, all of them.
    pub conditions: &'static [Condition],
}

/// What a call touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The action knows no resources.
    Nothing,
    /// Interfaces.
    Interfaces,
    /// Instances.
    Instances,
    /// What an interface is made in and with.
    Surroundings,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The interface is a slot of the pool.
    OfPool,
    /// It is a slot of the pool or of none.
    OfNoOtherPool,
    /// It was a slot of the pool.
    RetiredFromPool,
    /// The call makes it a slot of the pool.
    IntoPool,
    /// The instance is the one that asks.
    Itself,
    /// No other tags than these are touched, and one at least: a call that names none removes all.
    Keys(&'static [&'static str]),
    /// The tags are those of an interface that is being made.
    WhileMade,
}

/// The actions that a role needs leave for, each once, in the table's order.
pub fn needed(role: Role) -> Vec<Action> {
    let grants = GRANTS.iter().filter(|it| it.roles.contains(&role));
    let mut all = Vec::new();
    for action in grants.flat_map(|it| it.actions) {
        if !all.contains(action) {
            all.push(*action);
        }
    }
    all
}

/// On what EC2 asks for leave for an action: nothing for what everybody may.
pub fn touches(action: Action) -> &'static [On] {
    match action {
        Action::DescribeNetworkInterfaces
        | Action::DescribeInstances
        | Action::DescribeInstanceTypes
        | Action::DescribeSubnets
        | Action::DescribeSecurityGroups
        | Action::DescribeAutoScalingGroups => &[On::Nothing],
        Action::AttachNetworkInterface | Action::DetachNetworkInterface => {
            &[On::Interfaces, On::Instances]
        }
        Action::CreateTags | Action::DeleteTags | Action::DeleteNetworkInterface => {
            &[On::Interfaces]
        }
        Action::CreateNetworkInterface => &[On::Interfaces, On::Surroundings],
        Action::GetCallerIdentity => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The match in [`touches`] is exhaustive: an action that is new is missed here, or by the table.
    #[test]
    fn every_resource_of_every_action_is_granted_and_no_other() {
        for role in [Role::Agent, Role::Operator] {
            for action in needed(role) {
                let grants = GRANTS.iter().filter(|it| it.roles.contains(&role));
                let granted: Vec<On> =
                    grants.filter(|it| it.actions.contains(&action)).map(|it| it.on).collect();
                let touched = touches(action);
                assert!(!touched.is_empty(), "{action} needs no leave");
                assert!(touched.iter().all(|on| granted.contains(on)), "{role:?} {action}");
                assert!(granted.iter().all(|on| touched.contains(on)), "{role:?} {action}");
            }
        }
    }

    #[test]
    fn names_of_statements_are_letters_and_unlike() {
        let sids: std::collections::BTreeSet<_> = GRANTS.iter().map(|it| it.sid).collect();
        assert_eq!(sids.len(), GRANTS.len());
        assert!(sids.iter().all(|it| it.chars().all(|c| c.is_ascii_alphanumeric())));
    }

    #[test]
    fn an_agent_attaches_slots_of_its_pool_to_itself() {
        let scope = Scope { pool: "kafka", region: "eu-west-1", account: "*" };
        let of = |sid: &str| -> Value {
            let grant = GRANTS.iter().find(|it| it.sid == sid).unwrap();
            serde_json::to_value(grant.statement(&scope)).unwrap()
        };
        assert_eq!(
            of("ToItself"),
            json!({
                "Sid": "ToItself",
                "Effect": "Allow",
                "Action": "ec2:AttachNetworkInterface",
                "Resource": "arn:aws:ec2:eu-west-1:*:instance/*",
                "Condition": {"ArnLike": {
                    "ec2:SourceInstanceARN": "arn:aws:ec2:eu-west-1:*:instance/${ec2:InstanceID}"
                }},
            })
        );
        assert_eq!(
            of("Forget")["Condition"],
            json!({
                "StringEquals": {"aws:ResourceTag/steadfast:pool": "kafka"},
                "ForAllValues:StringEquals":
                    {"aws:TagKeys": ["steadfast:initialized", "steadfast:bootstrap"]},
                "Null": {"aws:TagKeys": "false"},
            })
        );
        let china = Scope { region: "cn-north-1", account: "123456789012", ..scope };
        let statement = serde_json::to_value(GRANTS[2].statement(&china)).unwrap();
        let arn = "arn:aws-cn:ec2:cn-north-1:123456789012:network-interface/*";
        assert_eq!(statement["Resource"], arn);
        for (region, partition) in [("eusc-de-east-1", "aws-eusc"), ("us-isob-east-1", "aws-iso-b")]
        {
            let statement = GRANTS[2].statement(&Scope { region, ..scope.clone() });
            let arn = format!("arn:{partition}:ec2:{region}:*:network-interface/*");
            assert_eq!(serde_json::to_value(statement).unwrap()["Resource"], arn);
        }
    }
}
