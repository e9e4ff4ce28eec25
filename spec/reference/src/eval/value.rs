//! Section 3: the value of a condition; of section 7: need, and the guard of not-permitted.

use super::{Position, Run, Truth, Value};
use crate::core::{Bits, Condition, Constant, FactKind, Membership, Op, Term};
use crate::outcome::Code;

impl Run<'_> {
    pub(super) fn value(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::Constant(value) => Truth::from(*value),
            Condition::In { axis, set } => self.membership(*axis, set),
            Condition::Compare { fact, op, with } => {
                self.facts[*fact].map_or(Truth::Unknown, |fact| compare(fact, *op, with))
            }
            Condition::Known(fact) => self.facts[*fact].map_or(Truth::Unknown, |_| Truth::True),
            Condition::Definition(i) => self.definitions[*i].0,
            Condition::And(operands) => operands.iter().map(|c| self.value(c)).min().unwrap_or(Truth::True),
            Condition::Or(operands) => operands.iter().map(|c| self.value(c)).max().unwrap_or(Truth::False),
            Condition::Not(operand) => match self.value(operand) {
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
                Truth::True => Truth::False,
            },
        }
    }

    pub(super) fn membership(&self, axis: usize, set: &Membership) -> Truth {
        let Membership { yes, unknown } = set;
        match &self.positions[axis] {
            Position::Leaf(leaf) if yes.contains(*leaf) => Truth::True,
            Position::Leaf(leaf) if unknown.contains(*leaf) => Truth::Unknown,
            Position::Leaf(_) => Truth::False,
            // The maximum over a set of leaves, which may be empty.
            Position::Unlisted(leaves) if yes.meets(leaves) => Truth::True,
            Position::Unlisted(leaves) if unknown.meets(leaves) => Truth::Unknown,
            Position::Unlisted(_) => Truth::False,
            Position::NotGiven if yes.is_empty() && unknown.is_empty() => Truth::False,
            Position::NotGiven => {
                // All listed leaves may agree; an unlisted name does too if it stands for any of them.
                let terms = &self.core.axes[axis];
                let listed = terms.iter().any(|term| term.root && term.inner);
                if yes.count() == terms.len() && listed { Truth::True } else { Truth::Unknown }
            }
        }
    }

    /// need(c) of each condition that is unknown.
    pub(super) fn need_unknown_of<'c>(&mut self, conditions: impl Iterator<Item = &'c Condition>) {
        for condition in conditions {
            if self.value(condition) == Truth::Unknown {
                self.need(condition);
            }
        }
    }

    /// need(c), for a c that is unknown; each slot becomes a reason.
    pub(super) fn need(&mut self, condition: &Condition) {
        self.gave = true;
        match condition {
            Condition::Constant(_) => {}
            Condition::In { axis, .. } => {
                let (slots, names) = match self.positions[*axis] {
                    Position::NotGiven => (0, ["action", "purpose", "place"]),
                    _ => (3, ["unlisted-action", "unlisted-purpose", "unlisted-place"]),
                };
                self.reason(Code::Needing, slots + *axis as u32, names[*axis]);
            }
            Condition::Compare { fact, .. } | Condition::Known(fact) => {
                self.reason(Code::Needing, 16 + *fact as u32, &self.core.facts[*fact].name);
            }
            Condition::Definition(i) => {
                if self.needed.insert(*i) {
                    self.need(&self.core.definitions[*i]);
                }
            }
            Condition::And(operands) | Condition::Or(operands) => self.need_unknown_of(operands.iter()),
            Condition::Not(operand) => self.need(operand),
        }
    }

    /// The first guard that leaves no permit, when all permits are false.
    pub(super) fn guard(&self) -> (u32, &'static str) {
        let mut left: Vec<&[Condition]> =
            self.core.permits.iter().map(|(_, condition)| conjuncts(condition)).collect();
        if left.is_empty() {
            return (2, "action");
        }
        for (number, name) in [(1, "party"), (2, "action"), (3, "purpose"), (4, "place"), (5, "time")] {
            left.retain(|conjuncts| {
                !conjuncts.iter().any(|c| class(self.atoms(c)) == name && self.value(c) == Truth::False)
            });
            if left.is_empty() {
                return (number, name);
            }
        }
        (6, "other")
    }

    /// Which atoms a condition is made of: bits 0 to 2 memberships by axis, 3 kind facts, 4 other facts.
    pub(super) fn atoms(&self, condition: &Condition) -> u8 {
        match condition {
            Condition::Constant(_) => 0,
            Condition::In { axis, .. } => 1 << axis,
            Condition::Compare { fact, .. } | Condition::Known(fact) => match self.core.facts[*fact].kind {
                FactKind::Kind => 8,
                _ => 16,
            },
            Condition::Definition(i) => self.definitions[*i].1,
            Condition::And(operands) | Condition::Or(operands) => {
                operands.iter().fold(0, |all, c| all | self.atoms(c))
            }
            Condition::Not(operand) => self.atoms(operand),
        }
    }
}

/// Section 6: the leaf or leaves that a name stands for. An inner term stands for its `.other`, which is its own leaf.
pub(super) fn position(terms: &[Term], name: Option<&str>) -> Position {
    let Some(name) = name else { return Position::NotGiven };
    match terms.iter().position(|term| term.name == name) {
        Some(leaf) => Position::Leaf(leaf),
        None => {
            let others = terms.iter().enumerate().filter(|(_, term)| term.root && term.inner);
            let mut set = Bits(vec![0; terms.len().div_ceil(8)]);
            others.for_each(|(leaf, _)| set.0[leaf / 8] |= 1 << (leaf % 8));
            Position::Unlisted(set)
        }
    }
}

/// Section 6: a value that is not of the fact's type or lies outside its range is unknown.
pub(super) fn known<'v>(kind: &FactKind, value: Option<&'v Value>) -> Option<&'v Value> {
    value.filter(|value| match (kind, value) {
        (FactKind::YesNo | FactKind::Kind, Value::Truth(_)) => true,
        (FactKind::Count { lowest, highest }, Value::Count(n)) => (lowest..=highest).contains(&n),
        (FactKind::Text | FactKind::Party, Value::Text(_)) => true,
        _ => false,
    })
}

fn compare(fact: &Value, op: Op, with: &Constant) -> Truth {
    Truth::from(match (fact, with) {
        (Value::Count(n), Constant::Count(k)) => match op {
            Op::Less => n < k,
            Op::AtMost => n <= k,
            Op::Equal => n == k,
        },
        (Value::Truth(value), Constant::Truth(k)) => value == k,
        (Value::Text(text), Constant::Text(k)) => text == k,
        _ => return Truth::Unknown, // Decoding gives a constant the type of its fact, and `known` the value.
    })
}

/// The operands of the outermost `and`, or the condition itself.
fn conjuncts(condition: &Condition) -> &[Condition] {
    match condition {
        Condition::And(operands) => operands,
        _ => std::slice::from_ref(condition),
    }
}

/// The class of a condition made of these atoms. No atom of this edition is of the class time.
fn class(atoms: u8) -> &'static str {
    match atoms {
        1 => "action",
        2 => "purpose",
        4 => "place",
        8 => "party",
        _ => "other",
    }
}
