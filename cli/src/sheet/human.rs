//! A sheet on a terminal: aligned columns.

use super::{Sheet, Table};
use crate::shell::{Style, paint, shown};

impl Sheet {
    /// The text; its lines end with a line break.
    pub fn human(&self, colour: bool) -> String {
        let mut out = paint(colour, Style::Strong, &shown(&self.title));
        out.push('\n');
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &self.facts {
            out.push_str(&format!("  {name:<width$}  {}\n", shown(value)));
        }
        for table in self.tables.iter().filter(|table| !table.rows.is_empty() && !table.long) {
            out.push('\n');
            out.push_str(&table.human(colour));
        }
        let (good, verdict) = &self.verdict;
        out.push_str(&format!(
            "\n{}\n",
            paint(colour, if *good { Style::Good } else { Style::Bad }, verdict)
        ));
        for fault in &self.faults {
            out.push_str(&format!("  {}\n", shown(fault)));
        }
        out
    }
}

impl Table {
    fn human(&self, colour: bool) -> String {
        let heads: Vec<String> = self.columns.iter().map(|column| shown(&column.name)).collect();
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.cells.iter().map(|cell| shown(cell)).collect()).collect();
        let width = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.chain(heads.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let line = |cells: &[String]| {
            let mut line = String::new();
            for ((cell, column), width) in cells.iter().zip(&self.columns).zip(&widths) {
                let width = *width;
                line.push_str("  ");
                line.push_str(&if column.number {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                });
            }
            line.trim_end().to_owned()
        };
        let mut out = paint(colour, Style::Strong, self.title);
        out.push('\n');
        if heads.iter().any(|head| !head.is_empty()) {
            out.push_str(&format!("{}\n", paint(colour, Style::Dim, &line(&heads))));
        }
        for (row, cells) in self.rows.iter().zip(&rows) {
            let text = line(cells);
            out.push_str(&if row.sum { paint(colour, Style::Strong, &text) } else { text });
            out.push('\n');
        }
        if let Some(note) = &self.note {
            out.push_str(&format!("  {}\n", paint(colour, Style::Dim, &shown(note))));
        }
        out
    }
}
