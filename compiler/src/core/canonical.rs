//! The canonical form of a core: one order, one numbering, so that equal licences have equal bytes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use super::cbor::Writer;
use super::{
    Axis, Basis, Bits, Cond, Constant, FactType, Licence, LimitKind, Price, Ratio, Term, TermSpan, encode,
};

/// Deeper conditions are left alone: [`Licence::validate`] refuses them, and recursion here stays bounded.
const SANE_DEPTH: usize = 256;

impl Ratio {
    /// The fraction in lowest terms; a denominator of zero stays as it is, for [`Licence::validate`] to refuse.
    pub fn new(num: u128, den: u128) -> Ratio {
        match gcd(num, den) {
            0 | 1 => Ratio { num, den },
            _ if den == 0 => Ratio { num, den },
            common => Ratio { num: num / common, den: den / common },
        }
    }
}

/// The greatest common divisor; of zero and n it is n.
pub(super) fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Licence {
    /// Brings the licence into canonical form, whatever order it was built in: sorts every sorted list and renumbers
    /// what points into it, flattens connectives, writes equal definitions once, drops definitions, facts and
    /// parties that nothing mentions, numbers definitions by first use, and brings fractions to lowest terms.
    ///
    /// Definitions may stand in any order before, forward mentions included. It is idempotent, changes no meaning,
    /// and repairs nothing that is wrong: call [`Licence::validate`] afterwards.
    pub fn canonicalise(&mut self) {
        self.canonicalise_with(&BTreeMap::new());
    }

    /// [`Licence::canonicalise`], with an `otherwise` case for the charges of these labels: its condition depends on
    /// the canonical order of the other cases, so only this function can write it.
    pub fn canonicalise_with(&mut self, otherwise: &BTreeMap<String, Price>) {
        if !self.is_sane() {
            return;
        }
        self.plain_parts();
        let mut otherwise = otherwise.clone();
        self.sort_tables(&mut otherwise);
        otherwise.values_mut().for_each(reduce_price);
        self.each_condition_mut(flatten);
        self.definitions.iter_mut().for_each(flatten);
        self.intern_definitions();
        self.sort_clauses(&mut otherwise);
        self.number_definitions();
        self.drop_unused();
    }

    /// What has no index: assets, fractions, ends of the term, windows that say the default.
    fn plain_parts(&mut self) {
        self.assets.sort();
        self.assets.dedup();
        self.vocabularies.sort_by(|a, b| a.name.cmp(&b.name));
        self.vocabularies.dedup();
        self.parties.sort_by(|a, b| a.handle.cmp(&b.handle));
        self.parties.dedup();
        self.axes.retain(|_, terms| !terms.is_empty());
        if self.term == Some(TermSpan::default()) {
            self.term = None;
        }
        if let Some(money) = &mut self.money {
            reduce(&mut money.minor);
        }
        if let Some(split) = &mut self.split {
            for (_, part) in split.shares.iter_mut().chain(&mut split.first_cuts) {
                reduce(part);
            }
            if self.money.as_ref().is_some_and(|money| Some(money.settled) == split.window) {
                split.window = None;
            }
        }
        for charge in &mut self.charges {
            charge.cases.iter_mut().for_each(|(_, price)| reduce_price(price));
        }
        for limit in &mut self.limits {
            if let LimitKind::Spend { amount, .. } = &mut limit.kind {
                reduce(amount);
            }
        }
        self.at_close.iter_mut().flat_map(|charge| &mut charge.bands).for_each(|it| reduce(&mut it.amount));
        self.sort_royalties();
    }

    /// Sorts royalties by licence and handle; what one is a part of is renumbered.
    fn sort_royalties(&mut self) {
        self.royalties.iter_mut().for_each(|royalty| reduce(&mut royalty.part));
        let new =
            sort_table_by(&mut self.royalties, |a, b| (&a.licence, &a.handle).cmp(&(&b.licence, &b.handle)));
        for royalty in &mut self.royalties {
            if let Basis::Royalty(index) = &mut royalty.basis {
                *index = lookup(&new, *index);
            }
        }
    }

    /// Sorts terms, units and facts, and renumbers what points at them.
    fn sort_tables(&mut self, otherwise: &mut BTreeMap<String, Price>) {
        let terms: BTreeMap<Axis, Vec<u32>> =
            self.axes.iter_mut().map(|(axis, terms)| (*axis, sort_terms(terms))).collect();
        let units = sort_table(&mut self.units, |unit| &unit.name);
        let facts = sort_table(&mut self.facts, |fact| &fact.name);

        let mut renumber = |condition: &mut Cond| renumber(condition, &terms, &facts);
        self.definitions.iter_mut().for_each(&mut renumber);
        self.each_condition_mut(renumber);
        for limit in &mut self.limits {
            if let LimitKind::Sum { unit, .. } = &mut limit.kind {
                *unit = lookup(&units, *unit);
            }
        }
        for charge in &mut self.at_close {
            charge.unit = lookup(&units, charge.unit);
        }
        let own = self.charges.iter_mut().flat_map(|charge| charge.cases.iter_mut().map(|(_, price)| price));
        for price in own.chain(otherwise.values_mut()) {
            match price {
                Price::Free | Price::Fee { .. } => {}
                Price::Rate { unit, .. } | Price::Graduated { unit, .. } | Price::Bounded { unit, .. } => {
                    *unit = lookup(&units, *unit);
                }
            }
        }
        for (_, list) in &mut self.free {
            for unit in list.iter_mut() {
                *unit = lookup(&units, *unit);
            }
            list.sort_unstable();
            list.dedup();
        }
        if let Some(actions) = terms.get(&Axis::Action) {
            for duty in &mut self.duties {
                remap_bits(&mut duty.acts, actions);
                remap_bits(&mut duty.acts_unknown, actions);
            }
            if let Some(grace) = self.renewal.as_mut().and_then(|renewal| renewal.grace.as_mut()) {
                remap_bits(&mut grace.acts, actions);
                remap_bits(&mut grace.acts_unknown, actions);
            }
        }
    }

    /// Puts definitions after those they use, and makes equal ones one.
    fn intern_definitions(&mut self) {
        let mut intern = Intern {
            old: take(&mut self.definitions),
            number: Vec::new(),
            new: Vec::new(),
            known: BTreeMap::new(),
        };
        intern.number = vec![None; intern.old.len()];
        for index in 0..intern.old.len() {
            intern.define(index);
        }
        self.each_condition_mut(|condition| intern.rewrite(condition));
        self.definitions = intern.new;
    }

    fn sort_clauses(&mut self, otherwise: &mut BTreeMap<String, Price>) {
        self.forbids.sort_by(|a, b| a.0.cmp(&b.0));
        self.permits.sort_by(|a, b| a.0.cmp(&b.0));
        self.limits.sort_by(|a, b| a.label.cmp(&b.label));
        self.charges.sort_by(|a, b| a.label.cmp(&b.label));
        self.duties.sort_by(|a, b| a.label.cmp(&b.label));
        self.free.sort();
        self.ends.sort_by(|a, b| a.0.cmp(&b.0));
        self.at_close.sort_by(|a, b| a.label.cmp(&b.label));
        let mut order = CaseOrder::new(&self.definitions);
        for charge in self.charges.iter_mut().filter(|charge| charge.by_case) {
            charge.cases.sort_by(|a, b| order.compare(a, b));
            charge.cases.dedup();
            if let Some(price) = otherwise.remove(&charge.label) {
                let others = Cond::or(charge.cases.iter().map(|(condition, _)| condition.clone()));
                charge.cases.push((others.not(), price));
                charge.cases.sort_by(|a, b| order.compare(a, b));
                charge.cases.dedup();
            }
        }
    }

    /// Numbers definitions by first use and drops those without one.
    fn number_definitions(&mut self) {
        let mut order = FirstUse {
            definitions: &self.definitions,
            number: vec![None; self.definitions.len()],
            order: vec![],
        };
        for (_, _, condition) in self.conditions() {
            order.walk(condition);
        }
        let FirstUse { number, order, .. } = order;
        let rename = |condition: &mut Cond| {
            each_leaf_mut(condition, &mut |leaf| {
                if let Cond::Slot(index) = leaf {
                    *index = number.get(*index as usize).copied().flatten().unwrap_or(*index);
                }
            });
        };
        let mut definitions: Vec<Cond> =
            order.iter().map(|old| self.definitions[*old as usize].clone()).collect();
        definitions.iter_mut().for_each(rename);
        self.each_condition_mut(rename);
        self.definitions = definitions;
    }

    /// Facts that no condition mentions, and parties that nothing mentions, are no part of the meaning.
    fn drop_unused(&mut self) {
        let used = self.used_facts();
        let mut new = vec![u32::MAX; self.facts.len()];
        for (to, from) in (0..).zip(&used) {
            if let Some(slot) = new.get_mut(*from as usize) {
                *slot = to;
            }
        }
        let mut index = 0;
        self.facts.retain(|_| {
            index += 1;
            used.contains(&(index - 1))
        });
        let none = BTreeMap::new();
        self.definitions.iter_mut().for_each(|condition| renumber(condition, &none, &new));
        self.each_condition_mut(|condition| renumber(condition, &none, &new));

        let mentioned: BTreeSet<String> = self.mentioned_parties().map(str::to_owned).collect();
        self.parties.retain(|party| mentioned.contains(&party.handle));
    }

    /// The facts that conditions and definitions mention.
    pub(super) fn used_facts(&self) -> BTreeSet<u32> {
        let mut used = BTreeSet::new();
        for condition in self.definitions.iter().chain(self.conditions().map(|(_, _, condition)| condition)) {
            each_leaf(condition, &mut |leaf| {
                if let Cond::Compare { fact, .. } | Cond::Known(fact) = leaf {
                    used.insert(*fact);
                }
            });
        }
        used
    }

    /// The handles that the licence mentions: licensor, holder, shares, first cuts, royalties, recipients of duties,
    /// constants of party facts.
    pub(super) fn mentioned_parties(&self) -> impl Iterator<Item = &str> {
        let mut constants = Vec::new();
        for condition in self.definitions.iter().chain(self.conditions().map(|(_, _, condition)| condition)) {
            each_leaf(condition, &mut |leaf| {
                if let Cond::Compare { fact, constant: Constant::Text(text), .. } = leaf
                    && self.facts.get(*fact as usize).is_some_and(|fact| fact.ty == FactType::Party)
                {
                    constants.push(text.as_str());
                }
            });
        }
        let shares = self.split.iter().flat_map(|split| split.shares.iter().chain(&split.first_cuts));
        let royalties = self.royalties.iter().map(|royalty| royalty.handle.as_str());
        let recipients = self.duties.iter().filter_map(|duty| duty.to.as_deref());
        std::iter::once(self.licensor.as_str())
            .chain(self.holder.as_deref())
            .chain(shares.map(|(handle, _)| handle.as_str()))
            .chain(royalties)
            .chain(recipients)
            .chain(constants)
    }

    /// Every condition of a clause with the map key and the index of its clause, in the order of section 2 key 15.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (u64, u32, &Cond)> {
        let rules = |key, rules| (0..).zip(rules).map(move |(i, (_, c)): (u32, &(String, Cond))| (key, i, c));
        let limits = (0..).zip(&self.limits).filter_map(|(i, it)| Some((18, i, it.guard.as_ref()?)));
        let charges =
            (0..).zip(&self.charges).flat_map(|(i, it)| it.cases.iter().map(move |(c, _)| (19, i, c)));
        let duties = (0..).zip(&self.duties).filter_map(|(i, it)| Some((20, i, it.guard.as_ref()?)));
        let prepaid = self.prepaid.iter().filter_map(|it| Some((26, 0, it.guard.as_ref()?)));
        let at_close = (0..).zip(&self.at_close).filter_map(|(i, it)| Some((27, i, it.guard.as_ref()?)));
        let calls = rules(16, &self.forbids).chain(rules(17, &self.permits)).chain(limits).chain(charges);
        calls.chain(duties).chain(rules(25, &self.ends)).chain(prepaid).chain(at_close)
    }

    /// Every condition of a clause, to change it.
    pub(super) fn each_condition_mut(&mut self, mut change: impl FnMut(&mut Cond)) {
        let rules = self.forbids.iter_mut().chain(&mut self.permits).map(|(_, c)| c);
        let limits = self.limits.iter_mut().filter_map(|it| it.guard.as_mut());
        let cases = self.charges.iter_mut().flat_map(|it| it.cases.iter_mut().map(|(c, _)| c));
        let duties = self.duties.iter_mut().filter_map(|it| it.guard.as_mut());
        let ends = self.ends.iter_mut().map(|(_, c)| c);
        let prepaid = self.prepaid.iter_mut().filter_map(|it| it.guard.as_mut());
        let at_close = self.at_close.iter_mut().filter_map(|it| it.guard.as_mut());
        let calls = rules.chain(limits).chain(cases).chain(duties);
        calls.chain(ends).chain(prepaid).chain(at_close).for_each(&mut change);
    }

    /// Whether every mention of a definition leads somewhere, without a cycle, and nothing nests beyond all use.
    fn is_sane(&self) -> bool {
        let mut heights =
            Heights { definitions: &self.definitions, known: vec![None; self.definitions.len()] };
        (0..self.definitions.len() as u32).all(|index| heights.of(&Cond::Slot(index), SANE_DEPTH).is_some())
            && self.conditions().all(|(_, _, condition)| heights.of(condition, SANE_DEPTH).is_some())
    }
}

/// How deep conditions nest, definitions expanded.
pub(super) struct Heights<'a> {
    /// The definitions, in any order.
    pub definitions: &'a [Cond],
    /// The height of each definition that has been measured.
    pub known: Vec<Option<usize>>,
}

impl Heights<'_> {
    /// The nesting of a condition, 1 for one without operands; none beyond `limit`, for a cycle, or for a mention
    /// of a definition that does not exist. Recursion ends at the limit.
    pub fn of(&mut self, condition: &Cond, limit: usize) -> Option<usize> {
        let below = limit.checked_sub(1)?;
        let height = match condition {
            Cond::And(operands) | Cond::Or(operands) => {
                operands.iter().try_fold(0, |max, operand| Some(self.of(operand, below)?.max(max)))?
            }
            Cond::Not(operand) => self.of(operand, below)?,
            Cond::Slot(index) => match *self.known.get(*index as usize)? {
                Some(height) => height,
                None => {
                    let height = self.of(self.definitions.get(*index as usize)?, below)?;
                    self.known[*index as usize] = Some(height);
                    height
                }
            },
            _ => 0,
        };
        (height <= below).then_some(height + 1)
    }
}

/// Rewrites definitions, each after those it uses.
struct Intern {
    old: Vec<Cond>,
    /// For an old index the new one, once it is known.
    number: Vec<Option<u32>>,
    new: Vec<Cond>,
    known: BTreeMap<Cond, u32>,
}

impl Intern {
    fn define(&mut self, index: usize) -> u32 {
        if let Some(number) = self.number[index] {
            return number;
        }
        let mut condition = self.old[index].clone();
        self.rewrite(&mut condition);
        let number = *self.known.entry(condition.clone()).or_insert_with(|| {
            self.new.push(condition);
            self.new.len() as u32 - 1
        });
        self.number[index] = Some(number);
        number
    }

    fn rewrite(&mut self, condition: &mut Cond) {
        each_leaf_mut(condition, &mut |leaf| {
            if let Cond::Slot(index) = leaf {
                *index = self.define(*index as usize);
            }
        });
    }
}

/// Numbers definitions in the order of their first use, each after those it uses.
pub(super) struct FirstUse<'a> {
    pub definitions: &'a [Cond],
    /// For an index its number, once it was met.
    pub number: Vec<Option<u32>>,
    /// The indices, in the order of their numbers.
    pub order: Vec<u32>,
}

impl FirstUse<'_> {
    pub fn walk(&mut self, condition: &Cond) {
        each_leaf(condition, &mut |leaf| {
            if let Cond::Slot(index) = leaf
                && self.number[*index as usize].is_none()
            {
                self.walk(&self.definitions[*index as usize]);
                self.number[*index as usize] = Some(self.order.len() as u32);
                self.order.push(*index);
            }
        });
    }
}

/// Visits the operands that have none, from left to right.
pub(super) fn each_leaf<'a>(condition: &'a Cond, visit: &mut impl FnMut(&'a Cond)) {
    match condition {
        Cond::And(operands) | Cond::Or(operands) => operands.iter().for_each(|it| each_leaf(it, visit)),
        Cond::Not(operand) => each_leaf(operand, visit),
        leaf => visit(leaf),
    }
}

fn each_leaf_mut(condition: &mut Cond, visit: &mut impl FnMut(&mut Cond)) {
    match condition {
        Cond::And(operands) | Cond::Or(operands) => {
            for operand in operands {
                each_leaf_mut(operand, visit);
            }
        }
        Cond::Not(operand) => each_leaf_mut(operand, visit),
        leaf => visit(leaf),
    }
}

/// Opens nested connectives of one kind; one operand stands alone, none is the neutral value.
fn flatten(condition: &mut Cond) {
    match condition {
        Cond::And(operands) => {
            operands.iter_mut().for_each(flatten);
            *condition = Cond::and(take(operands));
        }
        Cond::Or(operands) => {
            operands.iter_mut().for_each(flatten);
            *condition = Cond::or(take(operands));
        }
        Cond::Not(operand) => flatten(operand),
        _ => {}
    }
}

/// The order of cases: that of their encoded bytes with every `[5, index]` written as `[5, condition]`.
///
/// Definitions must be acyclic and pairwise different: then two mentions are equal only if they are of one
/// definition, the first difference decides, and with each pair of definitions compared once the work is bounded.
pub(super) struct CaseOrder<'a> {
    definitions: &'a [Cond],
    known: BTreeMap<(u32, u32), Ordering>,
}

impl<'a> CaseOrder<'a> {
    pub fn new(definitions: &'a [Cond]) -> Self {
        CaseOrder { definitions, known: BTreeMap::new() }
    }

    pub fn compare(&mut self, a: &(Cond, Price), b: &(Cond, Price)) -> Ordering {
        let bytes = |price: &Price| {
            let mut w = Writer::default();
            encode::price(&mut w, price);
            w.out
        };
        self.conditions(&a.0, &b.0).then_with(|| bytes(&a.1).cmp(&bytes(&b.1)))
    }

    fn conditions(&mut self, a: &Cond, b: &Cond) -> Ordering {
        let heads = a.items().cmp(&b.items()).then(a.number().cmp(&b.number()));
        heads.then_with(|| match (a, b) {
            (Cond::Slot(a), Cond::Slot(b)) => self.mentions(*a, *b),
            (Cond::And(a), Cond::And(b)) | (Cond::Or(a), Cond::Or(b)) => {
                let mut pairs = a.iter().zip(b).map(|(a, b)| self.conditions(a, b));
                pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            }
            (Cond::Not(a), Cond::Not(b)) => self.conditions(a, b),
            _ => {
                let bytes = |leaf| {
                    let mut w = Writer::default();
                    encode::cond(&mut w, leaf);
                    w.out
                };
                bytes(a).cmp(&bytes(b))
            }
        })
    }

    fn mentions(&mut self, a: u32, b: u32) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        if let Some(order) = self.known.get(&(a, b)) {
            return *order;
        }
        let order = match (self.definitions.get(a as usize), self.definitions.get(b as usize)) {
            (Some(x), Some(y)) => self.conditions(x, y),
            _ => a.cmp(&b),
        };
        self.known.insert((a, b), order);
        order
    }
}

/// Sorts a table by name; the result tells for an old index the new one.
pub(super) fn sort_table<T: Clone>(table: &mut Vec<T>, name: impl Fn(&T) -> &str) -> Vec<u32> {
    sort_table_by(table, |a, b| name(a).cmp(name(b)))
}

fn sort_table_by<T: Clone>(table: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<u32> {
    let mut order: Vec<u32> = (0..table.len() as u32).collect();
    order.sort_by(|a, b| compare(&table[*a as usize], &table[*b as usize]));
    let mut new = vec![0; table.len()];
    for (to, from) in (0..).zip(&order) {
        new[*from as usize] = to;
    }
    *table = order.iter().map(|from| table[*from as usize].clone()).collect();
    new
}

/// Sorts the terms of an axis and points parents at their new places.
pub(super) fn sort_terms(terms: &mut Vec<Term>) -> Vec<u32> {
    let new = sort_table(terms, |term| &term.name);
    for term in terms {
        term.parents.iter_mut().for_each(|parent| *parent = lookup(&new, *parent));
        term.parents.sort_unstable();
        term.parents.dedup();
    }
    new
}

/// The new index; an index outside the table stays outside.
pub(super) fn lookup(new: &[u32], old: u32) -> u32 {
    new.get(old as usize).copied().unwrap_or(old)
}

fn remap_bits(bits: &mut Bits, new: &[u32]) {
    *bits = Bits(bits.0.iter().map(|bit| lookup(new, *bit)).collect());
}

fn renumber(condition: &mut Cond, terms: &BTreeMap<Axis, Vec<u32>>, facts: &[u32]) {
    each_leaf_mut(condition, &mut |leaf| match leaf {
        Cond::In { axis, yes, unknown } => {
            if let Some(new) = terms.get(axis) {
                remap_bits(yes, new);
                remap_bits(unknown, new);
            }
        }
        Cond::Compare { fact, .. } | Cond::Known(fact) => *fact = lookup(facts, *fact),
        _ => {}
    });
}

fn reduce(ratio: &mut Ratio) {
    *ratio = Ratio::new(ratio.num, ratio.den);
}

fn reduce_price(price: &mut Price) {
    match price {
        Price::Free => {}
        Price::Rate { rate, .. } => reduce(rate),
        Price::Graduated { tiers, .. } => tiers.iter_mut().for_each(|tier| reduce(&mut tier.rate)),
        Price::Fee { amount, .. } => reduce(amount),
        Price::Bounded { tiers, cap, floor, .. } => {
            for tier in tiers {
                reduce(&mut tier.rate);
            }
            cap.iter_mut().chain(floor).for_each(reduce);
        }
    }
}
