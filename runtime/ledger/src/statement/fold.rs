//! The fold of a statement: events go in, in log order.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use licit_receipt::{Kind, Receipt, Reference};
use licit_vm::bytecode::Price;
use licit_vm::{CounterOf, Manifest, Window};

use super::pools::{Pools, Sharing};
use super::{Day, Entry, Exceptions, Fault, Leaves, MAX_LISTED, Scope, Statement, Totals};
use crate::credit::{Lot, Lots};
use crate::kept::{Change, Id, Kept, LineOf, Paid, Settled, Span, Terms, Who};
use crate::licence::Licence;
use crate::money::{Exact, Fraction, Moved, minor_of};
use crate::parts::parties;
use crate::rating::sum;

/// A statement under way.
#[derive(Debug)]
pub struct StatementFold<'a> {
    pub(super) licence: &'a Licence,
    pub(super) scope: Scope,
    pub(super) leaves: Leaves,
    pub(super) windows: BTreeMap<Span, Bucket>,
    pub(super) lines: BTreeMap<(LineOf, Entry), LineSum>,
    pub(super) used: BTreeMap<(u16, i64, Id), Used>,
    /// By counter number, whether its cap is to be watched.
    pub(super) capped: Vec<bool>,
    pub(super) lots: Lots,
    pub(super) lot_facts: BTreeMap<u64, LotFacts>,
    pub(super) pools: Pools,
    pub(super) totals: Totals,
    pub(super) exceptions: Exceptions,
    /// Open holds of the licensee by the leaf of their ask, and whether their use lies inside the period.
    pub(super) open: BTreeMap<u64, bool>,
    pub(super) days: BTreeMap<i64, Day>,
    /// The civil day that was used last, and from when until when it is.
    pub(super) day: Day,
    pub(super) day_extent: (i64, i64),
    pub(super) faults: Vec<Fault>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    pub(super) exact: Exact,
    pub(super) moved: Moved,
    pub(super) closed: Option<u64>,
    pub(super) inside: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineSum {
    pub(super) quantity: i128,
    pub(super) amount: i128,
    pub(super) events: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) sum: i128,
    pub(super) inside: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LotFacts {
    pub(super) paid_at: u64,
    /// Paid by the licensee, or drawn on by it.
    pub(super) mine: bool,
    pub(super) drawn: i128,
}

/// Where an instant of use lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    After,
}

/// Which windows an event closes.
#[derive(Clone, Copy, Default)]
struct Closes {
    settlement: bool,
    sharing: bool,
}

impl<'a> StatementFold<'a> {
    /// Before the first leaf. `licence` is any module of the scope's licence.
    pub fn new(licence: &'a Licence, scope: Scope) -> StatementFold<'a> {
        let manifest = licence.manifest();
        let fractions: Vec<Fraction> = parties(manifest).iter().map(|party| party.fraction).collect();
        let capped = manifest.counters.iter().map(|counter| {
            case_of(manifest, counter.of)
                .is_some_and(|(_, price)| matches!(price, Price::Bounded { cap: Some(_), .. }))
        });
        StatementFold {
            licence,
            scope,
            leaves: Leaves::default(),
            windows: BTreeMap::new(),
            lines: BTreeMap::new(),
            used: BTreeMap::new(),
            capped: capped.collect(),
            lots: Lots::default(),
            lot_facts: BTreeMap::new(),
            pools: Pools::new(fractions),
            totals: Totals::default(),
            exceptions: Exceptions::default(),
            open: BTreeMap::new(),
            days: BTreeMap::new(),
            day: Day { day: 0, charged: 0, uses: 0 },
            day_extent: (0, 0),
            faults: Vec::new(),
        }
    }

    /// The statement of a log: every event of it, in order.
    pub fn of<'e>(
        licence: &'a Licence,
        scope: Scope,
        log: impl IntoIterator<Item = (&'e Receipt, &'e Kept)>,
    ) -> Statement {
        let mut fold = StatementFold::new(licence, scope);
        for (receipt, kept) in log {
            fold.event(receipt, kept);
        }
        fold.finish()
    }

    /// Takes the next event of the log, of whatever licence and licensee.
    pub fn event(&mut self, receipt: &Receipt, kept: &Kept) {
        if receipt.seq < self.leaves.log {
            return self.fault(Fault::Order(receipt.seq));
        }
        if receipt.seq > self.leaves.log {
            self.fault(Fault::Missing(self.leaves.log));
        }
        self.leaves.log = receipt.seq.saturating_add(1);
        if receipt.licence != Some(self.scope.licence) {
            return;
        }
        match kept {
            Kept::Commit { who, counts, settled, .. } => {
                let mine = self.mine(who);
                self.ends_hold(receipt, mine, None);
                if mine {
                    let changes = counts.iter().map(|count| Change {
                        counter: count.counter,
                        key: count.key,
                        window: count.window,
                        by: i128::try_from(count.quantity).unwrap_or(i128::MAX),
                    });
                    self.commit(receipt, who, changes, settled.as_ref());
                }
            }
            Kept::Correct { who, changes, settled, .. } if self.mine(who) => {
                self.correct(receipt, who, changes, settled.as_ref());
            }
            Kept::Close { who, span, settled, paid } if self.mine(who) => {
                self.close(receipt, *span, settled.as_ref(), paid);
            }
            Kept::Hold { held, .. } if self.mine(&held.who) => {
                let inside = self.place(receipt) == Place::Inside;
                self.tell(receipt.seq, inside);
                self.open.insert(receipt.seq, inside);
            }
            Kept::End => self.ends_hold(receipt, true, Some(receipt.kind)),
            Kept::Payment { who, minor, paid } => self.payment(receipt, who, *minor, paid),
            Kept::Denials { who, count, .. } if self.mine(who) && self.place(receipt) == Place::Inside => {
                self.exceptions.denied = self.exceptions.denied.saturating_add(*count);
                self.tell(receipt.seq, true);
            }
            _ => {}
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_LISTED {
            self.faults.push(fault);
        }
    }

    fn mine(&self, who: &Who) -> bool {
        who.licensee() == self.scope.licensee
    }

    fn place(&self, receipt: &Receipt) -> Place {
        match i64::try_from(receipt.at.used).unwrap_or(i64::MAX) {
            used if used < self.scope.from => Place::Before,
            used if used < self.scope.to => Place::Inside,
            _ => Place::After,
        }
    }

    /// Remembers that the statement tells of a leaf.
    fn tell(&mut self, leaf: u64, inside: bool) {
        if inside {
            self.leaves.first = self.leaves.first.or(Some(leaf));
            self.leaves.last = Some(leaf);
        }
    }

    /// An event that ends a hold. Only the hold says whose it is; a commit says it itself.
    fn ends_hold(&mut self, receipt: &Receipt, mine: bool, kind: Option<Kind>) {
        let Some(Reference::Leaf(hold)) = receipt.reference else { return };
        let Some(inside) = self.open.remove(&hold) else { return };
        if !mine || !inside {
            return;
        }
        self.tell(receipt.seq, true);
        match kind {
            Some(Kind::Failed) => self.exceptions.failed.add(receipt.seq),
            Some(Kind::Expire) => self.exceptions.expired.add(receipt.seq),
            _ => {}
        }
    }

    fn commit(
        &mut self,
        receipt: &Receipt,
        who: &Who,
        changes: impl Iterator<Item = Change>,
        settled: Option<&Settled>,
    ) {
        let inside = self.place(receipt) == Place::Inside;
        self.tell(receipt.seq, inside);
        let late = receipt.kind == Kind::Late;
        // After the close nothing is entered: no amount, no count.
        let uncharged = late && receipt.amount.is_none() && self.licence.money().is_some();
        if inside && uncharged {
            self.exceptions.uncharged.add(receipt.seq);
        } else if inside && late {
            self.exceptions.late.add(receipt.seq);
        }
        if uncharged {
            return;
        }
        self.count(who, changes, inside);
        if inside && let Some(day) = self.day_of(receipt) {
            day.uses = day.uses.saturating_add(1);
        }
        let entry = if late { Entry::Late } else { Entry::Use };
        self.charge(receipt, settled, entry, Closes::default());
    }

    fn correct(&mut self, receipt: &Receipt, who: &Who, changes: &[Change], settled: Option<&Settled>) {
        let inside = self.place(receipt) == Place::Inside;
        self.tell(receipt.seq, inside);
        let reversal = receipt.kind == Kind::Reversal;
        if inside {
            let list = if reversal { &mut self.exceptions.reversed } else { &mut self.exceptions.corrected };
            list.add(receipt.seq);
        }
        self.count(who, changes.iter().copied(), inside);
        let entry = if reversal { Entry::Reversal } else { Entry::Correction };
        self.charge(receipt, settled, entry, Closes::default());
    }

    fn close(&mut self, receipt: &Receipt, span: Span, settled: Option<&Settled>, paid: &[i128]) {
        let inside = self.place(receipt) == Place::Inside;
        self.tell(receipt.seq, inside);
        let Some(money) = self.licence.manifest().money.as_ref() else {
            return self.fault(Fault::NoMoney(receipt.seq));
        };
        let closes = Closes {
            settlement: span.kind == money.settled as u8,
            sharing: span.kind == self.sharing_window(money.settled) as u8,
        };
        if settled.is_some() {
            return self.charge(receipt, settled, Entry::Close, closes);
        }
        if closes.settlement {
            let bucket = self.windows.entry(span).or_default();
            bucket.closed = bucket.closed.or(Some(receipt.seq));
            bucket.inside |= inside;
        }
        if closes.sharing {
            let event = Sharing { span, due: 0, closes: true, corrects: false, paid, inside };
            if !self.pools.enter(&event) {
                self.fault(Fault::Parts(receipt.seq));
            }
        }
    }

    fn sharing_window(&self, settled: Window) -> Window {
        self.licence.manifest().split.as_ref().and_then(|split| split.window).unwrap_or(settled)
    }

    /// Adds to the counters whose caps are watched.
    fn count(&mut self, who: &Who, changes: impl Iterator<Item = Change>, inside: bool) {
        for change in changes {
            if !self.capped.get(usize::from(change.counter)).is_some_and(|capped| *capped) {
                continue;
            }
            let Some(of) = who.key(change.key) else { continue };
            let used = self.used.entry((change.counter, change.window, of)).or_default();
            used.sum = used.sum.saturating_add(change.by);
            used.inside |= inside;
        }
    }

    /// Enters a charge, or what is taken back of one: all of it or, with a fault, nothing.
    fn charge(&mut self, receipt: &Receipt, settled: Option<&Settled>, entry: Entry, closes: Closes) {
        let leaf = receipt.seq;
        let Some(settled) = settled else {
            if receipt.amount.is_some() || receipt.due.is_some() {
                self.fault(Fault::NoMoney(leaf));
            }
            return;
        };
        let mut bucket = self.windows.get(&settled.bucket).copied().unwrap_or_default();
        let Some((change, moved)) = self.money_of(receipt, settled, entry, &bucket) else { return };
        let place = self.place(receipt);
        let inside = place == Place::Inside;
        let span = settled.pool.unwrap_or(settled.bucket);
        let sums = bucket.exact.plus(change).zip(bucket.moved.plus(moved));
        let totals = self.totals.exact.plus(change).zip(self.totals.moved.plus(moved));
        let opening = self.totals.opening.checked_add(moved.payable);
        let (Some((exact, rounded)), Some(totals), Some(opening), true) =
            (sums, totals, opening, self.pools.fits(span, moved.due))
        else {
            return self.fault(Fault::Overflow(leaf));
        };
        self.drawn(leaf, settled, inside);
        (bucket.exact, bucket.moved) = (exact, rounded);
        bucket.inside |= inside;
        if closes.settlement {
            bucket.closed = bucket.closed.or(Some(leaf));
        } else if bucket.closed.is_some() && matches!(entry, Entry::Use | Entry::Late) {
            self.fault(Fault::Closed(leaf));
        }
        self.windows.insert(settled.bucket, bucket);
        let corrects = matches!(entry, Entry::Correction | Entry::Reversal);
        let (closes, paid) = (closes.sharing, settled.paid.as_slice());
        let event = Sharing { span, due: moved.due, closes, corrects, paid, inside };
        if !self.pools.enter(&event) {
            self.fault(Fault::Parts(leaf));
        }
        match place {
            Place::Before => self.totals.opening = opening,
            Place::Inside => {
                (self.totals.exact, self.totals.moved) = totals;
                self.enter_lines(receipt, settled, entry, change.charged);
            }
            Place::After => {}
        }
    }

    /// What an event changes and moves, checked against its receipt and the totals of its bucket.
    fn money_of(
        &mut self,
        receipt: &Receipt,
        settled: &Settled,
        entry: Entry,
        bucket: &Bucket,
    ) -> Option<(Exact, Moved)> {
        let leaf = receipt.seq;
        let Some(money) = self.licence.money() else {
            self.fault(Fault::NoMoney(leaf));
            return None;
        };
        let Some(charged) = sum(&settled.lines) else {
            self.fault(Fault::Overflow(leaf));
            return None;
        };
        let amount = receipt.amount.map(|amount| (amount.grain, amount.numerator));
        if amount != Some((money.scale.grain(), charged.unsigned_abs())) {
            self.fault(Fault::Amount(leaf));
        }
        let paid = match self.lots.check(&settled.draws) {
            Ok(paid) => paid,
            Err(error) => {
                self.fault(Fault::Credit(leaf, error));
                return None;
            }
        };
        let change = Exact { charged, gifted: paid.gifted, prepaid: paid.prepaid };
        let said = receipt.due.and_then(minor_of).unwrap_or(0);
        let corrects = matches!(entry, Entry::Correction | Entry::Reversal);
        if settled.bucket.is_call() && corrects {
            // The call's own totals before it are the log's to know; the audit computes them.
            return Some((change, Moved { due: said, payable: settled.payable.unwrap_or(said) }));
        }
        // What a bucket has moved so far is its rounded totals: only what comes after has to be rounded.
        let before = if settled.bucket.is_call() { Bucket::default() } else { *bucket };
        let after = before.exact.plus(change).and_then(|exact| money.scale.rounded(exact));
        let Some(moved) = after.and_then(|after| after.minus(before.moved)) else {
            self.fault(Fault::Overflow(leaf));
            return None;
        };
        if moved.due != said {
            self.fault(Fault::Due(leaf));
        }
        if settled.payable.is_some_and(|payable| payable != moved.payable) {
            self.fault(Fault::Payable(leaf));
        }
        Some((change, moved))
    }

    fn enter_lines(&mut self, receipt: &Receipt, settled: &Settled, entry: Entry, charged: i128) {
        for line in &settled.lines {
            let sum = self.lines.entry((line.of, entry)).or_default();
            let quantity = sum.quantity.checked_add(line.quantity);
            match quantity.zip(sum.amount.checked_add(line.amount)) {
                Some((quantity, amount)) => {
                    *sum = LineSum { quantity, amount, events: sum.events.saturating_add(1) };
                }
                // The line is missing then, and the trial balance says so too.
                None => self.fault(Fault::Overflow(receipt.seq)),
            }
        }
        if charged != 0
            && let Some(day) = self.day_of(receipt)
        {
            day.charged = day.charged.saturating_add(charged);
        }
    }

    /// The civil day of an event. The one that was used last is at hand; the others are put away.
    fn day_of(&mut self, receipt: &Receipt) -> Option<&mut Day> {
        let used = i64::try_from(receipt.at.used).ok()?;
        let (from, to) = self.day_extent;
        if !(from..to).contains(&used) {
            let policy = self.licence.policy();
            let day = policy.window(Window::Day, used);
            self.put_day_away();
            self.day_extent = (policy.window_start(Window::Day, day), policy.window_end(Window::Day, day));
            self.day = self.days.get(&day).copied().unwrap_or(Day { day, charged: 0, uses: 0 });
        }
        Some(&mut self.day)
    }

    pub(super) fn put_day_away(&mut self) {
        if (self.day.charged, self.day.uses) != (0, 0) {
            self.days.insert(self.day.day, self.day);
        }
    }

    /// Draws from lots, or gives back to them; that it can be was checked.
    fn drawn(&mut self, leaf: u64, settled: &Settled, inside: bool) {
        if settled.draws.is_empty() {
            return;
        }
        if let Err(error) = self.lots.apply(&settled.draws) {
            return self.fault(Fault::Credit(leaf, error));
        }
        for draw in &settled.draws {
            if let Some(facts) = self.lot_facts.get_mut(&draw.lot) {
                facts.mine = true;
                if inside {
                    facts.drawn = facts.drawn.saturating_add(draw.parts);
                }
            }
        }
    }

    /// A payment. Lots of all licensees are kept: a lot is its key's, and several licensees may share a key.
    fn payment(&mut self, receipt: &Receipt, who: &Who, minor: u128, paid: &Paid) {
        let (leaf, mine) = (receipt.seq, self.mine(who));
        let place = self.place(receipt);
        let Ok(amount) = i128::try_from(minor) else { return self.fault(Fault::Overflow(leaf)) };
        if let Paid::Credit { parts, terms, .. } = paid {
            self.lot(receipt, minor, *parts, terms, mine);
        }
        if !mine {
            return;
        }
        self.tell(leaf, place == Place::Inside);
        let totals = &mut self.totals;
        let sum = match (paid, place) {
            (Paid::Account, Place::Before) => {
                totals.opening = totals.opening.saturating_sub(amount);
                return;
            }
            (_, Place::Before | Place::After) => return,
            (Paid::Account, Place::Inside) => &mut totals.paid,
            (Paid::Renewal(_), Place::Inside) => &mut totals.renewals,
            (Paid::Credit { terms, .. }, Place::Inside) if terms.gift => &mut totals.gifts,
            (Paid::Credit { .. }, Place::Inside) => &mut totals.credit,
        };
        match sum.checked_add(amount) {
            Some(more) => *sum = more,
            None => self.fault(Fault::Overflow(leaf)),
        }
    }

    fn lot(&mut self, receipt: &Receipt, minor: u128, paid: u128, terms: &Terms, mine: bool) {
        let leaf = receipt.seq;
        let Some(money) = self.licence.money() else { return self.fault(Fault::NoMoney(leaf)) };
        if money.scale.credit_of_minor(minor).map(i128::unsigned_abs) != Some(paid) {
            self.fault(Fault::Amount(leaf));
        }
        let Terms { priority, expires, gift, actions } = terms.clone();
        let lot = Lot { leaf, priority, expires, gift, actions, paid, left: paid };
        match self.lots.add(lot) {
            Ok(()) => {
                let facts = LotFacts { paid_at: receipt.at.used, mine, drawn: 0 };
                self.lot_facts.insert(leaf, facts);
            }
            Err(error) => self.fault(Fault::Credit(leaf, error)),
        }
    }
}

/// The clause and price of a counter that counts for a case.
pub(super) fn case_of(manifest: &Manifest, of: CounterOf) -> Option<(u32, &Price)> {
    let CounterOf::Case { charge, case } = of else { return None };
    let charge = manifest.charges.get(charge as usize)?;
    Some((charge.clause, charge.prices.get(case as usize)?))
}
