//! An address that outlives its instance, for every member of a ZooKeeper ensemble on EC2.
//!
//! An agent, run at boot, claims a pre-allocated elastic network interface (ENI) with a fixed
//! private address from a pool, attaches it, configures the host, and only then lets ZooKeeper
//! start. EC2's attachment is the lock: an ENI has at most one, and its id is the fencing token.
//!
//! What decides is pure and what acts is thin. [`claim`] is the protocol, a state machine without
//! IO, clock or chance; [`agent`] performs the effects it asks for, through the two traits of
//! [`cloud`] and the desired state of [`net`]; [`cli`] alone names the adapters and puts them
//! together. Dependencies run downward only:
//!
//! ```text
//! main -> cli -> { operator, agent } -> { claim -> pool -> cloud, net, zookeeper, supervise } -> ids
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | what the user typed, the settings that follow, results, exit codes |
//! | [`agent`] | claim, run, guard, release: performs what is decided; facts files, lock |
//! | [`operator`] | what a person does to a pool |
//! | [`claim`] | the protocol: `step(state, event) -> (state, effects)` |
//! | [`net`] | the host's network for a slot: planned, applied, verified, undone |
//! | [`zookeeper`] | its configuration, its disk, when it may start, what it says of itself |
//! | [`supervise`] | the protected process, which never outlives the agent |
//! | [`pool`] | a pool as its ENIs' tags make it, checked whole |
//! | [`cloud`] | EC2 and IMDS in our words, and the adapters to them |
//! | [`ids`] | names, parsed once and trusted from there on |
//! | [`errors`] | one line for an error and its causes, and what to do about it |
//! | [`file`](mod@file) | files that are whole at every moment |
//! | [`unwind`] | what a panic needs to unwind, so that the program needs libc alone |

pub mod agent;
pub mod claim;
pub mod cli;
pub mod cloud;
pub mod errors;
pub mod file;
pub mod ids;
pub mod net;
pub mod operator;
pub mod pool;
pub mod supervise;
pub mod unwind;
pub mod zookeeper;
