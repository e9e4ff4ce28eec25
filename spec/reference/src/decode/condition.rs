//! Section 3: conditions.

use std::collections::BTreeSet;

use super::piece::*;
use crate::cbor::{self, Item};
use crate::core::{Condition, Constant, Fact, FactKind, Op};

/// What conditions, limits, prices and duties may refer to.
pub(super) struct Scope<'a> {
    pub terms: [usize; 3],
    pub units: usize,
    pub facts: Vec<Fact>,
    /// The depths of the definitions read so far.
    pub depths: Vec<usize>,
    /// The definitions as they are encoded.
    pub definitions: &'a [Item],
}

pub(super) fn definitions(map: &Fields, scope: &mut Scope) -> Res<Vec<Condition>> {
    let mut encoded = BTreeSet::new();
    each(map, 15, usize::MAX, |item| {
        // Those below are distinct, so two that are equal when written out have the same bytes.
        if !encoded.insert(cbor::write(item)) {
            return Err("a definition that is there already".into());
        }
        let (condition, depth) = scope.condition(item)?;
        scope.depths.push(depth);
        Ok(condition)
    })
}

impl Scope<'_> {
    /// A condition and its depth, which is at most 64 (section 13). The depth of the CBOR bounds this recursion.
    pub fn condition(&self, item: &Item) -> Res<(Condition, usize)> {
        let items = list(item)?;
        let (condition, depth) = match items {
            [Item::Uint(0)] => (Condition::Constant(false), 1),
            [Item::Uint(1)] => (Condition::Constant(true), 1),
            [Item::Uint(2), axis, yes, unknown] => {
                let axis = index(axis, 3)?;
                (Condition::In { axis, set: membership(yes, unknown, self.terms[axis])? }, 1)
            }
            [Item::Uint(3), fact, op, k] => (self.comparison(fact, op, k)?, 1),
            [Item::Uint(4), fact] => (Condition::Known(index(fact, self.facts.len())?), 1),
            [Item::Uint(5), definition] => {
                let definition = index(definition, self.depths.len())?;
                (Condition::Definition(definition), 1 + self.depths[definition])
            }
            [Item::Uint(connective @ (6 | 7)), operands @ ..] if operands.len() >= 2 => {
                let operands =
                    operands.iter().map(|operand| self.condition(operand)).collect::<Res<Vec<_>>>()?;
                let deepest = operands.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
                let operands: Vec<_> = operands.into_iter().map(|(operand, _)| operand).collect();
                let condition = match connective {
                    6 => Condition::And(operands),
                    _ => Condition::Or(operands),
                };
                flattened(&condition)?;
                (condition, 1 + deepest)
            }
            [Item::Uint(8), operand] => {
                let (operand, depth) = self.condition(operand)?;
                (Condition::Not(Box::new(operand)), 1 + depth)
            }
            _ => return unknown("a condition"),
        };
        if depth > 64 { Err("a condition more than 64 deep".into()) } else { Ok((condition, depth)) }
    }

    fn comparison(&self, fact: &Item, op: &Item, k: &Item) -> Res<Condition> {
        let fact = index(fact, self.facts.len())?;
        let op = match uint(op)? {
            1 => Op::Less,
            2 => Op::AtMost,
            3 => Op::Equal,
            _ => return unknown("a comparison"),
        };
        let with = match (&self.facts[fact].kind, op) {
            (FactKind::Count { .. }, _) => Constant::Count(nat(k)?),
            (FactKind::YesNo | FactKind::Kind, Op::Equal) => match uint(k)? {
                0 => Constant::Truth(false),
                1 => Constant::Truth(true),
                _ => return unknown("0 or 1"),
            },
            (FactKind::Text | FactKind::Party, Op::Equal) => Constant::Text(text(k)?),
            _ => return unknown("a comparison of such a fact"),
        };
        Ok(Condition::Compare { fact, op, with })
    }

    pub fn guard(&self, item: Option<&Item>) -> Res<Option<Condition>> {
        item.map(|item| self.condition(item).map(|(condition, _)| condition)).transpose()
    }
}

pub(super) fn flattened(condition: &Condition) -> Res<()> {
    let nested = match condition {
        Condition::And(operands) => operands.iter().any(|operand| matches!(operand, Condition::And(_))),
        Condition::Or(operands) => operands.iter().any(|operand| matches!(operand, Condition::Or(_))),
        _ => false,
    };
    if nested { Err("a connective inside the same connective".into()) } else { Ok(()) }
}
