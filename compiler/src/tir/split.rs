//! Who gets what part of what is paid.

use licit_grammar::Span;

use super::from_hir::Check;
use super::limits::optional;
use super::money::{fraction, too_many};
use super::vocabulary::out_of_range;
use crate::core::{self, Ratio};
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::{self, Dec, Name, Portion, Sp};

/// Most parties of a split (`spec/core.md` section 13).
const MOST_SHARES: usize = 64;

impl Check<'_> {
    pub(super) fn split(&mut self, label: &str, clause: Span, it: &hir::Split) -> Option<core::Split> {
        let window = it.each.as_ref().map(|name| self.settlement_window(name, false));
        if let Some(share) = it.shares.get(MOST_SHARES) {
            self.findings.push(too_many(share.to.span, "parties in a split", MOST_SHARES));
            return None;
        }
        let handles: Vec<String> = it.shares.iter().map(|share| self.handle(&share.to)).collect();
        for (i, share) in it.shares.iter().enumerate() {
            let first = it.shares[..i].iter().find(|other| other.to.value == share.to.value);
            if let Some(first) = first.filter(|_| !share.to.value.is_empty()) {
                self.findings.push(
                    Diagnostic::new(
                        Code::E0201,
                        share.to.span,
                        format!("`@{}` has a share already", share.to.value),
                    )
                    .label("and again here")
                    .also(first.to.span, "first here")
                    .help("add the two shares up"),
                );
                return None;
            }
        }
        let first = it.first.as_ref().map(|(percent, to)| self.first_cut(percent, to));
        let ratios = self.shares(clause, &it.shares)?;
        let window = optional(window)?;
        Some(core::Split {
            label: label.to_owned(),
            first_cuts: optional(first)?.into_iter().collect(),
            shares: handles.into_iter().zip(ratios).collect(),
            window,
        })
    }

    /// What comes off before anything else is divided.
    fn first_cut(&mut self, percent: &Sp<Dec>, to: &Name) -> Option<(String, Ratio)> {
        let handle = self.handle(to);
        let Some(part) = fraction(percent.value, 100) else {
            self.findings.push(out_of_range(
                percent.span,
                "a first cut",
                "0%, with at most 36 decimals,",
                "100%",
            ));
            return None;
        };
        let message = match part {
            Ratio { num: 0, .. } => format!("the first cut of `@{}` is nothing", to.value),
            Ratio { num, den } if num >= den => "the first cut leaves nothing to divide".to_owned(),
            _ => return Some((handle, part)),
        };
        self.findings.push(
            Diagnostic::new(Code::E0402, percent.span, message)
                .label(if part.num == 0 { "nothing" } else { "all of it, or more" })
                .help("a first cut lies between 0% and 100%, both outside"),
        );
        None
    }

    fn shares(&mut self, clause: Span, shares: &[hir::Share]) -> Option<Vec<Ratio>> {
        let is = |wanted: fn(&Portion) -> bool| shares.iter().find(move |share| wanted(&share.portion.value));
        let parts = is(|portion| matches!(portion, Portion::Parts(_)));
        let other = is(|portion| !matches!(portion, Portion::Parts(_)));
        match (parts, other) {
            (Some(parts), Some(other)) => {
                self.findings.push(
                    Diagnostic::new(
                        Code::E0402,
                        parts.portion.span,
                        "parts and per cent do not add up to a whole",
                    )
                    .label("parts")
                    .also(other.portion.span, "a share of another kind")
                    .help("divide in parts alone (`3 parts to @a, 1 part to @b`) or in per cent and `rest`"),
                );
                None
            }
            (Some(_), None) => self.parts(clause, shares),
            (None, _) => self.percents(shares),
        }
    }

    fn parts(&mut self, clause: Span, shares: &[hir::Share]) -> Option<Vec<Ratio>> {
        let counts: Vec<u128> = shares
            .iter()
            .map(|share| match share.portion.value {
                Portion::Parts(parts) => parts,
                _ => 0,
            })
            .collect();
        let whole = counts.iter().try_fold(0u128, |sum, parts| sum.checked_add(*parts));
        let Some(whole) = whole.filter(|whole| *whole <= core::NAT_MAX) else {
            self.findings.push(out_of_range(clause, "a sum of parts", "1", "2^127 - 1"));
            return None;
        };
        if let Some(zero) = shares.iter().find(|share| share.portion.value == Portion::Parts(0)) {
            self.findings.push(nothing(zero));
            return None;
        }
        Some(counts.into_iter().map(|parts| Ratio::new(parts, whole)).collect())
    }

    fn percents(&mut self, shares: &[hir::Share]) -> Option<Vec<Ratio>> {
        let mut rests = shares.iter().filter(|share| share.portion.value == Portion::Rest);
        if let (Some(first), Some(second)) = (rests.next(), rests.next()) {
            self.findings.push(
                Diagnostic::new(Code::E0403, second.portion.span, "only one party can have the rest")
                    .label("and again here")
                    .also(first.portion.span, "first here")
                    .help("give the other one a share in per cent"),
            );
            return None;
        }
        // All shares over one denominator: 100 x 10^scale.
        let scale = shares.iter().map(|share| match share.portion.value {
            Portion::Percent(dec) => dec.scale,
            _ => 0,
        });
        let scale = scale.max().unwrap_or(0);
        let whole =
            10u128.checked_pow(scale).and_then(|unit| unit.checked_mul(100)).filter(|n| *n <= core::NAT_MAX);
        let widened: Option<Vec<Option<u128>>> = whole.and_then(|_| {
            let widen = |share: &hir::Share| match share.portion.value {
                Portion::Percent(dec) => {
                    10u128.checked_pow(scale - dec.scale)?.checked_mul(dec.digits).map(Some)
                }
                _ => Some(None),
            };
            shares.iter().map(widen).collect()
        });
        let sum = widened
            .as_ref()
            .and_then(|list| list.iter().flatten().try_fold(0u128, |sum, share| sum.checked_add(*share)));
        let (Some(whole), Some(widened), Some(sum)) = (whole, widened, sum) else {
            let longest = shares.first().map_or(Span::default(), |share| share.portion.span);
            self.findings.push(out_of_range(longest, "a share", "0%, with at most 36 decimals,", "100%"));
            return None;
        };
        if let Some(zero) =
            shares.iter().find(|share| matches!(share.portion.value, Portion::Percent(Dec { digits: 0, .. })))
        {
            self.findings.push(nothing(zero));
            return None;
        }
        let rest = whole.checked_sub(sum);
        let has_rest = shares.iter().any(|share| share.portion.value == Portion::Rest);
        match rest {
            Some(0) if !has_rest => {}
            Some(rest) if has_rest && rest > 0 => {}
            _ => {
                self.findings.push(not_whole(shares, sum, whole, scale));
                return None;
            }
        }
        let rest = rest.unwrap_or(0);
        Some(widened.into_iter().map(|share| Ratio::new(share.unwrap_or(rest), whole)).collect())
    }
}

fn nothing(share: &hir::Share) -> Diagnostic {
    Diagnostic::new(Code::E0402, share.portion.span, format!("`@{}` has a share of nothing", share.to.value))
        .label("nothing")
        .help("leave the party out, or give it a share")
}

fn not_whole(shares: &[hir::Share], sum: u128, whole: u128, scale: u32) -> Diagnostic {
    let percent = |n: u128| {
        let unit = 10u128.pow(scale);
        if n.is_multiple_of(unit) {
            (n / unit).to_string()
        } else {
            let decimals = format!("{:0width$}", n % unit, width = scale as usize);
            format!("{}.{}", n / unit, decimals.trim_end_matches('0'))
        }
    };
    let rest = shares.iter().find(|share| share.portion.value == Portion::Rest);
    let last = shares.last();
    let place = rest.or(last).map_or(Span::default(), |share| share.portion.span);
    let message = match rest {
        Some(_) => format!("the shares add up to {}%: nothing is left for the rest", percent(sum)),
        None => format!("the shares add up to {}%", percent(sum)),
    };
    let mut finding = Diagnostic::new(Code::E0402, place, message);
    let widen =
        |dec: Dec| 10u128.checked_pow(scale - dec.scale).and_then(|unit| unit.checked_mul(dec.digits));
    let mut so_far = 0u128;
    for share in shares {
        let Portion::Percent(dec) = share.portion.value else { continue };
        let own = widen(dec).unwrap_or(0);
        so_far = so_far.saturating_add(own);
        let text =
            if so_far == own { percent(own) } else { format!("+ {} = {}", percent(own), percent(so_far)) };
        if share.portion.span == place {
            finding = finding.label(text);
        } else {
            finding = finding.also(share.portion.span, text);
        }
    }
    if rest.is_some() {
        return finding.label("nothing").help("lower the other shares, or remove the `rest`");
    }
    let last_share = last.and_then(|share| match share.portion.value {
        Portion::Percent(dec) => widen(dec),
        _ => None,
    });
    let left = last_share.and_then(|own| whole.checked_sub(sum.checked_sub(own)?)).filter(|left| *left > 0);
    match left {
        Some(left) => {
            let edit = Edit { span: place, text: "rest".to_owned() };
            let message = format!("give the last party the `rest`, which is {}%", percent(left));
            finding.fix(Safety::Ask, message, vec![edit])
        }
        None => finding.help("the shares must add up to 100%"),
    }
}
