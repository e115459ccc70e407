//! Medians, worst cases, and the gaps between acknowledged writes. Pure.

use serde::Serialize;

use crate::protocol::Acknowledged;

/// What many like cases amount to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    pub median: f64,
    pub worst: f64,
}

impl Figure {
    /// None of no case.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let worst = *values.last()?;
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Self { median, worst })
    }
}

/// The longest time between two acknowledged writes of those that ended in each of the times that
/// begin so; the last one lasts for ever.
pub fn longest_gaps(ledger: &[Acknowledged], begins: &[f64]) -> Vec<f64> {
    let mut gaps = vec![0.0; begins.len()];
    for pair in ledger.windows(2) {
        let number = begins.partition_point(|begin| *begin <= pair[1].at);
        if let Some(gap) = number.checked_sub(1).and_then(|number| gaps.get_mut(number)) {
            *gap = f64::max(*gap, pair[1].at - pair[0].at);
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_and_the_worst() {
        assert_eq!(Figure::of([]), None);
        assert_eq!(Figure::of([2.0]), Some(Figure { median: 2.0, worst: 2.0 }));
        assert_eq!(Figure::of([9.0, 1.0, 2.0]), Some(Figure { median: 2.0, worst: 9.0 }));
        assert_eq!(Figure::of([4.0, 1.0, 9.0, 2.0]), Some(Figure { median: 3.0, worst: 9.0 }));
    }

    #[test]
    fn a_gap_belongs_to_the_event_before_its_end() {
        let at = |at| Acknowledged { number: 1, czxid: 1, at };
        let ledger: Vec<_> = [1.0, 4.0, 5.0, 12.0, 13.0, 33.0].map(at).into();
        assert_eq!(longest_gaps(&ledger, &[4.5, 10.0, 20.0]), [1.0, 7.0, 20.0]);
        assert_eq!(longest_gaps(&ledger, &[40.0]), [0.0]);
        assert_eq!(longest_gaps(&[], &[1.0]), [0.0]);
    }
}
