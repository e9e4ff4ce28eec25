//! The currencies of ISO 4217 and how many decimals each has, as the list stood on 1 January 2026. Not in it: codes of metals,
//! of units of account and for tests, which nobody is paid in.
//!
//! A licence may name a code that is not here (a token); `check` warns, because it cannot know the decimals.

use licit_grammar::Span;

use crate::core::Ratio;
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::Name;
use crate::suggest::closest;

/// By decimals: the codes, sorted.
#[rustfmt::skip]
const CURRENCIES: &[(u32, &[&str])] = &[
    (0, &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF", "XPF",
    ]),
    (2, &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB",
    "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU",
    "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
    "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES",
    "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK",
    "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR",
    "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG",
    "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED", "VES", "WST", "XAD", "XCD", "XCG",
    "YER", "ZAR", "ZMW", "ZWG",
    ]),
    (3, &[
    "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    ]),
    (4, &[
    "CLF", "UYW",
    ]),
];

/// What was a code, or is taken for one, and what is meant by it.
const CALLED: &[(&str, &str)] = &[
    ("ANG", "XCG"),
    ("BGN", "EUR"),
    ("BYR", "BYN"),
    ("CNH", "CNY"),
    ("CUC", "CUP"),
    ("EURO", "EUR"),
    ("HRK", "EUR"),
    ("MRO", "MRU"),
    ("NTD", "TWD"),
    ("RMB", "CNY"),
    ("SLL", "SLE"),
    ("STD", "STN"),
    ("STG", "GBP"),
    ("UKP", "GBP"),
    ("VEF", "VES"),
    ("YEN", "JPY"),
    ("ZMK", "ZMW"),
    ("ZWL", "ZWG"),
];

/// How many decimals amounts of a currency have; none for a code that ISO 4217 does not list.
pub fn decimals(code: &str) -> Option<u32> {
    CURRENCIES.iter().find(|(_, codes)| codes.contains(&code)).map(|(decimals, _)| *decimals)
}

/// What there is to say about a licence's currency and its smallest payable amount.
pub(crate) fn check(code: &Name, minor: Option<(Ratio, Span)>) -> Option<Diagnostic> {
    let name = code.value.as_str();
    let Some(decimals) = decimals(name) else { return (!name.is_empty()).then(|| unknown(code)) };
    let (minor, place) = minor?;
    // In lowest terms: a multiple of 1/10^d if and only if its denominator divides 10^d.
    if 10u128.pow(decimals) % minor.den == 0 {
        return None;
    }
    let coin = match decimals {
        0 => "1".to_owned(),
        _ => format!("0.{:0>1$}", 1, decimals as usize),
    };
    let edit = Edit { span: place, text: coin.clone() };
    Some(
        Diagnostic::new(Code::W0411, place, format!("nobody can be paid so small a part of {name}"))
            .label(format!("the smallest amount of {name} is {coin}"))
            .also(code.span, "of this currency")
            .note("prices may be as fine as you like; this is the amount that a bill is rounded to")
            .fix(Safety::Ask, format!("round to {coin}"), vec![edit]),
    )
}

fn unknown(code: &Name) -> Diagnostic {
    let name = code.value.as_str();
    let found = Diagnostic::new(Code::W0410, code.span, format!("ISO 4217 has no currency `{name}`"))
        .label("how many decimals does it have?")
        .note("a token may be named so; then nobody can check what its smallest amount is");
    match meant(name) {
        None => found,
        Some(meant) => {
            let edit = Edit { span: code.span, text: meant.clone() };
            found.fix(Safety::Ask, format!("replace `{name}` with `{meant}`"), vec![edit])
        }
    }
}

/// The code that was probably meant. A letter changed makes another currency, so only letters in another order, or some
/// too many, are taken for a slip.
fn meant(name: &str) -> Option<String> {
    if let Some((_, code)) = CALLED.iter().find(|(called, _)| *called == name) {
        return Some((*code).to_owned());
    }
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let codes = CURRENCIES.iter().flat_map(|(_, codes)| codes.iter().copied());
    let near = codes.filter(|code| code.len() != name.len() || sorted(code) == sorted(name));
    closest(name, near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_code_twice() {
        let mut all = Vec::new();
        for (_, codes) in CURRENCIES {
            assert!(codes.is_sorted());
            all.extend(codes.iter().copied());
        }
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!((all.len(), count), (165, 165));
        assert!(all.iter().all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())));
        for (called, code) in CALLED {
            assert!(decimals(called).is_none() && decimals(code).is_some(), "{called} {code}");
        }
    }

    #[test]
    fn slips_are_found_and_tokens_left_alone() {
        assert_eq!(meant("UDS").as_deref(), Some("USD"));
        assert_eq!(meant("EURO").as_deref(), Some("EUR"));
        assert_eq!(meant("BGN").as_deref(), Some("EUR"));
        assert_eq!(meant("TOK"), None);
        assert_eq!(meant("BTC"), None);
        assert_eq!(decimals("JPY"), Some(0));
        assert_eq!(decimals("KWD"), Some(3));
    }
}
