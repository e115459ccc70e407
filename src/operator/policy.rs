//! The IAM policy that a role needs, as a document: the rows of [`GRANTS`] that are the role's.

use serde::Serialize;

use crate::cloud::grants::{GRANTS, Role, Scope, Statement};

/// A managed policy has no more characters, white space not counted.
pub const LENGTH_MAX: usize = 6144;

/// An IAM policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

impl Policy {
    /// What a role needs.
    pub fn of(role: Role, scope: &Scope<'_>) -> Self {
        let own = GRANTS.iter().filter(|it| it.roles.contains(&role));
        let statement = own.map(|it| it.statement(scope)).collect();
        // The newest version of the policy language: without it there are no variables.
        Self { version: "2012-10-17", statement }
    }

    /// As JSON, for people to read and for `aws iam create-policy`.
    pub fn json(&self) -> String {
        // Plain data of ours: strings and lists always serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short_enough_for_the_longest_names() {
        let pool = "p".repeat(256);
        let scope = Scope { pool: &pool, region: "ap-southeast-15", account: "123456789012" };
        for role in [Role::Agent, Role::Operator] {
            let usual = Scope { pool: "kafka", ..scope.clone() };
            for scope in [&usual, &scope] {
                let length = serde_json::to_string(&Policy::of(role, scope)).unwrap().len();
                assert!(length <= LENGTH_MAX, "{role:?} with {}: {length}", scope.pool.len());
            }
        }
    }
}
