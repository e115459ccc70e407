//! What the pictures are drawn with: colours, letters, and keys to the colours.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Area;
use crate::Result;

// The colours of Okabe and Ito, which the colour-blind tell apart, too.
/// Messages produced.
pub const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
/// Partitions that are not what they should be.
pub const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
/// All is well.
pub const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
/// It will be well.
pub const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
/// It is not.
pub const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
/// Operators at work.
pub const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
/// Letters, and messages consumed.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// What does not run.
pub const GREY: RGBColor = RGBColor(0x77, 0x77, 0x77);
/// What comes after the end.
pub const FAINT: RGBColor = RGBColor(0xf4, 0xf4, 0xf4);
/// Lines of a scale.
pub const PALE: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Most letters, in pixels.
pub const SIZE: f64 = 13.0;
/// What plotters divides a size by before it writes it down.
const PLOTTERS_EM: f64 = 1.24;
/// How much wider bold letters are.
pub const BOLD: f64 = 1.13;

/// Letters of a size in pixels, which begin where they are put, in the middle of the line.
pub fn letters(size: f64, colour: &RGBColor) -> TextStyle<'static> {
    let font = ("sans-serif", size * PLOTTERS_EM).into_font();
    font.color(colour).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The same, bold.
pub fn bold(size: f64, colour: &RGBColor) -> TextStyle<'static> {
    let font = ("sans-serif", size * PLOTTERS_EM, FontStyle::Bold).into_font();
    font.color(colour).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The width of a text, in pixels, in the widest font that a visitor may have: DejaVu Sans.
pub fn width(text: &str, size: f64) -> i32 {
    // Saturates.
    (text.chars().map(em).sum::<f64>() * size).ceil() as i32
}

/// A letter's width by its size.
fn em(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '\'' => 0.29,
        ' ' | '.' | ',' | ':' | ';' => 0.34,
        'f' | 'r' | 't' | '(' | ')' => 0.41,
        'c' | 's' => 0.56,
        'w' => 0.82,
        'm' | 'M' | 'W' => 1.0,
        letter if letter.is_ascii_uppercase() => 0.77,
        letter if letter.is_ascii() => 0.64,
        // Above all …
        _ => 1.0,
    }
}

/// As much of a text as fits so many pixels.
pub fn fitted(text: &str, size: f64, pixels: i32) -> String {
    if width(text, size) <= pixels {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() && width(&kept, size) + width("…", size) > pixels {}
    kept + "…"
}

/// What a colour is shown as in a key.
pub enum Swatch {
    /// A line.
    Line(RGBAColor, u32),
    /// A surface.
    Surface(RGBAColor),
    /// A controller's election.
    Diamond,
}

/// A heading and what its colours mean, in one line whose middle is at `y`.
pub fn key(area: &Area<'_>, y: i32, heading: &str, swatches: &[(Swatch, &str)]) -> Result<()> {
    const GAP: i32 = 14;
    let mut x = super::MARGIN;
    area.draw_text(heading, &bold(SIZE, &INK), (x, y))?;
    x += width(heading, SIZE * BOLD) + GAP;
    for (swatch, text) in swatches {
        let end = x + 18;
        match swatch {
            Swatch::Line(colour, size) => {
                let style = colour.stroke_width(*size);
                area.draw(&PathElement::new([(x, y), (end, y)], style))?;
            }
            Swatch::Surface(colour) => {
                area.draw(&Rectangle::new([(x, y - 6), (end, y + 6)], colour.filled()))?;
            }
            Swatch::Diamond => diamond(area, (x + 9, y))?,
        }
        area.draw_text(text, &letters(SIZE, &INK), (end + 5, y))?;
        x = end + 5 + width(text, SIZE) + GAP;
    }
    Ok(())
}

/// A controller's election.
pub fn diamond(area: &Area<'_>, (x, y): (i32, i32)) -> Result<()> {
    for (radius, colour) in [(8, WHITE), (6, INK)] {
        let corners = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)];
        area.draw(&Polygon::new(corners, colour.filled()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fitted("server 1", SIZE, 200), "server 1");
        let cut = fitted("server 1 terminated", SIZE, 90);
        assert!(cut.ends_with('…') && width(&cut, SIZE) <= 90, "{cut}");
        assert_eq!(fitted("server 1", SIZE, 0), "…");
    }
}
