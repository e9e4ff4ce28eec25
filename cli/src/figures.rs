//! Numbers as people read them: `1_000`, `USD 0.0045`, `USD 1/3`. Exact, always.

/// `12_345`
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// `-12_345`
pub fn signed(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// `n` of something: `1 file`, `2_000 files`.
pub fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number as u128), if number == 1 { one } else { many })
}

/// `1 token`, `1_000 tokens`
pub fn counted_units(number: u128, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// The fraction `numerator / denominator` as a decimal number where it has an end: whole part grouped on demand, at
/// least `decimals` digits after the point. None where it has no end, or the denominator is 0.
pub fn decimal(numerator: u128, denominator: u128, decimals: usize, group: bool) -> Option<String> {
    let (mut fraction, mut rest) = (String::new(), numerator.checked_rem(denominator)?);
    // A decimal fraction over a denominator below 2^127 ends within 127 digits or never.
    while rest != 0 {
        if fraction.len() == 127 {
            return None;
        }
        let (digit, left) = tenfold(rest, denominator);
        fraction.push(char::from(b'0' + digit));
        rest = left;
    }
    while fraction.len() < decimals {
        fraction.push('0');
    }
    let whole = numerator / denominator;
    let whole = if group { grouped(whole) } else { whole.to_string() };
    Some(if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") })
}

/// The next digit of `rest / denominator` and what is left, without forming `10 x rest` (it may not fit).
fn tenfold(rest: u128, denominator: u128) -> (u8, u128) {
    let (mut digit, mut sum) = (0, 0u128);
    for _ in 0..10 {
        // sum + rest >= denominator, written so that nothing overflows: both are below the denominator.
        if sum >= denominator - rest {
            digit += 1;
            sum -= denominator - rest;
        } else {
            sum += rest;
        }
    }
    (digit, sum)
}

/// An exact amount with at least so many decimals: `USD 0.0045`, `USD 2.50`, or `USD 1/3` where no decimal number says it.
pub fn money(currency: &str, numerator: u128, denominator: u128, decimals: usize) -> String {
    match decimal(numerator, denominator, decimals, true) {
        Some(number) => format!("{currency} {number}"),
        None => format!("{currency} {}", fraction(numerator, denominator)),
    }
}

/// `9/2000`, in lowest terms.
pub fn fraction(numerator: u128, denominator: u128) -> String {
    let common = gcd(numerator, denominator).max(1);
    format!("{}/{}", numerator / common, denominator / common)
}

/// A whole number in JSON: from 2^53 on as a text, since other tools would lose digits.
pub fn json_signed(number: i128) -> serde_json::Value {
    let exact = i64::try_from(number).ok().filter(|number| number.unsigned_abs() < 1 << 53);
    exact.map_or_else(|| number.to_string().into(), serde_json::Value::from)
}

/// How many digits after the point the smallest payable amount has: 2 for 0.01 and 0.05.
pub fn decimals_of(numerator: u128, denominator: u128) -> usize {
    decimal(numerator, denominator, 0, false)
        .and_then(|text| Some(text.split_once('.')?.1.len()))
        .unwrap_or(0)
}

/// The greatest common divisor.
pub fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let groups: Vec<_> = [0, 12, 123, 1_234, 123_456, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(groups, ["0", "12", "123", "1_234", "123_456", "1_234_567"]);
    }

    #[test]
    fn amounts_are_exact() {
        assert_eq!(money("USD", 45, 10_000, 2), "USD 0.0045");
        assert_eq!(money("USD", 5_000_000, 1_000, 2), "USD 5_000.00");
        assert_eq!(money("USD", 1, 3, 2), "USD 1/3");
        assert_eq!(money("USD", 2, 6, 0), "USD 1/3");
        assert_eq!(decimal(1, 2, 2, false).as_deref(), Some("0.50"));
        assert_eq!(decimal(1, 0, 2, false), None);
        assert_eq!(decimal(1, 1 << 126, 0, false).map(|text| text.len()), Some(128));
        assert_eq!(decimal((1 << 127) - 1, (1 << 127) - 1, 0, false).as_deref(), Some("1"));
        assert_eq!(decimal((1 << 127) - 2, (1 << 127) - 1, 0, false), None);
        assert_eq!(decimals_of(1, 20), 2);
        assert_eq!(decimals_of(1, 1), 0);
    }
}
