//! Text for people: aligned columns, and colour where it helps.
//!
//! Colour is always written, and taken out by `anstream` on its way into a pipe, a dumb terminal or a
//! place where `NO_COLOR` is set.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Between two columns.
const GAP: &str = "  ";

/// What a text is about, which gives it its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing to note.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// To be looked at.
    Warning,
    /// To be mended now.
    Bad,
    /// Less important than what is around it.
    Dim,
    /// A heading.
    Heading,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Heading => Style::new().bold(),
        }
    }

    /// The text in its colour.
    pub fn paint(self, text: impl fmt::Display) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text with a tone.
    pub fn new(text: impl fmt::Display, tone: Tone) -> Self {
        Self { text: text.to_string(), tone }
    }
}

impl<T: fmt::Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Rows whose columns are as wide as their widest cell.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With a heading a column.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|it| Cell::new(it, Tone::Heading)).collect()] }
    }

    /// How many columns of a terminal it takes.
    pub fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell: &Cell| cell.text.chars().count()).max().unwrap_or_default()
        };
        (0..columns).map(width).collect()
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }
}

/// A line a row, each with its line break; the last column is not padded.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                let is_last = column + 1 == row.len();
                let pad = if is_last { 0 } else { widths[column] - cell.text.chars().count() };
                let gap = if is_last { "" } else { GAP };
                write!(f, "{}{:pad$}{gap}", cell.tone.paint(&cell.text), "")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_their_colour() {
        let mut table = Table::new(&["SLOT", "STATE"]);
        table.row(vec![Cell::from(1), Cell::new("fine", Tone::Good)]);
        table.row(vec![Cell::new("200 or so", Tone::Bad), Cell::from("dead")]);
        let text = anstream::adapter::strip_str(&table.to_string()).to_string();
        assert_eq!(text, "SLOT       STATE\n1          fine\n200 or so  dead\n");
    }
}
