//! Faults on demand: which call is hit is decided by action, caller, count and seed alone.

use fastrand::Rng;

use crate::control::{Fault, FaultKind};

/// Any request to an instance's metadata service.
pub const IMDS: &str = "imds";
/// A request for a metadata token.
pub const IMDS_TOKEN: &str = "imds-token";
/// Any EC2 action.
pub const ANY: &str = "*";

/// The faults that were asked for.
#[derive(Debug, Default)]
pub struct Faults(Vec<Armed>);

/// A fault and how far it has come.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    matched: u32,
    hits: u32,
    rng: Rng,
}

impl Faults {
    /// Adds a fault, or says what is wrong with it. `actions` are those that exist.
    pub fn add(&mut self, fault: Fault, actions: &[&str]) -> Result<(), String> {
        check(&fault, actions)?;
        let rng = Rng::with_seed(fault.seed);
        self.0.push(Armed { fault, matched: 0, hits: 0, rng });
        Ok(())
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What hits a call that goes by any of these names: the first fault that is due.
    pub fn strike(&mut self, names: &[&str], caller: &str) -> Option<FaultKind> {
        self.0.iter_mut().find_map(|armed| armed.strike(names, caller))
    }
}

impl Armed {
    fn strike(&mut self, names: &[&str], caller: &str) -> Option<FaultKind> {
        let fault = &self.fault;
        let for_caller = fault.caller.as_deref().is_none_or(|only| only == caller);
        if !for_caller || !names.contains(&fault.action.as_str()) {
            return None;
        }
        self.matched = self.matched.saturating_add(1);
        let spent = fault.times.is_some_and(|times| self.hits >= times);
        if self.matched <= fault.after || spent {
            return None;
        }
        if fault.probability.is_some_and(|chance| self.rng.f64() >= chance) {
            return None;
        }
        self.hits = self.hits.saturating_add(1);
        Some(fault.kind.clone())
    }
}

fn check(fault: &Fault, actions: &[&str]) -> Result<(), String> {
    let name = fault.action.as_str();
    let of_imds = matches!(name, IMDS | IMDS_TOKEN);
    if !of_imds && name != ANY && !actions.contains(&name) {
        let known = actions.join(", ");
        return Err(format!("no call is named {name}: use {ANY}, {IMDS}, {IMDS_TOKEN}, {known}"));
    }
    if fault.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err("a probability lies between 0 and 1".to_owned());
    }
    match &fault.kind {
        FaultKind::NicNeverAppears if name != "AttachNetworkInterface" => {
            Err("nic-never-appears can only hit AttachNetworkInterface".to_owned())
        }
        FaultKind::Error { status, .. } if !(400..=599).contains(status) => {
            Err(format!("{status} is not the status of an error: use 400 to 599"))
        }
        _ => Ok(()),
    }
}
