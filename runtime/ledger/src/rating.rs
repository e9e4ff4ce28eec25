//! Ratings: the lines that a charge consists of (`spec/ledger.md`, section 4).

use alloc::vec::Vec;

use licit_vm::bytecode::Price;
use licit_vm::{Line, Manifest};

use crate::kept::{KeptLine, LineOf};

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
        let charge = manifest.charges.get(usize::from(line.charge));
        let price = charge.and_then(|charge| charge.prices.get(usize::from(line.case)));
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

/// The unit that a price is for; none for what is free and for fees.
pub fn unit_of(price: &Price) -> Option<u32> {
    match price {
        Price::Rate { unit, .. } | Price::Graduated { unit, .. } => Some(*unit),
        _ => None,
    }
}
