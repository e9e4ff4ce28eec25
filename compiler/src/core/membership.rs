//! What a list of names of an axis stands for (`spec/core.md` section 3).

use std::collections::BTreeSet;

use super::{Axis, Bits, Cond, Term};

/// The leaves that names of one axis cover: those that are in, and those of which it is unknown.
///
/// `names` are indices into `terms`. Of every name, each childless term that it is or that lies below it is in; the
/// implicit leaf `t.other` of each inner term t that it is or that lies below it is unknown, or in when the text said
/// `including unlisted`. Of several names the union. Indices that no term has are ignored; cycles do no harm.
pub fn membership(terms: &[Term], names: &[u32], including_unlisted: bool) -> (Bits, Bits) {
    let mut children = vec![Vec::new(); terms.len()];
    for (child, term) in (0..).zip(terms) {
        for parent in &term.parents {
            if let Some(list) = children.get_mut(*parent as usize) {
                list.push(child);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut todo: Vec<u32> = names.iter().copied().filter(|name| (*name as usize) < terms.len()).collect();
    while let Some(term) = todo.pop() {
        if seen.insert(term) {
            todo.extend(&children[term as usize]);
        }
    }
    let (yes, unknown) =
        seen.into_iter().partition(|term| including_unlisted || children[*term as usize].is_empty());
    (Bits(yes), Bits(unknown))
}

/// The index of the term of this name.
pub fn term_index(terms: &[Term], name: &str) -> Option<u32> {
    terms.iter().position(|term| term.name == name).map(|index| index as u32)
}

impl Cond {
    /// The membership of names in an axis: see [`membership`].
    pub fn of(axis: Axis, terms: &[Term], names: &[u32], including_unlisted: bool) -> Cond {
        let (yes, unknown) = membership(terms, names, including_unlisted);
        Cond::In { axis, yes, unknown }
    }

    /// `and` of the parts: flattened; one part stands alone, none is true.
    pub fn and(parts: impl IntoIterator<Item = Cond>) -> Cond {
        join(parts, Cond::True, |part| match part {
            Cond::And(operands) => Ok(operands),
            other => Err(other),
        })
        .map_or_else(|one| one, Cond::And)
    }

    /// `or` of the parts: flattened; one part stands alone, none is false.
    pub fn or(parts: impl IntoIterator<Item = Cond>) -> Cond {
        join(parts, Cond::False, |part| match part {
            Cond::Or(operands) => Ok(operands),
            other => Err(other),
        })
        .map_or_else(|one| one, Cond::Or)
    }

    /// `not` of a condition.
    #[expect(
        clippy::should_implement_trait,
        reason = "it builds a tree like its neighbours; it computes nothing"
    )]
    pub fn not(self) -> Cond {
        Cond::Not(Box::new(self))
    }
}

/// Two or more operands, or the one condition that stands for fewer.
fn join(
    parts: impl IntoIterator<Item = Cond>,
    none: Cond,
    open: impl Fn(Cond) -> Result<Vec<Cond>, Cond>,
) -> Result<Vec<Cond>, Cond> {
    let mut operands = Vec::new();
    for part in parts {
        match open(part) {
            Ok(inner) => operands.extend(inner),
            Err(part) => operands.push(part),
        }
    }
    match operands.len() {
        0 => Err(none),
        1 => Err(operands.remove(0)),
        _ => Ok(operands),
    }
}
