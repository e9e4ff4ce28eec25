//! From the syntax tree to hir: what is counted and what is paid.

use licit_grammar::Span;
use licit_grammar::ast;
use licit_grammar::span::Spanned;

use super::from_ast::{Lower, dec};
use super::*;
use crate::diagnostic::{Code, Diagnostic};

impl Lower<'_> {
    pub(super) fn limit(&mut self, it: &ast::Limit) -> ClauseKind {
        let lease = it.lease.as_ref().map(|length| self.length(length));
        let held = it.held.as_ref().map(|length| self.length(length));
        let kind = match (&it.amount.value, held) {
            (ast::Amount::Name(name), _) => return self.parameter(name),
            (ast::Amount::Money(money), None) if !it.at_once => {
                LimitKind::Spend(self.money(money, it.amount.span))
            }
            (ast::Amount::Money(_), _) => {
                return self.misfit(it.amount.span, "an amount of money", "is neither open nor held");
            }
            (ast::Amount::Quantity { count, unit }, None) => {
                let (count, unit) = (self.int(count), self.name(unit));
                if it.at_once {
                    LimitKind::AtOnce { count, unit, lease: lease.clone() }
                } else {
                    LimitKind::Sum { count, unit }
                }
            }
            (ast::Amount::Quantity { .. }, Some(_)) if it.at_once => {
                let place = it.held.as_ref().map_or(it.amount.span, |held| held.span);
                return self.misfit(place, "`held`", "is for seats: what runs `at once` has a `lease`");
            }
            (ast::Amount::Quantity { count, unit }, Some(held)) => {
                LimitKind::Seats { count: self.int(count), unit: self.name(unit), held }
            }
        };
        if let (Some(lease), false) = (&it.lease, it.at_once) {
            return self.misfit(lease.span, "`lease`", "is for what runs `at once`");
        }
        let Some(per) = self.windows_and_keys(&it.per) else { return ClauseKind::Broken };
        ClauseKind::Limit(Limit {
            kind,
            amount: self.at(it.amount.span),
            per,
            selector: self.selector(&it.selector),
        })
    }

    /// What does not go together with this kind of limit.
    fn misfit(&mut self, span: Span, what: &str, why: &str) -> ClauseKind {
        let place = self.at(span);
        self.findings.push(
            Diagnostic::new(Code::E0706, place, format!("{what} does not go with this limit"))
                .label(format!("{what} {why}"))
                .help("write `limit 8 calls at once, lease 5 minutes`, or `limit 12 users, held 14 days`"),
        );
        ClauseKind::Broken
    }

    /// A name where an amount is expected: only templates have parameters.
    pub(super) fn parameter(&mut self, name: &ast::Name) -> ClauseKind {
        let place = self.at(name.span);
        self.findings.push(
            Diagnostic::new(Code::E0202, place, format!("there is no parameter `{}`", name.value))
                .label("not an amount")
                .help("write a number and a unit, as `50_000 records`"),
        );
        ClauseKind::Broken
    }

    /// What follows `per` where a window and a key are expected; none if something was reported.
    fn windows_and_keys(&mut self, list: &[Spanned<ast::Per>]) -> Option<Vec<Name>> {
        let mut out = Vec::new();
        for per in list {
            if per.from.is_some() {
                self.later(per.span, "a window that begins with an event");
                return None;
            }
            if per.started || per.count.is_some() {
                let place = self.at(per.span);
                self.findings.push(
                    Diagnostic::new(Code::E0702, place, "this is neither a window nor a key")
                        .label("counts blocks")
                        .help("a counter runs per second, minute, hour, day, week, month, quarter, year, renewal or term, and per user, organisation or licensee"),
                );
                return None;
            }
            out.push(self.name(&per.unit));
        }
        Some(out)
    }

    pub(super) fn prepaid(&mut self, it: &ast::Prepaid) -> ClauseKind {
        let Some(per) = self.windows_and_keys(&it.per) else { return ClauseKind::Broken };
        ClauseKind::Prepaid(Prepaid { per, selector: self.selector(&it.selector) })
    }

    pub(super) fn charge(&mut self, it: &ast::Charge, span: Span) -> ClauseKind {
        let place = self.at(span);
        let charge = match it {
            ast::Charge::Free { selector } => {
                Charge::Plain(Box::new((self.selector(selector), Sp { value: Price::Free, span: place })))
            }
            ast::Charge::Rate { rate, selector } => {
                let price = Sp { value: self.rate_or_fee(rate, rate.span), span: self.at(rate.span) };
                Charge::Plain(Box::new((self.selector(selector), price)))
            }
            ast::Charge::Schedule { schedule, selector } => {
                let price = Sp { value: self.schedule(schedule), span: self.at(schedule.span) };
                Charge::Plain(Box::new((self.selector(selector), price)))
            }
            ast::Charge::Cases(cases) => Charge::Cases(cases.iter().map(|case| self.case(case)).collect()),
            ast::Charge::AtClose(it) => match self.at_close(it) {
                Some(it) => Charge::AtClose(Box::new(it)),
                None => return ClauseKind::Broken,
            },
        };
        ClauseKind::Charge(charge)
    }

    fn case(&mut self, case: &Spanned<ast::Case>) -> Case {
        let price = match &case.price.value {
            ast::CasePrice::Free => Price::Free,
            ast::CasePrice::At(rate) => self.rate_or_fee(rate, case.price.span),
            ast::CasePrice::Schedule(schedule) => self.schedule(schedule),
        };
        Case {
            selector: case.selector.as_ref().map(|selector| self.selector(selector)),
            price: Sp { value: price, span: self.at(case.price.span) },
            span: self.at(case.span),
        }
    }

    fn schedule(&mut self, it: &ast::Schedule) -> Price {
        let tails = &it.tails;
        if let Some(by) = &tails.prorated_by {
            self.later(by.span, "`prorated by`");
        }
        let bound = |this: &Self, it: &Option<Spanned<ast::Money>>| {
            it.as_ref().map(|it| this.money(&it.value, it.span))
        };
        let (floor, cap) = (bound(self, &tails.at_least), bound(self, &tails.at_most));
        let Some(per) = self.windows_and_keys(&it.per) else { return Price::Broken };
        let tiers = it.tiers.iter().map(|tier| self.tier(tier)).collect();
        Price::Schedule { per, tiers, floor, cap }
    }

    fn tier(&mut self, tier: &Spanned<ast::Tier>) -> Tier {
        let (mut kind, amount) = match &tier.extent.value {
            ast::Extent::First(amount) => (TierKind::First, Some(amount)),
            ast::Extent::Next(amount) => (TierKind::Next, Some(amount)),
            ast::Extent::Beyond => (TierKind::Beyond, None),
        };
        let extent = amount.and_then(|amount| {
            let extent = self.extent(amount, "a tier of an amount of money");
            if extent.is_none() {
                kind = TierKind::Broken;
            }
            extent
        });
        let rate = tier.rate.as_ref().map(|rate| self.rate(rate));
        if rate == Some(None) {
            kind = TierKind::Broken;
        }
        Tier { kind, extent, span: self.at(tier.extent.span), rate: rate.flatten() }
    }

    /// How much of what; none if it was reported.
    fn extent(&mut self, amount: &Spanned<ast::Amount>, of_money: &str) -> Option<(Sp<u128>, Name)> {
        match &amount.value {
            ast::Amount::Quantity { count, unit } => return Some((self.int(count), self.name(unit))),
            ast::Amount::Money(_) => self.later(amount.span, of_money),
            ast::Amount::Name(name) => {
                self.parameter(name);
            }
        }
        None
    }

    fn at_close(&mut self, it: &ast::AtClose) -> Option<AtClose> {
        let tails = &it.tails;
        let bounds = [&tails.at_least, &tails.at_most].into_iter().flatten().map(|it| it.span);
        for span in bounds.chain(tails.prorated_by.as_ref().map(|by| by.span)) {
            self.later(span, "a floor, a cap or a proration of a charge `at close`");
        }
        let on = it.on.as_ref().map(|on| (self.name(&on.how), self.name(&on.unit)));
        let per = self.windows_and_keys(&it.per)?;
        let mut bands = Vec::new();
        for band in &it.bands {
            let up_to = band.up_to.as_ref().map(|amount| self.extent(amount, "a band of an amount of money"));
            let price = match &band.price.value {
                _ if up_to == Some(None) => BandPrice::Broken,
                ast::BandPrice::Free => BandPrice::Free,
                ast::BandPrice::For(money) => BandPrice::For(self.money(money, band.price.span)),
                ast::BandPrice::At(rate) => self.rate(rate).map_or(BandPrice::Broken, BandPrice::At),
            };
            bands.push(Band { up_to: up_to.flatten(), span: self.at(band.span), price });
        }
        Some(AtClose { on, per, bands, selector: self.selector(&it.selector) })
    }

    /// A price with what it is for: units, or windows and keys.
    fn rate_or_fee(&mut self, rate: &ast::Rate, span: Span) -> Price {
        let fee = rate.per.len() > 1 && rate.per.iter().all(|per| is_window_or_key(&per.unit.value));
        let ast::Price::Money(money) = &rate.price.value else {
            return self.rate(rate).map_or(Price::Broken, Price::Rate);
        };
        if let Some(anchored) = rate.per.iter().find(|per| per.from.is_some()) {
            self.later(anchored.span, "a window that begins with an event");
            return Price::Broken;
        }
        if fee {
            let amount = self.money(money, rate.price.span);
            return self.windows_and_keys(&rate.per).map_or(Price::Broken, |per| Price::Fee { amount, per });
        }
        if let Some(per) = rate.per.iter().find(|per| rate.per.len() > 1 && is_window_or_key(&per.unit.value))
        {
            let (place, whole) = (self.at(per.span), self.at(span));
            self.findings.push(
                Diagnostic::new(Code::E0301, place, "a price is for a unit, or once for a key and a window")
                    .label("no unit")
                    .also(whole, "this price")
                    .help("a price per unit is the same for everyone and every time: leave this out"),
            );
            return Price::Broken;
        }
        self.rate(rate).map_or(Price::Broken, Price::Rate)
    }

    /// A price per unit; none if it was reported.
    fn rate(&mut self, rate: &ast::Rate) -> Option<Rate> {
        let money = match &rate.price.value {
            ast::Price::Money(money) => money,
            ast::Price::Name(name) => {
                let place = self.at(name.span);
                self.findings.push(
                    Diagnostic::new(Code::E0202, place, format!("there is no parameter `{}`", name.value))
                        .label("not a price")
                        .help("write a currency and an amount, as `EUR 3.00`"),
                );
                return None;
            }
            ast::Price::Percent(_) | ast::Price::PercentOf { .. } => {
                self.later(rate.price.span, "a price in per cent");
                return None;
            }
        };
        let per = match rate.per.as_slice() {
            [] => {
                let place = self.at(rate.price.span);
                self.findings.push(
                    Diagnostic::new(Code::E0306, place, "this price does not say what it is for")
                        .label("per what?")
                        .help("write a unit after it, as `per call` or `per 1_000 records`"),
                );
                return None;
            }
            [per] => per,
            [_, second, ..] => {
                let place = self.at(second.span);
                self.findings.push(
                    Diagnostic::new(Code::E0301, place, "a price is for one unit")
                        .label("a second unit")
                        .help("write a second `charge` clause"),
                );
                return None;
            }
        };
        if per.started {
            self.later(per.span, "`per started`");
            return None;
        }
        if per.from.is_some() {
            self.later(per.span, "a window that begins with an event");
            return None;
        }
        let unit = self.name(&per.unit);
        let count = per.count.as_ref().map_or(Sp { value: 1, span: unit.span }, |count| self.int(count));
        let price = self.money(money, rate.price.span);
        Some(Rate { price, count, counted: per.count.is_some(), unit })
    }

    pub(super) fn split(&mut self, it: &ast::Split) -> ClauseKind {
        let first = it.first.as_ref().map(|first| {
            let percent = Sp { value: dec(&first.percent.value.0), span: self.at(first.percent.span) };
            (percent, self.name(&first.to))
        });
        let mut shares = Vec::new();
        for share in &it.shares {
            let to = match &share.to {
                ast::Payee::Party(handle) => self.name(handle),
                ast::Payee::Fact(name) => {
                    return self.clause_later(name.span, "a share for the party that a fact names");
                }
            };
            let portion = match &share.portion.value {
                ast::Portion::Percent(percent) => Portion::Percent(dec(&percent.0)),
                ast::Portion::Parts(parts) => Portion::Parts(parts.value),
                ast::Portion::Rest => Portion::Rest,
            };
            shares.push(Share { portion: Sp { value: portion, span: self.at(share.portion.span) }, to });
        }
        ClauseKind::Split(Split { each: self.maybe(it.each.as_ref()), first, shares })
    }
}

/// The built-in words after `per` that are not units.
pub(crate) fn is_window_or_key(word: &str) -> bool {
    const WORDS: [&str; 13] = [
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "term",
        "renewal",
        "user",
        "organisation",
        "licensee",
    ];
    WORDS.contains(&word)
}
