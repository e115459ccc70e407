//! What the events' numbers mean, in columns below the panels: as many as fit, read downwards.

use plotters::style::Color;

use super::marks::{Outcome, RADIUS, circle, mended};
use super::pen::{INK, SIZE, Swatch, fitted, key, letters, width};
use super::{Area, MARGIN, WIDTH};
use crate::Result;
use crate::timeline::{Mark, Timeline};
use crate::words;

/// Of a line, in pixels.
const LINE: i32 = 20;
/// What a column needs beside its text: the circle, and the space after it and after the text.
const BESIDE: i32 = 2 * RADIUS + 5 + 4;
/// All of their width.
const ALL: i32 = WIDTH - 2 * MARGIN;
/// More of them look ragged.
const COLUMNS_MAX: usize = 4;

/// What a number means, in so many pixels: of a label that is too long, a part.
fn meaning(mark: &Mark, timeline: &Timeline, pixels: i32) -> String {
    let Mark { at, until, label, .. } = mark;
    let how = match until {
        Some(until) => words::seconds(until - at),
        None => words::not_again(mended(mark, timeline).is_some()).to_owned(),
    };
    let how = format!(": {how}");
    fitted(label, SIZE, pixels.saturating_sub(width(&how, SIZE))) + &how
}

/// How many stand below each other, and the columns' widths.
#[derive(Debug, PartialEq)]
struct Columns {
    rows: usize,
    widths: Vec<i32>,
}

impl Columns {
    /// As many as fit; if not even one does, its labels are cut.
    fn of(timeline: &Timeline) -> Self {
        let text = |mark: &Mark| width(&meaning(mark, timeline, i32::MAX), SIZE) + BESIDE;
        let texts: Vec<i32> = timeline.marks.iter().map(text).collect();
        let fitting = (2..=COLUMNS_MAX).rev().find_map(|count| Self::fitting(&texts, count));
        fitting.unwrap_or_else(|| Self { rows: texts.len(), widths: vec![ALL] })
    }

    fn fitting(texts: &[i32], count: usize) -> Option<Self> {
        let rows = texts.len().div_ceil(count).max(1);
        let widest = |column: &[i32]| column.iter().copied().max().unwrap_or(0);
        let mut widths: Vec<i32> = texts.chunks(rows).map(widest).collect();
        let spare = ALL - widths.iter().sum::<i32>();
        let each = spare / i32::try_from(widths.len().max(1)).ok()?;
        widths.iter_mut().for_each(|width| *width += each);
        (spare >= 0).then_some(Self { rows, widths })
    }
}

/// Pixels that they take.
pub fn height(timeline: &Timeline) -> i32 {
    LINE * i32::try_from(Columns::of(timeline).rows + 1).unwrap_or(i32::MAX / LINE)
}

/// Says what colours and numbers mean, from `top`.
pub fn explain(area: &Area<'_>, top: i32, timeline: &Timeline) -> Result<()> {
    let outcomes = [
        (Outcome::Full, "until all was as before"),
        (Outcome::NotFull, "not as before without operators"),
        (Outcome::Mending, "operators at work"),
    ];
    let swatches =
        outcomes.map(|(outcome, text)| (Swatch::Surface(outcome.colour().mix(0.6)), text));
    key(area, top + LINE / 2, "What happened", &swatches)?;
    let Columns { rows, widths } = Columns::of(timeline);
    let (mut x, mut numbered) = (MARGIN, (1..).zip(&timeline.marks));
    for width in widths {
        let mut y = top + LINE / 2;
        for (n, mark) in numbered.by_ref().take(rows) {
            y += LINE;
            circle(area, (x + RADIUS, y), n, &Outcome::of(mark).colour())?;
            let text = meaning(mark, timeline, width - BESIDE);
            area.draw_text(&text, &letters(SIZE, &INK), (x + 2 * RADIUS + 5, y))?;
        }
        x += width;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(until: Option<f64>) -> Mark {
        Mark { at: 5.0, until, label: "server 1 stopped".to_owned(), is_mending: false }
    }

    #[test]
    fn of_a_long_label_the_end_is_cut_and_not_the_time() {
        let timeline = Timeline::default();
        let whole = meaning(&mark(Some(17.5)), &timeline, 900);
        assert_eq!(whole, "server 1 stopped: 12.5 s");
        let cut = meaning(&mark(Some(17.5)), &timeline, 120);
        assert!(cut.starts_with("server") && cut.ends_with("…: 12.5 s"), "{cut}");
        assert!(width(&cut, SIZE) <= 120, "{cut}");
    }

    #[test]
    fn what_did_not_come_back_is_told_so() {
        let mending = Mark { at: 40.0, until: Some(60.0), is_mending: true, ..mark(None) };
        let timeline = Timeline { marks: vec![mending], ..Timeline::default() };
        let [mended, never] =
            [&timeline, &Timeline::default()].map(|it| meaning(&mark(None), it, 900));
        assert_eq!(mended, "server 1 stopped: not by itself");
        assert_eq!(never, "server 1 stopped: not by the end");
    }

    #[test]
    fn as_many_columns_as_fit() {
        let columns =
            |texts: &[i32]| (1..=COLUMNS_MAX).rev().find_map(|n| Columns::fitting(texts, n));
        let four = columns(&[200; 15]).unwrap();
        assert_eq!(four, Columns { rows: 4, widths: vec![ALL / 4; 4] });
        let three = columns(&[250, 250, 250, 250, 250, 340]).unwrap();
        assert_eq!((three.rows, three.widths), (2, vec![262, 262, 352]));
        assert_eq!(columns(&[ALL + 1]), None);
    }
}
