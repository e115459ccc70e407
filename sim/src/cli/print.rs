//! Tables for people: columns as wide as what is in them.

/// Prints rows under a head; an empty cell shows as `-`.
pub fn print<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    for line in lines(head, rows) {
        println!("{line}");
    }
}

fn lines<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let head = head.map(str::to_owned);
    let all: Vec<&[String; N]> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| shown(&row[column]).len()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{:<width$}", shown(cell)));
        cells.collect::<Vec<String>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect()
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
