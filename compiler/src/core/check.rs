//! The invariants of a core: whatever `spec/core.md` says beyond the shape of the data. Those of `spec/core-wider.md` are
//! in `standing`.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{CaseOrder, FirstUse, Heights, gcd};
use super::*;

mod standing;

/// Largest core, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of a condition, definitions expanded.
pub const MAX_DEPTH: usize = 64;
/// Most clauses, terms of an axis.
const MAX_CLAUSES: usize = 4096;
const MAX_TERMS: usize = 4096;
const MAX_PARENTS: usize = 255;
/// Most facts, units, counters.
const MAX_TABLE: usize = 1024;
const MAX_SHARES: usize = 64;
const MAX_TIERS: usize = 256;
const MAX_CASES: usize = 256;
/// The day on which the year 10000 begins, from 1970-01-01.
const LAST_DAY: u64 = 2_932_897;
const DAY_MICROS: u64 = 86_400_000_000;
/// The grain, and a rate in its units, stay below.
const GRAIN_END: u128 = 1 << 64;
/// An amount that no quantity multiplies, in units of the grain, stays below.
const AMOUNT_END: u128 = 1 << 127;

/// The outcome of a check; its place is added by [`Licence::validate`].
type Checked = Result<(), CoreErrorKind>;

/// Gives a finding its place.
pub(super) fn at(key: u64, index: impl Into<Option<u32>>) -> impl Fn(CoreErrorKind) -> CoreError {
    let index = index.into();
    move |kind| CoreError { key, index, kind }
}

impl Licence {
    /// Checks every invariant of `spec/core.md`, canonical order included. Time is linear in the size of the core but
    /// for sorting; recursion is bounded.
    ///
    /// # Errors
    /// The first broken invariant, in the order of the map's keys but for what hangs together.
    pub fn validate(&self) -> Result<(), CoreError> {
        self.check_names()?;
        self.check_tables()?;
        self.check_headers()?;
        self.check_clause_count()?;
        self.check_conditions()?;
        self.check_clauses()?;
        self.check_charges()?;
        self.check_standing()?;
        self.grain()?;
        self.check_mentions()
    }

    fn check_names(&self) -> Result<(), CoreError> {
        name(&self.name).map_err(at(2, None))?;
        name(&self.licensor).map_err(at(4, None))?;
        for (i, asset) in (0..).zip(&self.assets) {
            name(&asset.kind).and_then(|()| name(&asset.name)).map_err(at(5, i))?;
        }
        for (i, it) in (0..).zip(&self.vocabularies) {
            name(&it.name).and_then(|()| name(&it.version)).map_err(at(7, i))?;
        }
        for (i, party) in (0..).zip(&self.parties) {
            name(&party.handle).map_err(at(6, i))?;
            if [&party.did, &party.account].into_iter().flatten().any(String::is_empty) {
                return Err(at(6, i)(CoreErrorKind::Empty("an identifier or account")));
            }
            if party.did.is_none() && party.account.is_none() {
                return Err(at(6, i)(CoreErrorKind::UnboundParty));
            }
        }
        ascending(&self.assets, |it| it, "assets").map_err(at(5, None))?;
        ascending(&self.parties, |it| &it.handle, "parties").map_err(at(6, None))?;
        ascending(&self.vocabularies, |it| &it.name, "vocabularies").map_err(at(7, None))
    }

    fn check_tables(&self) -> Result<(), CoreError> {
        axes(&self.axes).map_err(at(8, None))?;
        at_most(self.units.len(), MAX_TABLE, "units").map_err(at(9, None))?;
        at_most(self.facts.len(), MAX_TABLE, "facts").map_err(at(10, None))?;
        for (i, unit) in (0..).zip(&self.units) {
            name(&unit.name).and_then(|()| nat(unit.highest)).map_err(at(9, i))?;
        }
        for (i, it) in (0..).zip(&self.facts) {
            fact(it).map_err(at(10, i))?;
        }
        ascending(&self.units, |it| &it.name, "units").map_err(at(9, None))?;
        ascending(&self.facts, |it| &it.name, "facts").map_err(at(10, None))
    }

    fn check_headers(&self) -> Result<(), CoreError> {
        if let Some(calendar) = &self.calendar {
            name(calendar).map_err(at(11, None))?;
        }
        if let Some(money) = &self.money {
            name(&money.currency).and_then(|()| ratio(money.minor)).map_err(at(12, None))?;
            if money.minor.num == 0 {
                return Err(at(12, None)(CoreErrorKind::Zero("the smallest payable amount")));
            }
            standing::settled(money.settled).map_err(at(12, None))?;
        }
        if let Some(term) = self.term {
            if term == TermSpan::default() {
                return Err(at(13, None)(CoreErrorKind::Empty("the term")));
            }
            for (point, end) in [(term.from, false), (term.until, true)] {
                point.map_or(Ok(()), |point| Licence::point(point, end)).map_err(at(13, None))?;
            }
        }
        if let Revocability::Revocable { after, .. } = self.revocability {
            period(after).map_err(at(14, None))?;
        }
        Ok(())
    }

    /// Every label with the key and index of its clause.
    fn labels(&self) -> impl Iterator<Item = (u64, u32, &String)> {
        let of = |key: u64, labels: Vec<_>| (0..).zip(labels).map(move |(i, label)| (key, i, label));
        of(16, self.forbids.iter().map(|it| &it.0).collect())
            .chain(of(17, self.permits.iter().map(|it| &it.0).collect()))
            .chain(of(18, self.limits.iter().map(|it| &it.label).collect()))
            .chain(of(19, self.charges.iter().map(|it| &it.label).collect()))
            .chain(of(20, self.duties.iter().map(|it| &it.label).collect()))
            .chain(of(21, self.split.iter().map(|it| &it.label).collect()))
            .chain(of(22, self.free.iter().map(|it| &it.0).collect()))
            .chain(of(25, self.ends.iter().map(|it| &it.0).collect()))
            .chain(of(26, self.prepaid.iter().map(|it| &it.label).collect()))
            .chain(of(27, self.at_close.iter().map(|it| &it.label).collect()))
    }

    fn check_clause_count(&self) -> Result<(), CoreError> {
        let mut seen = BTreeSet::new();
        let mut before: Option<(u64, &String)> = None;
        for (count, (key, i, label)) in self.labels().enumerate() {
            at_most(count + 1, MAX_CLAUSES, "clauses").map_err(at(key, i))?;
            name(label).map_err(at(key, i))?;
            if !seen.insert(label) {
                return Err(at(key, i)(CoreErrorKind::Label(label.clone())));
            }
            if before.is_some_and(|(other, before)| other == key && before > label) {
                return Err(at(key, i)(CoreErrorKind::Order("clauses")));
            }
            before = Some((key, label));
        }
        let cases = self.charges.iter().flat_map(|charge| &charge.cases);
        let counted = cases.filter(|(_, price)| !matches!(price, Price::Free | Price::Rate { .. })).count();
        let standing = usize::from(self.prepaid.is_some()) + self.at_close.len();
        at_most(self.limits.len() + counted + standing, MAX_TABLE, "counters").map_err(at(18, None))
    }

    fn check_conditions(&self) -> Result<(), CoreError> {
        let mut heights =
            Heights { definitions: &self.definitions, known: vec![None; self.definitions.len()] };
        for (i, definition) in (0..).zip(&self.definitions) {
            // The definitions below are measured, those above may not be mentioned: no cycle, no long way down.
            let height = heights.of(definition, MAX_DEPTH).ok_or(CoreErrorKind::Depth);
            let checked = self.condition(definition, i).and(height);
            heights.known[i as usize] = Some(checked.map_err(at(15, i))?);
        }
        let all = self.definitions.len() as u32;
        for (key, i, condition) in self.conditions() {
            let height = heights.of(condition, MAX_DEPTH).ok_or(CoreErrorKind::Depth);
            self.condition(condition, all).and(height).map_err(at(key, i))?;
        }
        let mut distinct = BTreeSet::new();
        for (i, definition) in (0..).zip(&self.definitions) {
            if !distinct.insert(definition) {
                return Err(at(15, i)(CoreErrorKind::EqualDefinitions));
            }
        }
        let mut uses = FirstUse {
            definitions: &self.definitions,
            number: vec![None; self.definitions.len()],
            order: vec![],
        };
        self.conditions().for_each(|(_, _, condition)| uses.walk(condition));
        match (0..all).find(|i| uses.number[*i as usize] != Some(*i)) {
            Some(i) => Err(at(15, i)(CoreErrorKind::DefinitionOrder)),
            None => Ok(()),
        }
    }

    /// One condition that may mention definitions below `definitions`. Recursion ends at [`MAX_DEPTH`], since a
    /// connective that nests deeper is refused on the way down.
    fn condition(&self, condition: &Cond, definitions: u32) -> Checked {
        self.condition_below(condition, definitions, MAX_DEPTH)
    }

    fn condition_below(&self, condition: &Cond, definitions: u32, limit: usize) -> Checked {
        let below = limit.checked_sub(1).ok_or(CoreErrorKind::Depth)?;
        match condition {
            Cond::False | Cond::True => Ok(()),
            Cond::In { axis, yes, unknown } => leaves(&self.axes, *axis, yes, unknown),
            Cond::Compare { fact, cmp, constant } => comparison(self.fact(*fact)?, *cmp, constant),
            Cond::Known(fact) => self.fact(*fact).map(|_| ()),
            Cond::Slot(index) if *index < definitions => Ok(()),
            Cond::Slot(index) => Err(CoreErrorKind::Index { table: "definition", index: *index }),
            Cond::And(operands) | Cond::Or(operands) => {
                let same = operands.iter().any(|operand| operand.number() == condition.number());
                if same || operands.len() < 2 {
                    return Err(CoreErrorKind::Connective);
                }
                operands.iter().try_for_each(|operand| self.condition_below(operand, definitions, below))
            }
            Cond::Not(operand) => self.condition_below(operand, definitions, below),
        }
    }

    fn fact(&self, index: u32) -> Result<&Fact, CoreErrorKind> {
        self.facts.get(index as usize).ok_or(CoreErrorKind::Index { table: "fact", index })
    }

    fn unit(&self, index: u32) -> Checked {
        if (index as usize) < self.units.len() {
            return Ok(());
        }
        Err(CoreErrorKind::Index { table: "unit", index })
    }

    fn check_clauses(&self) -> Result<(), CoreError> {
        for (i, limit) in (0..).zip(&self.limits) {
            self.limit(limit).map_err(at(18, i))?;
        }
        for (i, it) in (0..).zip(&self.duties) {
            self.duty(it).map_err(at(20, i))?;
        }
        if let Some(it) = &self.split {
            self.split(it).map_err(at(21, None))?;
        }
        for (i, (_, units)) in (0..).zip(&self.free) {
            if units.is_empty() {
                return Err(at(22, i)(CoreErrorKind::Empty("the units of a free clause")));
            }
            units.iter().try_for_each(|unit| self.unit(*unit)).map_err(at(22, i))?;
            ascending(units, |it| it, "units").map_err(at(22, i))?;
        }
        Ok(())
    }

    fn duty(&self, duty: &Duty) -> Checked {
        name(&duty.name)?;
        [&duty.on, &duty.to].into_iter().flatten().try_for_each(|it| name(it))?;
        leaves(&self.axes, Axis::Action, &duty.acts, &duty.acts_unknown)?;
        match duty.due {
            Due::First(after) | Due::Each(after) => period(after),
            Due::AtEach => Ok(()),
        }
    }

    fn split(&self, split: &Split) -> Checked {
        if split.shares.is_empty() {
            return Err(CoreErrorKind::Empty("a split"));
        }
        at_most(split.shares.len(), MAX_SHARES, "shares")?;
        for (handle, share) in &split.shares {
            name(handle)?;
            ratio(*share)?;
        }
        Licence::first_cuts(split)?;
        if let Some(window) = split.window {
            shared(window)?;
            if self.money.as_ref().is_some_and(|money| money.settled == window) {
                return Err(CoreErrorKind::Default("the sharing window"));
            }
        }
        if sums_to_one(split.shares.iter().map(|(_, share)| *share)) {
            return Ok(());
        }
        Err(CoreErrorKind::Shares)
    }

    fn check_charges(&self) -> Result<(), CoreError> {
        let mut order = CaseOrder::new(&self.definitions);
        for (i, charge) in (0..).zip(&self.charges) {
            if charge.cases.is_empty() || (!charge.by_case && charge.cases.len() != 1) {
                return Err(at(19, i)(CoreErrorKind::PlainCases));
            }
            at_most(charge.cases.len(), MAX_CASES, "cases").map_err(at(19, i))?;
            for (_, it) in &charge.cases {
                self.price(it).map_err(at(19, i))?;
            }
            let sorted = charge.cases.is_sorted_by(|a, b| order.compare(a, b).is_lt());
            if !sorted {
                return Err(at(19, i)(CoreErrorKind::Order("cases")));
            }
        }
        Ok(())
    }

    fn price(&self, price: &Price) -> Checked {
        match price {
            Price::Free => Ok(()),
            Price::Rate { unit, .. } => self.unit(*unit),
            Price::Graduated { unit, window, tiers, .. } => self.schedule(*unit, *window, tiers),
            Price::Fee { window, .. } => self.counted(*window),
            Price::Bounded { unit, window, tiers, cap, floor, .. } => {
                self.schedule(*unit, *window, tiers)?;
                self.bounds(*cap, *floor)
            }
        }
    }

    fn schedule(&self, unit: u32, window: Window, tiers: &[Tier]) -> Checked {
        self.unit(unit)?;
        self.counted(window)?;
        at_most(tiers.len(), MAX_TIERS, "tiers")?;
        let Some((last, others)) = tiers.split_last() else {
            return Err(CoreErrorKind::Tiers);
        };
        if last.width.is_some() || others.iter().any(|tier| tier.width.is_none()) {
            return Err(CoreErrorKind::Tiers);
        }
        others.iter().filter_map(|tier| tier.width).try_for_each(nat)
    }

    fn check_mentions(&self) -> Result<(), CoreError> {
        let used = self.used_facts();
        if let Some(i) = (0..self.facts.len() as u32).find(|i| !used.contains(i)) {
            return Err(at(10, i)(CoreErrorKind::UnusedFact));
        }
        let mentioned: BTreeSet<&str> = self.mentioned_parties().collect();
        match (0..).zip(&self.parties).find(|(_, party)| !mentioned.contains(party.handle.as_str())) {
            Some((i, _)) => Err(at(6, i)(CoreErrorKind::UnusedParty)),
            None => Ok(()),
        }
    }

    /// The grain: amounts are integers in units of 1/grain of the currency (section 9). Prices, amounts of spend limits
    /// and bands of charges at close decide it.
    ///
    /// # Errors
    /// [`CoreErrorKind::Grain`] or [`CoreErrorKind::Ratio`], where [`Licence::validate`] would say so.
    pub fn grain(&self) -> Result<u64, CoreError> {
        let mut grain = Grain::default();
        for (i, charge) in (0..).zip(&self.charges) {
            for (amount, end) in charge.cases.iter().flat_map(|(_, price)| price.amounts()) {
                grain.add(amount, end).map_err(at(19, i))?;
            }
        }
        for (i, limit) in (0..).zip(&self.limits) {
            if let LimitKind::Spend { amount, .. } = limit.kind {
                grain.add(amount, AMOUNT_END).map_err(at(18, i))?;
            }
        }
        for (i, charge) in (0..).zip(&self.at_close) {
            let end = |kind| if kind == BandKind::At { GRAIN_END } else { AMOUNT_END };
            let mut bands = charge.bands.iter();
            bands.try_for_each(|band| grain.add(band.amount, end(band.kind))).map_err(at(27, i))?;
        }
        grain.check().map_err(at(19, None))?;
        Ok(grain.lcm as u64)
    }
}

impl Price {
    /// Every rate, amount and bound of the price, in order, and below what it must stay in units of the grain.
    fn amounts(&self) -> Vec<(Ratio, u128)> {
        let rate = |tier: &Tier| (tier.rate, GRAIN_END);
        match self {
            Price::Free => Vec::new(),
            Price::Rate { rate, .. } => vec![(*rate, GRAIN_END)],
            Price::Graduated { tiers, .. } => tiers.iter().map(rate).collect(),
            Price::Fee { amount, .. } => vec![(*amount, AMOUNT_END)],
            Price::Bounded { tiers, cap, floor, .. } => {
                let bounds = cap.iter().chain(floor).map(|bound| (*bound, AMOUNT_END));
                tiers.iter().map(rate).chain(bounds).collect()
            }
        }
    }
}

/// The least common denominator of the amounts met so far.
struct Grain {
    lcm: u128,
    /// And below what each must stay in its units.
    amounts: Vec<(Ratio, u128)>,
}

impl Default for Grain {
    fn default() -> Self {
        Grain { lcm: 1, amounts: Vec::new() }
    }
}

impl Grain {
    fn add(&mut self, amount: Ratio, end: u128) -> Checked {
        ratio(amount)?;
        self.amounts.push((amount, end));
        if amount.den >= GRAIN_END {
            return Err(CoreErrorKind::Grain);
        }
        // Both are below 2^64, so their product fits.
        self.lcm = self.lcm / gcd(self.lcm, amount.den) * amount.den;
        if self.lcm < GRAIN_END { Ok(()) } else { Err(CoreErrorKind::Grain) }
    }

    fn check(&self) -> Checked {
        for (amount, end) in &self.amounts {
            if amount.num.checked_mul(self.lcm / amount.den).is_none_or(|in_grains| in_grains >= *end) {
                let rate = *end == GRAIN_END;
                return Err(if rate { CoreErrorKind::Grain } else { CoreErrorKind::Amount });
            }
        }
        Ok(())
    }
}

/// What no name holds, for names are printed in lines of text.
pub(crate) fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}')
}

pub(super) fn name(name: &str) -> Checked {
    let fine = (1..=255).contains(&name.len()) && !name.contains(is_control);
    if fine { Ok(()) } else { Err(CoreErrorKind::Name(name.to_owned())) }
}

pub(super) fn nat(n: Nat) -> Checked {
    if n <= NAT_MAX { Ok(()) } else { Err(CoreErrorKind::Number) }
}

pub(super) fn at_most(len: usize, max: usize, what: &'static str) -> Checked {
    if len <= max { Ok(()) } else { Err(CoreErrorKind::TooMany(what)) }
}

/// Ascending without repetition.
pub(super) fn ascending<'a, T, K: Ord + ?Sized + 'a>(
    list: &'a [T],
    part: impl Fn(&'a T) -> &'a K,
    what: &'static str,
) -> Checked {
    if list.is_sorted_by(|a, b| part(a) < part(b)) { Ok(()) } else { Err(CoreErrorKind::Order(what)) }
}

fn ratio(ratio: Ratio) -> Checked {
    nat(ratio.num)?;
    nat(ratio.den)?;
    if gcd(ratio.num, ratio.den) == 1 && ratio.den != 0 { Ok(()) } else { Err(CoreErrorKind::Ratio(ratio)) }
}

/// Lengths of time are unsigned integers of CBOR, not `Nat`s.
fn period(period: Period) -> Checked {
    let (Period::Seconds(n) | Period::Days(n) | Period::Months(n)) = period;
    if u64::try_from(n).is_ok() { Ok(()) } else { Err(CoreErrorKind::Period) }
}

/// Shares have a calendar window or the term; `call` is for settlement only.
fn shared(window: Window) -> Checked {
    if window == Window::Call { Err(CoreErrorKind::Window(window)) } else { standing::settled(window) }
}

/// Whether a is less than b; both are in lowest terms.
fn less(a: Ratio, b: Ratio) -> bool {
    let product = |of: u128, by: u128| {
        let mut product = times(&times(&[1], of), by);
        product.reverse();
        product
    };
    let (left, right) = (product(a.num, b.den), product(b.num, a.den));
    (left.len(), left) < (right.len(), right)
}

pub(super) fn fact(fact: &Fact) -> Checked {
    name(&fact.name)?;
    match fact.ty {
        FactType::Count { low, high } if low > high => Err(CoreErrorKind::Range),
        FactType::Count { high, .. } => nat(high),
        _ => Ok(()),
    }
}

fn comparison(fact: &Fact, cmp: Cmp, constant: &Constant) -> Checked {
    let fine = match (&fact.ty, constant) {
        (FactType::Count { .. }, Constant::Number(n)) => return nat(*n),
        (FactType::YesNo | FactType::Kind, Constant::Number(n)) => *n <= 1 && cmp == Cmp::Equal,
        (FactType::Text | FactType::Party, Constant::Text(_)) => cmp == Cmp::Equal,
        _ => false,
    };
    if fine { Ok(()) } else { Err(CoreErrorKind::Comparison) }
}

fn leaves(axes: &BTreeMap<Axis, Vec<Term>>, axis: Axis, yes: &Bits, unknown: &Bits) -> Checked {
    let terms = axes.get(&axis).map_or(0, Vec::len);
    if let Some(leaf) = yes.0.iter().chain(&unknown.0).find(|leaf| **leaf as usize >= terms) {
        return Err(CoreErrorKind::Index { table: "leaf", index: *leaf });
    }
    match yes.0.intersection(&unknown.0).next() {
        Some(leaf) => Err(CoreErrorKind::Overlap(*leaf)),
        None => Ok(()),
    }
}

pub(super) fn axes(axes: &BTreeMap<Axis, Vec<Term>>) -> Checked {
    for terms in axes.values() {
        if terms.is_empty() {
            return Err(CoreErrorKind::Empty("an axis"));
        }
        at_most(terms.len(), MAX_TERMS, "terms")?;
        for term in terms {
            name(&term.name)?;
            at_most(term.parents.len(), MAX_PARENTS, "parents")?;
            if let Some(parent) = term.parents.iter().find(|parent| **parent as usize >= terms.len()) {
                return Err(CoreErrorKind::Index { table: "term", index: *parent });
            }
            ascending(&term.parents, |it| it, "parents")?;
        }
        ascending(terms, |it| &it.name, "terms")?;
        acyclic(terms)?;
    }
    Ok(())
}

/// Takes away terms whose children are all gone; what stays is on a cycle or above one.
fn acyclic(terms: &[Term]) -> Checked {
    let mut children = vec![0_usize; terms.len()];
    for parent in terms.iter().flat_map(|term| &term.parents) {
        children[*parent as usize] += 1;
    }
    let mut free: Vec<usize> = (0..terms.len()).filter(|term| children[*term] == 0).collect();
    let mut left = terms.len();
    while let Some(term) = free.pop() {
        left -= 1;
        for parent in &terms[term].parents {
            children[*parent as usize] -= 1;
            if children[*parent as usize] == 0 {
                free.push(*parent as usize);
            }
        }
    }
    match children.iter().position(|children| left > 0 && *children > 0) {
        Some(term) => Err(CoreErrorKind::Cycle(terms[term].name.clone())),
        None => Ok(()),
    }
}

/// Whether fractions add up to exactly 1, with numbers as long as they need to be.
fn sums_to_one(shares: impl Iterator<Item = Ratio>) -> bool {
    let (mut num, mut den) = (vec![0_u64], vec![1_u64]);
    for share in shares {
        let mut sum = times(&num, share.den);
        add(&mut sum, &times(&den, share.num));
        num = sum;
        den = times(&den, share.den);
    }
    num == den
}

/// A long number (limbs from the lowest, no zeros on top but one for zero itself) times a short one.
fn times(long: &[u64], short: u128) -> Vec<u64> {
    let mut product = vec![0_u64; long.len() + 2];
    for (shift, factor) in [(0, short as u64), (1, (short >> 64) as u64)] {
        let mut carry = 0_u128;
        for (limb, place) in long.iter().copied().chain(std::iter::repeat(0)).zip(&mut product[shift..]) {
            let sum = u128::from(limb) * u128::from(factor) + u128::from(*place) + carry;
            *place = sum as u64;
            carry = sum >> 64;
        }
    }
    trim(product)
}

fn add(sum: &mut Vec<u64>, other: &[u64]) {
    sum.resize(sum.len().max(other.len()) + 1, 0);
    let mut carry = false;
    for (place, limb) in sum.iter_mut().zip(other.iter().copied().chain(std::iter::repeat(0))) {
        let (once, first) = place.overflowing_add(limb);
        let (twice, second) = once.overflowing_add(u64::from(carry));
        *place = twice;
        carry = first || second;
    }
    *sum = trim(std::mem::take(sum));
}

fn trim(mut long: Vec<u64>) -> Vec<u64> {
    while long.len() > 1 && long.last() == Some(&0) {
        long.pop();
    }
    long
}
