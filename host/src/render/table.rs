//! A table as aligned text.

use std::fmt::Write as _;

use console::{Alignment, Style, measure_text_width, pad_str};

use super::Paint;
use crate::report::{Align, Table};

const GAP: &str = "  ";
/// No column is shortened below this, however narrow the terminal.
const NARROWEST: usize = 6;

/// The table, each line ended by a line feed.
pub fn table(table: &Table, paint: Paint) -> String {
    let widths = widths(table, paint.width);
    let mut text = String::new();
    if !table.title.is_empty() {
        let _ = writeln!(text, "{}", paint.paint(Style::new().bold(), &table.title));
    }
    let _ = writeln!(
        text,
        "{}",
        paint.paint(Style::new().dim(), &line(&table.columns, table, &widths))
    );
    for row in &table.rows {
        let _ = writeln!(text, "{}", line(row, table, &widths));
    }
    match table.more {
        0 => {}
        1 => text.push_str("… and 1 more\n"),
        more => {
            let _ = writeln!(text, "… and {more} more");
        }
    }
    text
}

/// One row. A number is never shortened to another number: only words are cut.
fn line(cells: &[String], table: &Table, widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, width) in widths.iter().enumerate() {
        if column > 0 {
            line.push_str(GAP);
        }
        let cell = cells
            .get(column)
            .map_or("", String::as_str)
            .replace(['\n', '\t'], " ");
        match align(table, column) {
            Align::Left => {
                line.push_str(&pad_str(&cell, *width, Alignment::Left, Some("…")));
            }
            Align::Right => line.push_str(&pad_str(&cell, *width, Alignment::Right, None)),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The width of each column: as wide as its widest cell, the widest columns of words giving
/// way first where the terminal is narrower.
fn widths(table: &Table, terminal: Option<usize>) -> Vec<usize> {
    let mut widths: Vec<usize> = (0..table.columns.len())
        .map(|column| {
            std::iter::once(&table.columns)
                .chain(&table.rows)
                .filter_map(|row| row.get(column))
                .map(|cell| measure_text_width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let Some(terminal) = terminal else {
        return widths;
    };
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > terminal {
        let widest = widths
            .iter_mut()
            .enumerate()
            .filter(|(column, width)| align(table, *column) == Align::Left && **width > NARROWEST)
            .max_by_key(|(_, width)| **width);
        let Some((_, width)) = widest else { break };
        *width -= 1;
    }
    widths
}

fn align(table: &Table, column: usize) -> Align {
    table.align.get(column).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock() -> Table {
        Table {
            title: "Changes".to_owned(),
            columns: ["Style", "ATS"].map(str::to_owned).to_vec(),
            align: vec![Align::Left, Align::Right],
            rows: vec![
                vec![
                    "Linen shirt in the colour of the sea".to_owned(),
                    "7".to_owned(),
                ],
                vec!["Röcke".to_owned(), "1200".to_owned()],
            ],
            more: 3,
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let expected = "\
Changes
Style                                  ATS
Linen shirt in the colour of the sea     7
Röcke                                 1200
… and 3 more
";
        assert_eq!(table(&stock(), Paint::plain()), expected);
    }

    #[test]
    fn a_narrow_terminal_shortens_words_and_never_numbers() {
        let text = table(
            &stock(),
            Paint {
                width: Some(20),
                colour: false,
            },
        );
        let expected = "\
Changes
Style            ATS
Linen shirt i…     7
Röcke           1200
… and 3 more
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_row_with_too_few_cells_is_filled_up() {
        let short = Table {
            rows: vec![vec!["Scarf".to_owned()]],
            more: 0,
            ..stock()
        };
        assert_eq!(
            table(&short, Paint::plain()),
            "Changes\nStyle  ATS\nScarf\n"
        );
    }
}
