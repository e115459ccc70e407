//! Whether two servers ever had one id, and both did its work. Pure; by two judges, neither ours:
//!
//! - a leader, which has a follower in step for each other slot at most, and counts a twin beside
//!   them;
//! - the transactions' numbers: the upper half of each is the epoch of the leader that made it. A
//!   write that is acknowledged with the epoch of a leader that has been replaced is a twin's.

use super::protocol::Acknowledged;
use super::watch::Sighting;

/// How many writes were acknowledged by a leader that had been replaced.
pub fn twin_writes(ledger: &[Acknowledged]) -> usize {
    let mut newest = 0;
    let is_late = |entry: &&Acknowledged| {
        let epoch = entry.czxid >> 32;
        newest = newest.max(epoch);
        epoch < newest
    };
    ledger.iter().filter(is_late).count()
}

/// The most followers that a leader had in step, and how often one was asked.
pub fn followers_in_step(sightings: &[Sighting]) -> (u64, usize) {
    let counts: Vec<u64> = sightings.iter().filter_map(|it| it.followers).collect();
    (counts.iter().copied().max().unwrap_or_default(), counts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_of_a_replaced_leader_is_a_twins() {
        let ledger = |czxids: &[i64]| -> Vec<Acknowledged> {
            let entry = |(number, &czxid)| Acknowledged { number, czxid, at: number as f64 };
            (1..).zip(czxids).map(entry).collect()
        };
        let [first, second] = [1 << 32, 2 << 32];
        assert_eq!(twin_writes(&ledger(&[first + 1, first + 2, second + 1, second + 2])), 0);
        assert_eq!(twin_writes(&ledger(&[first + 1, second + 1, first + 2, second + 2])), 1);
        assert_eq!(twin_writes(&[]), 0);
    }

    #[test]
    fn the_largest_count_of_any_leader_is_told() {
        let sighting = |followers| {
            let [server, mode] = ["a:2181", "leader"].map(String::from);
            Sighting { at: 1.0, server, mode, followers }
        };
        let counts = [Some(3), None, Some(5), Some(4)];
        assert_eq!(followers_in_step(&counts.map(sighting)), (5, 3));
        assert_eq!(followers_in_step(&[sighting(None)]), (0, 0));
    }
}
