//! How much a pixel is: the same in both pictures, so that they can be compared. Pure. None of its
//! ranges is empty, whatever a timeline holds: plotters would panic.

use super::{LEFT, RIGHT, WIDTH};
use crate::timeline::{Latency, Timeline};

/// The shortest latency that is shown, in seconds: that of a message on one machine.
pub const FLOOR_S: f64 = 0.001;
/// Where lines are drawn, in seconds, and where the scale may end.
const LATENCIES_S: [f64; 8] = [FLOOR_S, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0];
/// Where it ends if nothing took longer: one scale for the runs that went well.
const LEAST_TOP: usize = 5;
/// Steps of the time axis, in seconds.
const STEPS_S: [f64; 9] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
/// The most labels that stand beside each other.
const LABELS_MAX: f64 = 14.0;

/// The most partitions whose label has room.
const PARTITIONS_MAX: u64 = 999_999;

/// How much a pixel is.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// What the x axis holds.
    pub seconds: f64,
    /// What the axis of latencies ends with.
    pub slowest_s: f64,
    /// What the axis of partitions ends with.
    pub partitions: u64,
}

impl Scale {
    /// One that holds all of these.
    pub fn over<'a>(timelines: impl IntoIterator<Item = &'a Timeline> + Clone) -> Self {
        let all = || timelines.clone().into_iter();
        let seconds = all().map(|it| it.seconds).filter(|it| it.is_finite()).fold(1.0, f64::max);
        let latencies = all().flat_map(|it| it.produce.iter().chain(&it.consume));
        let slowest = latencies.map(|it: &Latency| it.worst_s).fold(0.0, f64::max);
        let top = LATENCIES_S[LEAST_TOP..].iter().find(|it| **it >= slowest);
        let counts = all().flat_map(|it| it.under_replicated.iter().chain(&it.leaderless));
        let partitions = counts.map(|it| it.count).fold(1, u64::max).min(PARTITIONS_MAX);
        Self { seconds, slowest_s: *top.unwrap_or(&LATENCIES_S[7]), partitions }
    }

    /// Where a moment is, in pixels from the left; the nearest that is shown.
    pub fn x(&self, at: f64) -> i32 {
        let pixels = f64::from(WIDTH - LEFT - RIGHT);
        LEFT + (self.time(at) / self.seconds * pixels).round() as i32
    }

    /// A moment, or the nearest that is shown.
    pub fn time(&self, at: f64) -> f64 {
        // Not a number is the beginning, too.
        at.max(0.0).min(self.seconds)
    }

    /// A latency, or the nearest that is shown.
    pub fn latency(&self, seconds: f64) -> f64 {
        seconds.max(FLOOR_S).min(self.slowest_s)
    }

    /// Where the time axis has its labels.
    pub fn times(&self) -> Vec<f64> {
        let is_enough = |step: &&f64| self.seconds / **step <= LABELS_MAX;
        let step = *STEPS_S.iter().find(is_enough).unwrap_or(&(self.seconds / LABELS_MAX));
        let times = std::iter::successors(Some(0.0), |at| Some(at + step));
        times.take(LABELS_MAX as usize + 2).take_while(|at| *at <= self.seconds).collect()
    }

    /// Where the axis of latencies has its labels.
    pub fn latencies(&self) -> Vec<f64> {
        LATENCIES_S.into_iter().filter(|it| *it <= self.slowest_s).collect()
    }
}

/// A latency's label, of those on the axis: `10 ms`, `1 min`.
pub fn label(seconds: f64) -> String {
    match seconds {
        ..0.9995 => format!("{:.0} ms", seconds * 1000.0),
        ..59.5 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Count;

    fn timeline(seconds: f64, worst_s: f64, count: u64) -> Timeline {
        Timeline {
            seconds,
            produce: vec![Latency { at: 0.0, median_s: 0.01, worst_s }],
            leaderless: vec![Count { at: 0.0, count }],
            ..Timeline::default()
        }
    }

    #[test]
    fn it_holds_both_parts() {
        let (one, other) = (timeline(560.0, 0.2, 3), timeline(300.0, 137.0, 12));
        let scale = Scale::over([&one, &other]);
        assert_eq!(scale, Scale { seconds: 560.0, slowest_s: 600.0, partitions: 12 });
        assert_eq!((scale.x(0.0), scale.x(560.0)), (LEFT, WIDTH - RIGHT));
        assert_eq!(scale.times(), (0..10).map(|i| f64::from(i) * 60.0).collect::<Vec<_>>());
        assert_eq!(scale.latencies().len(), 7);
    }

    #[test]
    fn nothing_is_empty_or_out_of_it() {
        for seconds in [0.0, -3.0, f64::NAN, f64::INFINITY, 0.4] {
            let scale = Scale::over([&timeline(seconds, f64::NAN, 0)]);
            assert_eq!(scale, Scale { seconds: 1.0, slowest_s: 60.0, partitions: 1 });
            assert_eq!(scale.times(), [0.0, 1.0]);
        }
        let scale = Scale::over([&timeline(10.0, f64::INFINITY, 0)]);
        assert_eq!(scale.slowest_s, 3600.0);
        assert_eq!([f64::NAN, -1.0, 99.0].map(|at| scale.x(at)), [LEFT, LEFT, WIDTH - RIGHT]);
        assert_eq!([f64::NAN, 0.0, 9e9].map(|it| scale.latency(it)), [FLOOR_S, FLOOR_S, 3600.0]);
        let long = Scale::over([&timeline(1e9, 1.0, 0)]).times();
        assert!(long.len() > 10 && long.len() < 17, "{long:?}");
    }

    #[test]
    fn labels_of_latencies() {
        let labels = LATENCIES_S.map(label);
        let known = ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "1 min", "10 min", "60 min"];
        assert_eq!(labels, known);
    }
}
