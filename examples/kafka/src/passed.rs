//! How long messages took, and how long none came. Pure; times are in seconds since the epoch.

use std::collections::BTreeSet;

use crate::client::protocol::{Partitions, Passed};
use crate::timeline::{Count, Latency};

/// The longest time without an arrival between two moments, which count as arrivals: a gap that
/// began before the first counts from there, one that lasts on counts up to the second.
pub fn longest_gap(passed: &[Passed], from: f64, to: f64) -> f64 {
    let mut moments: Vec<f64> = passed.iter().map(|it| it.arrived).collect();
    moments.retain(|at| (from..=to).contains(at));
    moments.extend([from, to]);
    moments.sort_by(f64::total_cmp);
    moments.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// How long the messages of each second took that were sent between two moments; seconds are
/// counted from the first of them, beginning with the first that has a message.
///
/// Messages that had not arrived at the second moment count up to it: those in `pending`, which are
/// the times they were sent at, and those that arrived later. In a second without any message none
/// could be made since too many waited already: one of its beginning would have waited at least until
/// the next that was made arrived.
pub fn latencies(passed: &[Passed], pending: &[f64], from: f64, to: f64) -> Vec<Latency> {
    let mut seconds = vec![Vec::new(); (to - from).max(0.0).ceil() as usize];
    let pending = pending.iter().map(|sent| Passed { sent: *sent, arrived: to });
    for Passed { sent, arrived } in passed.iter().copied().chain(pending) {
        // A time before `from` would be second 0, by the rules of `as`.
        if sent >= from
            && let Some(second) = seconds.get_mut((sent - from) as usize)
        {
            second.push(Passed { sent, arrived: arrived.min(to).max(sent) });
        }
    }
    let mut latencies = Vec::new();
    let mut next_arrival = to;
    for (second, sent) in seconds.iter().enumerate().rev() {
        let at = second as f64;
        latencies.push(latency(at, sent).unwrap_or_else(|| {
            let waited = next_arrival - (from + at);
            Latency { at, median_s: waited, worst_s: waited }
        }));
        next_arrival = sent.iter().map(|it| it.arrived).fold(next_arrival, f64::min);
    }
    // Nothing was to be sent before the first message.
    let before = seconds.iter().take_while(|sent| sent.is_empty()).count();
    latencies.into_iter().rev().skip(before).collect()
}

fn latency(at: f64, messages: &[Passed]) -> Option<Latency> {
    let mut took: Vec<f64> = messages.iter().map(|it| it.arrived - it.sent).collect();
    took.sort_by(f64::total_cmp);
    Some(Latency { at, median_s: *took.get(took.len() / 2)?, worst_s: *took.last()? })
}

/// When those messages were sent that are among the first ones but not among the second.
pub fn not_among(all: &[Passed], some: &[Passed]) -> Vec<f64> {
    // No two are sent at the same time.
    let some: BTreeSet<u64> = some.iter().map(|it| it.sent.to_bits()).collect();
    let sent = all.iter().map(|it| it.sent);
    sent.filter(|sent| !some.contains(&sent.to_bits())).collect()
}

/// One of the counts of partitions over time, in seconds from `from` on: what it was then, if that
/// is known, and each change.
pub fn counts(
    changes: &[(f64, Partitions)],
    count: impl Fn(&Partitions) -> u64,
    from: f64,
    to: f64,
) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for (at, partitions) in changes.iter().filter(|(at, _)| *at < to) {
        let (at, count) = ((at - from).max(0.0), count(partitions));
        // Of those before `from` the last one holds.
        counts.pop_if(|last| last.at == at);
        if counts.last().is_none_or(|last| last.count != count) {
            counts.push(Count { at, count });
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(times: &[(f64, f64)]) -> Vec<Passed> {
        times.iter().map(|(sent, arrived)| Passed { sent: *sent, arrived: *arrived }).collect()
    }

    fn arrivals(times: &[f64]) -> Vec<Passed> {
        times.iter().map(|arrived| Passed { sent: 0.0, arrived: *arrived }).collect()
    }

    #[test]
    fn the_longest_gap_is_between_arrivals_or_at_an_end() {
        let all = arrivals(&[1.0, 2.0, 6.0, 7.0, 9.0]);
        assert_eq!(longest_gap(&all, 0.0, 10.0), 4.0);
        // A gap that has begun before counts from there, one that lasts on up to there.
        assert_eq!(longest_gap(&all, 3.0, 10.0), 3.0);
        assert_eq!(longest_gap(&all, 6.5, 30.0), 21.0);
        assert_eq!(longest_gap(&all, 3.0, 5.0), 2.0);
        assert_eq!(longest_gap(&[], 3.0, 5.0), 2.0);
        // In order of arrival or not.
        assert_eq!(longest_gap(&arrivals(&[9.0, 1.0, 2.0, 7.0, 6.0]), 0.0, 10.0), 4.0);
    }

    fn told(latencies: &[Latency]) -> Vec<(f64, f64, f64)> {
        latencies.iter().map(|it| (it.at, it.median_s, it.worst_s)).collect()
    }

    #[test]
    fn messages_belong_to_the_second_they_were_sent_in() {
        let all =
            [(99.5, 99.75), (100.25, 100.5), (100.5, 101.5), (100.75, 101.25), (101.0, 103.0)];
        let latencies = latencies(&passed(&all), &[], 100.0, 102.0);
        // What arrived after the end counts up to it.
        assert_eq!(told(&latencies), [(0.0, 0.5, 1.0), (1.0, 1.0, 1.0)]);
    }

    #[test]
    fn a_stall_that_lasts_on_shows_in_each_second() {
        let all = passed(&[(100.25, 100.5), (100.5, 100.75)]);
        let latencies = latencies(&all, &[100.75], 100.0, 104.0);
        let expected = [(0.0, 0.25, 3.25), (1.0, 3.0, 3.0), (2.0, 2.0, 2.0), (3.0, 1.0, 1.0)];
        assert_eq!(told(&latencies), expected);
    }

    #[test]
    fn a_second_without_a_message_waits_for_the_next() {
        // Sent at 0.5 and acknowledged at 4.5; too much waited from 1 to 4.25.
        let all = passed(&[(100.5, 104.5), (104.25, 104.75)]);
        let latencies = latencies(&all, &[], 100.0, 105.0);
        let expected = [
            (0.0, 4.0, 4.0),
            (1.0, 3.75, 3.75),
            (2.0, 2.75, 2.75),
            (3.0, 1.75, 1.75),
            (4.0, 0.5, 0.5),
        ];
        assert_eq!(told(&latencies), expected);
    }

    #[test]
    fn nothing_is_told_of_the_time_before_the_first_message() {
        let all = passed(&[(102.5, 102.75)]);
        assert_eq!(told(&latencies(&all, &[], 100.0, 103.0)), [(2.0, 0.25, 0.25)]);
        assert!(latencies(&[], &[], 100.0, 103.0).is_empty());
        assert!(latencies(&all, &[], 103.0, 102.0).is_empty());
    }

    #[test]
    fn what_was_produced_and_did_not_come() {
        let (all, some) = (passed(&[(1.5, 2.0), (2.5, 3.0), (3.5, 4.0)]), passed(&[(2.5, 9.0)]));
        assert_eq!(not_among(&all, &some), [1.5, 3.5]);
    }

    #[test]
    fn counts_begin_with_what_was_and_tell_changes_only() {
        let at =
            |at, under_replicated| (at, Partitions { under_replicated, leaderless: 0, brokers: 3 });
        let changes = [at(90.0, 6), at(95.0, 2), at(101.0, 2), at(103.0, 0), at(110.0, 1)];
        let told = |from, to| -> Vec<_> {
            let counts = counts(&changes, |it| it.under_replicated, from, to);
            counts.iter().map(|it| (it.at, it.count)).collect()
        };
        assert_eq!(told(100.0, 110.0), [(0.0, 2), (3.0, 0)]);
        assert_eq!(told(80.0, 120.0), [(10.0, 6), (15.0, 2), (23.0, 0), (30.0, 1)]);
        assert!(counts(&changes, |it| it.leaderless, 0.0, 80.0).is_empty());
    }
}
