//! Conditions to instructions.

use super::{BTreeMap, Bits, Cond, Constant, Licence, bc, bits, cmp};
use licit_bytecode::field::Field;

/// The code as it grows. Equal instructions, sets and texts are there once.
#[derive(Default)]
pub(super) struct Code {
    pub(super) ops: Vec<bc::Op>,
    pub(super) sets: Vec<bc::Set>,
    /// Constant texts, sorted: their number is their position.
    texts: BTreeMap<String, u32>,
    op_numbers: BTreeMap<Vec<u8>, u32>,
    set_numbers: BTreeMap<Vec<u8>, u32>,
    definitions: Vec<u32>,
}

/// The number of an entry, which is appended if there is none like it.
fn intern<T: Field>(entry: T, entries: &mut Vec<T>, numbers: &mut BTreeMap<Vec<u8>, u32>) -> u32 {
    let mut bytes = Vec::new();
    entry.put(&mut bytes);
    *numbers.entry(bytes).or_insert_with(|| {
        entries.push(entry);
        entries.len() as u32 - 1
    })
}

impl Code {
    /// The code of a licence's definitions, which everything else may mention.
    pub(super) fn new(licence: &Licence) -> Self {
        let mut out = Self::default();
        let mut texts = Vec::new();
        licence.definitions.iter().for_each(|c| collect(c, &mut texts));
        licence.conditions().for_each(|(_, _, c)| collect(c, &mut texts));
        texts.sort_unstable();
        texts.dedup();
        out.texts = texts.into_iter().zip(0..).collect();
        for c in &licence.definitions {
            let number = out.condition(c);
            out.definitions.push(number);
        }
        out
    }

    /// The section `text`.
    pub(super) fn texts(&self) -> Vec<bc::Text> {
        self.texts.keys().map(|value| bc::Text { value: value.clone() }).collect()
    }

    /// The number of a set.
    pub(super) fn set(&mut self, axis: bc::Axis, yes: &Bits, unknown: &Bits) -> u32 {
        let set = bc::Set { axis, yes: bits(yes), unknown: bits(unknown) };
        intern(set, &mut self.sets, &mut self.set_numbers)
    }

    /// The instruction that gives a condition's value. The core is sound, so it nests at most 64 deep.
    pub(super) fn condition(&mut self, c: &Cond) -> u32 {
        let op = match c {
            Cond::False => bc::Op::False {},
            Cond::True => bc::Op::True {},
            Cond::In { axis, yes, unknown } => bc::Op::Member { set: self.set((*axis).into(), yes, unknown) },
            Cond::Compare { fact, cmp: relation, constant } => match constant {
                Constant::Number(k) => bc::Op::Compare { fact: *fact, cmp: cmp(*relation), k: *k },
                Constant::Text(text) => {
                    let text = self.texts.get(text).copied().unwrap_or(u32::MAX);
                    bc::Op::SameText { fact: *fact, text }
                }
            },
            Cond::Known(fact) => bc::Op::Known { fact: *fact },
            Cond::Slot(i) => {
                bc::Op::Define { of: self.definitions.get(*i as usize).copied().unwrap_or(u32::MAX) }
            }
            Cond::And(of) => bc::Op::And { of: of.iter().map(|c| self.condition(c)).collect() },
            Cond::Or(of) => bc::Op::Or { of: of.iter().map(|c| self.condition(c)).collect() },
            Cond::Not(of) => bc::Op::Not { of: self.condition(of) },
        };
        intern(op, &mut self.ops, &mut self.op_numbers)
    }
}

fn collect(c: &Cond, texts: &mut Vec<String>) {
    match c {
        Cond::Compare { constant: Constant::Text(text), .. } => texts.push(text.clone()),
        Cond::And(of) | Cond::Or(of) => of.iter().for_each(|c| collect(c, texts)),
        Cond::Not(of) => collect(of, texts),
        _ => {}
    }
}
