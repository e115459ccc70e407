//! A local EC2 region: enough of EC2 to be believed, on one machine.
//!
//! The [`region`] holds a pure model of what is true and when; callers reach it through EC2's own
//! protocols and through [`control`], and it has the kernel make the model so through a [`fabric`].
pub mod cli;
pub mod client;
pub mod control;
pub mod fabric;
pub mod kernel;
pub mod region;
