//! Prices: rates, fees, schedules with their bounds, cases, charges at close.

use licit_grammar::Span;

use super::ClauseKind;
use super::from_hir::{Check, PRICE};
use super::limits::optional;
use super::money::{less, too_many};
use super::vocabulary::out_of_range;
use crate::core::{self, Nat, Ratio};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::from_ast_money::is_window_or_key;
use crate::hir::{self, Name, Sp, TierKind};
use crate::suggest::closest;

/// Most tiers of a price, bands, cases of a charge (`spec/core.md` section 13, `spec/core-wider.md` section 8).
const MOST_TIERS: usize = 256;
const MOST_CASES: usize = 256;
const MOST_BANDS: usize = 256;

impl Check<'_> {
    pub(super) fn charge(&mut self, label: &str, clause: Span, it: &hir::Charge) -> Option<ClauseKind> {
        match it {
            hir::Charge::Plain(plain) => {
                let (selector, price) = plain.as_ref();
                let guard = self.guard(selector);
                let price = self.price(price)?;
                let condition = optional(guard)?.unwrap_or(core::Cond::True);
                Some(ClauseKind::Charge {
                    cases: vec![(condition, price, 0)],
                    otherwise: None,
                    by_case: false,
                })
            }
            hir::Charge::Cases(list) => self.cases(list),
            hir::Charge::AtClose(it) => self.at_close(label, clause, it).map(ClauseKind::AtClose),
        }
    }

    fn cases(&mut self, list: &[hir::Case]) -> Option<ClauseKind> {
        if let Some(case) = list.get(MOST_CASES) {
            self.findings.push(too_many(case.span, "cases in a charge", MOST_CASES));
            return None;
        }
        let mut cases = Vec::new();
        let mut otherwise: Option<(core::Price, usize)> = None;
        let mut first_otherwise: Option<Span> = None;
        let mut broken = false;
        for (index, case) in list.iter().enumerate() {
            let guard = case.selector.as_ref().map(|selector| self.guard(selector));
            let price = self.price(&case.price);
            if guard.is_none() {
                if let Some(first) = first_otherwise {
                    self.findings.push(
                        Diagnostic::new(Code::E0201, case.span, "`otherwise` stands twice")
                            .label("and again here")
                            .also(first, "first here")
                            .help("one of the two can never apply: remove it"),
                    );
                }
                first_otherwise.get_or_insert(case.span);
            }
            match (guard, price) {
                (None, Some(price)) => otherwise = Some((price, index)),
                (Some(None), Some(price)) => cases.push((core::Cond::True, price, index)),
                (Some(Some(Some(condition))), Some(price)) => cases.push((condition, price, index)),
                _ => broken = true,
            }
        }
        (!broken).then_some(ClauseKind::Charge { cases, otherwise, by_case: true })
    }

    fn price(&mut self, price: &Sp<hir::Price>) -> Option<core::Price> {
        match &price.value {
            hir::Price::Free => Some(core::Price::Free),
            hir::Price::Rate(rate) if self.is_fee(rate) => {
                if rate.counted {
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0702,
                            rate.count.span.to(rate.unit.span),
                            "a fee is for one window",
                        )
                        .label("counts blocks")
                        .help("write the window alone, as `EUR 9.50 per user per month`"),
                    );
                    return None;
                }
                self.fee(&rate.price, std::slice::from_ref(&rate.unit), price.span)
            }
            hir::Price::Rate(rate) => {
                let unit = self.unit(&rate.unit);
                let rate = self.rate(rate);
                let ((unit, _), rate) = unit.zip(rate)?;
                Some(core::Price::Rate { unit, rate })
            }
            hir::Price::Fee { amount, per } => self.fee(amount, per, price.span),
            hir::Price::Schedule { per, tiers, floor, cap } => {
                let bounds = self.bounds(floor.as_ref(), cap.as_ref());
                let (unit, key, window, tiers) = self.schedule(per, tiers, price.span)?;
                Some(match bounds? {
                    (None, None) => core::Price::Graduated { unit, key, window, tiers },
                    (floor, cap) => core::Price::Bounded { unit, key, window, tiers, cap, floor },
                })
            }
            hir::Price::Broken => None,
        }
    }

    /// A window or key that is no unit makes a price a fee.
    fn is_fee(&self, rate: &hir::Rate) -> bool {
        let text = rate.unit.value.as_str();
        let known = self.scope.unit_names.contains_key(text) || self.scope.excuses(text);
        !known && is_window_or_key(text)
    }

    /// The unit of a price of a table: a fee has no place there.
    fn priced_unit(&mut self, rate: &hir::Rate) -> Option<(u32, Nat)> {
        if self.is_fee(rate) {
            let unit = &rate.unit;
            self.findings.push(
                Diagnostic::new(Code::E0301, unit.span, "a price of a table is for what the table counts")
                    .label(format!("`{}` is not counted here", unit.value))
                    .help(format!("for a fee per {}, write a second `charge` clause", unit.value)),
            );
            return None;
        }
        self.unit(&rate.unit)
    }

    /// Once for each key and window.
    fn fee(&mut self, amount: &hir::Money, per: &[Name], span: Span) -> Option<core::Price> {
        let amount = self.amount(amount, PRICE);
        let counter = self.counter(per, span);
        let (window, key) = counter?;
        Some(core::Price::Fee { amount: amount?, key, window })
    }

    /// The floor and the cap of a schedule, as far as written; none if something was reported.
    fn bounds(
        &mut self,
        floor: Option<&hir::Money>,
        cap: Option<&hir::Money>,
    ) -> Option<(Option<Ratio>, Option<Ratio>)> {
        let mut one = |it: Option<&hir::Money>| optional(it.map(|it| self.bound(it)));
        let (low, high) = (one(floor), one(cap));
        if let Some(floor) = floor {
            self.floor.get_or_insert(floor.span);
        }
        let (low, high) = (low?, high?);
        if let (Some(floor), Some(cap)) = (floor, cap)
            && less(high?, low?)
        {
            self.findings.push(
                Diagnostic::new(Code::E0305, floor.span, "the floor lies above the cap")
                    .label("at least this")
                    .also(cap.span, "and at most this")
                    .help("change one of the two: a window cannot cost both"),
            );
            return None;
        }
        Some((low, high))
    }

    fn bound(&mut self, it: &hir::Money) -> Option<Ratio> {
        let amount = self.amount(it, PRICE)?;
        if amount.num == 0 {
            self.findings.push(
                Diagnostic::new(Code::E0305, it.span, "a bound of nothing bounds nothing, or everything")
                    .label("must be above zero")
                    .help("leave it out, or `charge free`"),
            );
            return None;
        }
        Some(amount)
    }

    /// A cumulative schedule: tiers of one unit, in order, the last without an end.
    fn schedule(
        &mut self,
        per: &[Name],
        tiers: &[hir::Tier],
        span: Span,
    ) -> Option<(u32, core::Key, core::Window, Vec<core::Tier>)> {
        let counter = self.counter(per, span);
        if let Some(tier) = tiers.get(MOST_TIERS) {
            self.findings.push(too_many(tier.span, "tiers in a price", MOST_TIERS));
            return None;
        }
        let mut out = Vec::new();
        let mut unit: Option<(u32, &Name)> = None;
        let mut broken = false;
        for tier in tiers {
            let width = match &tier.extent {
                None => None,
                Some((count, name)) => match self.unit(name) {
                    None => {
                        broken = true;
                        None
                    }
                    Some((found, factor)) => {
                        broken |= !self.same_unit(&mut unit, found, name, "tier");
                        let width = self.width(count, factor);
                        broken |= width.is_none();
                        width
                    }
                },
            };
            let rate = match &tier.rate {
                None => Some(Ratio { num: 0, den: 1 }),
                Some(rate) => {
                    match self.priced_unit(rate) {
                        None => broken = true,
                        Some((found, _)) => {
                            broken |= !self.same_unit(&mut unit, found, &rate.unit, "price");
                        }
                    }
                    self.rate(rate)
                }
            };
            match rate {
                Some(rate) => out.push(core::Tier { width, rate }),
                None => broken = true,
            }
        }
        let ordered = self.tier_order(tiers, span);
        if broken || !ordered {
            return None;
        }
        self.rising(tiers, &out);
        let Some((unit, _)) = unit else {
            self.findings.push(
                Diagnostic::new(Code::E0306, span, "no tier says what it counts")
                    .label("which unit?")
                    .help("begin with `first` and an amount, as `first 10_000 records free`"),
            );
            return None;
        };
        let (window, key) = counter?;
        Some((unit, key, window, out))
    }

    fn width(&mut self, count: &Sp<u128>, factor: Nat) -> Option<Nat> {
        if count.value == 0 {
            self.findings.push(
                Diagnostic::new(Code::E0404, count.span, "this tier is empty").label("must be at least 1"),
            );
            return None;
        }
        let width = count.value.checked_mul(factor).filter(|width| *width <= core::NAT_MAX);
        if width.is_none() {
            self.findings.push(out_of_range(count.span, "a tier", "1", "2^127 - 1"));
        }
        width
    }

    /// Whether a name counts the unit of the table so far; reports it otherwise, once a table.
    fn same_unit<'n>(
        &mut self,
        unit: &mut Option<(u32, &'n Name)>,
        found: u32,
        name: &'n Name,
        what: &str,
    ) -> bool {
        let Some((known, first)) = *unit else {
            *unit = Some((found, name));
            return true;
        };
        if known == found {
            return true;
        }
        let already = self.findings.iter().any(|finding| {
            finding.code == Code::E0301
                && finding.secondary.first().is_some_and(|label| label.span == first.span)
        });
        if !already {
            self.findings.push(
                Diagnostic::new(Code::E0301, name.span, "one price table counts two units")
                    .label(format!("this {what} counts {}", name.value))
                    .also(first.span, format!("this table counts {}", first.value))
                    .help(format!(
                        "a table measures one unit. Write `{}`, or a second `charge` clause for {}",
                        first.value, name.value
                    )),
            );
        }
        false
    }

    /// `first`, `next` ..., `beyond`.
    fn tier_order(&mut self, tiers: &[hir::Tier], span: Span) -> bool {
        for (i, tier) in tiers.iter().enumerate() {
            let message = match (i, tier.kind) {
                (_, TierKind::Broken) => return false,
                (0, TierKind::First | TierKind::Beyond) | (1.., TierKind::Next | TierKind::Beyond) => {
                    if tier.kind == TierKind::Beyond && i + 1 < tiers.len() {
                        "`beyond` must be the last tier"
                    } else {
                        continue;
                    }
                }
                (0, TierKind::Next) => "the first tier begins with `first`",
                (1.., TierKind::First) => "every tier after the first begins with `next`",
            };
            self.findings.push(
                Diagnostic::new(Code::E0404, tier.span, message)
                    .label("out of order")
                    .help("tiers follow each other: `first 10 ...`, `next 90 ...`, `beyond ...`"),
            );
            return false;
        }
        match tiers.last() {
            Some(last) if last.kind != TierKind::Beyond => {
                self.findings.push(
                    Diagnostic::new(Code::E0405, last.span, "this price table ends here")
                        .label("what does use beyond this cost?")
                        .also(span, "this table")
                        .help("add a last tier: `beyond at ...`, or `beyond free`"),
                );
                false
            }
            other => other.is_some(),
        }
    }

    fn rising(&mut self, tiers: &[hir::Tier], rates: &[core::Tier]) {
        let priced: Vec<(&hir::Rate, Ratio)> = tiers
            .iter()
            .zip(rates)
            .filter_map(|(tier, checked)| tier.rate.as_ref().map(|rate| (rate, checked.rate)))
            .collect();
        for pair in priced.windows(2) {
            let [(before, low), (rate, high)] = pair else { continue };
            if less(*low, *high) {
                self.findings.push(
                    Diagnostic::new(Code::W0408, rate.price.span, "this tier is dearer than the one before")
                        .label("dearer")
                        .also(before.price.span, "cheaper")
                        .help("that is allowed; most price tables fall"),
                );
                return;
            }
        }
    }

    /// A charge that is made of a window's reports when it is over.
    fn at_close(&mut self, label: &str, clause: Span, it: &hir::AtClose) -> Option<core::AtClose> {
        let head = it.per.last().map_or(clause, |per| Span::new(clause.start, per.span.end));
        self.at_close.get_or_insert(head);
        let counter = self.counter(&it.per, clause);
        let guard = optional(self.guard(&it.selector));
        if let Some(band) = it.bands.get(MOST_BANDS) {
            self.findings.push(too_many(band.span, "bands in a charge", MOST_BANDS));
            return None;
        }
        let mut unit: Option<(u32, &Name)> = None;
        let mut broken = false;
        let aggregate = match &it.on {
            None => Some(core::Aggregate::Sum),
            Some((how, name)) => {
                match self.unit(name) {
                    Some((found, _)) => unit = Some((found, name)),
                    None => broken = true,
                }
                self.aggregate(how)
            }
        };
        let mut bands = Vec::new();
        for band in &it.bands {
            match self.band(band, &mut unit) {
                Some(band) => bands.push(band),
                None => broken = true,
            }
        }
        if broken || !self.band_order(it, clause) {
            return None;
        }
        let Some((unit, _)) = unit else {
            self.findings.push(no_unit(
                clause,
                "write `on sum` and a unit, as `charge at close on sum records per ...`",
            ));
            return None;
        };
        let (window, key) = counter?;
        let label = label.to_owned();
        Some(core::AtClose { label, aggregate: aggregate?, unit, key, window, bands, guard: guard? })
    }

    fn aggregate(&mut self, how: &Name) -> Option<core::Aggregate> {
        const AGGREGATES: [(&str, core::Aggregate); 4] = [
            ("sum", core::Aggregate::Sum),
            ("highest", core::Aggregate::Highest),
            ("average", core::Aggregate::Average),
            ("last", core::Aggregate::Last),
        ];
        let found = AGGREGATES.iter().find(|(word, _)| *word == how.value).map(|(_, it)| *it);
        if found.is_none() && !how.value.is_empty() {
            let known = AGGREGATES.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(
                    Code::E0202,
                    how.span,
                    format!("no quantity at close is called `{}`", how.value),
                )
                .label("what of the window's reports?")
                .note(format!("it is one of: {}", known.join(", ")))
                .did_you_mean(&how.value, closest(&how.value, known)),
            );
        }
        found
    }

    fn band<'n>(&mut self, band: &'n hir::Band, unit: &mut Option<(u32, &'n Name)>) -> Option<core::Band> {
        let upto = match &band.up_to {
            None => None,
            Some((count, name)) => {
                let (found, factor) = self.unit(name)?;
                let same = self.same_unit(unit, found, name, "band");
                let upto = count.value.checked_mul(factor).filter(|upto| *upto <= core::NAT_MAX);
                if upto.is_none() {
                    self.findings.push(out_of_range(count.span, "a band", "0", "2^127 - 1"));
                }
                Some(upto.filter(|_| same)?)
            }
        };
        let (kind, amount) = match &band.price {
            hir::BandPrice::Free => (core::BandKind::At, Some(Ratio { num: 0, den: 1 })),
            hir::BandPrice::For(money) => (core::BandKind::For, self.amount(money, PRICE)),
            hir::BandPrice::At(rate) => {
                let (found, _) = self.priced_unit(rate)?;
                let same = self.same_unit(unit, found, &rate.unit, "price");
                (core::BandKind::At, self.rate(rate).filter(|_| same))
            }
            hir::BandPrice::Broken => return None,
        };
        Some(core::Band { upto, kind, amount: amount? })
    }

    /// `up to` rising, `beyond` last.
    fn band_order(&mut self, it: &hir::AtClose, clause: Span) -> bool {
        let Some((last, others)) = it.bands.split_last() else { return false };
        if let Some(beyond) = others.iter().find(|band| band.up_to.is_none()) {
            self.findings.push(disorder(beyond.span, "`beyond` must be the last band"));
            return false;
        }
        if last.up_to.is_some() {
            self.findings.push(unending(last.span, clause));
            return false;
        }
        let count = |band: &hir::Band| {
            band.up_to.as_ref().map(|(count, name)| {
                let factor =
                    self.scope.unit_names.get(&name.value).copied().flatten().map_or(1, |(_, factor)| factor);
                count.value.saturating_mul(factor)
            })
        };
        let falls = others.windows(2).find(|pair| count(&pair[0]) >= count(&pair[1]));
        if let Some(pair) = falls {
            self.findings.push(
                disorder(pair[1].span, "every band reaches further than the one before")
                    .also(pair[0].span, "this one reaches as far already"),
            );
            return false;
        }
        true
    }
}

fn no_unit(span: Span, help: &str) -> Diagnostic {
    Diagnostic::new(Code::E0306, span, "nothing says what is counted here").label("which unit?").help(help)
}

fn disorder(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::E0404, span, message)
        .label("out of order")
        .help("bands follow each other: `up to 50 ...`, `up to 500 ...`, `beyond ...`")
}

fn unending(last: Span, table: Span) -> Diagnostic {
    Diagnostic::new(Code::E0405, last, "this price table ends here")
        .label("what does use beyond this cost?")
        .also(table, "this table")
        .help("add a last line: `beyond at ...`, or `beyond free`")
}
