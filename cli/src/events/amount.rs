//! Amounts of money as they are paid: `EUR 12.50`, a whole number of what can be paid.

use crate::shell::shown;
use licit_vm::Manifest;

/// Minor units of an amount in the licence's currency.
pub fn minor(text: &str, manifest: &Manifest) -> Result<u128, String> {
    let Some(money) = &manifest.money else {
        return Err("the licence charges nothing, so nothing can be paid".to_owned());
    };
    let wrong =
        || format!("`{}` is no amount; one is written \"{} 12.50\"", shown(text), shown(&money.currency));
    let (currency, number) = text.split_once(' ').ok_or_else(wrong)?;
    if currency != money.currency {
        return Err(format!(
            "the licence settles in {}, this is {}; exchange rates are never guessed",
            shown(&money.currency),
            shown(currency)
        ));
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return Err(wrong());
    }
    let too_much = || "more than can be counted".to_owned();
    let parts: u128 = format!("{whole}{fraction}").parse().map_err(|_| too_much())?;
    let scale = u32::try_from(fraction.len()).ok().and_then(|digits| 10u128.checked_pow(digits));
    // parts / scale, in units of minor_num / minor_den.
    let numerator = parts.checked_mul(money.minor_den).ok_or_else(too_much)?;
    let denominator = scale.and_then(|scale| scale.checked_mul(money.minor_num)).ok_or_else(too_much)?;
    match (numerator.checked_div(denominator), numerator.checked_rem(denominator)) {
        (Some(minor), Some(0)) => Ok(minor),
        _ => Err(format!(
            "{} cannot be paid: the smallest amount is {} {}",
            shown(text),
            shown(&money.currency),
            crate::figures::decimal(money.minor_num, money.minor_den, 0, false)
                .unwrap_or_else(|| crate::figures::fraction(money.minor_num, money.minor_den))
        )),
    }
}
