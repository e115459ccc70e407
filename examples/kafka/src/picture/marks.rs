//! What happened: a shade over all panels from the loss until all was as before, and a number above
//! it. Numbers stand beside each other, however close the events are.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::pen::{INK, ORANGE, PURPLE, SIZE, VERMILLION, bold};
use super::scale::Scale;
use super::{Area, LEFT, Place, RIGHT, WIDTH};
use crate::Result;
use crate::timeline::{Mark, Timeline};

/// Of a number's circle, in pixels.
pub const RADIUS: i32 = 9;
/// Between two numbers' middles.
const APART: i32 = 2 * RADIUS + 1;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All was as before.
    Full,
    /// Not, or not before operators came.
    NotFull,
    /// It is what operators did.
    Mending,
}

impl Outcome {
    /// Of an event.
    pub fn of(mark: &Mark) -> Self {
        match (mark.is_mending, mark.until) {
            (true, _) => Self::Mending,
            (false, Some(_)) => Self::Full,
            (false, None) => Self::NotFull,
        }
    }

    /// Of its number.
    pub fn colour(self) -> RGBColor {
        match self {
            Self::Full => ORANGE,
            Self::NotFull => VERMILLION,
            Self::Mending => PURPLE,
        }
    }

    fn shade(self) -> RGBAColor {
        self.colour().mix(match self {
            Self::Full => 0.3,
            // Of three losses, the shades add up.
            Self::NotFull => 0.13,
            Self::Mending => 0.4,
        })
    }
}

/// Shades each event in a panel.
pub fn shade(area: &Area<'_>, place: Place, timeline: &Timeline, scale: &Scale) -> Result<()> {
    for mark in &timeline.marks {
        let shade = Outcome::of(mark).shade().filled();
        for (from, to) in shades(mark, timeline) {
            let (from, to) = (scale.x(from), scale.x(to));
            let corners = [(from, place.top), (to.max(from + 1), place.bottom)];
            area.draw(&Rectangle::new(corners, shade))?;
        }
    }
    Ok(())
}

/// From when until when an event shades the panels: not while operators are at work on it, whose
/// shade has another colour.
fn shades(mark: &Mark, timeline: &Timeline) -> Vec<(f64, f64)> {
    let (mut from, to) = (mark.at, end(mark, timeline));
    let mut shades = Vec::new();
    let mendings = timeline.marks.iter().filter(|it| it.is_mending && it.at > mark.at);
    for it in mendings.filter(|_| Outcome::of(mark) == Outcome::NotFull) {
        shades.push((from, it.at));
        from = end(it, timeline).max(from);
    }
    shades.push((from, to));
    shades.retain(|(from, to)| from < to);
    shades
}

/// When its shade ends: when all was as before, if need be by the last of what operators did.
fn end(mark: &Mark, timeline: &Timeline) -> f64 {
    mark.until.or_else(|| mended(mark, timeline)).unwrap_or(timeline.seconds)
}

/// When operators had mended what they began to mend after this.
pub fn mended(mark: &Mark, timeline: &Timeline) -> Option<f64> {
    let mut mendings = timeline.marks.iter().filter(|it| it.is_mending && it.at >= mark.at);
    mendings.next_back().filter(|_| !mark.is_mending)?.until
}

/// Numbers the events, at `y`, and leads from the numbers through the panels.
pub fn number(
    area: &Area<'_>,
    y: i32,
    places: [Place; 3],
    timeline: &Timeline,
    scale: &Scale,
) -> Result<()> {
    let at: Vec<i32> = timeline.marks.iter().map(|mark| scale.x(mark.at)).collect();
    let apart = spread(&at, LEFT, WIDTH - RIGHT - RADIUS);
    for (((mark, at), x), n) in timeline.marks.iter().zip(at).zip(apart).zip(1..) {
        let colour = Outcome::of(mark).colour();
        area.draw(&PathElement::new([(x, y), (at, places[0].top)], INK))?;
        for Place { top, bottom } in places {
            // As wide as a pixel: plotters' lines lie between two.
            area.draw(&Rectangle::new([(at, top), (at + 1, bottom)], INK.mix(0.6).filled()))?;
        }
        circle(area, (x, y), n, &colour)?;
    }
    Ok(())
}

/// An event's number.
pub fn circle(area: &Area<'_>, (x, y): (i32, i32), n: i32, colour: &RGBColor) -> Result<()> {
    area.draw(&Circle::new((x, y), RADIUS, colour.filled()))?;
    let style = bold(SIZE - 2.0, &BLACK).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw_text(&n.to_string(), &style, (x, y))?;
    Ok(())
}

/// The nearest places that are far enough apart, from left to right. In order of time; if there are
/// too many for the width, as far apart as they can be.
fn spread(at: &[i32], left: i32, right: i32) -> Vec<i32> {
    let gaps = i32::try_from(at.len().saturating_sub(1)).unwrap_or(i32::MAX).max(1);
    let apart = APART.min((right - left) / gaps);
    let mut places: Vec<i32> = Vec::with_capacity(at.len());
    for x in at {
        let least = places.last().map_or(left, |last| last + apart);
        places.push(least.max(*x));
    }
    let mut most = right;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - apart;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: f64, until: Option<f64>, is_mending: bool) -> Mark {
        Mark { at, until, label: "server 1 stopped".to_owned(), is_mending }
    }

    #[test]
    fn numbers_stand_apart_and_near_their_events() {
        assert_eq!(spread(&[100, 200], 70, 880), [100, 200]);
        assert_eq!(spread(&[100, 100, 105], 70, 880), [100, 100 + APART, 100 + 2 * APART]);
        assert_eq!(spread(&[880, 880], 70, 880), [880 - APART, 880]);
        let many = spread(&[75; 40], 70, 880);
        assert!(many.windows(2).all(|pair| pair[1] - pair[0] == APART), "{many:?}");
        let crowd = spread(&[880; 200], 70, 880);
        assert!(crowd.iter().all(|x| (70..=880).contains(x)), "{crowd:?}");
        assert!(spread(&[], 70, 880).is_empty());
    }

    #[test]
    fn a_loss_lasts_until_it_is_made_good() {
        let of = |marks: &[Mark]| {
            let timeline = Timeline { seconds: 90.0, marks: marks.to_vec(), ..Timeline::default() };
            (end(&marks[0], &timeline), mended(&marks[0], &timeline))
        };
        assert_eq!(of(&[mark(5.0, Some(17.5), false)]).0, 17.5);
        let never = (90.0, None);
        assert_eq!(of(&[mark(5.0, None, false)]), never);
        let mended = (70.0, Some(70.0));
        let mending = [mark(40.0, Some(60.0), true), mark(60.0, Some(70.0), true)];
        let [first, second] = mending.clone();
        assert_eq!(of(&[mark(5.0, None, false), first.clone(), second]), mended);
        assert_eq!(of(&[mark(5.0, None, false), first, mark(60.0, None, true)]), never);
        assert_eq!(of(&[mark(60.0, None, true), mending[1].clone()]).0, 90.0);
    }

    #[test]
    fn where_operators_work_the_loss_s_shade_gives_way() {
        let marks = vec![
            mark(5.0, None, false),
            mark(6.0, Some(80.0), false),
            mark(40.0, Some(60.0), true),
            mark(62.0, Some(70.0), true),
        ];
        let timeline = Timeline { seconds: 90.0, marks, ..Timeline::default() };
        let of = |i: usize| shades(&timeline.marks[i], &timeline);
        assert_eq!(of(0), [(5.0, 40.0), (60.0, 62.0)]);
        assert_eq!(of(1), [(6.0, 80.0)]);
        assert_eq!(of(2), [(40.0, 60.0)]);
    }
}
