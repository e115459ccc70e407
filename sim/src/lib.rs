//! A local EC2 region: enough of EC2 to be believed, on one machine.
//!
//! The [`region`] holds a pure model of what is true and when; callers reach it through EC2's own
//! protocols and through [`control`], and it has the kernel make the model so through a [`fabric`].

// The EC2 Query API.
mod api;
// The command line.
pub mod cli;
// A handle to a running region.
pub mod client;
// Times as EC2 prints them.
mod clock;
// What a person or a test asks beside the EC2 API.
pub mod control;
// What the region asks of the machine.
pub mod fabric;
// Faults on demand.
mod faults;
// HTTP on a listener.
mod http;
// IAM policies and what they allow.
mod iam;
// The instance metadata service.
mod imds;
// The kernel as the machine under a region.
pub mod kernel;
// What is true in the region, and when.
mod model;
// A running region.
pub mod region;
// EC2's token buckets.
mod throttle;
