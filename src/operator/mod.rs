//! What a person does to a pool, from an instance or from anywhere else.

pub mod bootstrap;
pub mod servers;
