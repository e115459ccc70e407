//! Who asks, and what IAM lets them do: by what was read anyhow, and by `DryRun` for the rest.

use std::collections::BTreeMap;

use super::{Area, Check, Facts, Finding, Missing};
pub use crate::cloud::grants::{Role, needed};
use crate::cloud::{Action, CallError};

const CREDENTIALS: Check = Check::of(Area::Account, "credentials");
const PERMISSIONS: Check = Check::of(Area::Account, "permissions");

/// As it is called in a sentence.
fn article(role: Role) -> &'static str {
    match role {
        Role::Agent => "an agent",
        Role::Operator => "an operator",
    }
}

/// Whether an action only looks.
pub fn is_read(action: Action) -> bool {
    matches!(
        action,
        Action::DescribeNetworkInterfaces
            | Action::DescribeInstances
            | Action::DescribeInstanceTypes
            | Action::DescribeSubnets
            | Action::DescribeSecurityGroups
            | Action::DescribeAutoScalingGroups
            | Action::GetCallerIdentity
    )
}

/// What IAM says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permitted {
    /// You may.
    Yes,
    /// You may not.
    No,
    /// The pool has nothing to ask it about.
    NothingToAsk(&'static str),
    /// It could not be learnt.
    Unknown(String),
}

impl Permitted {
    /// By the answer to a dry run. A refusal for another reason than permission comes after it.
    pub fn by(answer: Result<(), CallError>) -> Self {
        match answer {
            Err(CallError::Denied { .. }) => Self::No,
            Ok(())
            | Err(
                CallError::InUse
                | CallError::IndexTaken
                | CallError::NoRoom { .. }
                | CallError::WrongZone { .. }
                | CallError::InTransition { .. }
                | CallError::AttachmentGone,
            ) => Self::Yes,
            Err(CallError::NoCredentials { .. } | CallError::Credentials { .. }) => {
                Self::Unknown("no credentials".to_owned())
            }
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// The findings on credentials and permissions.
pub fn check(role: Role, facts: &Facts) -> Vec<Finding> {
    let all = answers(role, facts);
    let of = |wanted: &dyn Fn(&Permitted) -> bool| -> Vec<Action> {
        all.iter().filter(|(_, it)| wanted(it)).map(|(action, _)| *action).collect()
    };
    let mut found = vec![credentials(facts)];
    let granted = of(&|it| *it == Permitted::Yes);
    if !granted.is_empty() {
        found.push(PERMISSIONS.ok(format!("{} may call {}", article(role), named(&granted))));
    }
    found.extend(of(&|it| *it == Permitted::No).into_iter().map(|action| denied(role, action)));
    for (because, actions) in unanswered(&all) {
        found.push(PERMISSIONS.unknown(format!("the permission of {}", named(&actions)), because));
    }
    for (action, permitted) in &all {
        if let Permitted::NothingToAsk(because) = permitted {
            let what = format!("{} was not asked for: {because}", action.iam());
            found.push(PERMISSIONS.skipped(what));
        }
    }
    found
}

/// Each action that the role needs. A read that was made needs no other question.
fn answers(role: Role, facts: &Facts) -> Vec<(Action, Permitted)> {
    let reads: BTreeMap<Action, Option<&Missing>> =
        facts.reads().into_iter().map(|(action, missing, _)| (action, missing)).collect();
    let answer = |action: &Action| {
        let asked = facts.permitted.get(action).cloned();
        let answer = match reads.get(action) {
            Some(None) => Some(Permitted::Yes),
            Some(Some(Missing::Denied(_))) => Some(Permitted::No),
            Some(Some(Missing::Failed(because))) => {
                asked.or_else(|| Some(Permitted::Unknown((*because).clone())))
            }
            Some(Some(Missing::NoCredentials(_))) => {
                Some(Permitted::Unknown("no credentials".to_owned()))
            }
            _ => asked,
        };
        Some((*action, answer?))
    };
    needed(role).iter().filter_map(answer).collect()
}

fn credentials(facts: &Facts) -> Finding {
    match &facts.caller {
        Ok(arn) => CREDENTIALS.ok(format!("EC2 takes the credentials of {arn}")),
        Err(Missing::NotAsked) => CREDENTIALS.unknown("whose credentials these are", "no time"),
        // To name oneself needs no permission: a policy of the organisation's says no.
        Err(Missing::Denied(action)) => CREDENTIALS
            .unknown("whose credentials these are", format!("{} is denied", action.iam())),
        Err(Missing::NoCredentials(because)) => CREDENTIALS
            .error(because.clone())
            .why("without credentials the agent cannot claim a slot, and no command works"),
        Err(Missing::Failed(because)) => {
            CREDENTIALS.unknown("whose credentials these are", because)
        }
    }
}

fn denied(role: Role, action: Action) -> Finding {
    PERMISSIONS
        .error(format!("{} is not permitted, and {} needs it", action.iam(), article(role)))
        .why(why(action))
        .hint(format!(
            "add this statement to the policy of the role or user (`steadfast iam-policy` prints \
             all): {}",
            action.statement()
        ))
}

fn why(action: Action) -> &'static str {
    match action {
        Action::DescribeNetworkInterfaces => "without it nobody knows the pool",
        Action::DescribeInstances => {
            "without it a slot whose holder is stopped or gone is never taken over"
        }
        Action::AttachNetworkInterface => "without it no slot can be claimed",
        Action::DetachNetworkInterface => {
            "without it a slot is neither released, nor taken over from a dead holder"
        }
        Action::CreateTags => "without it a slot's first boot cannot be recorded, and never begins",
        Action::DeleteTags => "without it an override stays behind after it was used",
        _ => "without it some of an operator's commands do not work",
    }
}

/// One finding a cause: where EC2 cannot be reached, all have the same one.
fn unanswered(all: &[(Action, Permitted)]) -> BTreeMap<&str, Vec<Action>> {
    let mut by_cause: BTreeMap<&str, Vec<Action>> = BTreeMap::new();
    for (action, permitted) in all {
        if let Permitted::Unknown(because) = permitted {
            by_cause.entry(because).or_default().push(*action);
        }
    }
    by_cause
}

fn named(actions: &[Action]) -> String {
    let names: Vec<String> = actions.iter().map(|action| action.iam()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn an_action_is_permitted_or_denied_by_name() {
        let mut facts = Facts::none();
        facts.caller = Ok("arn:aws:iam::1:user/me".to_owned());
        facts.interfaces = Ok(Vec::new());
        facts.permitted = [
            (Action::AttachNetworkInterface, Permitted::No),
            (Action::DetachNetworkInterface, Permitted::NothingToAsk("no slot is held")),
            (Action::CreateTags, Permitted::Unknown("timed out".to_owned())),
            (Action::DeleteTags, Permitted::Unknown("timed out".to_owned())),
        ]
        .into();
        let found = check(Role::Agent, &facts);
        let said: Vec<_> = found.iter().map(|it| (it.severity, it.what.as_str())).collect();
        let unknown = "the permission of ec2:CreateTags, ec2:DeleteTags could not be checked: \
                       timed out";
        let want = [
            (Severity::Ok, "EC2 takes the credentials of arn:aws:iam::1:user/me"),
            (Severity::Ok, "an agent may call ec2:DescribeNetworkInterfaces"),
            (Severity::Error, "ec2:AttachNetworkInterface is not permitted, and an agent needs it"),
            (Severity::Unknown, unknown),
            (Severity::Skipped, "ec2:DetachNetworkInterface was not asked for: no slot is held"),
        ];
        assert_eq!(said, want);
        let hint = found[2].hint.as_deref().unwrap();
        assert!(hint.contains(r#""Action":"ec2:AttachNetworkInterface""#), "{hint}");
    }

    #[test]
    fn a_refusal_that_is_not_iams_comes_after_iam() {
        assert_eq!(Permitted::by(Err(CallError::InUse)), Permitted::Yes);
        let action = Action::CreateTags;
        assert_eq!(Permitted::by(Err(CallError::Denied { action })), Permitted::No);
        let lost = CallError::Lost { action, cause: "timed out".to_owned() };
        assert!(matches!(Permitted::by(Err(lost)), Permitted::Unknown(_)));
    }
}
