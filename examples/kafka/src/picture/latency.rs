//! The panel of latencies: how long the messages took that were sent in each second.

use plotters::prelude::*;

use super::axis::Axis;
use super::pen::{BLUE, INK, PALE, SIZE, Swatch, key, letters};
use super::scale::{FLOOR_S, Scale, label};
use super::{Area, Place};
use crate::Result;
use crate::timeline::{Latency, Timeline};

/// What the colours mean, at `y`.
pub fn explain(area: &Area<'_>, y: i32) -> Result<()> {
    let swatches = [
        (Swatch::Surface(BLUE.mix(0.45)), "until acknowledged, the slowest"),
        (Swatch::Line(BLUE.to_rgba(), 1), "the median"),
        (Swatch::Line(INK.to_rgba(), 1), "until consumed, the slowest"),
    ];
    key(area, y, "Latency, by second", &swatches)
}

/// Draws it.
pub fn draw(area: &Area<'_>, place: Place, timeline: &Timeline, scale: &Scale) -> Result<()> {
    let times = Axis::new(0.0..scale.seconds, scale.times());
    // The logarithm is taken here: each label is the number that it is the logarithm of.
    let latencies = scale.latencies().into_iter().map(f64::log10).collect();
    let latencies = Axis::new(FLOOR_S.log10()..scale.slowest_s.log10(), latencies);
    let mut chart = place.chart(area, 0).build_cartesian_2d(times, latencies)?;
    chart
        .configure_mesh()
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .axis_style(PALE)
        .y_label_formatter(&|seconds| label(10_f64.powf(*seconds)))
        .y_label_style(letters(SIZE, &INK))
        .draw()?;
    let slowest = points(&timeline.produce, scale, |it| it.worst_s);
    let surface = AreaSeries::new(slowest, FLOOR_S.log10(), BLUE.mix(0.35)).border_style(BLUE);
    chart.draw_series(surface)?;
    let middle = points(&timeline.produce, scale, |it| it.median_s);
    chart.draw_series(LineSeries::new(middle, BLUE))?;
    let consumed = points(&timeline.consume, scale, |it| it.worst_s);
    chart.draw_series(LineSeries::new(consumed, INK))?;
    Ok(())
}

fn points(latencies: &[Latency], scale: &Scale, of: impl Fn(&Latency) -> f64) -> Vec<(f64, f64)> {
    latencies.iter().map(|it| (scale.time(it.at), scale.latency(of(it)).log10())).collect()
}
