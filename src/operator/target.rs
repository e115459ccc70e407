//! Where the commands that a person is told to run next act.
//!
//! They name pool and region, however this command came by them: an answer is pasted into a chat or run
//! from another place, whose default region may be another one and have a pool of that name, too.

use std::fmt;

use crate::ids::PoolName;

/// A pool in its region, written as the flags of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The pool.
    pub pool: PoolName,
    /// Its region.
    pub region: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--pool {} --region {}", self.pool, self.region)
    }
}
