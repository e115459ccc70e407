//! The pictures: each part over time, in SVG, both on the same scales. They are read at 900 pixels,
//! as a README shows them; nothing is drawn outside, and no empty timeline is a panic.
//!
//! | module | what it draws |
//! |---|---|
//! | `head` | what it is, and its first numbers |
//! | `latency` | how long messages took |
//! | `partitions` | partitions out of sync, and without a leader |
//! | `sessions` | brokers, their sessions with ZooKeeper, and the controller |
//! | `marks`, `meanings` | what happened, numbered, over all of these; what the numbers mean |
//! | `scale` | pure: how much a pixel is |
//! | `axis` | an axis with labels where they are wanted |
//! | `pen` | colours, letters, keys |

mod axis;
mod head;
mod latency;
mod marks;
mod meanings;
mod partitions;
mod pen;
mod scale;
mod sessions;
#[cfg(test)]
pub mod tests;

use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Result;
use crate::report::{Part, Report};
use crate::timeline::{Timeline, Timelines};
use crate::words::{self, Headline};
use pen::{FAINT, GREEN, VERMILLION};
use scale::Scale;

/// What is drawn on.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Of the picture, in pixels: what GitHub gives a README.
const WIDTH: i32 = 900;
/// Left of the panels, for their labels.
const LEFT: i32 = 78;
/// Right of them: half of the last label of the time axis.
const RIGHT: i32 = 22;
/// Left and right of what is no panel.
const MARGIN: i32 = 12;
/// Below the last panel, for the labels of the time axis.
const TIMES: i32 = 26;
/// The middles of the first lines: the title, the headlines, what explains the first panel, numbers.
const FIRST: [i32; 4] = [24, 60, 112, 138];
/// From a panel to the middle of what explains the next, and from there to that one.
const NEXT: [i32; 2] = [20, 16];
/// Heights of the panels of latencies and of partitions.
const HEIGHTS: [i32; 2] = [150, 48];
/// Below all of it.
const END: i32 = 16;

/// Where a panel is, in pixels from the top.
#[derive(Debug, Clone, Copy)]
struct Place {
    top: i32,
    bottom: i32,
}

impl Place {
    /// The panel below this one, and the middle of what explains it.
    fn next(self, height: i32) -> (i32, Self) {
        let explained = self.bottom + NEXT[0];
        let top = explained + NEXT[1];
        (explained, Self { top, bottom: top + height })
    }

    /// A chart whose plot is exactly there, with so many pixels for the times below it.
    fn chart<'a, 'b>(
        self,
        area: &'a Area<'b>,
        times: i32,
    ) -> ChartBuilder<'a, 'static, SVGBackend<'b>> {
        let height = i32::try_from(area.dim_in_pixel().1).unwrap_or(i32::MAX);
        let mut chart = ChartBuilder::on(area);
        chart
            .margin_top(self.top)
            .margin_bottom(height - self.bottom - times)
            .margin_right(RIGHT)
            .y_label_area_size(LEFT)
            .x_label_area_size(times);
        chart
    }
}

/// One part's picture.
pub struct Picture<'a> {
    title: &'static str,
    colour: RGBColor,
    /// Why the run ended in this part, if it did.
    cut_short: Option<&'a str>,
    headlines: Vec<Headline>,
    timeline: &'a Timeline,
}

/// The pictures that there are: with the pool and without it.
pub fn pictures<'a>(report: &'a Report, timelines: &'a Timelines) -> [Option<Picture<'a>>; 2] {
    let Timelines { with_pool: with, without_pool: without } = timelines;
    // A run is cut short in its last part, or before the next one has begun.
    let cut = report.cut_short.as_deref();
    let (cut_with, cut_without) = if without.is_none() { (cut, None) } else { (None, cut) };
    let headlines = |part: &Option<Part>| part.as_ref().map(words::headlines).unwrap_or_default();
    [
        with.as_ref().map(|timeline| Picture {
            title: "With steadfast: ZooKeeper's addresses stay",
            colour: GREEN,
            cut_short: cut_with,
            headlines: headlines(&report.with_pool),
            timeline,
        }),
        without.as_ref().map(|timeline| Picture {
            title: "Without it: a replaced server has another address",
            colour: VERMILLION,
            cut_short: cut_without,
            headlines: headlines(&report.without_pool),
            timeline,
        }),
    ]
}

/// Draws them, one above the other; the scales are those of all that the run saw.
pub fn svg(pictures: &[&Picture<'_>], timelines: &Timelines) -> Result<String> {
    let scale = Scale::over(timelines.with_pool.iter().chain(&timelines.without_pool));
    let heights: Vec<i32> = pictures.iter().map(|it| it.height()).collect();
    let height = heights.iter().sum::<i32>().max(END);
    let mut svg = String::new();
    {
        let size = (u32::try_from(WIDTH)?, u32::try_from(height)?);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        // On a dark page, too.
        area.fill(&WHITE)?;
        let mut top = 0;
        for (picture, height) in pictures.iter().zip(heights) {
            picture.draw(&area.clone().shrink((0, top), (WIDTH, height)), &scale)?;
            top += height;
        }
        area.present()?;
    }
    Ok(svg)
}

impl Picture<'_> {
    /// Where its panels are, and the middles of what explains the second and the third.
    fn places(&self) -> ([i32; 2], [Place; 3]) {
        let rows = i32::try_from(sessions::brokers(self.timeline).len()).unwrap_or(1);
        let top = FIRST[3] + NEXT[1];
        let latency = Place { top, bottom: top + HEIGHTS[0] };
        let (second, partitions) = latency.next(HEIGHTS[1]);
        let (third, sessions) = partitions.next(rows * sessions::ROW);
        ([second, third], [latency, partitions, sessions])
    }

    fn height(&self) -> i32 {
        let (_, [.., last]) = self.places();
        last.bottom + TIMES + meanings::height(self.timeline) + END
    }

    fn draw(&self, area: &Area<'_>, scale: &Scale) -> Result<()> {
        let ([second, third], [latency, partitions, sessions]) = self.places();
        let timeline = self.timeline;
        head::draw(area, self)?;
        latency::explain(area, FIRST[2])?;
        partitions::explain(area, second)?;
        sessions::explain(area, third)?;
        for place in [latency, partitions, sessions] {
            marks::shade(area, place, timeline, scale)?;
        }
        latency::draw(area, latency, timeline, scale)?;
        partitions::draw(area, partitions, timeline, scale)?;
        sessions::draw(area, sessions, timeline, scale)?;
        for place in [latency, partitions, sessions] {
            after(area, place, timeline, scale)?;
        }
        marks::number(area, FIRST[3], [latency, partitions, sessions], timeline, scale)?;
        meanings::explain(area, sessions.bottom + TIMES, timeline)
    }
}

/// Covers what comes after the part's end, where the other part took longer.
fn after(area: &Area<'_>, place: Place, timeline: &Timeline, scale: &Scale) -> Result<()> {
    let (end, right) = (scale.x(timeline.seconds), WIDTH - RIGHT);
    if end < right {
        let corners = [(end + 1, place.top), (right + 1, place.bottom + 1)];
        area.draw(&Rectangle::new(corners, FAINT.filled()))?;
    }
    Ok(())
}
