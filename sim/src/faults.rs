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

#[cfg(test)]
mod tests {
    use super::{ANY, Faults, IMDS};
    use crate::control::{Fault, FaultKind};

    fn fault(action: &str) -> Fault {
        Fault {
            action: action.to_owned(),
            caller: None,
            after: 0,
            times: None,
            probability: None,
            seed: 0,
            kind: FaultKind::Hang,
        }
    }

    /// Which of ten calls are hit.
    fn hits(fault: Fault, names: &[&str], caller: &str) -> Vec<usize> {
        let mut faults = Faults::default();
        faults.add(fault, &["Go"]).unwrap();
        (0..10).filter(|_| faults.strike(names, caller).is_some()).collect()
    }

    #[test]
    fn a_fault_hits_the_calls_that_it_names() {
        let all: Vec<_> = (0..10).collect();
        assert_eq!(hits(fault("Go"), &["Go", ANY], "i-1"), all);
        assert_eq!(hits(fault(ANY), &["Go", ANY], "i-1"), all);
        assert!(hits(fault("Go"), &["Stay", ANY], "i-1").is_empty());
        assert!(hits(fault(ANY), &[IMDS], "i-1").is_empty());
        let of_other = Fault { caller: Some("i-2".to_owned()), ..fault("Go") };
        assert!(hits(of_other, &["Go"], "i-1").is_empty());
    }

    #[test]
    fn counts_are_kept() {
        let counted = Fault { after: 3, times: Some(2), ..fault("Go") };
        assert_eq!(hits(counted, &["Go"], "i-1"), [3, 4]);
    }

    #[test]
    fn chance_comes_from_the_seed() {
        let chancy = |seed| Fault { probability: Some(0.5), seed, ..fault("Go") };
        let first = hits(chancy(1), &["Go"], "i-1");
        assert_eq!(first, hits(chancy(1), &["Go"], "i-1"));
        assert!((0..20).any(|seed| hits(chancy(seed), &["Go"], "i-1") != first));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |fault| Faults::default().add(fault, &["Go"]).unwrap_err();
        assert!(refused(fault("Went")).contains("use *, imds, imds-token, Go"));
        refused(Fault { probability: Some(1.5), ..fault("Go") });
        refused(Fault { kind: FaultKind::NicNeverAppears, ..fault("Go") });
        let kind =
            FaultKind::Error { status: 200, code: "Fine".to_owned(), message: String::new() };
        refused(Fault { kind, ..fault("Go") });
    }
}
