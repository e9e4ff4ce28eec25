//! What is refused of a licence as a whole: its labels, its grain, what occurs nowhere, what does not go together.

use std::collections::BTreeSet;

use num_bigint::BigUint;
use num_rational::BigRational;

use super::piece::*;
use crate::core::{Condition, Constant, Core, FactKind, Graduated, LimitOn, Price, Window};

pub(super) fn labels(core: &Core, free: &[(String, Vec<usize>)]) -> Res<Vec<String>> {
    let rules = core.forbids.iter().chain(&core.permits).map(|(label, _)| label);
    let limits = core.limits.iter().map(|limit| &limit.label);
    let charges = core.charges.iter().map(|charge| &charge.label);
    let duties = core.duties.iter().map(|duty| &duty.label);
    let others = core.split.iter().map(|split| &split.label).chain(free.iter().map(|(label, _)| label));
    let ends = core.ends.iter().map(|(label, _)| label);
    let prepaid = core.prepaid.iter().map(|prepaid| &prepaid.label);
    let at_close = core.at_close.iter().map(|charge| &charge.label);
    let standing = ends.chain(prepaid).chain(at_close);
    let mut labels: Vec<String> =
        rules.chain(limits).chain(charges).chain(duties).chain(others).chain(standing).cloned().collect();
    labels.sort();
    if labels.len() > 4096 {
        return Err("more than 4096 clauses".into());
    }
    at("labels", ascending(labels.iter()))?;
    Ok(labels)
}

/// Section 9: the least common multiple of the denominators of all ratios in prices; amounts of spend limits and bands
/// are such ratios, too. Part two, section 1: rates are below 2^64 of its units, other amounts below 2^127.
pub(super) fn grain(core: &Core) -> Res<BigUint> {
    let prices = || core.charges.iter().flat_map(|charge| &charge.cases);
    let spend = core.limits.iter().filter_map(|limit| match &limit.on {
        LimitOn::Spend { amount, .. } => Some(amount),
        _ => None,
    });
    let bands = |rate: bool| {
        let bands = core.at_close.iter().flat_map(|charge| &charge.bands);
        bands.filter(move |band| band.rate == rate).map(|band| &band.ratio)
    };
    let rates: Vec<&BigRational> = prices().flat_map(|(_, price)| price.rates()).chain(bands(true)).collect();
    let amounts: Vec<&BigRational> =
        prices().flat_map(|(_, price)| price.amounts()).chain(spend).chain(bands(false)).collect();
    let mut grain = BigUint::from(1u8);
    for ratio in rates.iter().chain(&amounts) {
        // In g / d, reduced, the denominator is what g lacks of d.
        let lacks = BigRational::new(grain.clone().into(), ratio.denom().clone()).denom().magnitude().clone();
        grain *= lacks;
        if grain.bits() > 64 {
            return Err("a grain of 2^64 or more".into());
        }
    }
    let whole = BigRational::from_integer(grain.clone().into());
    let wider = |ratio: &BigRational, bits: u64| (ratio * &whole).to_integer().bits() > bits;
    if rates.iter().any(|ratio| wider(ratio, 64)) {
        return Err("a rate of 2^64 units of the grain or more".into());
    }
    if amounts.iter().any(|ratio| wider(ratio, 127)) {
        return Err("an amount of 2^127 units of the grain or more".into());
    }
    Ok(grain)
}

/// Keys 6, 10 and 15: the parties are mentioned; the facts are those that occur; the definitions are those that are used, in the order of use.
pub(super) fn occurrences(core: &Core, parties: &[String]) -> Res<()> {
    let mut seen = Seen {
        core,
        facts: BTreeSet::new(),
        parties: BTreeSet::new(),
        definitions: vec![],
        met: BTreeSet::new(),
    };
    let prices = core.charges.iter().flat_map(|charge| &charge.cases).map(|(condition, _)| condition);
    let guards = core.duties.iter().filter_map(|duty| duty.guard.as_ref());
    let limits = core.limits.iter().filter_map(|limit| limit.guard.as_ref());
    let rules = core.forbids.iter().chain(&core.permits).map(|(_, condition)| condition);
    let ends = core.ends.iter().map(|(_, condition)| condition);
    let prepaid = core.prepaid.iter().filter_map(|prepaid| prepaid.guard.as_ref());
    let at_close = core.at_close.iter().filter_map(|charge| charge.guard.as_ref());
    let clauses = rules.chain(limits).chain(prices).chain(guards).chain(ends).chain(prepaid).chain(at_close);
    clauses.for_each(|condition| seen.visit(condition));
    if !seen.definitions.into_iter().eq(0..core.definitions.len()) {
        return Err("definitions that are not used, or not numbered by first use".into());
    }
    if !seen.facts.into_iter().eq(0..core.facts.len()) {
        return Err("a fact that occurs in no condition".into());
    }
    seen.parties.insert(core.licensor.clone());
    seen.parties.extend(core.holder.clone());
    seen.parties.extend(core.duties.iter().filter_map(|duty| duty.recipient.clone()));
    // Who has a part by first cut, royalty or share.
    seen.parties.extend(core.parts.iter().map(|(handle, _)| handle.clone()));
    if !parties.iter().all(|party| seen.parties.contains(party)) {
        return Err("a party that nothing mentions".into());
    }
    Ok(())
}

struct Seen<'a> {
    core: &'a Core,
    facts: BTreeSet<usize>,
    /// The constants of party facts.
    parties: BTreeSet<String>,
    /// In the order in which they would be numbered.
    definitions: Vec<usize>,
    met: BTreeSet<usize>,
}

impl Seen<'_> {
    /// Recursion is bounded by the depth of conditions, which counts definitions.
    fn visit(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) | Condition::In { .. } => {}
            Condition::Compare { fact, with, .. } => {
                self.facts.insert(*fact);
                if let (FactKind::Party, Constant::Text(party)) = (&self.core.facts[*fact].kind, with) {
                    self.parties.insert(party.clone());
                }
            }
            Condition::Known(fact) => {
                self.facts.insert(*fact);
            }
            Condition::Definition(i) => {
                if self.met.insert(*i) {
                    self.visit(&self.core.definitions[*i]);
                    self.definitions.push(*i);
                }
            }
            Condition::And(operands) | Condition::Or(operands) => {
                for operand in operands {
                    self.visit(operand);
                }
            }
            Condition::Not(operand) => self.visit(operand),
        }
    }
}

/// Part two, section 8: clauses that do not go together.
pub(super) fn unfit(core: &Core) -> Res<()> {
    let spend = core.limits.iter().any(|limit| matches!(limit.on, LimitOn::Spend { .. }));
    let draws = spend || core.prepaid.is_some();
    if core.money.is_none() && (draws || !core.royalties.is_empty()) {
        return Err("a spend limit, prepaid or royalties without money".into());
    }
    let closes = !core.at_close.is_empty();
    if closes && draws {
        return Err("a charge at close beside a spend limit or prepaid".into());
    }
    let prices = || core.charges.iter().flat_map(|charge| &charge.cases).map(|(_, price)| price);
    let floor = prices().any(|price| matches!(price, Price::Graduated(Graduated { floor: Some(_), .. })));
    if (closes || floor) && core.money.as_ref().is_some_and(|money| money.settled == Window::Call) {
        return Err("a charge at close or a floor with settlement by call".into());
    }
    if core.renewal.is_some() {
        return if core.until.is_some() { Err("a renewal of a term that ends".into()) } else { Ok(()) };
    }
    if core.counters().iter().any(|counter| counter.window == Some(Window::Renewal)) {
        return Err("a window of renewal without renewal".into());
    }
    Ok(())
}
