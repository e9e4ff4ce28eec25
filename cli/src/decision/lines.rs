//! The lines of a charge in words: which price of which clause, for how much, tier by tier.

use super::{Decision, quantity_words};
use crate::figures::{decimal, grouped};
use licit_bytecode::{Price, Tier};
use licit_vm::{CounterOf, Line};

/// `input 1_000 prompt_tokens USD 0.0025`; where several tiers take part, each with its own part.
pub fn line_words(decision: &Decision<'_>, line: Line) -> Option<String> {
    let manifest = decision.manifest;
    let currency = manifest.money.as_ref()?.currency.as_str();
    let charge = manifest.charges.get(usize::from(line.charge))?;
    let label = manifest.label(charge.clause)?;
    let amount = decision.money(line.amount);
    let price = charge.prices.get(usize::from(line.case))?;
    let unit = match price {
        Price::Free {} | Price::Fee { .. } => None,
        Price::Rate { unit, .. } | Price::Graduated { unit, .. } | Price::Bounded { unit, .. } => Some(*unit),
    };
    if unit.is_some_and(|unit| asked(decision, unit) == 0) {
        return None; // Nothing was used, nothing is charged: nothing to tell.
    }
    Some(match price {
        Price::Free {} => format!("{label} free"),
        Price::Fee { .. } => format!("{label} {}", fee_words(line, &amount)),
        Price::Rate { unit, .. } => {
            let quantity = asked(decision, *unit);
            format!("{label} {} {amount}", quantity_words(decision, *unit, quantity))
        }
        Price::Graduated { unit, tiers, .. } | Price::Bounded { unit, tiers, .. } => {
            let quantity = asked(decision, *unit);
            let used = used_before(decision, line);
            let parts = parts(tiers, used, quantity);
            let amount = capped(&parts, line, amount);
            let words = quantity_words(decision, *unit, quantity);
            if parts.len() < 2 {
                format!("{label} {words} {amount}")
            } else {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|(part, rate)| {
                        format!("{} {}", grouped(*part), rate_words(currency, *rate, manifest.grain))
                    })
                    .collect();
                format!("{label} {words} ({}) {amount}", parts.join(", "))
            }
        }
    })
}

/// The same line as a calculation: `900_000 + 300_000 tokens: 100_000 free, 200_000 x EUR 0.40 / 1_000_000 = EUR 0.08`.
pub fn calculation(decision: &Decision<'_>, line: Line) -> Option<(String, String)> {
    let manifest = decision.manifest;
    let currency = manifest.money.as_ref()?.currency.as_str();
    let charge = manifest.charges.get(usize::from(line.charge))?;
    let label = manifest.label(charge.clause)?.to_owned();
    let amount = decision.money(line.amount);
    let text = match charge.prices.get(usize::from(line.case))? {
        Price::Free {} => "free".to_owned(),
        Price::Fee { .. } => fee_words(line, &amount),
        Price::Rate { unit, rate } => {
            let quantity = quantity_words(decision, *unit, asked(decision, *unit));
            format!("{quantity} {} = {amount}", times(currency, *rate, manifest.grain))
        }
        Price::Graduated { unit, tiers, .. } | Price::Bounded { unit, tiers, .. } => {
            let (used, quantity) = (used_before(decision, line), asked(decision, *unit));
            let parts = parts(tiers, used, quantity);
            let amount = capped(&parts, line, amount);
            let parts: Vec<String> = parts
                .iter()
                .map(|(part, rate)| match rate {
                    0 => format!("{} free", grouped(*part)),
                    rate => format!("{} {}", grouped(*part), times(currency, *rate, manifest.grain)),
                })
                .collect();
            let before = if used == 0 { String::new() } else { format!("{} + ", grouped(used)) };
            format!("{before}{}: {} = {amount}", quantity_words(decision, *unit, quantity), parts.join(", "))
        }
    };
    Some((label, text))
}

fn fee_words(line: Line, amount: &str) -> String {
    if line.amount == 0 { "already paid in this window".to_owned() } else { format!("fee {amount}") }
}

/// The amount; where a cap made it less than its parts, with a word about it.
fn capped(parts: &[(u128, u64)], line: Line, amount: String) -> String {
    let whole = parts
        .iter()
        .fold(0_u128, |sum, (part, rate)| sum.saturating_add(part.saturating_mul(u128::from(*rate))));
    if line.amount < whole { format!("{amount} (at the cap)") } else { amount }
}

fn asked(decision: &Decision<'_>, unit: u32) -> u128 {
    let name = decision.manifest.units.get(unit as usize).map_or("", |unit| unit.name.as_str());
    decision.asked.quantity(name)
}

/// Where the counter of a graduated case stood.
fn used_before(decision: &Decision<'_>, line: Line) -> u128 {
    let of = CounterOf::Case { charge: line.charge.into(), case: line.case.into() };
    let counter = decision.manifest.counters.iter().position(|counter| counter.of == of);
    counter.and_then(|counter| decision.used.get(counter)).copied().unwrap_or(0)
}

/// The parts of `used..used + quantity` inside each tier, with the tier's rate; empty parts left out.
fn parts(tiers: &[Tier], used: u128, quantity: u128) -> Vec<(u128, u64)> {
    let end = used.saturating_add(quantity);
    let mut found = Vec::new();
    for (index, tier) in tiers.iter().enumerate() {
        let next = tiers.get(index + 1).map_or(u128::MAX, |tier| tier.start);
        let part = end.min(next).saturating_sub(used.max(tier.start));
        if part > 0 {
            found.push((part, tier.rate));
        }
    }
    found
}

/// `at USD 2.50 per 1_000_000`, `free`
fn rate_words(currency: &str, rate: u64, grain: u64) -> String {
    if rate == 0 {
        return "free".to_owned();
    }
    let (number, per) = readable(rate, grain);
    if per == 1 {
        format!("at {currency} {number}")
    } else {
        format!("at {currency} {number} per {}", grouped(per))
    }
}

/// `x USD 2.50 / 1_000_000`
fn times(currency: &str, rate: u64, grain: u64) -> String {
    let (number, per) = readable(rate, grain);
    if per == 1 {
        format!("x {currency} {number}")
    } else {
        format!("x {currency} {number} / {}", grouped(per))
    }
}

/// A rate in the size that people write it in: per 1, 1_000, 1_000_000 or 1_000_000_000, whichever first needs no more
/// than two decimals; exact in any case.
fn readable(rate: u64, grain: u64) -> (String, u128) {
    let (rate, grain) = (u128::from(rate), u128::from(grain));
    for per in [1, 1_000, 1_000_000, 1_000_000_000] {
        if let Some(number) = decimal(rate * per, grain, 0, true) {
            let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            if decimals <= 2 {
                let number = if decimals == 1 { format!("{number}0") } else { number };
                return (number, per);
            }
        }
    }
    (decimal(rate, grain, 0, true).unwrap_or_else(|| crate::figures::fraction(rate, grain)), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_take_their_parts() {
        let tiers = [Tier { start: 0, rate: 5 }, Tier { start: 10, rate: 3 }, Tier { start: 30, rate: 0 }];
        assert_eq!(parts(&tiers, 0, 10), [(10, 5)]);
        assert_eq!(parts(&tiers, 9, 2), [(1, 5), (1, 3)]);
        assert_eq!(parts(&tiers, 5, 100), [(5, 5), (20, 3), (75, 0)]);
        assert_eq!(parts(&tiers, 40, 0), []);
        assert_eq!(parts(&tiers, u128::MAX - 1, u128::MAX), [(1, 0)]);
    }

    #[test]
    fn rates_are_written_as_people_write_them() {
        assert_eq!(rate_words("USD", 25, 10_000_000), "at USD 2.50 per 1_000_000");
        assert_eq!(rate_words("USD", 1, 1_000), "at USD 1 per 1_000");
        assert_eq!(rate_words("EUR", 3, 1), "at EUR 3");
        assert_eq!(rate_words("EUR", 1, 3), "at EUR 1/3");
        assert_eq!(rate_words("EUR", 0, 3), "free");
    }
}
