//! What a person does to a pool, from an instance or from anywhere else.
//!
//! Each command looks first, at EC2 and at every server; what follows from what was seen is pure; then it
//! is carried out against [`Account`](crate::cloud::Account), by what was seen alone.
//!
//! | module | what it is |
//! |---|---|
//! | [`status`] | how a pool is: a row a slot, a verdict, what is odd |
//! | [`reclaim`] | takes a slot from its holder |
//! | [`pool`] | makes, adopts, shows and retires slots |
//! | [`bootstrap`] | lets one empty disk vote after disks were lost |
//! | [`doctor`] | what is wrong or will be, and what mends it |
//! | [`policy`] | the least that a role needs |
//! | [`servers`] | every server of a pool, asked at once |
//! | [`session`] | a session through the connect string, as clients open one |
//! | [`target`] | pool and region, as the commands that are told name them |
//! | [`server_list`] | the ensemble's own list of servers against the pool |

pub mod bootstrap;
pub mod doctor;
pub mod policy;
pub mod pool;
pub mod reclaim;
pub mod server_list;
pub mod servers;
pub mod session;
pub mod status;
pub mod target;

#[cfg(test)]
mod testing;
