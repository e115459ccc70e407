//! What became of each message, and the judgement of Kafka's log. Pure: the caller tells the time,
//! in seconds since the epoch.

use std::collections::{BTreeMap, BTreeSet};

use super::protocol::{Passed, Verdict};

/// The ledger of a run. Messages are numbered from 0.
#[derive(Debug, Default)]
pub struct Ledger {
    messages: Vec<Entry>,
    pending: BTreeSet<usize>,
    refused: Vec<usize>,
    acknowledged: u64,
    consumed: u64,
    produced: Vec<Passed>,
    received: Vec<Passed>,
}

#[derive(Debug)]
struct Entry {
    sent: f64,
    is_acknowledged: bool,
    is_consumed: bool,
}

/// What Kafka's log holds of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How often each number is in it.
    pub copies: BTreeMap<usize, u64>,
    /// Messages whose checksum does not fit.
    pub corrupt: u64,
    /// Partitions that could not be read to their end.
    pub unread: u64,
}

impl Ledger {
    /// Enters a message before it is sent; the answer is its number.
    pub fn create(&mut self, sent: f64) -> usize {
        let number = self.messages.len();
        self.messages.push(Entry { sent, is_acknowledged: false, is_consumed: false });
        self.pending.insert(number);
        number
    }

    /// Enters that Kafka has it.
    pub fn acknowledge(&mut self, number: usize, at: f64) {
        // A second one is of a message that was sent again.
        if !self.pending.remove(&number) {
            return;
        }
        let Some(entry) = self.messages.get_mut(number) else { return };
        entry.is_acknowledged = true;
        self.acknowledged += 1;
        self.produced.push(Passed { sent: entry.sent, arrived: at });
    }

    /// Enters that it was not taken. It is still pending: it is to be sent again.
    pub fn refuse(&mut self, number: usize) {
        self.refused.push(number);
    }

    /// What is to be sent again, in order, with the times when each was sent first.
    pub fn take_refused(&mut self) -> Vec<(usize, f64)> {
        let mut refused = std::mem::take(&mut self.refused);
        refused.sort_unstable();
        let sent = |number: usize| Some((number, self.messages.get(number)?.sent));
        refused.into_iter().filter_map(sent).collect()
    }

    /// Enters that the consumer has got it; only the first time counts.
    pub fn consume(&mut self, number: usize, at: f64) {
        let Some(entry) = self.messages.get_mut(number) else { return };
        if !entry.is_consumed {
            entry.is_consumed = true;
            self.consumed += 1;
            self.received.push(Passed { sent: entry.sent, arrived: at });
        }
    }

    /// Messages that were not acknowledged.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// When the oldest of them was sent.
    pub fn oldest_pending(&self) -> Option<f64> {
        Some(self.messages.get(*self.pending.first()?)?.sent)
    }

    /// Messages that Kafka acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Different messages that the consumer got.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// What was acknowledged, and what the consumer got, since the last call.
    pub fn news(&mut self) -> (Vec<Passed>, Vec<Passed>) {
        (std::mem::take(&mut self.produced), std::mem::take(&mut self.received))
    }

    /// Holds the log against what was acknowledged. What is still pending counts as given up.
    pub fn judge(&self, log: &Log) -> Verdict {
        let acknowledged = || self.messages.iter().enumerate().filter(|it| it.1.is_acknowledged);
        let lost = acknowledged().filter(|it| !log.copies.contains_key(&it.0));
        let missed = acknowledged().filter(|it| !it.1.is_consumed);
        Verdict {
            acknowledged: self.acknowledged,
            consumed: self.consumed,
            lost: lost.count() as u64,
            missed: missed.count() as u64,
            duplicated: log.copies.values().map(|copies| copies.saturating_sub(1)).sum(),
            corrupt: log.corrupt,
            unread: log.unread,
            given_up: self.messages.len() as u64 - self.acknowledged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages sent at the seconds 0, 1, 2, ...
    fn ledger(messages: usize) -> Ledger {
        let mut ledger = Ledger::default();
        for number in 0..messages {
            assert_eq!(ledger.create(number as f64), number);
        }
        ledger
    }

    fn log(numbers: &[usize]) -> Log {
        let mut log = Log::default();
        for number in numbers {
            *log.copies.entry(*number).or_default() += 1;
        }
        log
    }

    #[test]
    fn news_are_told_once_and_each_message_once() {
        let mut ledger = ledger(3);
        ledger.acknowledge(1, 5.0);
        ledger.acknowledge(1, 6.0);
        ledger.consume(1, 7.0);
        ledger.consume(1, 8.0);
        ledger.consume(99, 8.0);
        let passed = |arrived| vec![Passed { sent: 1.0, arrived }];
        assert_eq!(ledger.news(), (passed(5.0), passed(7.0)));
        assert_eq!(ledger.news(), (vec![], vec![]));
        assert_eq!((ledger.acknowledged(), ledger.consumed()), (1, 1));
    }

    #[test]
    fn what_was_refused_is_pending_and_told_once_in_order() {
        let mut ledger = ledger(4);
        assert_eq!((ledger.pending(), ledger.oldest_pending()), (4, Some(0.0)));
        ledger.acknowledge(0, 9.0);
        ledger.refuse(2);
        ledger.refuse(1);
        assert_eq!(ledger.take_refused(), [(1, 1.0), (2, 2.0)]);
        assert_eq!(ledger.take_refused(), []);
        assert_eq!((ledger.pending(), ledger.oldest_pending()), (3, Some(1.0)));
        (1..4).for_each(|number| ledger.acknowledge(number, 9.0));
        assert_eq!((ledger.pending(), ledger.oldest_pending()), (0, None));
    }

    #[test]
    fn all_is_well() {
        let mut ledger = ledger(3);
        for number in 0..3 {
            ledger.acknowledge(number, 9.0);
            ledger.consume(number, 9.0);
        }
        let well = Verdict { acknowledged: 3, consumed: 3, ..Verdict::default() };
        assert_eq!(ledger.judge(&log(&[2, 0, 1])), well);
    }

    #[test]
    fn what_is_wrong_is_counted() {
        let mut ledger = ledger(5);
        // 0 is lost, 1 is missed, 2 is there twice, 3 is pending and there, 4 is pending.
        for number in 0..3 {
            ledger.acknowledge(number, 9.0);
        }
        for number in [0, 2, 3] {
            ledger.consume(number, 9.0);
        }
        let verdict = ledger.judge(&Log { corrupt: 1, unread: 2, ..log(&[1, 2, 2, 3]) });
        let expected = Verdict {
            acknowledged: 3,
            consumed: 3,
            lost: 1,
            missed: 1,
            duplicated: 1,
            corrupt: 1,
            unread: 2,
            given_up: 2,
        };
        assert_eq!(verdict, expected);
    }
}
