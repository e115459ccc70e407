pub mod agent;
pub mod claim;
pub mod cli;
pub mod cloud;
pub mod errors;
pub mod ids;
pub mod net;
pub mod pool;
