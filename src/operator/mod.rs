//! What a person does to a pool, from an instance or from anywhere else.

pub mod bootstrap;
pub mod doctor;
pub mod policy;
pub mod pool;
pub mod reclaim;
pub mod server_list;
pub mod servers;
pub mod session;
pub mod status;

#[cfg(test)]
mod testing;
