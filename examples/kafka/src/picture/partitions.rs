//! The panel of partitions: how many have a replica out of sync, how many no leader.

use plotters::prelude::*;

use super::axis::Axis;
use super::pen::{INK, PALE, SIZE, SKY, Swatch, VERMILLION, key, letters};
use super::scale::Scale;
use super::{Area, Place};
use crate::Result;
use crate::timeline::{Count, Timeline};

/// What the colours mean, at `y`.
pub fn explain(area: &Area<'_>, y: i32) -> Result<()> {
    let swatches = [
        (Swatch::Surface(SKY.to_rgba()), "with a replica out of sync"),
        (Swatch::Surface(VERMILLION.to_rgba()), "without a leader"),
    ];
    key(area, y, "Partitions", &swatches)
}

/// Draws it.
pub fn draw(area: &Area<'_>, place: Place, timeline: &Timeline, scale: &Scale) -> Result<()> {
    let times = Axis::new(0.0..scale.seconds, scale.times());
    let top = scale.partitions as f64;
    let counts = Axis::new(0.0..top, vec![0.0, top]);
    let mut chart = place.chart(area, 0).build_cartesian_2d(times, counts)?;
    chart
        .configure_mesh()
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .axis_style(PALE)
        .y_label_formatter(&|count| format!("{count:.0}"))
        .y_label_style(letters(SIZE, &INK))
        .draw()?;
    for (counts, colour) in [(&timeline.under_replicated, SKY), (&timeline.leaderless, VERMILLION)]
    {
        let steps = steps(counts, timeline.seconds);
        let steps = steps.into_iter().map(|(at, count)| (scale.time(at), count.min(top)));
        chart.draw_series(AreaSeries::new(steps, 0.0, colour.mix(0.9)))?;
    }
    Ok(())
}

/// A number's corners until the end.
fn steps(counts: &[Count], end: f64) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for Count { at, count } in counts {
        let before = corners.last().map(|(_, count)| (*at, *count));
        corners.extend(before.into_iter().chain([(*at, *count as f64)]));
    }
    let last = corners.last().map(|(_, count)| (end, *count));
    corners.extend(last);
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_holds_until_the_next() {
        let counts = [(2.0, 0), (5.0, 4)].map(|(at, count)| Count { at, count });
        let corners = [(2.0, 0.0), (5.0, 0.0), (5.0, 4.0), (9.0, 4.0)];
        assert_eq!(steps(&counts, 9.0), corners);
        assert_eq!(steps(&[], 9.0), []);
    }
}
