//! What EC2 and the services beside it told, and what they did not.

use std::collections::BTreeMap;

use super::permissions::{self, Permitted};
use super::{Area, Check, Finding, Role};
use crate::cloud::account::{
    Instance, Interface, InterfaceLimits, ScalingGroup, SecurityGroup, Subnet,
};
use crate::cloud::{Action, CallError};
use crate::ids::InstanceId;

const READ: Check = Check::of(Area::Account, "reads");

/// A fact, or why it is not known.
pub type Known<T> = Result<T, Missing>;

/// Why a fact is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// IAM refuses.
    Denied(Action),
    /// There are no credentials that EC2 takes.
    NoCredentials(String),
    /// It was asked for in vain.
    Failed(String),
    /// There was nothing to ask for, or what it depends on is missing already.
    NotAsked,
}

impl From<CallError> for Missing {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Denied { action } => Self::Denied(action),
            CallError::NoCredentials { .. } | CallError::Credentials { .. } => {
                Self::NoCredentials(error.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}

/// What the account is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who asks.
    pub caller: Known<String>,
    /// This instance, if it is one.
    pub me: Option<InstanceId>,
    /// The pool's ENIs.
    pub interfaces: Known<Vec<Interface>>,
    /// The holders, and this instance.
    pub instances: Known<BTreeMap<InstanceId, Instance>>,
    /// The subnets of slots and Auto Scaling groups.
    pub subnets: Known<Vec<Subnet>>,
    /// The slots' security groups.
    pub groups: Known<Vec<SecurityGroup>>,
    /// The limits of the instances' types.
    pub limits: Known<BTreeMap<String, InterfaceLimits>>,
    /// The Auto Scaling groups.
    pub scaling: Known<Vec<ScalingGroup>>,
    /// Those of them that were asked for, by tag or by name.
    pub scaling_names: Vec<String>,
    /// What IAM said to each question that was asked for its own sake.
    pub permitted: BTreeMap<Action, Permitted>,
}

impl Facts {
    /// None yet.
    pub fn none() -> Self {
        Self {
            caller: Err(Missing::NotAsked),
            me: None,
            interfaces: Err(Missing::NotAsked),
            instances: Err(Missing::NotAsked),
            subnets: Err(Missing::NotAsked),
            groups: Err(Missing::NotAsked),
            limits: Err(Missing::NotAsked),
            scaling: Err(Missing::NotAsked),
            scaling_names: Vec::new(),
            permitted: BTreeMap::new(),
        }
    }

    /// Every read with why it failed, if it did, and what cannot be checked without.
    pub fn reads(&self) -> [(Action, Option<&Missing>, &'static str); 6] {
        [
            (
                Action::DescribeNetworkInterfaces,
                self.interfaces.as_ref().err(),
                "the pool, and with it all but the credentials and this host,",
            ),
            (
                Action::DescribeInstances,
                self.instances.as_ref().err(),
                "the holders, their metadata services and Auto Scaling groups",
            ),
            (
                Action::DescribeSubnets,
                self.subnets.as_ref().err(),
                "the subnets of slots and Auto Scaling groups",
            ),
            (
                Action::DescribeSecurityGroups,
                self.groups.as_ref().err(),
                "whether the security groups let the servers reach each other",
            ),
            (
                Action::DescribeInstanceTypes,
                self.limits.as_ref().err(),
                "the interface limits of the instances' types",
            ),
            (
                Action::DescribeAutoScalingGroups,
                self.scaling.as_ref().err(),
                "the pool's zones against those of its Auto Scaling groups",
            ),
        ]
    }

    /// What could not be read, and so not be checked. What a role need not see is no fault of its.
    pub fn missing(&self, role: Role) -> Vec<Finding> {
        let needed = permissions::needed(role);
        let finding = |(action, missing, what): (Action, Option<&Missing>, &str)| match missing? {
            Missing::NotAsked => None,
            Missing::Failed(because) => Some(READ.unknown(what, because)),
            Missing::NoCredentials(_) => Some(READ.unknown(what, "no credentials")),
            Missing::Denied(_) if needed.contains(&action) => {
                Some(READ.unknown(what, format!("{} is not permitted", action.iam())))
            }
            Missing::Denied(_) => Some(READ.skipped(format!(
                "{what}: not checked, as an agent's role need not have {}; run `steadfast doctor` \
                 with an operator's credentials for it",
                action.iam()
            ))),
        };
        self.reads().into_iter().filter_map(finding).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn what_could_not_be_read_is_told_once_with_what_hangs_on_it() {
        let mut facts = Facts::none();
        assert_eq!(facts.missing(Role::Operator), []);
        facts.interfaces = Err(Missing::Failed("EC2 is on fire".to_owned()));
        let [finding] = &facts.missing(Role::Agent)[..] else { panic!("one finding") };
        assert_eq!(finding.severity, Severity::Unknown);
        assert!(finding.what.ends_with("could not be checked: EC2 is on fire"), "{finding:?}");
    }

    #[test]
    fn what_a_role_need_not_see_is_no_fault() {
        let mut facts = Facts::none();
        facts.groups = Err(Missing::Denied(Action::DescribeSecurityGroups));
        assert_eq!(facts.missing(Role::Agent)[0].severity, Severity::Skipped);
        assert_eq!(facts.missing(Role::Operator)[0].severity, Severity::Unknown);
    }
}
