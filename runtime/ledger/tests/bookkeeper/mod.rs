//! Logs made by hand: receipts and kept parts with the numbers that a test says, and a statement as text.

use std::fmt::Write;

use licit_bytecode::{encode, text};
use licit_ledger::kept::{
    Change, Count, Draw, Held, Id, Kept, KeptLine, LineOf, Paid, Settled, Span, Terms, Who,
};
use licit_ledger::licence::Licence;
use licit_ledger::receipt::{Amount, At, Due, Hash, Kind, Receipt, Reference};
use licit_ledger::state::CallId;
use licit_ledger::statement::{Scope, Statement, StatementFold};
use licit_ledger::vm::{Key, Window};

pub const PILOT: &str = include_str!("../statements/pilot.lasm");
pub const STORAGE: &str = include_str!("../statements/storage.lasm");

pub const DAY: i64 = 86_400_000_000;
/// 2026-04-01T00:00Z, and the months after it.
pub const APRIL: i64 = 20_544 * DAY;
pub const MAY: i64 = APRIL + 30 * DAY;
pub const JUNE: i64 = MAY + 31 * DAY;
pub const JULY: i64 = JUNE + 30 * DAY;

pub fn licence(text_form: &str) -> Licence {
    Licence::load(&encode(&text::assemble(text_form).expect("well-formed"))).expect("valid")
}

pub fn id(number: u64) -> Id {
    let mut id = [0; 32];
    id[24..].copy_from_slice(&number.to_be_bytes());
    Id(id)
}

pub fn line(of: LineOf, quantity: i128, amount: i128) -> KeptLine {
    KeptLine { of, quantity, amount }
}

pub struct Log {
    pub events: Vec<(Receipt, Kept)>,
    licence: Hash,
    grain: u64,
    prepaid: bool,
    pool: Option<Window>,
}

impl Log {
    pub fn new(text_form: &str) -> Log {
        let licence = licence(text_form);
        let manifest = licence.manifest();
        Log {
            events: Vec::new(),
            licence: *licence.policy().licence_id(),
            grain: manifest.grain,
            prepaid: manifest.prepaid.is_some(),
            pool: manifest.split.as_ref().and_then(|split| split.window),
        }
    }

    pub fn statement(&self, licence: &Licence, scope: Scope) -> Statement {
        StatementFold::of(licence, scope, self.events.iter().map(|(receipt, kept)| (receipt, kept)))
    }

    pub fn push(&mut self, mut receipt: Receipt, mut kept: Kept) -> u64 {
        let (before, leaf) = (receipt.seq, self.events.len() as u64);
        // A log that is copied into another keeps its references and lots: both move by as much.
        let at = |leaf: u64| leaf * 3 + 2;
        if before != leaf && before < leaf {
            if let Some(Reference::Leaf(hold)) = receipt.reference {
                receipt.reference = Some(Reference::Leaf(at(hold)));
            }
            if let Kept::Commit { settled: Some(settled), .. } = &mut kept {
                settled.draws.iter_mut().for_each(|draw| draw.lot = at(draw.lot));
            }
        }
        receipt.seq = leaf;
        self.events.push((receipt, kept));
        leaf
    }

    fn event(&mut self, kind: Kind, used: i64, kept: Kept) -> u64 {
        let seq = self.events.len() as u64;
        let at = At { logged: used as u64, used: used as u64 };
        let mut receipt = Receipt::new(kind, [1; 32], 1, seq, at, [0; 32]);
        receipt.licence = Some(self.licence);
        self.events.push((receipt, kept));
        seq
    }

    /// The leaf that was written last.
    pub fn leaf(&self) -> u64 {
        self.events.len() as u64 - 1
    }

    pub fn last(&mut self) -> &mut (Receipt, Kept) {
        self.events.last_mut().expect("there is an event")
    }

    pub fn receipt(&mut self, leaf: usize) -> &mut Receipt {
        &mut self.events[leaf].0
    }

    pub fn settled(&mut self, leaf: usize) -> &mut Settled {
        settled_of(&mut self.events[leaf].1)
    }

    fn entered(&mut self, used: i64, lines: Vec<KeptLine>) -> Settled {
        // The calendar of the licences is UTC.
        let month = match used {
            used if used < MAY => 675,
            used if used < JUNE => 676,
            used if used < JULY => 677,
            _ => 678,
        };
        let pool = self.pool.map(|kind| Span::new(kind, if used < JULY { 225 } else { 226 }));
        let bucket = Span::new(Window::Month, month);
        let payable = self.prepaid.then_some(0);
        Settled { bucket, pool, paid: Vec::new(), lines, draws: Vec::new(), payable }
    }

    fn amount(&mut self, lines: &[KeptLine]) {
        let numerator = lines.iter().fold(0i128, |sum, line| sum.wrapping_add(line.amount)).unsigned_abs();
        let grain = self.grain;
        let (receipt, _) = self.last();
        receipt.amount = Some(Amount { currency: 0, grain, numerator });
        receipt.due = Some(Due { negative: false, minor: 0 });
    }

    pub fn commit(&mut self, who: Who, used: i64, lines: Vec<KeptLine>) -> &mut Log {
        let settled = Some(self.entered(used, lines.clone()));
        let (counts, duties, seats, reports) = Default::default();
        self.event(Kind::Commit, used, Kept::Commit { who, counts, duties, seats, reports, settled });
        self.amount(&lines);
        self
    }

    pub fn correct(&mut self, kind: Kind, who: Who, used: i64, leaf: u64, lines: Vec<KeptLine>) -> &mut Log {
        let settled = Some(self.entered(used, lines.clone()));
        let (changes, reports) = Default::default();
        let call = CallId::default();
        self.event(kind, used, Kept::Correct { call, who, changes, reports, settled });
        self.amount(&lines);
        self.last().0.reference = Some(Reference::Leaf(leaf));
        self
    }

    pub fn close(&mut self, who: Who, used: i64, span: Span, lines: Vec<KeptLine>) -> &mut Log {
        let settled = (!lines.is_empty()).then(|| self.entered(used, lines.clone()));
        let entered = settled.is_some();
        self.event(Kind::Close, used, Kept::Close { who, span, settled, paid: Vec::new() });
        if entered {
            self.amount(&lines);
        }
        self
    }

    pub fn hold(&mut self, who: Who, used: i64) -> u64 {
        let held = Held { who, ..Held::default() };
        self.event(Kind::Hold, used, Kept::Hold { held, until: used + DAY, latest: None })
    }

    pub fn end(&mut self, kind: Kind, hold: u64, used: i64) {
        self.event(kind, used, Kept::End);
        self.last().0.reference = Some(Reference::Leaf(hold));
    }

    /// An event of another licence.
    pub fn foreign(&mut self, used: i64) {
        let who = Who { user: Some(id(1)), organisation: Some(id(100)) };
        self.pay(who, used, 1_000_000);
        self.last().0.licence = Some([9; 32]);
    }

    pub fn pay(&mut self, who: Who, used: i64, minor: u128) {
        self.event(Kind::Payment, used, Kept::Payment { who, minor, paid: Paid::Account });
    }

    pub fn credit(
        &mut self,
        who: Who,
        used: i64,
        minor: u128,
        parts: u128,
        priority: u16,
        gift: bool,
    ) -> u64 {
        let terms = Terms { priority, gift, ..Terms::default() };
        let paid = Paid::Credit { key: Key::Licensee, parts, terms };
        self.event(Kind::Payment, used, Kept::Payment { who, minor, paid })
    }

    pub fn draws(&mut self, draws: &[(u64, i128)]) -> &mut Log {
        let draws = draws.iter().map(|(lot, parts)| Draw { lot: *lot, parts: *parts });
        settled_of(&mut self.last().1).draws = draws.collect();
        self
    }

    pub fn due(&mut self, minor: i128) -> &mut Log {
        self.last().0.due = Some(Due { negative: minor < 0, minor: minor.unsigned_abs() });
        self
    }

    pub fn payable(&mut self, minor: i128) -> &mut Log {
        settled_of(&mut self.last().1).payable = Some(minor);
        self
    }

    pub fn kind(&mut self, kind: Kind) -> &mut Log {
        self.last().0.kind = kind;
        self
    }

    pub fn counts(&mut self, counter: u16, by: i128) -> &mut Log {
        let window = 676;
        let key = Key::Licensee;
        match &mut self.last().1 {
            Kept::Commit { counts, .. } => {
                counts.push(Count { counter, key, window, quantity: by.unsigned_abs() });
            }
            Kept::Correct { changes, .. } => changes.push(Change { counter, key, window, by }),
            other => panic!("{other:?} counts nothing"),
        }
        self
    }
}

fn settled_of(kept: &mut Kept) -> &mut Settled {
    match kept {
        Kept::Commit { settled: Some(settled), .. }
        | Kept::Correct { settled: Some(settled), .. }
        | Kept::Close { settled: Some(settled), .. } => settled,
        other => panic!("{other:?} charges nothing"),
    }
}

/// `numerator / denominator` of a power of ten.
pub fn decimal(numerator: i128, denominator: u128) -> String {
    let places = denominator.ilog10() as usize;
    let sign = if numerator < 0 { "-" } else { "" };
    let (whole, rest) = (numerator.unsigned_abs() / denominator, numerator.unsigned_abs() % denominator);
    format!("{sign}{whole}.{rest:0places$}")
}

/// A statement for people who check it by hand.
pub fn show(statement: &Statement) -> String {
    let mut out = String::new();
    let currency = statement.currency.as_ref().expect("it charges");
    let grain = u128::from(currency.scale.grain());
    let credit = currency.scale.credit_grain().expect("small");
    let cents = |minor| decimal(minor, 100);
    writeln!(
        out,
        "{} version {} of @{}, {}",
        statement.name, statement.version, statement.licensor, currency.code
    )
    .unwrap();
    let leaves = statement.leaves;
    writeln!(out, "leaves {:?} to {:?} of {}", leaves.first, leaves.last, leaves.log).unwrap();
    for window in &statement.windows {
        let closed = window.closed.map_or("open".into(), |leaf| format!("closed by leaf {leaf}"));
        writeln!(
            out,
            "window {} {}: charged {}, due {}, {closed}",
            window.span.kind,
            window.span.index,
            decimal(window.exact.charged, grain),
            cents(window.moved.due)
        )
        .unwrap();
    }
    for line in &statement.lines {
        let unit = line.unit.as_deref().unwrap_or("-");
        let (entry, kind) = (format!("{:?}", line.entry), format!("{:?}", line.kind));
        let amount = decimal(line.amount, grain);
        writeln!(out, "  {:<9}{kind:<8}{entry:<11}{:>6} {unit:<9}{amount:>8}", line.label, line.quantity)
            .unwrap();
    }
    let totals = statement.totals;
    writeln!(out, "  charged {}", decimal(totals.exact.charged, grain)).unwrap();
    writeln!(out, "  gifts {}", decimal(totals.exact.gifted, credit)).unwrap();
    let rounding = totals.rounding.expect("small");
    let sign = if rounding.negative { "-" } else { "" };
    writeln!(out, "  rounding {sign}{}/{}", rounding.amount.numerator, rounding.amount.denominator).unwrap();
    writeln!(out, "  due {}", cents(totals.moved.due)).unwrap();
    writeln!(out, "  prepaid {}", decimal(totals.exact.prepaid, credit)).unwrap();
    writeln!(out, "  payable {}", cents(totals.moved.payable)).unwrap();
    writeln!(
        out,
        "  owed before {}, paid {}, owed {}",
        cents(totals.opening),
        cents(totals.paid),
        cents(totals.balance)
    )
    .unwrap();
    writeln!(out, "  credit paid {}, given {}", cents(totals.credit), cents(totals.gifts)).unwrap();
    for cap in &statement.caps {
        writeln!(out, "cap of {} reached: {} in window {}", cap.label, cap.used, cap.window).unwrap();
    }
    for lot in &statement.credit {
        let gift = if lot.lot.gift { "gift" } else { "credit" };
        let of = |parts: u128| decimal(parts as i128, credit);
        writeln!(
            out,
            "{gift} of leaf {}: {} drawn of {}, {} left",
            lot.lot.leaf,
            decimal(lot.drawn, credit),
            of(lot.lot.paid),
            of(lot.lot.left)
        )
        .unwrap();
    }
    for share in &statement.parties {
        let (role, fraction) = (share.party.role.name(), share.party.fraction);
        let part = format!("{}/{}", fraction.numerator, fraction.denominator);
        writeln!(out, "  {role:<10}@{:<9}{part:<10}{:>7}", share.party.handle, cents(share.has)).unwrap();
    }
    writeln!(out, "  residue {}", cents(statement.residue)).unwrap();
    let exceptions = &statement.exceptions;
    let lists = [
        ("late", &exceptions.late),
        ("uncharged", &exceptions.uncharged),
        ("corrected", &exceptions.corrected),
        ("reversed", &exceptions.reversed),
        ("failed", &exceptions.failed),
        ("expired", &exceptions.expired),
        ("open", &exceptions.open),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| list.count > 0) {
        writeln!(out, "{name}: {:?}", list.leaves).unwrap();
    }
    for day in &statement.days {
        writeln!(out, "day {}: {} uses, {}", day.day, day.uses, decimal(day.charged, grain)).unwrap();
    }
    for fault in &statement.faults {
        writeln!(out, "FAULT {fault}").unwrap();
    }
    out
}
