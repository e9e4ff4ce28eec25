//! Money: the currency, limits, prices, splits. Every number is an exact fraction.

use licit_grammar::Span;

use super::ClauseKind;
use super::from_hir::Check;
use super::vocabulary::out_of_range;
use crate::core::{self, Nat, Ratio, Rounding, Window};
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::from_ast::is_window_or_key;
use crate::hir::{self, Dec, Name, Portion, Sp, TierKind};
use crate::suggest::closest;

const ROUNDINGS: [(&str, Rounding); 4] = [
    ("half_even", Rounding::HalfEven),
    ("half_up", Rounding::HalfUp),
    ("down", Rounding::Down),
    ("up", Rounding::Up),
];

/// Most parties of a split, tiers of a price, cases of a charge (`spec/core.md` section 13).
const MOST_SHARES: usize = 64;
const MOST_TIERS: usize = 256;
const MOST_CASES: usize = 256;

/// A limit on a sum, to be compared with others.
pub(super) struct SumLimit {
    label: String,
    unit: u32,
    cap: Nat,
    key: core::Key,
    window: Window,
    guard: Option<core::Cond>,
}

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

    /// The unit of a price. A window or key that is no unit makes the price a fee.
    fn priced_unit(&mut self, rate: &hir::Rate) -> Option<(u32, Nat)> {
        let text = rate.unit.value.as_str();
        let fee = is_window_or_key(text) && !self.scope.unit_names.contains_key(text);
        if fee && !self.scope.excuses(text) {
            let place = rate.money.to(rate.unit.span);
            self.findings.push(Diagnostic::not_yet(place, "a fee per key and window"));
            return None;
        }
        self.unit(&rate.unit)
    }

    pub(super) fn limit(&mut self, label: &str, clause: Span, it: &hir::Limit) -> Option<core::Limit> {
        let unit = self.unit(&it.unit);
        let counter = self.counter(&it.per, clause);
        let guard = self.guard(&it.selector);
        let (unit, factor) = unit?;
        let cap = it.count.value.checked_mul(factor).filter(|cap| *cap <= core::NAT_MAX);
        let Some(cap) = cap else {
            self.findings.push(out_of_range(it.count.span, "a limit", "1", "2^127 - 1"));
            return None;
        };
        if cap == 0 {
            self.findings.push(
                Diagnostic::new(Code::E0704, it.amount, "not a single use fits into this limit")
                    .label("nothing")
                    .help("raise the limit, or `forbid` the use"),
            );
            return None;
        }
        let (window, key) = counter?;
        let guard = match guard {
            None => None,
            Some(guard) => Some(guard?),
        };
        let label = label.to_owned();
        let sum = SumLimit { label: label.clone(), unit, cap, key, window, guard: guard.clone() };
        self.limits.push((sum, it.amount));
        Some(core::Limit { label, key, kind: core::LimitKind::Sum { unit, cap, window }, guard })
    }

    /// Limits that another limit, or the unit's own range, makes superfluous.
    pub(super) fn compare_limits(&mut self) {
        // A module holds no more counters than these, which is reported elsewhere.
        const MOST: usize = 1024;
        let limits = std::mem::take(&mut self.limits);
        let limits = if limits.len() > MOST { Vec::new() } else { limits };
        for (i, (it, amount)) in limits.iter().enumerate() {
            let highest = self.scope.units[it.unit as usize].highest;
            if it.cap >= highest {
                self.findings.push(
                    Diagnostic::new(Code::W0703, *amount, format!("`{}` is never reached", it.label))
                        .label(format!("no counter of this unit goes beyond {}", grouped(highest)))
                        .help("lower the limit, or widen the unit's range in its vocabulary"),
                );
                continue;
            }
            let stronger = limits.iter().enumerate().find_map(|(j, (other, place))| {
                let same = i != j
                    && other.unit == it.unit
                    && other.key == it.key
                    && (other.guard.is_none() || other.guard == it.guard);
                let most = other.cap.checked_mul(windows_in(other.window, it.window).filter(|_| same)?)?;
                // Of two equal limits the later one is the superfluous one.
                let never = most < it.cap || (most == it.cap && (other.window != it.window || j < i));
                never.then_some((other, *place, most))
            });
            if let Some((other, place, most)) = stronger {
                let times = most / other.cap.max(1);
                let most = if times == 1 {
                    format!("at most {} already", grouped(most))
                } else {
                    let window = window_word(it.window);
                    format!("at most {times} x {} = {} in a {window}", grouped(other.cap), grouped(most))
                };
                self.findings.push(
                    Diagnostic::new(
                        Code::W0703,
                        *amount,
                        format!("`{}` adds nothing to `{}`", it.label, other.label),
                    )
                    .label("so this is never reached")
                    .also(place, most)
                    .help("lower it, or count it per another key"),
                );
            }
        }
        self.limits = limits;
    }

    pub(super) fn charge(&mut self, it: &hir::Charge) -> Option<ClauseKind> {
        match it {
            hir::Charge::Plain(plain) => {
                let (selector, price) = plain.as_ref();
                let guard = self.guard(selector);
                let price = self.price(price)?;
                let condition = match guard {
                    None => core::Cond::True,
                    Some(guard) => guard?,
                };
                Some(ClauseKind::Charge {
                    cases: vec![(condition, price, 0)],
                    otherwise: None,
                    by_case: false,
                })
            }
            hir::Charge::Cases(list) => self.cases(list),
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
            hir::Price::Rate(rate) => {
                let unit = self.priced_unit(rate);
                let rate = self.rate(rate);
                let ((unit, _), rate) = unit.zip(rate)?;
                Some(core::Price::Rate { unit, rate })
            }
            hir::Price::Schedule { per, tiers } => self.schedule(per, tiers, price.span),
            hir::Price::Broken => None,
        }
    }

    /// The price of one unit of its own; the unit's name must be known, or this is silent.
    fn rate(&mut self, rate: &hir::Rate) -> Option<Ratio> {
        self.priced.get_or_insert(rate.money);
        self.currency_agrees(rate);
        let factor =
            self.scope.unit_names.get(&rate.unit.value).copied().flatten().map(|(_, factor)| factor)?;
        if rate.count.value == 0 {
            self.findings.push(
                Diagnostic::new(Code::E0305, rate.count.span, "a price per nothing has no value")
                    .label("must be at least 1"),
            );
            return None;
        }
        let exact = rate.count.value.checked_mul(factor).and_then(|count| fraction(rate.amount, count));
        let Some(exact) = exact else {
            self.findings.push(too_fine(rate.money, rate.money.to(rate.unit.span)));
            return None;
        };
        self.rates.push((exact, rate.money.to(rate.unit.span)));
        Some(exact)
    }

    fn currency_agrees(&mut self, rate: &hir::Rate) {
        let Some(settled) = self.licence.currency.given() else { return };
        let code = &settled.value.code;
        if code.value.is_empty() || rate.currency.is_empty() || code.value == rate.currency {
            return;
        }
        self.findings.push(
            Diagnostic::new(
                Code::E0303,
                rate.money,
                format!("{} in a licence that settles in {}", rate.currency, code.value),
            )
            .label(format!("priced in {}", rate.currency))
            .also(code.span, format!("settles in {}", code.value))
            .help(format!("exchange rates are never guessed; state the price in {}", code.value)),
        );
    }

    /// A cumulative schedule: tiers of one unit, in order, the last without an end.
    fn schedule(&mut self, per: &[Name], tiers: &[hir::Tier], span: Span) -> Option<core::Price> {
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
        Some(core::Price::Graduated { unit, key, window, tiers: out })
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
                    Diagnostic::new(Code::W0408, rate.money, "this tier is dearer than the one before")
                        .label("dearer")
                        .also(before.money, "cheaper")
                        .help("that is allowed; most price tables fall"),
                );
                return;
            }
        }
    }

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
        let ratios = self.shares(clause, &it.shares)?;
        let window = match window {
            None => None,
            Some(window) => Some(window?),
        };
        Some(core::Split {
            label: label.to_owned(),
            first_cuts: Vec::new(),
            shares: handles.into_iter().zip(ratios).collect(),
            window,
        })
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

    /// The least common multiple of all denominators must stay below 2^64, and so must every rate in its units.
    pub(super) fn grain(&mut self) {
        const END: u128 = 1 << 64;
        let mut grain: u128 = 1;
        for (rate, span) in &self.rates {
            let step = rate.den / gcd(grain, rate.den);
            match grain.checked_mul(step).filter(|grain| *grain < END) {
                Some(wider) => grain = wider,
                None => {
                    self.findings.push(too_fine(*span, *span));
                    return;
                }
            }
        }
        for (rate, span) in &self.rates {
            if rate.num.checked_mul(grain / rate.den).is_none_or(|units| units >= END) {
                self.findings.push(too_fine(*span, *span));
                return;
            }
        }
    }
}

/// `dec` / `divisor` as a fraction, if the core can hold it.
fn fraction(dec: Dec, divisor: u128) -> Option<Ratio> {
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
fn less(a: Ratio, b: Ratio) -> bool {
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

/// How many windows of one kind can touch one window of another: at most.
fn windows_in(inner: Window, outer: Window) -> Option<u128> {
    use Window::{Day, Month, Quarter, Week, Year};
    Some(match (inner, outer) {
        (a, b) if a == b => 1,
        (Day, Week) => 7,
        (Day, Month) => 31,
        (Day, Quarter) => 92,
        (Day, Year) => 366,
        (Week, Month) => 6,
        (Week, Quarter) => 14,
        (Week, Year) => 54,
        (Month, Quarter) => 3,
        (Month, Year) => 12,
        (Quarter, Year) => 4,
        // A whole term bounds every window inside it.
        (Window::Term, _) => 1,
        _ => return None,
    })
}

fn window_word(window: Window) -> &'static str {
    super::time::WINDOWS.iter().find(|(_, it)| *it == window).map_or("call", |(word, _)| word)
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

fn too_many(span: Span, what: &str, most: usize) -> Diagnostic {
    Diagnostic::new(Code::E0112, span, format!("there are more than {most} {what}"))
        .label("one too many")
        .help("`spec/core.md` section 13 has the limits")
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
