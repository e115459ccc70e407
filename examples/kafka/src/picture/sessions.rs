//! The panel of brokers: in a row for each, how it stands with ZooKeeper, and where it became the
//! controller.

use std::collections::BTreeSet;

use plotters::prelude::*;

use super::axis::Axis;
use super::pen::{GREEN, GREY, INK, ORANGE, PALE, SIZE, Swatch, VERMILLION, diamond, key, letters};
use super::scale::Scale;
use super::{Area, MARGIN, Place, TIMES};
use crate::Result;
use crate::timeline::{SessionState, Timeline};
use crate::words;

/// Pixels of a row.
pub const ROW: i32 = 22;
/// What a bar leaves free above and below, in rows.
const FREE: f64 = 0.14;

/// Which brokers there are; one nameless row if none was seen.
pub fn brokers(timeline: &Timeline) -> Vec<Option<u8>> {
    let sessions = timeline.sessions.iter().map(|it| it.broker);
    let all = sessions.chain(timeline.controllers.iter().map(|it| it.broker));
    let all: BTreeSet<u8> = all.collect();
    if all.is_empty() { vec![None] } else { all.into_iter().map(Some).collect() }
}

fn colour(state: SessionState) -> RGBColor {
    match state {
        SessionState::Connected => GREEN,
        SessionState::Disconnected => ORANGE,
        SessionState::Expired => VERMILLION,
        SessionState::Down => GREY,
    }
}

/// What the colours mean, at `y`.
pub fn explain(area: &Area<'_>, y: i32) -> Result<()> {
    let states = [
        (SessionState::Connected, "connected"),
        (SessionState::Disconnected, "looks for a server"),
        (SessionState::Expired, "session expired"),
        (SessionState::Down, "broker down"),
    ];
    let swatches = states.map(|(state, text)| (Swatch::Surface(colour(state).to_rgba()), text));
    let swatches = swatches.into_iter().chain([(Swatch::Diamond, "becomes controller")]);
    key(area, y, "Brokers and ZooKeeper", &swatches.collect::<Vec<_>>())
}

/// Draws it, with the time axis below.
pub fn draw(area: &Area<'_>, place: Place, timeline: &Timeline, scale: &Scale) -> Result<()> {
    let brokers = brokers(timeline);
    let rows: Vec<f64> = (0_u8..).zip(&brokers).map(|(i, _)| f64::from(i) + 0.5).collect();
    let bottom = brokers.len() as f64;
    let name = |row: &f64| {
        let broker = brokers.get(*row as usize).copied().flatten();
        broker.map_or(String::new(), |broker| format!("broker {broker}"))
    };
    let times = Axis::new(0.0..scale.seconds, scale.times());
    let mut chart =
        place.chart(area, TIMES).build_cartesian_2d(times, Axis::new(bottom..0.0, rows))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .axis_style(PALE)
        .x_label_formatter(&|at| words::clock(*at))
        .x_label_style(letters(SIZE, &INK))
        .y_label_formatter(&name)
        .y_label_style(letters(SIZE, &INK))
        .draw()?;
    let row = |broker: u8| brokers.iter().position(|it| *it == Some(broker)).unwrap_or(0);
    chart.draw_series(timeline.sessions.iter().map(|it| {
        let top = row(it.broker) as f64;
        let corners = [(scale.time(it.from), top + FREE), (scale.time(it.to), top + 1.0 - FREE)];
        Rectangle::new(corners, colour(it.state).filled())
    }))?;
    area.draw_text("min:s", &letters(SIZE, &GREY), (MARGIN, place.bottom + TIMES / 2))?;
    for it in &timeline.controllers {
        let row = i32::try_from(row(it.broker)).unwrap_or(0);
        diamond(area, (scale.x(it.at), place.top + row * ROW + ROW / 2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Controller;

    #[test]
    fn a_row_for_each_broker_that_was_seen() {
        assert_eq!(brokers(&Timeline::default()), [None]);
        let controllers = vec![Controller { at: 1.0, broker: 7 }];
        assert_eq!(brokers(&Timeline { controllers, ..Timeline::default() }), [Some(7)]);
    }
}
