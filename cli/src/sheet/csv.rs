//! A sheet for spreadsheets: RFC 4180, one record a line, the same columns throughout.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.

use super::{Record, Sheet};
use crate::shell::shown;

const HEAD: [&str; 9] =
    ["kind", "name", "detail", "quantity", "unit", "amount", "currency", "numerator", "denominator"];

impl Sheet {
    /// All records under a head line; lines end with carriage return and line feed.
    pub fn csv(&self) -> String {
        let mut out = line(HEAD.iter().map(|head| (*head).to_owned()));
        for record in &self.records {
            out.push_str(&record.csv());
        }
        out
    }
}

impl Record {
    fn csv(&self) -> String {
        // Apart: a spreadsheet would make a date of 1/3.
        let (numerator, denominator) = self.exact.split_once('/').unwrap_or_default();
        line([
            text(self.kind),
            text(&self.name),
            text(&self.detail),
            number(&self.quantity),
            text(&self.unit),
            number(&self.amount),
            text(&self.currency),
            number(numerator),
            number(denominator),
        ])
    }
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let mut line = cells.into_iter().collect::<Vec<String>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell that holds a number; what is none is a text.
fn number(cell: &str) -> String {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number && !digits.starts_with('.') { cell.to_owned() } else { text(cell) }
}

fn text(cell: &str) -> String {
    let cell = shown(cell);
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']);
    quoted(&if formula { format!("'{cell}") } else { cell })
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n', '\'']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
