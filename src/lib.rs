pub mod claim;
pub mod cloud;
pub mod errors;
pub mod ids;
pub mod pool;
