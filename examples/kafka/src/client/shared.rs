//! What the client's threads share: the ledger, what the brokers tell, and who is to stop.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::ledger::Ledger;
use super::protocol::{Partitions, Tick};
use super::quiet::{Quiet, say};

/// What a broker told longer ago than that many seconds is not told any more.
const FRESH_S: f64 = 2.0;

/// What is shared.
#[derive(Debug)]
pub struct Shared {
    start: Instant,
    /// What `start` is in seconds since the epoch: times follow the clock that never jumps.
    epoch: f64,
    state: Mutex<State>,
    quiet: Mutex<Quiet>,
    is_producing: AtomicBool,
    is_consuming: AtomicBool,
    is_telling: AtomicBool,
}

/// How the client fares.
#[derive(Debug, Default)]
pub struct State {
    /// The messages.
    pub ledger: Ledger,
    /// The offset after the last message that the consumer got, by partition.
    pub read_to: BTreeMap<i32, i64>,
    /// How the partitions are, and when that was told.
    pub partitions: Option<(f64, Partitions)>,
}

impl Shared {
    /// Nothing sent yet.
    pub fn new() -> Arc<Self> {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Arc::new(Self {
            start: Instant::now(),
            epoch: epoch.as_secs_f64(),
            state: Mutex::default(),
            quiet: Mutex::default(),
            is_producing: AtomicBool::new(true),
            is_consuming: AtomicBool::new(true),
            is_telling: AtomicBool::new(true),
        })
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> f64 {
        self.epoch + self.start.elapsed().as_secs_f64()
    }

    /// The state, for a moment.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says a complaint on standard error, unless one of its kind was just said.
    pub fn complain(&self, kind: &str, text: &str) {
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = quiet.hear(kind, text, self.now()) {
            say(&text);
        }
    }

    /// Whether messages are made.
    pub fn is_producing(&self) -> bool {
        self.is_producing.load(Ordering::Relaxed)
    }

    /// No more messages.
    pub fn stop_producing(&self) {
        self.is_producing.store(false, Ordering::Relaxed);
    }

    /// Whether the consumer goes on.
    pub fn is_consuming(&self) -> bool {
        self.is_consuming.load(Ordering::Relaxed)
    }

    /// The consumer has come to its end.
    pub fn stop_consuming(&self) {
        self.is_consuming.store(false, Ordering::Relaxed);
    }

    /// Whether ticks are told.
    pub fn is_telling(&self) -> bool {
        self.is_telling.load(Ordering::Relaxed)
    }

    /// A last tick, and no more.
    pub fn stop_telling(&self) {
        self.is_telling.store(false, Ordering::Relaxed);
    }
}

impl State {
    /// What is new at a moment, in seconds since the epoch.
    pub fn tick(&mut self, at: f64) -> Tick {
        let (produced, received) = self.ledger.news();
        let fresh = self.partitions.filter(|(told_at, _)| at - told_at <= FRESH_S);
        Tick {
            at,
            acknowledged: self.ledger.acknowledged(),
            consumed: self.ledger.consumed(),
            oldest_pending: self.ledger.oldest_pending(),
            produced,
            received,
            partitions: fresh.map(|(_, partitions)| partitions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_tells_what_is_new_and_of_partitions_only_what_is_fresh() {
        let mut state = State::default();
        state.ledger.create(7.0);
        state.ledger.create(8.0);
        state.ledger.acknowledge(0, 9.0);
        let partitions = Partitions { under_replicated: 2, leaderless: 0, brokers: 3 };
        state.partitions = Some((8.0, partitions));
        let tick = state.tick(10.0);
        assert_eq!(
            (tick.acknowledged, tick.produced.len(), tick.oldest_pending),
            (1, 1, Some(8.0))
        );
        assert_eq!(tick.partitions, Some(partitions));
        let tick = state.tick(10.5);
        assert_eq!((tick.acknowledged, tick.produced.len(), tick.partitions), (1, 0, None));
    }
}
