//! What is wrong with a pool, its instances, its ensemble and this host: what, why it matters, and the
//! command that mends it.
//!
//! Facts are gathered first ([`gather`] from EC2, [`ensemble`] from ZooKeeper, [`host`] from this
//! host), each call within a time of its own; every check is then a pure function from facts to
//! [`Finding`]s. A fact that could not be had is a finding, too, and never passes for a good one.
//!
//! | module | what it looks at |
//! |---|---|
//! | [`permissions`] | who asks, and what IAM lets them do |
//! | [`tags`] | the pool's tags: the numbers, the connect string, overrides left behind |
//! | [`slots`] | each slot's ENI and holder |
//! | [`instances`] | the holders' metadata service, profile and room for interfaces |
//! | [`zones`] | the pool against the Auto Scaling groups, and its spread |
//! | [`firewall`] | whether the security groups let the servers reach each other |
//! | [`ensemble`] | ZooKeeper: its servers, a session |
//! | [`host`] | this host: network, other network managers, ZooKeeper's package, disk |
//! | [`clock`] | this host's clock against EC2's |

pub mod clock;
pub mod ensemble;
pub mod facts;
pub mod finding;
pub mod firewall;
pub mod gather;
pub mod host;
pub mod instances;
pub mod permissions;
pub mod slots;
pub mod tags;
#[cfg(test)]
mod testing;
pub mod zones;

pub use facts::{Facts, Known, Missing};
pub use finding::{Area, Check, Finding, Report, Severity};
pub use permissions::Role;

use crate::operator::target::Target;

/// Every finding that the account's facts give.
pub fn of_account(target: &Target, role: Role, facts: &Facts) -> Vec<Finding> {
    let pool = &target.pool;
    let mut found = facts.missing(role);
    found.extend(permissions::check(role, facts));
    let Ok(interfaces) = &facts.interfaces else { return found };
    let (seen, defects) = tags::slots(pool, interfaces);
    found.extend(defects);
    if seen.is_empty() {
        return found;
    }
    found.extend(tags::check(pool, &seen));
    found.extend(slots::check(target, &seen, facts));
    found.extend(instances::check(&seen, facts));
    found.extend(zones::check(&seen, facts));
    found.extend(firewall::check(&seen, facts));
    found
}
