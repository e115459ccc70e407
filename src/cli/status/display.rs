//! The terminal that a watch draws on: a screen of its own, redrawn in place, and as before when it ends.

use std::io::{self, IsTerminal, Write, stdout};

use anstream::{AutoStream, ColorChoice};
use rustix::termios::tcgetwinsize;

/// Another screen than the one with the shell's lines, no cursor, and no line that goes on in the next.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Between these two a terminal that knows them shows nothing half-drawn; others ignore them.
const BEGIN: &str = "\x1b[?2026h\x1b[H";
/// Clears what an earlier, longer picture left below.
const END: &str = "\x1b[J\x1b[?2026l";
/// Clears what an earlier, longer line left behind it.
const END_OF_LINE: &str = "\x1b[K";

/// A terminal's size, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its width.
    pub columns: usize,
    /// Its height.
    pub rows: usize,
}

/// The size of the terminal on standard output, if it is one and knows its size.
pub fn size() -> Option<Size> {
    let size = tcgetwinsize(stdout()).ok()?;
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0 && rows > 0).then_some(Size { columns, rows })
}

/// Whether standard output can be drawn on.
pub fn is_drawable() -> bool {
    stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The screen; the terminal is as before when this is dropped.
#[derive(Debug)]
pub struct Display {
    has_colour: bool,
}

impl Display {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It is gone.
    pub fn enter() -> io::Result<Self> {
        let has_colour = AutoStream::choice(&stdout()) != ColorChoice::Never;
        write(ENTER)?;
        Ok(Self { has_colour })
    }

    /// Draws a picture, in one write; what has no room is counted.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&self, picture: &str) -> io::Result<()> {
        let picture = match self.has_colour {
            true => picture.to_owned(),
            false => anstream::adapter::strip_str(picture).to_string(),
        };
        let rows = size().map_or(usize::MAX, |size| size.rows);
        write(&format!("{BEGIN}{}{END}", fitted(&picture, rows)))
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = write(LEAVE);
    }
}

/// The first lines of a picture, no more than there are rows; the last has no line break, which would
/// move the others up.
fn fitted(picture: &str, rows: usize) -> String {
    let lines: Vec<&str> = picture.lines().collect();
    let shown = if lines.len() <= rows { lines.len() } else { rows.saturating_sub(1) };
    let mut fitted: Vec<String> =
        lines.iter().take(shown).map(|line| format!("{line}{END_OF_LINE}")).collect();
    if shown < lines.len() {
        fitted.push(format!("... {} more lines{END_OF_LINE}", lines.len() - shown));
    }
    fitted.join("\n")
}

fn write(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted() {
        let drawn = |rows| fitted("one\ntwo\nthree\n", rows).replace(END_OF_LINE, "|");
        assert_eq!(drawn(3), "one|\ntwo|\nthree|");
        assert_eq!(drawn(usize::MAX), "one|\ntwo|\nthree|");
        assert_eq!(drawn(2), "one|\n... 2 more lines|");
        assert_eq!(drawn(1), "... 3 more lines|");
    }
}
