//! What a module does not say about its licence, and its text does: plurals of units, derived units, lines.

use std::collections::BTreeMap;

/// Names from the texts that a licence was compiled from; empty for a module that came alone.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Plural by singular, of all units.
    plurals: BTreeMap<String, String>,
    /// Every name of a unit: the singular it stands for, and how many of it.
    units: BTreeMap<String, (String, u128)>,
    /// By file name: where each line begins.
    lines: BTreeMap<String, Vec<u32>>,
}

impl Names {
    /// Adds a text.
    pub fn add_text(&mut self, name: &str, text: &str) {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
        self.lines.insert(name.to_owned(), starts.collect());
    }

    /// Adds a unit under its singular and its plural.
    pub fn add_unit(&mut self, singular: &str, plural: Option<&str>) {
        self.units.insert(singular.to_owned(), (singular.to_owned(), 1));
        if let Some(plural) = plural {
            self.units.insert(plural.to_owned(), (singular.to_owned(), 1));
            self.plurals.insert(singular.to_owned(), plural.to_owned());
        }
    }

    /// Adds a unit that is `factor` times another, which was added before.
    pub fn add_derived(&mut self, names: [Option<&str>; 2], factor: u128, of: &str) {
        let Some((base, times)) = self.units.get(of).cloned() else { return };
        let Some(factor) = factor.checked_mul(times) else { return };
        for name in names.into_iter().flatten() {
            self.units.insert(name.to_owned(), (base.clone(), factor));
        }
    }

    /// The plural of a unit. A module that came without its text does not say it; then the regular one, which
    /// [`Names::unit`] understands, too.
    pub fn plural(&self, singular: &str) -> String {
        self.plurals.get(singular).cloned().unwrap_or_else(|| format!("{singular}s"))
    }

    /// The unit that a name stands for and how many of it. `listed` says whether the licence lists a name: of a module
    /// that came without its text, a regular plural is understood.
    pub fn unit<'a>(&'a self, name: &'a str, listed: impl Fn(&str) -> bool) -> (&'a str, u128) {
        if let Some((base, factor)) = self.units.get(name) {
            return (base, *factor);
        }
        match name.strip_suffix('s') {
            Some(singular) if !listed(name) && listed(singular) => (singular, 1),
            _ => (name, 1),
        }
    }

    /// The line, from 1, of a byte of a file.
    pub fn line(&self, file: &str, byte: u32) -> Option<usize> {
        self.lines.get(file).map(|starts| starts.partition_point(|start| *start <= byte))
    }
}
