//! What commands print: lines, JSON, and tables with columns as wide as what is in them.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use serde::Serialize;

use super::error::Result;

/// Prints a line.
pub fn line(line: impl Display) -> Result<()> {
    text(format_args!("{line}\n"))
}

/// Prints a text as it is. A reader that has read enough (`| head`) is no error.
pub fn text(text: impl Display) -> Result<()> {
    match write!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// Prints rows under a head; an empty cell shows as `-`.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Result<()> {
    lines(head, rows).into_iter().try_for_each(line)
}

fn lines<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let head = head.map(str::to_owned);
    let all: Vec<&[String; N]> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| shown(&row[column]).len()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let joined = |row: &&[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{:<width$}", shown(cell)));
        cells.collect::<Vec<String>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(joined).collect()
}

fn shown(cell: &str) -> &str {
    if cell.is_empty() { "-" } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["i-1".to_owned(), String::new()], ["i-22".to_owned(), "up".to_owned()]];
        assert_eq!(lines(["ID", "STATE"], &rows), ["ID    STATE", "i-1   -", "i-22  up"]);
    }
}
