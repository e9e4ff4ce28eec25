//! A document of facts, tables and charts that is written for people, for spreadsheets and for printing: what it says is
//! decided once, where it is made; how it looks, once for each format.
//!
//! Reading order: this file, `human`, `csv`, `chart`, `html`.

mod chart;
mod csv;
mod html;
mod human;

pub use chart::{Bar, Chart, Shape};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// What it is, in one line.
    pub title: String,
    /// What is to be known before reading: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// What it says.
    pub tables: Vec<Table>,
    /// The same drawn, where that helps.
    pub charts: Vec<Chart>,
    /// Whether all is well, and in which words.
    pub verdict: (bool, String),
    /// What is not.
    pub faults: Vec<String>,
    /// The same for spreadsheets: one row a statement of fact.
    pub records: Vec<Record>,
}

/// A table; one without rows is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it lists.
    pub title: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// As many cells as columns in each.
    pub rows: Vec<Row>,
    /// What to know about it.
    pub note: Option<String>,
    /// Whether it is too long for a terminal: it stands on pages only.
    pub long: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// Whether it holds numbers, which stand to the right.
    pub number: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The cells.
    pub cells: Vec<String>,
    /// Whether it is a sum.
    pub sum: bool,
}

/// A row of a spreadsheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What the row says something about.
    pub kind: &'static str,
    /// What is it called.
    pub name: String,
    /// What distinguishes it.
    pub detail: String,
    /// How many, a whole number.
    pub quantity: String,
    /// Of what.
    pub unit: String,
    /// How much money, a decimal number; empty where no decimal number says it.
    pub amount: String,
    /// The same as a fraction.
    pub exact: String,
    /// Of which currency.
    pub currency: String,
}

impl Table {
    /// A table without rows; names of columns that hold numbers begin with `#`.
    pub fn new(title: &'static str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| match name.strip_prefix('#') {
            Some(name) => Column { name: name.to_owned(), number: true },
            None => Column { name: (*name).to_owned(), number: false },
        });
        Self { title, columns: columns.collect(), rows: Vec::new(), note: None, long: false }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row { cells: cells.into_iter().collect(), sum: false });
    }

    /// Adds a sum.
    pub fn sum(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row { cells: cells.into_iter().collect(), sum: true });
    }
}

#[cfg(test)]
mod tests;
