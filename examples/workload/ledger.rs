//! The acknowledged writes in order of acknowledgement, and the gaps between them. Pure: the
//! caller tells the time.

use std::time::{Duration, Instant};

use super::protocol::{Acknowledged, Gap};

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<Acknowledged>,
    start: Instant,
    /// What `start` is in seconds since the epoch: times follow the clock that never jumps.
    epoch: f64,
    longest_gap_s: f64,
}

impl Ledger {
    /// An empty ledger of a run that starts at `start`, `epoch` seconds since the epoch.
    pub fn new(start: Instant, epoch: f64) -> Self {
        Self { entries: Vec::new(), start, epoch, longest_gap_s: 0.0 }
    }

    /// An instant in seconds since the epoch.
    pub fn seconds(&self, at: Instant) -> f64 {
        self.epoch + at.saturating_duration_since(self.start).as_secs_f64()
    }

    /// Enters an acknowledged write.
    pub fn enter(&mut self, number: u64, czxid: i64, at: Instant) {
        let at = self.seconds(at);
        if let Some(last) = self.entries.last() {
            self.longest_gap_s = self.longest_gap_s.max(at - last.at);
        }
        self.entries.push(Acknowledged { number, czxid, at });
    }

    /// In order of acknowledgement.
    pub fn entries(&self) -> &[Acknowledged] {
        &self.entries
    }

    /// The longest time between two acknowledged writes, in seconds.
    pub fn longest_gap_s(&self) -> f64 {
        self.longest_gap_s
    }

    /// The longest gap of those that end after `since`, the one that lasts until `now` among them.
    pub fn longest_gap(&self, since: f64, now: Instant) -> Gap {
        let times = || self.entries.iter().map(|entry| entry.at);
        let from = std::iter::once(self.epoch).chain(times());
        let to = times().chain(std::iter::once(self.seconds(now)));
        let gaps = from.zip(to).map(|(from, to)| Gap { from, to });
        let gaps = gaps.filter(|gap| gap.to > since);
        gaps.max_by(|a, b| a.length_s().total_cmp(&b.length_s())).unwrap_or_default()
    }
}

/// The instant that a ledger starts at, and what it is in seconds since the epoch.
pub fn now() -> (Instant, f64) {
    let epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    (Instant::now(), epoch.unwrap_or(Duration::ZERO).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger that starts at second 1000, with acknowledgements so many seconds later.
    fn ledger(seconds: &[u64]) -> (Ledger, impl Fn(u64) -> Instant + use<>) {
        let start = Instant::now();
        let at = move |second| start + Duration::from_secs(second);
        let mut ledger = Ledger::new(start, 1000.0);
        for (number, second) in (1..).zip(seconds) {
            ledger.enter(number, 100 + number as i64, at(*second));
        }
        (ledger, at)
    }

    #[test]
    fn entries_keep_the_order_and_the_times() {
        let (ledger, _) = ledger(&[1, 2, 9]);
        let entries: Vec<_> = ledger.entries().iter().map(|e| (e.number, e.czxid, e.at)).collect();
        assert_eq!(entries, [(1, 101, 1001.0), (2, 102, 1002.0), (3, 103, 1009.0)]);
        assert_eq!(ledger.longest_gap_s(), 7.0);
    }

    #[test]
    fn a_gap_belongs_to_the_time_in_which_it_ends() {
        let (ledger, at) = ledger(&[1, 2, 9, 12, 13]);
        assert_eq!(ledger.longest_gap(0.0, at(14)), Gap { from: 1002.0, to: 1009.0 });
        // It has begun before, and lasts on.
        assert_eq!(ledger.longest_gap(1008.5, at(14)), Gap { from: 1002.0, to: 1009.0 });
        assert_eq!(ledger.longest_gap(1009.0, at(14)), Gap { from: 1009.0, to: 1012.0 });
        // The present one counts.
        assert_eq!(ledger.longest_gap(0.0, at(30)), Gap { from: 1013.0, to: 1030.0 });
    }

    #[test]
    fn a_run_without_a_write_is_one_gap() {
        let (ledger, at) = ledger(&[]);
        assert_eq!(ledger.longest_gap(0.0, at(5)), Gap { from: 1000.0, to: 1005.0 });
        assert_eq!(ledger.longest_gap_s(), 0.0);
    }
}
