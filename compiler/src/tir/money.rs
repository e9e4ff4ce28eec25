//! Money: the currency, amounts, the grain. Every number is an exact fraction.

use licit_grammar::Span;

use super::from_hir::{Check, PRICE};
use super::vocabulary::out_of_range;
use crate::core::{self, Nat, Ratio, Rounding};
use crate::currencies;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Dec, Name};
use crate::suggest::closest;

const ROUNDINGS: [(&str, Rounding); 4] = [
    ("half_even", Rounding::HalfEven),
    ("half_up", Rounding::HalfUp),
    ("down", Rounding::Down),
    ("up", Rounding::Up),
];

/// The grain, and a rate in its units, stay below.
const GRAIN_END: u128 = 1 << 64;
/// An amount that no quantity multiplies, in units of the grain, stays below.
const AMOUNT_END: u128 = 1 << 127;

impl Check<'_> {
    pub(super) fn money(&mut self) -> Option<core::Money> {
        let it = &self.licence.currency.given()?.value;
        let settled = self.settlement_window(&it.each, true);
        let rounding = ROUNDINGS.iter().find(|(word, _)| *word == it.rounding.value).map(|(_, mode)| *mode);
        if rounding.is_none() && !it.rounding.value.is_empty() {
            let found = it.rounding.value.as_str();
            let known = ROUNDINGS.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(Code::E0202, it.rounding.span, format!("no rounding is called `{found}`"))
                    .label("not a rounding")
                    .note(format!("roundings are: {}", known.join(", ")))
                    .did_you_mean(found, closest(found, known)),
            );
        }
        let minor = fraction(it.to.value, 1).filter(|minor| minor.num > 0);
        if minor.is_none() {
            self.findings.push(out_of_range(
                it.to.span,
                "the smallest payable amount",
                "0.00...01",
                "2^127 - 1",
            ));
        }
        self.findings.extend(currencies::check(&it.code, minor.map(|minor| (minor, it.to.span))));
        Some(core::Money {
            currency: it.code.value.clone(),
            minor: minor?,
            rounding: rounding?,
            settled: settled?,
        })
    }

    /// A unit of its own and how many of them one is.
    pub(super) fn unit(&mut self, name: &Name) -> Option<(u32, Nat)> {
        let text = name.value.as_str();
        if let Some(found) = self.scope.unit_names.get(text) {
            return *found;
        }
        if !self.scope.excuses(text) {
            self.findings.push(unknown_unit(self.scope, name));
        }
        None
    }

    /// The price of one unit of its own; the unit's name must be known, or this is silent.
    pub(super) fn rate(&mut self, rate: &hir::Rate) -> Option<Ratio> {
        let price = &rate.price;
        self.priced.get_or_insert((price.span, PRICE));
        self.currency_agrees(price);
        let factor =
            self.scope.unit_names.get(&rate.unit.value).copied().flatten().map(|(_, factor)| factor)?;
        if rate.count.value == 0 {
            self.findings.push(
                Diagnostic::new(Code::E0305, rate.count.span, "a price per nothing has no value")
                    .label("must be at least 1"),
            );
            return None;
        }
        let exact = rate.count.value.checked_mul(factor).and_then(|count| fraction(price.amount, count));
        self.in_grain(exact, price.span, price.span.to(rate.unit.span), GRAIN_END)
    }

    /// An amount of the licence's currency; `role` is what a message calls it.
    pub(super) fn amount(&mut self, it: &hir::Money, role: &'static str) -> Option<Ratio> {
        self.priced.get_or_insert((it.span, role));
        self.currency_agrees(it);
        self.in_grain(fraction(it.amount, 1), it.span, it.span, AMOUNT_END)
    }

    /// Notes a ratio that counts for the grain; reports one that the core cannot hold.
    fn in_grain(&mut self, exact: Option<Ratio>, place: Span, whole: Span, end: u128) -> Option<Ratio> {
        match exact {
            Some(exact) => self.rates.push((exact, whole, end)),
            None => self.findings.push(too_fine(place, whole)),
        }
        exact
    }

    fn currency_agrees(&mut self, it: &hir::Money) {
        let Some(settled) = self.licence.currency.given() else { return };
        let code = &settled.value.code;
        if code.value.is_empty() || it.currency.is_empty() || code.value == it.currency {
            return;
        }
        self.findings.push(
            Diagnostic::new(
                Code::E0303,
                it.span,
                format!("{} in a licence that settles in {}", it.currency, code.value),
            )
            .label(format!("priced in {}", it.currency))
            .also(code.span, format!("settles in {}", code.value))
            .help(format!("exchange rates are never guessed; state the price in {}", code.value)),
        );
    }

    /// What is known only at close stands beside no limit on money, and needs a window to be settled in.
    pub(super) fn late_prices(&mut self) {
        if let (Some(late), Some((before, what))) = (self.at_close, self.purse) {
            self.findings.push(
                Diagnostic::new(Code::E0409, late, "what this costs is known too late to be limited before")
                    .label("known when the window is over")
                    .also(before, format!("{what} has to know it with each use"))
                    .help("charge by tiers (`charge per ... { first ... }`), or leave the other clause out"),
            );
        }
        let Some(settled) = self.licence.currency.given().filter(|it| it.value.each.value == "call") else {
            return;
        };
        let late = self
            .at_close
            .map(|span| (span, "a charge at close"))
            .or(self.floor.map(|span| (span, "a floor")));
        if let Some((span, what)) = late {
            self.findings.push(
                Diagnostic::new(
                    Code::E0409,
                    span,
                    format!("{what} is due when a window is over, not with a call"),
                )
                .label("known when the window is over")
                .also(settled.value.each.span, "every call is a bill of its own")
                .help("settle each month, or each other window that ends"),
            );
        }
    }

    /// The least common multiple of all denominators must stay below 2^64, and so must every rate in its units; an
    /// amount that no quantity multiplies, below 2^127.
    pub(super) fn grain(&mut self) {
        let mut grain: u128 = 1;
        for (rate, span, _) in &self.rates {
            let step = rate.den / gcd(grain, rate.den);
            match grain.checked_mul(step).filter(|grain| *grain < GRAIN_END) {
                Some(wider) => grain = wider,
                None => {
                    self.findings.push(too_fine(*span, *span));
                    return;
                }
            }
        }
        for (rate, span, end) in &self.rates {
            if rate.num.checked_mul(grain / rate.den).is_none_or(|units| units >= *end) {
                let finding = if *end == GRAIN_END { too_fine } else { too_much };
                self.findings.push(finding(*span, *span));
                return;
            }
        }
    }
}

/// `dec` / `divisor` as a fraction, if the core can hold it.
pub(super) fn fraction(dec: Dec, divisor: u128) -> Option<Ratio> {
    let scale = 10u128.checked_pow(dec.scale)?;
    // In lowest terms before they are joined, so that what fits is not refused for its spelling.
    let reduced = Ratio::new(dec.digits, scale);
    let outer = gcd(reduced.num, divisor).max(1);
    let den = reduced.den.checked_mul(divisor / outer)?;
    let ratio = Ratio::new(reduced.num / outer, den);
    let ratio = if ratio.num == 0 { Ratio { num: 0, den: 1 } } else { ratio };
    (ratio.num <= core::NAT_MAX && ratio.den <= core::NAT_MAX).then_some(ratio)
}

/// A decimal number as a fraction, if the core can hold it.
pub(super) fn exact(dec: Dec) -> Option<Ratio> {
    fraction(dec, 1)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Whether a < b, without a product that could overflow: compares the whole parts, then the inverted remainders.
pub(super) fn less(a: Ratio, b: Ratio) -> bool {
    let (mut a, mut b) = ((a.num, a.den), (b.num, b.den));
    loop {
        let (x, y) = (a.0 / a.1, b.0 / b.1);
        let (rest_a, rest_b) = (a.0 % a.1, b.0 % b.1);
        if x != y {
            return x < y;
        }
        if rest_b == 0 {
            return false;
        }
        if rest_a == 0 {
            return true;
        }
        // rest_a / den_a < rest_b / den_b is den_b / rest_b < den_a / rest_a.
        (a, b) = ((b.1, rest_b), (a.1, rest_a));
    }
}

/// `1_550_000`
pub(super) fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

pub(super) fn unknown_unit(scope: &hir::scope::Scope, name: &Name) -> Diagnostic {
    let text = name.value.as_str();
    let known: Vec<&str> = scope.unit_names.keys().map(String::as_str).collect();
    let finding = Diagnostic::new(Code::E0203, name.span, format!("no unit is called `{text}`"))
        .label(format!("not in {}", scope.title()));
    let finding = match known.len() {
        1..=16 => finding.note(format!("the units are: {}", known.join(", "))),
        _ => finding,
    };
    finding.did_you_mean(text, closest(text, known))
}

fn too_fine(place: Span, whole: Span) -> Diagnostic {
    Diagnostic::new(Code::E0406, place.to(whole), "the prices of this licence have no common small unit")
        .label("with this one, more than 64 bits are needed")
        .help("use fewer decimals, or numbers after `per` that divide each other, as 1_000 and 1_000_000")
}

fn too_much(place: Span, whole: Span) -> Diagnostic {
    Diagnostic::new(
        Code::E0406,
        place.to(whole),
        "in the smallest unit of this licence's prices, this is too much",
    )
    .label("counted in it, more than 127 bits are needed")
    .help("use fewer decimals, or a smaller amount")
}

pub(super) fn too_many(span: Span, what: &str, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0112, span, format!("there are more than {most} {what}"))
        .label("one too many")
        .help("`spec/core.md` section 13 has the limits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact_and_never_wrap() {
        let dec = |digits, scale| Dec { digits, scale };
        assert_eq!(fraction(dec(300, 2), 1000), Some(Ratio { num: 3, den: 1000 }));
        assert_eq!(fraction(dec(0, 2), 1000), Some(Ratio { num: 0, den: 1 }));
        assert_eq!(fraction(dec(1, 18), 1_000_000), Some(Ratio { num: 1, den: 10u128.pow(24) }));
        assert_eq!(fraction(dec(1, 39), 1), None);
        assert_eq!(fraction(dec(u128::MAX, 0), 1), None);
        assert_eq!(fraction(dec(10u128.pow(38), 38), 7), Some(Ratio { num: 1, den: 7 }));
    }

    #[test]
    fn ratios_compare_without_products() {
        let ratio = |num, den| Ratio { num, den };
        assert!(less(ratio(1, 3), ratio(1, 2)));
        assert!(!less(ratio(1, 2), ratio(1, 2)));
        assert!(less(ratio(core::NAT_MAX - 1, core::NAT_MAX), ratio(1, 1)));
        assert!(!less(ratio(9, 1000), ratio(3, 1000)));
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(1_550_000), "1_550_000");
        assert_eq!(grouped(12), "12");
        assert_eq!(grouped(0), "0");
    }
}
