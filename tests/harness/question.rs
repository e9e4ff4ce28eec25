//! A question to any evaluator, and drawing questions that touch a licence where it hurts: at its constants, the edges
//! of its windows, with facts and axes left out.

use licit_compiler::core::{
    Anchor, Axis, Cond, Constant, FactType, Licence, LimitKind, Period, Point, Price, Ratio, TermSpan,
};

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// For yes_no facts and kinds.
    Truth(bool),
    /// For counts.
    Number(u128),
    /// For texts and parties.
    Text(String),
}

/// How a duty stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing outstanding.
    Clear,
    /// To be done before this instant (microseconds).
    Pending(i64),
    /// Done.
    Done,
    /// Not done in time.
    Violated,
    /// Not known.
    Unknown,
}

/// A request and the state it meets, in the words of `spec/core.md` section 6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Microseconds since 1970-01-01T00:00Z.
    pub used_at: i64,
    /// The user.
    pub user: Option<String>,
    /// The organisation.
    pub organisation: Option<String>,
    /// Action, purpose, place.
    pub axes: [Option<String>; 3],
    /// Facts by name.
    pub facts: Vec<(String, Value)>,
    /// Quantities by unit.
    pub quantities: Vec<(String, u128)>,
    /// Used, by counter.
    pub used: Vec<u128>,
    /// Status, by duty.
    pub duties: Vec<Duty>,
    /// Revocation notice.
    pub notice: Option<i64>,
    /// Grant, release, first use.
    pub instants: [Option<i64>; 3],
    /// Anchor and number of the paid periods.
    pub renewal: Option<(i64, u32)>,
    /// By end: whether it was reached before.
    pub latched: Vec<bool>,
}

/// What a counter counts, as far as drawing its position wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Units, of a limit on sums or a charge at close.
    Units,
    /// Units, of a graduated price.
    Priced,
    /// Open calls, or users, up to the cap.
    Heads(u128),
    /// Money, up to the amount in units of the grain.
    Money(u128),
    /// Uses.
    Uses,
    /// Credit.
    Credit,
}

/// The counters of a licence in the order of their numbers (`spec/core.md` section 6, `spec/core-wider.md` section 1).
pub fn counters(licence: &Licence) -> Vec<Counts> {
    let grain = u128::from(licence.grain().unwrap_or(1));
    let in_grain = |amount: &Ratio| amount.num.saturating_mul(grain / amount.den.max(1));
    let (mut sums, mut open, mut seats, mut spend) = (vec![], vec![], vec![], vec![]);
    for limit in &licence.limits {
        match &limit.kind {
            LimitKind::Sum { .. } => sums.push(Counts::Units),
            LimitKind::AtOnce { cap, .. } => open.push(Counts::Heads(*cap)),
            LimitKind::Seats { cap, .. } => seats.push(Counts::Heads(*cap)),
            LimitKind::Spend { amount, .. } => spend.push(Counts::Money(in_grain(amount))),
        }
    }
    let (mut priced, mut fees) = (vec![], vec![]);
    for (_, price) in licence.charges.iter().flat_map(|charge| &charge.cases) {
        match price {
            Price::Free | Price::Rate { .. } => {}
            Price::Graduated { .. } | Price::Bounded { .. } => priced.push(Counts::Priced),
            Price::Fee { .. } => fees.push(Counts::Uses),
        }
    }
    let prepaid = licence.prepaid.iter().map(|_| Counts::Credit).collect();
    let closing = licence.at_close.iter().map(|_| Counts::Units).collect();
    [sums, priced, open, seats, spend, fees, prepaid, closing].concat()
}

/// A small generator of numbers (SplitMix64, Steele et al. 2014), so that a seed is a whole question.
#[derive(Clone, Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.bits() % end as u64) as usize }
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of `from`.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A number at or beside one of `anchors`, or a small one, or any.
    fn near(&mut self, anchors: &[u128]) -> u128 {
        match self.below(8) {
            0 => self.below(20) as u128,
            1 => u128::from(self.bits()),
            2 => u128::from(self.bits()) << self.below(64),
            _ => {
                let anchor = self.pick(anchors).copied().unwrap_or(0);
                anchor.saturating_add(2).saturating_sub(self.below(5) as u128)
            }
        }
    }
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Draws a question for `licence`.
pub fn draw(licence: &Licence, seed: u64) -> Question {
    let mut draw = Draw(seed);
    let draw = &mut draw;
    let mut numbers = Numbers::default();
    numbers.of(licence);
    let used_at = instant(licence, draw);
    let mut question = Question {
        used_at,
        user: (!draw.once_in(6)).then(|| "ana".to_string()),
        organisation: organisation(licence, draw),
        axes: [Axis::Action, Axis::Purpose, Axis::Place].map(|axis| term(licence, axis, draw)),
        facts: facts(licence, &numbers, false, draw),
        quantities: quantities(licence, &numbers.quantities, draw),
        used: counters(licence).into_iter().map(|counts| position(counts, &numbers, draw)).collect(),
        duties: licence.duties.iter().map(|_| duty(licence, draw)).collect(),
        notice: draw.once_in(3).then(|| instant(licence, draw)),
        instants: anchors(licence, used_at, draw),
        renewal: paid(licence, used_at, draw),
        latched: licence.ends.iter().map(|_| draw.once_in(6)).collect(),
    };
    if !draw.once_in(3) {
        soften(&mut question, licence, &numbers, draw);
    }
    question
}

/// Takes most of what denies for itself out of a question, so that rules, limits and prices get their say.
fn soften(question: &mut Question, licence: &Licence, numbers: &Numbers, draw: &mut Draw) {
    let rarely = |draw: &mut Draw| draw.once_in(12);
    let term = licence.term.unwrap_or_default();
    if !rarely(draw) {
        question.used_at = inside(&term, draw);
    }
    let used_at = question.used_at;
    if !rarely(draw) {
        question.notice = None;
        question.latched.fill(false);
        question.duties.fill(Duty::Clear);
    }
    if !rarely(draw) {
        question.user = Some("ana".into());
        question.organisation = Some(licence.holder.clone().unwrap_or_else(|| "acme".into()));
    }
    for (used, counts) in question.used.iter_mut().zip(counters(licence)) {
        if !rarely(draw) {
            *used = match counts {
                Counts::Credit => u128::from(u64::MAX) << 40,
                Counts::Uses => draw.below(2) as u128,
                _ => 0,
            };
        }
    }
    if !rarely(draw) {
        let listed = |name: &str| licence.units.iter().any(|unit| unit.name == name);
        question.quantities.retain(|(name, _)| listed(name));
        question.quantities.iter_mut().for_each(|(_, quantity)| *quantity = draw.below(4) as u128);
    }
    for (given, axis) in question.axes.iter_mut().zip([Axis::Action, Axis::Purpose, Axis::Place]) {
        let leaves: Vec<&String> =
            licence.axes.get(&axis).map_or(&[][..], Vec::as_slice).iter().map(|t| &t.name).collect();
        if !rarely(draw) {
            *given = draw.pick(&leaves).map(|name| (*name).clone());
        }
    }
    if !rarely(draw) {
        question.facts = facts(licence, numbers, true, draw);
    }
    if !rarely(draw) {
        question.instants = started(&term, used_at, draw);
    }
    if let (Some(renewal), false) = (&licence.renewal, rarely(draw)) {
        let (period, grace) =
            (length(&renewal.period), renewal.grace.as_ref().map(|grace| length(&grace.period)));
        question.renewal = Some(match grace {
            // Past one period and half a grace, more or less.
            Some(grace) if !draw.once_in(3) => (used_at.saturating_sub(period).saturating_sub(grace / 2), 1),
            _ => (used_at.saturating_sub(period.saturating_mul(2)).saturating_sub(period / 2), 4),
        });
    }
}

/// Some instant of the term, as far as it is fixed.
fn inside(term: &TermSpan, draw: &mut Draw) -> i64 {
    let from = term.from.and_then(fixed).unwrap_or(1_780_000_000 * SECOND);
    let until =
        term.until.and_then(fixed).unwrap_or(from.saturating_add(900 * DAY)).max(from.saturating_add(DAY));
    let span = usize::try_from(until.saturating_sub(from)).unwrap_or(usize::MAX).min(1 << 52);
    from.saturating_add(draw.below(span) as i64).clamp(0, licit_vm::END_OF_TIME - 1)
}

/// Grant, release and first use, so that the term has begun and not ended.
fn started(term: &TermSpan, used_at: i64, draw: &mut Draw) -> [Option<i64>; 3] {
    [Anchor::Grant, Anchor::Release, Anchor::FirstUse].map(|anchor| {
        let of = |point: Option<Point>| match point {
            Some(Point::Anchored { anchor: own, period }) if own == anchor => Some(length(&period)),
            _ => None,
        };
        let ago = match (of(term.from), of(term.until)) {
            (Some(from), None) => from.saturating_add(DAY * draw.below(400) as i64),
            (None, Some(until)) => until / 2,
            (Some(from), Some(until)) => i64::midpoint(from, until),
            (None, None) => DAY,
        };
        Some(used_at.saturating_sub(ago))
    })
}

/// The holder, if there is one, or somebody else.
fn organisation(licence: &Licence, draw: &mut Draw) -> Option<String> {
    match (&licence.holder, draw.below(8)) {
        (_, 0) => None,
        (None, 1) => None,
        (Some(holder), n) if n > 2 => Some(holder.clone()),
        _ => Some("acme".to_string()),
    }
}

/// Where a counter stands.
fn position(counts: Counts, numbers: &Numbers, draw: &mut Draw) -> u128 {
    match counts {
        Counts::Units | Counts::Priced => {
            if draw.once_in(3) {
                0
            } else {
                draw.near(&numbers.quantities)
            }
        }
        // Once in a while beyond what may be.
        Counts::Heads(cap) | Counts::Money(cap) => match draw.below(4) {
            0 => 0,
            1 => draw.near(&[cap]),
            _ => cap.saturating_sub(draw.below(3) as u128),
        },
        Counts::Uses => draw.below(2) as u128,
        Counts::Credit => {
            if draw.once_in(2) {
                u128::from(draw.bits()) << 40
            } else {
                draw.near(&numbers.quantities)
            }
        }
    }
}

/// About how long a period is, in microseconds; exactly, of seconds.
fn length(period: &Period) -> i64 {
    let (number, unit) = match period {
        Period::Seconds(number) => (number, SECOND),
        Period::Days(number) => (number, DAY),
        Period::Months(number) => (number, 30 * DAY),
    };
    i64::try_from(*number).unwrap_or(i64::MAX).saturating_mul(unit)
}

/// An instant that lies a length before another, or an hour, a day, a microsecond beside it.
fn before(at: i64, length: i64, draw: &mut Draw) -> i64 {
    let beside = match draw.below(5) {
        0 => draw.below(3) as i64 - 1,
        1 => (draw.below(49) as i64 - 24) * 3_600 * SECOND,
        2 => (draw.below(5) as i64 - 2) * DAY,
        3 => (draw.below(4_000) as i64 - 1_000) * DAY,
        _ => draw.below(20) as i64 * DAY,
    };
    at.saturating_sub(length).saturating_sub(beside)
}

/// Grant, release and first use, so that what hangs on them falls about the instant of use.
fn anchors(licence: &Licence, used_at: i64, draw: &mut Draw) -> [Option<i64>; 3] {
    let term = licence.term.unwrap_or_default();
    [Anchor::Grant, Anchor::Release, Anchor::FirstUse].map(|anchor| {
        let hanging = [term.from, term.until].into_iter().flatten().find_map(|point| match point {
            Point::Anchored { anchor: own, period } if own == anchor => Some(length(&period)),
            _ => None,
        });
        (!draw.once_in(6)).then(|| before(used_at, hanging.unwrap_or(0), draw))
    })
}

/// Some periods, the use in one of them, or about the end of the last one, or in the grace.
fn paid(licence: &Licence, used_at: i64, draw: &mut Draw) -> Option<(i64, u32)> {
    let renewal = licence.renewal.as_ref()?;
    if draw.once_in(8) {
        return None;
    }
    let periods = draw.below(14) as u32;
    let passed = draw.below(periods as usize + 2) as i64;
    let grace = renewal.grace.as_ref().filter(|_| draw.once_in(3)).map_or(0, |grace| length(&grace.period));
    let ago = length(&renewal.period).saturating_mul(passed).saturating_add(grace);
    Some((before(used_at, ago, draw), periods))
}

/// The edges of the term and of civil days, months and years, a microsecond around them, or any time. But not much more
/// than a year outside a fixed term, where a module's zone data end: there only the reasons that stand beside `not-yet` and
/// `expired` could differ, by a change of the clock.
fn instant(licence: &Licence, draw: &mut Draw) -> i64 {
    let term = licence.term.unwrap_or_default();
    let (from, until) = (term.from.and_then(fixed), term.until.and_then(fixed));
    let anchors: Vec<i64> = [from, until].into_iter().flatten().collect();
    let base = draw.pick(&anchors).copied().unwrap_or(1_780_000_000 * SECOND);
    let moved = match draw.below(6) {
        0 => 0,
        1 => (draw.below(48) as i64 - 24) * 1_800 * SECOND,
        2 => (draw.below(800) as i64 - 400) * DAY,
        3 => (draw.below(40_000) as i64 - 20_000) * 1_800 * SECOND,
        _ => draw.below(400) as i64 * DAY + draw.below(86_400) as i64 * SECOND,
    };
    let first =
        anchors.iter().min().filter(|_| from.is_some()).map_or(0, |first| first.saturating_sub(360 * DAY));
    let last = anchors
        .iter()
        .max()
        .filter(|_| until.is_some())
        .map_or(i64::MAX, |last| last.saturating_add(360 * DAY));
    let at = base.saturating_add(moved) - draw.below(3) as i64 + 1;
    at.clamp(first, last).clamp(0, licit_vm::END_OF_TIME - 1)
}

/// About when a point is that hangs on nothing, in microseconds.
fn fixed(point: Point) -> Option<i64> {
    match point {
        Point::Date(days) => Some(i64::try_from(days).unwrap_or(0).saturating_mul(DAY)),
        Point::Instant(micros) => Some(i64::try_from(micros).unwrap_or(0)),
        Point::Anchored { .. } => None,
    }
}

fn term(licence: &Licence, axis: Axis, draw: &mut Draw) -> Option<String> {
    if draw.once_in(8) {
        return None;
    }
    if draw.once_in(8) {
        return Some("nobody listed this".into());
    }
    let terms = licence.axes.get(&axis)?;
    draw.pick(terms).map(|term| term.name.clone())
}

/// Facts of the licence; `all` of them, in their types and ranges, or some, perhaps in others.
fn facts(licence: &Licence, numbers: &Numbers, all: bool, draw: &mut Draw) -> Vec<(String, Value)> {
    let mut given = Vec::new();
    for (index, fact) in licence.facts.iter().enumerate() {
        if !all && draw.once_in(3) {
            continue;
        }
        let value = match (&fact.ty, !all && draw.once_in(12)) {
            (_, true) => Value::Text("of the wrong type, perhaps".into()),
            (FactType::YesNo | FactType::Kind, _) => Value::Truth(draw.once_in(2)),
            (FactType::Count { low, high }, _) => {
                let mut anchors = vec![*low, *high];
                anchors.extend(numbers.of_fact(index));
                let number = draw.near(&anchors);
                Value::Number(if all { number.clamp(*low, *high) } else { number })
            }
            (FactType::Text | FactType::Party, _) => {
                let texts: Vec<&String> = numbers.texts.iter().map(|(_, text)| text).collect();
                Value::Text(draw.pick(&texts).map_or_else(String::new, |text| (*text).clone()))
            }
        };
        given.push((fact.name.clone(), value));
    }
    if draw.once_in(6) {
        given.push(("nobody asked".into(), Value::Number(1)));
    }
    given
}

fn quantities(licence: &Licence, anchors: &[u128], draw: &mut Draw) -> Vec<(String, u128)> {
    let mut given = Vec::new();
    for unit in &licence.units {
        if !draw.once_in(3) {
            let mut anchors = anchors.to_vec();
            anchors.push(unit.highest);
            given.push((unit.name.clone(), draw.near(&anchors)));
        }
    }
    if draw.once_in(12) {
        given.push(("nobody listed this".into(), 1));
    }
    given
}

fn duty(licence: &Licence, draw: &mut Draw) -> Duty {
    match draw.below(8) {
        0 => Duty::Pending(instant(licence, draw)),
        1 => Duty::Done,
        2 => Duty::Violated,
        3 => Duty::Unknown,
        _ => Duty::Clear,
    }
}

/// The constants of a licence.
#[derive(Default)]
struct Numbers {
    compared: Vec<(u32, u128)>,
    texts: Vec<(u32, String)>,
    quantities: Vec<u128>,
}

impl Numbers {
    fn of_fact(&self, fact: usize) -> impl Iterator<Item = u128> {
        self.compared.iter().filter(move |(index, _)| *index as usize == fact).map(|(_, number)| *number)
    }

    fn of(&mut self, licence: &Licence) {
        let rules = licence.permits.iter().chain(&licence.forbids).map(|(_, cond)| cond);
        let guards = licence.limits.iter().filter_map(|limit| limit.guard.as_ref());
        let cases = licence.charges.iter().flat_map(|charge| &charge.cases);
        let duties = licence.duties.iter().filter_map(|duty| duty.guard.as_ref());
        let prepaid = licence.prepaid.iter().filter_map(|prepaid| prepaid.guard.as_ref());
        let closing = licence.at_close.iter().filter_map(|close| close.guard.as_ref());
        for cond in rules
            .chain(guards)
            .chain(cases.clone().map(|(cond, _)| cond))
            .chain(duties)
            .chain(licence.ends.iter().map(|(_, cond)| cond))
            .chain(prepaid)
            .chain(closing)
            .chain(&licence.definitions)
        {
            self.condition(cond);
        }
        self.quantities.extend(licence.limits.iter().filter_map(|limit| match limit.kind {
            LimitKind::Sum { cap, .. } => Some(cap),
            _ => None,
        }));
        for (_, price) in cases {
            if let Price::Graduated { tiers, .. } | Price::Bounded { tiers, .. } = price {
                let mut edge = 0_u128;
                for tier in tiers {
                    edge = edge.saturating_add(tier.width.unwrap_or(0));
                    self.quantities.push(edge);
                }
            }
        }
        self.quantities.extend(licence.units.iter().map(|unit| unit.highest));
    }

    fn condition(&mut self, cond: &Cond) {
        match cond {
            Cond::Compare { fact, constant: Constant::Number(number), .. } => {
                self.compared.push((*fact, *number));
            }
            Cond::Compare { fact, constant: Constant::Text(text), .. } => {
                self.texts.push((*fact, text.clone()));
            }
            Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| self.condition(part)),
            Cond::Not(part) => self.condition(part),
            _ => {}
        }
    }
}
