//! What a picture begins with: which part it is, and what a reader wants to know of it first.

use super::pen::{BOLD, GREEN, INK, SIZE, VERMILLION, bold, fitted, letters, width};
use super::{Area, FIRST, MARGIN, Picture, WIDTH};
use crate::Result;

/// The size of the title, and of the numbers below it.
const TITLE: f64 = 20.0;
/// Between the title and why the run ended.
const BESIDE: i32 = 16;
/// From a number's middle to that of what it is of.
const BELOW: i32 = 22;

/// Draws it.
pub fn draw(area: &Area<'_>, picture: &Picture<'_>) -> Result<()> {
    area.draw_text(picture.title, &bold(TITLE, &picture.colour), (MARGIN, FIRST[0]))?;
    if let Some(why) = picture.cut_short {
        let x = MARGIN + width(picture.title, TITLE * BOLD) + BESIDE;
        let why = fitted(&format!("cut short: {why}"), SIZE, WIDTH - MARGIN - x);
        area.draw_text(&why, &letters(SIZE, &VERMILLION), (x, FIRST[0]))?;
    }
    let columns = i32::try_from(picture.headlines.len().max(1))?;
    let column = (WIDTH - 2 * MARGIN) / columns;
    for (headline, i) in picture.headlines.iter().zip(0..) {
        let (x, y) = (MARGIN + i * column, FIRST[1]);
        let colour = match headline.is_good {
            Some(true) => GREEN,
            Some(false) => VERMILLION,
            None => INK,
        };
        area.draw_text(&headline.number, &bold(TITLE, &colour), (x, y))?;
        area.draw_text(headline.of, &letters(SIZE, &INK), (x, y + BELOW))?;
    }
    Ok(())
}
