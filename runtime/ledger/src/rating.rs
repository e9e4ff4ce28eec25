//! Ratings: the lines that a charge consists of, and what a close adds (`spec/ledger.md`, section 4).
//!
//! All amounts are exact, in parts of 1/grain of the currency, and below 2^127; what is not below it is none, never
//! wrapped.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use licit_vm::bytecode::{Aggregate, Band, BandKind, Price, Tier};
use licit_vm::{Line, Manifest};

use crate::kept::{KeptLine, LineOf};

/// Amounts are below this.
const TOO_LARGE: u128 = 1 << 127;

/// The lines of an outcome as they are kept: with the quantity of the unit that each is priced by, of a fee with 1
/// where it is charged. A line of nothing for nothing is left out.
///
/// `quantity` answers by unit index. None if an amount or a quantity is 2^127 or more.
pub fn kept_lines(
    manifest: &Manifest,
    lines: &[Line],
    quantity: impl Fn(u32) -> u128,
) -> Option<Vec<KeptLine>> {
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        let price = price_of(manifest, line.charge, line.case);
        let count = match price.and_then(unit_of) {
            Some(unit) => i128::try_from(quantity(unit)).ok()?,
            None => i128::from(line.amount > 0),
        };
        let amount = i128::try_from(line.amount).ok()?;
        if (count, amount) != (0, 0) {
            let of = LineOf::Case { charge: line.charge, case: line.case };
            kept.push(KeptLine { of, quantity: count, amount });
        }
    }
    kept.sort_by_key(|line| line.of);
    Some(kept)
}

/// Adds a line to lines that are sorted by what they are for; a line of nothing for nothing goes away. None if a sum
/// does not fit; then nothing has changed.
pub fn add_line(lines: &mut Vec<KeptLine>, line: KeptLine) -> Option<()> {
    match lines.binary_search_by_key(&line.of, |line| line.of) {
        Ok(at) => {
            let there = lines.get_mut(at)?;
            let quantity = there.quantity.checked_add(line.quantity)?;
            let amount = there.amount.checked_add(line.amount)?;
            if (quantity, amount) == (0, 0) {
                lines.remove(at);
            } else {
                *there = KeptLine { quantity, amount, ..*there };
            }
        }
        Err(_) if (line.quantity, line.amount) == (0, 0) => {}
        Err(at) => lines.insert(at, line),
    }
    Some(())
}

/// The sum of the amounts of lines; none if it does not fit.
pub fn sum(lines: &[KeptLine]) -> Option<i128> {
    lines.iter().try_fold(0i128, |sum, line| sum.checked_add(line.amount))
}

/// The price of a case.
pub fn price_of(manifest: &Manifest, charge: u16, case: u16) -> Option<&Price> {
    manifest.charges.get(usize::from(charge))?.prices.get(usize::from(case))
}

/// The unit that a price is for; none for what is free and for fees.
pub fn unit_of(price: &Price) -> Option<u32> {
    match price {
        Price::Rate { unit, .. } | Price::Graduated { unit, .. } | Price::Bounded { unit, .. } => Some(*unit),
        Price::Free {} | Price::Fee { .. } => None,
    }
}

/// T(x) of a graduated schedule, at most its cap.
pub fn schedule(tiers: &[Tier], cap: Option<u128>, x: u128) -> Option<u128> {
    let mut sum = 0u128;
    for (at, tier) in tiers.iter().enumerate() {
        let end = tiers.get(at.saturating_add(1)).map_or(u128::MAX, |next| next.start);
        let inside = x.min(end).saturating_sub(tier.start);
        let amount = inside.checked_mul(u128::from(tier.rate)).and_then(|part| sum.checked_add(part));
        match (amount, cap) {
            (Some(amount), _) => sum = amount,
            // Whatever it comes to is above the cap, which is below 2^127.
            (None, Some(cap)) => return Some(cap),
            (None, None) => return None,
        }
    }
    let sum = cap.map_or(sum, |cap| sum.min(cap));
    (sum < TOO_LARGE).then_some(sum)
}

/// What is missing to the floor of a bounded price, in a window in which so much was used; 0 for every other price.
pub fn missing_to_floor(price: &Price, used: u128) -> Option<u128> {
    match price {
        Price::Bounded { tiers, cap, floor: Some(floor), .. } => {
            let charged = schedule(tiers, *cap, used)?;
            Some(floor.saturating_sub(charged))
        }
        _ => Some(0),
    }
}

/// Whether so much use has reached the cap of a bounded price.
pub fn cap_reached(price: &Price, used: u128) -> bool {
    match price {
        Price::Bounded { tiers, cap: Some(cap), .. } => {
            schedule(tiers, Some(*cap), used) == Some(*cap) && used > 0
        }
        _ => false,
    }
}

/// What a quantity costs at close: by the first band that reaches far enough, its ratio times the whole quantity or
/// the ratio itself.
pub fn band_amount(bands: &[Band], quantity: u128) -> Option<u128> {
    let band = bands.iter().find(|band| band.upto.is_none_or(|upto| quantity <= upto))?;
    let amount = match band.kind {
        BandKind::At => quantity.checked_mul(band.amount)?,
        BandKind::For => band.amount,
    };
    (amount < TOO_LARGE).then_some(amount)
}

/// The aggregate with a number of `spec/core-wider.md` section 1.
pub fn aggregate(number: u8) -> Option<Aggregate> {
    Aggregate::ALL.iter().copied().find(|aggregate| *aggregate as u8 == number)
}

/// What was reported to a charge at close, for one key in one window: one report a use, which corrections replace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    each: BTreeMap<(u64, u64), u128>,
    sum: u128,
}

impl Reports {
    /// Sets the report of a use, named by its instant of use and the leaf of its commit. None if the sum does not fit;
    /// then nothing has changed.
    pub fn set(&mut self, used_at: u64, leaf: u64, quantity: u128) -> Option<()> {
        let before = self.each.get(&(used_at, leaf)).copied().unwrap_or(0);
        self.sum = self.sum.checked_sub(before)?.checked_add(quantity)?;
        self.each.insert((used_at, leaf), quantity);
        Some(())
    }

    /// Takes back the report of a use.
    pub fn withdraw(&mut self, used_at: u64, leaf: u64) {
        let before = self.each.remove(&(used_at, leaf)).unwrap_or(0);
        self.sum = self.sum.saturating_sub(before);
    }

    /// The sum so far.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// All reports: (instant of use, leaf of the commit) and quantity.
    pub fn iter(&self) -> impl Iterator<Item = (&(u64, u64), &u128)> {
        self.each.iter()
    }

    /// Whether nothing is reported: then nothing is rated.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// What is made of them; 0 of none. The last one is the one of the latest use, of several the last in the log.
    pub fn quantity(&self, aggregate: Aggregate) -> u128 {
        match aggregate {
            Aggregate::Sum => self.sum,
            Aggregate::Highest => self.each.values().copied().max().unwrap_or(0),
            Aggregate::Average => {
                let count = u128::try_from(self.each.len()).unwrap_or(u128::MAX).max(1);
                self.sum.div_ceil(count)
            }
            Aggregate::Last => self.each.last_key_value().map_or(0, |(_, quantity)| *quantity),
        }
    }

    /// What they cost; none if it does not fit.
    pub fn amount(&self, aggregate: Aggregate, bands: &[Band]) -> Option<u128> {
        if self.is_empty() { Some(0) } else { band_amount(bands, self.quantity(aggregate)) }
    }
}
