//! The tables on a terminal: no line is longer than 80 columns, whatever a cell holds.

use super::{HEADS, LEGEND, Row, events, head, numbers, versions};
use crate::report::Report;

/// The narrowest terminal that is thought of.
pub const COLUMNS: usize = 80;
/// Of the columns, with [`GAP`] between them.
const WIDTHS: [usize; 3] = [32, 25, 19];
/// Between two columns.
const GAP: &str = "  ";

/// What is said at the end of a run, line by line.
pub fn lines(report: &Report) -> Vec<String> {
    let mut lines = wrapped(&versions(report), COLUMNS);
    for (label, rows) in HEADS.iter().zip([numbers(report), events(report)]) {
        lines.push(String::new());
        lines.extend([head(label)].iter().chain(&rows).flat_map(row));
    }
    lines.push(String::new());
    lines.extend(wrapped(LEGEND, COLUMNS));
    lines
}

/// A row, in as many lines as its longest cell needs.
fn row(cells: &Row) -> Vec<String> {
    let mut columns = Vec::new();
    for (cell, width) in cells.iter().zip(WIDTHS) {
        columns.push(wrapped(&cell.replace('`', ""), width));
    }
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |column: &Vec<String>, i: usize| column.get(i).cloned().unwrap_or_default();
    let line = |i| {
        let [label, with, without] = [0, 1, 2].map(|column| cell(&columns[column], i));
        let [first, second, third] = WIDTHS;
        let line = format!("{label:<first$}{GAP}{with:>second$}{GAP}{without:>third$}");
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// The text in lines of at most so many columns; a word that is longer is cut.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().flat_map(|word| pieces(word, columns)) {
        let length = |text: &str| text.chars().count();
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn pieces(word: &str, columns: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(columns.max(1)).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn it_fits_the_screen_and_has_every_row() {
        let mut report = fixture::report();
        report.cut_short = Some("interrupted ".repeat(20) + &"x".repeat(200));
        let part = report.with_pool.as_mut().unwrap();
        (part.messages_acknowledged, part.longest_produce_gap_s) = (4_000_000_000, 1e6);
        // One of three did not come back: the longest cell.
        part.events[1].full_after_s = None;
        let lines = lines(&report);
        for line in &lines {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        let text = lines.join("\n");
        for [label, ..] in numbers(&report).iter().chain(&events(&report)) {
            assert!(text.contains(&label.replace('`', "")), "{label}: {text}");
        }
        assert!(text.contains("4,000,000,000"), "{text}");
    }

    #[test]
    fn a_long_cell_goes_on_below_itself() {
        let cells = ["a server hung", "1, 2, 3: 11.0 to 25.0 s, 1 of 3 not by the end", "-"];
        let lines = row(&cells.map(str::to_owned));
        let first =
            format!("{:<32}  {:>25}  {:>19}", "a server hung", "1, 2, 3: 11.0 to 25.0 s,", "-");
        let second = format!("{:>59}", "1 of 3 not by the end");
        assert_eq!(lines, [first, second]);
    }
}
