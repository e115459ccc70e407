//! IAM's identity policies, evaluated as IAM does: what is not allowed is denied, and what is denied
//! stays so. Pure: a policy, a request, a decision.
//!
//! What a policy says and this does not know is refused when the policy is read ([`Policy::parse`]),
//! never passed over: a condition that is not looked at would allow what AWS denies.

mod condition;
mod context;
mod document;
mod pattern;
#[cfg(test)]
mod tests;

pub use context::Context;
#[cfg(test)]
pub use context::arity;
pub use document::{Policy, PolicyError};

use condition::Condition;
use pattern::Pattern;

/// What a policy decides about: one action on one resource.
#[derive(Debug, Clone)]
pub struct Request {
    /// With its service, such as `ec2:AttachNetworkInterface`.
    pub action: String,
    /// An ARN, or `*` for an action that knows no resources.
    pub resource: String,
    pub context: Context,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// A statement of a policy.
#[derive(Debug, Clone)]
struct Statement {
    allows: bool,
    actions: Which,
    resources: Which,
    conditions: Vec<Condition>,
}

/// Those that one of the patterns matches, or those that none does (`NotAction`, `NotResource`).
#[derive(Debug, Clone)]
struct Which {
    patterns: Vec<Pattern>,
    excepted: bool,
}

impl Policy {
    /// Whether the owner of this policy, and of no other, may do what he asks.
    pub fn decide(&self, request: &Request) -> Decision {
        let mut applying = self.statements.iter().filter(|statement| statement.applies(request));
        let mut decision = Decision::NotAllowed;
        if applying.any(|statement| {
            decision = Decision::Allowed;
            !statement.allows
        }) {
            return Decision::Denied;
        }
        decision
    }
}

impl Statement {
    fn applies(&self, request: &Request) -> bool {
        let Request { action, resource, context } = request;
        self.actions.has(|pattern| pattern.matches_action(action))
            && self.resources.has(|pattern| pattern.matches_resource(resource, context))
            && self.conditions.iter().all(|condition| condition.holds(context))
    }
}

impl Which {
    fn has(&self, matches: impl Fn(&Pattern) -> bool) -> bool {
        self.patterns.iter().any(matches) != self.excepted
    }
}
