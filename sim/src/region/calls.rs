//! The log of API calls.

use std::collections::{BTreeMap, VecDeque};

use crate::control::Call;

/// How many calls are kept: a day's, for a region that is asked once a second.
const KEPT: usize = 100_000;

/// The latest calls, in the order in which they took effect.
#[derive(Debug, Default)]
pub struct Calls {
    kept: VecDeque<Call>,
    /// How many are kept no longer.
    forgotten: usize,
}

impl Calls {
    /// Adds a call with its parameters as sent.
    pub fn add(
        &mut self,
        at_ms: u64,
        caller: &str,
        params: &BTreeMap<String, String>,
        outcome: &str,
    ) {
        let mut parameters = params.clone();
        let action = parameters.remove("Action").unwrap_or_default();
        parameters.remove("Version");
        let number = self.forgotten + self.kept.len();
        let (caller, outcome) = (caller.to_owned(), outcome.to_owned());
        self.kept.push_back(Call { number, at_ms, caller, action, parameters, outcome });
        if self.kept.len() > KEPT {
            self.kept.pop_front();
            self.forgotten += 1;
        }
    }

    /// The calls with this number or a later one.
    pub fn since(&self, number: usize) -> Vec<Call> {
        self.kept.iter().skip(number.saturating_sub(self.forgotten)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, KEPT};

    #[test]
    fn only_the_latest_are_kept_and_numbers_stay() {
        let mut calls = Calls::default();
        for at_ms in 0..KEPT as u64 + 2 {
            calls.add(at_ms, "operator", &[].into(), "ok");
        }
        let all = calls.since(0);
        assert_eq!(all.len(), KEPT);
        assert_eq!((all[0].number, all[0].at_ms), (2, 2));
        let last: Vec<_> = calls.since(KEPT + 1).iter().map(|call| call.number).collect();
        assert_eq!(last, [KEPT + 1]);
        assert!(calls.since(KEPT + 2).is_empty());
    }
}
