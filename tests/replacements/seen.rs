//! What is noted of each event and each loss.

use serde::Serialize;

use crate::plan::{Event, Kind, Loss};

/// An event of the plan.
#[derive(Debug, Serialize)]
pub struct EventSeen {
    /// In words.
    what: String,
    /// Under which it is counted: kind and role, or that it is no single loss.
    pub class: String,
    /// In seconds since the epoch.
    pub at: f64,
    /// The longest time without an acknowledged write that ended before the next event.
    pub gap_s: f64,
}

impl EventSeen {
    /// One that begins.
    pub fn new(event: &Event, at: f64) -> Self {
        let what = event.to_string();
        let class = match (&event.losses[..], event.hasty) {
            (_, true) => "one or two while the last one syncs".to_owned(),
            ([_], false) => what.clone(),
            (_, false) => "two at once".to_owned(),
        };
        Self { what, class, at, gap_s: 0.0 }
    }
}

/// A loss. Times without a name of their own are in seconds since it.
#[derive(Debug, Serialize)]
pub struct LossSeen {
    pub kind: Kind,
    role: String,
    slot: u8,
    pub instance: String,
    /// In seconds since the epoch.
    pub at: f64,
    pub replacement: Option<String>,
    /// Until its slot was claimed again.
    pub claimed_s: Option<f64>,
    /// Until its server was a member again.
    pub member_s: Option<f64>,
    /// From when a hung instance went on until nothing was left of its server.
    pub fenced_s: Option<f64>,
    /// EC2 calls that the replacement made until then.
    pub ec2_calls: usize,
}

impl LossSeen {
    /// One that happens.
    pub fn new(loss: Loss, slot: u8, instance: &str, at: f64) -> Self {
        Self {
            kind: loss.kind,
            role: loss.victim.to_string(),
            slot,
            instance: instance.to_owned(),
            at,
            replacement: None,
            claimed_s: None,
            member_s: None,
            fenced_s: None,
            ec2_calls: 0,
        }
    }
}
