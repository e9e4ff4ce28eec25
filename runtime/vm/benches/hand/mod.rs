//! The typical licence as a good engineer would write it by hand: the same outcome, reasons and all, in plain Rust.
#![allow(missing_docs, clippy::many_single_char_names, reason = "it reads as the licence does")]

use licit_vm::{Delta, DutyDue, DutyStatus, FactValue, Line, Outcome, Reason, ReasonCode, Request, State};

/// A request in numbers: leaves in the order of names, then unlisted, then not given.
#[derive(Clone, Copy, Default)]
pub struct Input {
    pub at: i64,
    pub due: i64,
    pub day: i64,
    pub month: i64,
    pub calls: u64,
    pub records: u64,
    pub headcount: Option<u32>,
    pub ethics: Option<bool>,
    pub action: u8,
    pub purpose: u8,
    pub place: u8,
    pub user: bool,
    pub organisation: bool,
}

const DAY: i64 = 86_400_000_000;

/// Values of three-valued logic; `min` is and, `max` is or.
const F: u8 = 0;
const U: u8 = 1;
const T: u8 = 2;

const fn set<const N: usize>(yes: &[usize], unknown: &[usize], unlisted: u8) -> [u8; N] {
    let mut out = [F; N];
    let mut i = 0;
    while i < yes.len() {
        out[yes[i]] = T;
        i += 1;
    }
    i = 0;
    while i < unknown.len() {
        out[unknown[i]] = U;
        i += 1;
    }
    out[N - 2] = unlisted;
    out[N - 1] = U;
    out
}

static TRAIN_OR_EVALUATE: [u8; 11] = set(&[2, 3, 6], &[7], F);
static TRAIN: [u8; 11] = set(&[3, 6], &[7], F);
static INFER: [u8; 11] = set(&[1, 4], &[5], F);
static EVALUATE: [u8; 11] = set(&[2], &[], F);
static USE: [u8; 11] = set(&[0, 1, 2, 3, 4, 6], &[5, 7, 8], U);
static GENERATE: [u8; 11] = set(&[4], &[], F);
static RESEARCH: [u8; 13] = set(&[0, 4], &[8], F);
static PRODUCT: [u8; 13] = set(&[7], &[], F);
static RESEARCH_OR_PRODUCT: [u8; 13] = set(&[0, 4, 7], &[8], F);
static SURVEILLANCE: [u8; 13] = set(&[9], &[], F);
static ARMS: [u8; 13] = set(&[5, 9, 10], &[6], F);
static FREE: [u8; 13] = set(&[0, 4, 9], &[8], F);
static EU_UK: [u8; 9] = set(&[1, 3, 4], &[2], F);
static EU_UK_US: [u8; 9] = set(&[1, 3, 4, 5], &[2], F);

fn slot(axis: u32, given: bool) -> u32 {
    1 << if given { axis + 3 } else { axis }
}

pub fn decide(i: &Input, s: &State<'_>, out: &mut Outcome) {
    out.reasons.clear();
    out.lines.clear();
    out.duties.clear();
    out.deltas.clear();
    let (a, p, l) = (usize::from(i.action), usize::from(i.purpose), usize::from(i.place));
    let ethics = i.ethics.map_or(U, |e| if e { T } else { F });
    let small = i.headcount.map_or(U, |h| if h < 250 { T } else { F });
    let mut needs = 0u32;
    let (slot_a, slot_p, slot_l) = (slot(0, a < 10), slot(1, p < 12), slot(2, l < 8));
    if i.at < 20_454 * DAY {
        out.reasons.push(Reason { code: ReasonCode::NotYet, number: 0 });
    }
    if i.at >= 21_915 * DAY {
        out.reasons.push(Reason { code: ReasonCode::Expired, number: 0 });
    }
    if s.notice.is_some_and(|n| i.at >= n + 30 * DAY) {
        out.reasons.push(Reason { code: ReasonCode::Revoked, number: 0 });
    }
    // The forbid and its exception.
    let exception = EVALUATE[a].min(ethics);
    let forbid = USE[a].min(ARMS[p]).min(2 - exception);
    let mut quiet = true;
    if forbid == T {
        out.reasons.push(Reason { code: ReasonCode::Forbidden, number: 5 });
        quiet = false;
    } else if forbid == U {
        quiet = false;
        needs |= if USE[a] == U { slot_a } else { 0 };
        needs |= if ARMS[p] == U { slot_p } else { 0 };
        if exception == U {
            needs |= if EVALUATE[a] == U { slot_a } else { 0 };
            needs |= if ethics == U { 1 << 16 } else { 0 };
        }
    }
    // The permits.
    let study = TRAIN_OR_EVALUATE[a].min(RESEARCH[p]);
    let build = TRAIN[a].min(PRODUCT[p]).min(EU_UK[l]).min(small);
    let serve = INFER[a].min(RESEARCH_OR_PRODUCT[p]).min(EU_UK_US[l]);
    let review = EVALUATE[a].min(SURVEILLANCE[p]).min(ethics);
    let permit = study.max(build).max(serve).max(review);
    if permit != T {
        quiet = false;
        if permit == F {
            let actions = TRAIN_OR_EVALUATE[a].max(INFER[a]);
            let purposes = TRAIN_OR_EVALUATE[a].min(RESEARCH[p]).max(TRAIN[a].min(PRODUCT[p]));
            let purposes =
                purposes.max(INFER[a].min(RESEARCH_OR_PRODUCT[p])).max(EVALUATE[a].min(SURVEILLANCE[p]));
            let places = study.max(TRAIN[a].min(PRODUCT[p]).min(EU_UK[l])).max(serve);
            let places = places.max(EVALUATE[a].min(SURVEILLANCE[p]));
            let number = if actions == F {
                2
            } else if purposes == F {
                3
            } else if places == F {
                4
            } else {
                6
            };
            out.reasons.push(Reason { code: ReasonCode::NotPermitted, number });
        } else {
            if study == U {
                needs |= if TRAIN_OR_EVALUATE[a] == U { slot_a } else { 0 };
                needs |= if RESEARCH[p] == U { slot_p } else { 0 };
            }
            if build == U {
                needs |= if TRAIN[a] == U { slot_a } else { 0 };
                needs |= if PRODUCT[p] == U { slot_p } else { 0 };
                needs |= if EU_UK[l] == U { slot_l } else { 0 };
                needs |= if small == U { 1 << 17 } else { 0 };
            }
            if serve == U {
                needs |= if INFER[a] == U { slot_a } else { 0 };
                needs |= if RESEARCH_OR_PRODUCT[p] == U { slot_p } else { 0 };
                needs |= if EU_UK_US[l] == U { slot_l } else { 0 };
            }
            if review == U {
                needs |= if EVALUATE[a] == U { slot_a } else { 0 };
                needs |= if SURVEILLANCE[p] == U { slot_p } else { 0 };
                needs |= if ethics == U { 1 << 16 } else { 0 };
            }
        }
    }
    // Limits.
    let highest = i64::MAX as u128;
    let used = |c: usize| s.used.get(c).copied().unwrap_or(0);
    let limits = [
        (i.user, 6, i.calls, 200, 0, i.day, 0),
        (i.user, 6, i.records, 50_000, 3, i.day, 1),
        (i.organisation, 7, i.records, 2_000_000, 10, i.month, 1),
    ];
    for (c, (given, key, q, cap, clause, window, unit)) in limits.into_iter().enumerate() {
        if !given {
            needs |= 1 << key;
            continue;
        }
        let total = used(c).saturating_add(q.into());
        if total > highest {
            out.reasons.push(Reason { code: ReasonCode::Range, number: 65_536 + unit });
            continue;
        }
        if total > cap {
            out.reasons.push(Reason { code: ReasonCode::Over, number: clause });
        }
        if q > 0 {
            out.deltas.push(Delta { counter: c as u16, window, add: q.into() });
        }
    }
    let credit = s.duties.first().copied().unwrap_or_default();
    let overdue = match credit {
        DutyStatus::Clear | DutyStatus::Done => false,
        DutyStatus::Pending { due } => i.at >= due,
        DutyStatus::Violated | DutyStatus::Unknown => true,
    };
    if overdue {
        out.reasons.push(Reason { code: ReasonCode::Suspended, number: 2 });
    }
    // Charges.
    if quiet {
        match (FREE[p], PRODUCT[p]) {
            (T, T) => out.reasons.push(Reason { code: ReasonCode::AmbiguousPrice, number: 4 }),
            (T, _) => {}
            (_, T) if !i.organisation => needs |= 1 << 7,
            (_, T) => {
                let from = used(3);
                let to = from.saturating_add(i.records.into());
                if to > highest {
                    out.reasons.push(Reason { code: ReasonCode::Range, number: 65_537 });
                } else {
                    let (from, to) = (from as u64, to as u64);
                    let second = to.min(100_000).saturating_sub(from.max(10_000));
                    let third = to.saturating_sub(from.max(100_000));
                    let amount = u128::from(second) * 1500 + u128::from(third) * 900;
                    out.lines.push(Line { charge: 0, case: 1, amount });
                    if i.records > 0 {
                        out.deltas.push(Delta { counter: 3, window: i.month, add: i.records.into() });
                    }
                }
            }
            (F, F) => out.reasons.push(Reason { code: ReasonCode::Unpriced, number: 4 }),
            _ => needs |= slot_p,
        }
        match GENERATE[a] {
            T => out.lines.push(Line { charge: 1, case: 0, amount: u128::from(i.calls) * 500 }),
            U => needs |= slot_a,
            _ => {}
        }
    }
    while needs != 0 {
        out.reasons.push(Reason { code: ReasonCode::Needing, number: needs.trailing_zeros() });
        needs &= needs - 1;
    }
    out.permitted = out.reasons.is_empty();
    if !out.permitted {
        out.lines.clear();
        out.deltas.clear();
        out.reasons.sort_unstable();
        out.reasons.dedup();
        return;
    }
    if TRAIN[a] != F && credit == DutyStatus::Clear {
        out.duties.push(DutyDue { duty: 0, due: i.due });
    }
    if GENERATE[a] != F {
        out.duties.push(DutyDue { duty: 1, due: i.at });
    }
}

/// From text to numbers; `month` is remembered between calls as [start, end, index].
pub fn bind(r: &Request<'_>, month: &mut (i64, i64, i64)) -> Input {
    let mut out =
        Input { at: r.used_at, day: r.used_at / DAY, due: r.used_at + 30 * DAY, ..Input::default() };
    if r.used_at < month.0 || r.used_at >= month.1 {
        *month = month_of(r.used_at);
    }
    out.month = month.2;
    out.action = match r.action {
        Some("distill") => 0,
        Some("embed") => 1,
        Some("evaluate") => 2,
        Some("finetune") => 3,
        Some("generate") => 4,
        Some("infer") => 5,
        Some("pretrain") => 6,
        Some("train") => 7,
        Some("use") => 8,
        Some(_) => 9,
        None => 10,
    };
    out.purpose = match r.purpose {
        Some("academic") => 0,
        Some("advertising") => 1,
        Some("any") => 2,
        Some("commercial") => 3,
        Some("internal") => 4,
        Some("logistics") => 5,
        Some("military") => 6,
        Some("product") => 7,
        Some("research") => 8,
        Some("surveillance") => 9,
        Some("weapons") => 10,
        Some(_) => 11,
        None => 12,
    };
    out.place = match r.place {
        Some("CN") => 0,
        Some("DE") => 1,
        Some("EU") => 2,
        Some("FR") => 3,
        Some("UK") => 4,
        Some("US") => 5,
        Some("world") => 6,
        Some(_) => 7,
        None => 8,
    };
    for (name, value) in r.facts {
        match (*name, value) {
            ("ethics_approved", FactValue::Truth(t)) => out.ethics = Some(*t),
            ("headcount", FactValue::Number(n)) if *n <= 1_000_000 => out.headcount = Some(*n as u32),
            _ => {}
        }
    }
    for (name, q) in r.quantities {
        match *name {
            "call" => out.calls = *q as u64,
            "record" => out.records = *q as u64,
            _ => {}
        }
    }
    out.user = r.user.is_some();
    out.organisation = r.organisation.is_some();
    out
}

/// The civil month in UTC: its first instant, the first one after it, its index.
fn month_of(at: i64) -> (i64, i64, i64) {
    // Years counted from March, so that the leap day is the last one.
    let days = |index: i64| {
        let (year, month) = (1970 + index.div_euclid(12) - i64::from(index % 12 < 2), (index + 10) % 12);
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 - 719_468
    };
    let mut index = at / DAY * 400 / 12_175;
    while days(index + 1) * DAY <= at {
        index += 1;
    }
    while days(index) * DAY > at {
        index -= 1;
    }
    (days(index) * DAY, days(index + 1) * DAY, index)
}
