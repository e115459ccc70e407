//! An axis with labels where they are wanted: plotters' own has them for every kind of axis but that
//! of floating-point numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// A linear one.
pub struct Axis {
    range: Range<f64>,
    labels: Vec<f64>,
}

impl Axis {
    /// From one number to another one; which of them is greater does not matter.
    pub fn new(range: Range<f64>, labels: Vec<f64>) -> Self {
        Self { range, labels }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        first + (part * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.labels.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_ends_are_the_range_s() {
        let axis = Axis::new(3.0..0.0, vec![1.0]);
        assert_eq!([3.0, 1.5, 0.0].map(|it| axis.map(&it, (10, 20))), [10, 15, 20]);
        assert_eq!(axis.key_points(9), [1.0]);
    }
}
