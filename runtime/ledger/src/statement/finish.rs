//! The end of a statement: its parts put in words, and the trial balance.

use alloc::vec::Vec;

use licit_vm::Manifest;
use licit_vm::bytecode::Price;

use super::fold::{Bucket, LineSum, LotFacts, StatementFold, Used, case_of};
use super::{
    CapReached, CreditLot, Currency, Entry, Fault, LineKind, MAX_LISTED, PartyShare, Statement,
    StatementLine, Totals, WindowTotal,
};
use crate::kept::{Id, LineOf, Span};
use crate::parts::parties;
use crate::rating::{cap_reached, price_of, unit_of};

impl StatementFold<'_> {
    /// The statement, with the trial balance drawn up.
    pub fn finish(mut self) -> Statement {
        self.put_day_away();
        let manifest = self.licence.manifest();
        let currency =
            self.licence.money().map(|money| Currency { code: money.currency.clone(), scale: money.scale });
        let mut totals = self.totals;
        let closing = totals.opening.checked_add(totals.moved.payable);
        match closing.and_then(|owed| owed.checked_sub(totals.paid)) {
            Some(balance) => totals.balance = balance,
            None => self.fault(Fault::Overflow(self.leaves.log)),
        }
        if let Some(currency) = &currency {
            totals.rounding = currency.scale.rounding_of(totals.exact, totals.moved.due);
            self.check_windows(currency);
        }
        for (leaf, _) in self.open.iter().filter(|(_, inside)| **inside) {
            self.exceptions.open.add(*leaf);
        }
        let has = self.pools.clone().finish();
        if has.is_none() {
            self.fault(Fault::Shared);
        }
        let has = has.unwrap_or_default();
        let shares = parties(manifest).into_iter().zip(has.parts);
        let mut statement = Statement {
            scope: self.scope,
            name: manifest.name.clone(),
            version: manifest.version,
            licensor: manifest.licensor.clone(),
            leaves: self.leaves,
            windows: self.window_totals(),
            lines: self.lines.iter().map(|((of, entry), sum)| line(manifest, *of, *entry, *sum)).collect(),
            caps: self.caps(manifest),
            credit: self.credit(),
            parties: match &currency {
                Some(_) => shares.map(|(party, has)| PartyShare { party, has }).collect(),
                None => Vec::new(),
            },
            currency,
            residue: has.residue,
            totals,
            exceptions: self.exceptions,
            days: self.days.into_values().collect(),
            faults: self.faults,
        };
        statement.draw_up();
        statement
    }

    /// What is due of every window is its rounded total.
    fn check_windows(&mut self, currency: &Currency) {
        let wrong = |(span, bucket): (&Span, &Bucket)| {
            let right = span.is_call() || currency.scale.rounded(bucket.exact) == Some(bucket.moved);
            (!right).then_some(*span)
        };
        let wrong: Vec<Span> = self.windows.iter().filter_map(wrong).collect();
        for span in wrong {
            self.fault(Fault::Window(span));
        }
    }

    fn window_totals(&self) -> Vec<WindowTotal> {
        let inside = self.windows.iter().filter(|(_, bucket)| bucket.inside);
        let total = |(span, bucket): (&Span, &Bucket)| WindowTotal {
            span: *span,
            exact: bucket.exact,
            moved: bucket.moved,
            closed: bucket.closed,
        };
        inside.map(total).collect()
    }

    fn caps(&self, manifest: &Manifest) -> Vec<CapReached> {
        let reached = |((counter, window, of), used): (&(u16, i64, Id), &Used)| {
            let (clause, price) = case_of(manifest, manifest.counters.get(usize::from(*counter))?.of)?;
            let sum = u128::try_from(used.sum).ok()?;
            let label = manifest.label(clause).unwrap_or_default().into();
            (used.inside && cap_reached(price, sum)).then_some(CapReached {
                label,
                of: *of,
                window: *window,
                used: sum,
            })
        };
        self.used.iter().filter_map(reached).collect()
    }

    fn credit(&self) -> Vec<CreditLot> {
        let mine = self.lot_facts.iter().filter(|(_, facts)| facts.mine);
        let lot = |(leaf, facts): (&u64, &LotFacts)| {
            let lot = self.lots.lot(*leaf)?.clone();
            Some(CreditLot { lot, paid_at: facts.paid_at, drawn: facts.drawn })
        };
        mine.filter_map(lot).collect()
    }
}

impl Statement {
    /// The trial balance: whatever does not sum is a fault.
    fn draw_up(&mut self) {
        let drawn = |gift: bool| {
            let mut lots = self.credit.iter().filter(|lot| lot.lot.gift == gift);
            lots.try_fold(0i128, |sum, lot| sum.checked_add(lot.drawn))
        };
        let Totals { exact, moved, .. } = self.totals;
        let given = self.shared().and_then(|shared| shared.checked_add(self.residue));
        let checks = [
            (self.charged() == Some(exact.charged), Fault::Charged),
            (self.currency.is_none() || given == Some(moved.due), Fault::Shared),
            ((drawn(true), drawn(false)) == (Some(exact.gifted), Some(exact.prepaid)), Fault::Drawn),
        ];
        for (_, fault) in checks.into_iter().filter(|(right, _)| !right) {
            // A trial balance that fails is never the one that is left out.
            self.faults.truncate(MAX_LISTED.saturating_sub(checks.len()));
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }
}

/// A line in words.
fn line(manifest: &Manifest, of: LineOf, entry: Entry, sum: LineSum) -> StatementLine {
    let (clause, case, unit, kind) = match of {
        LineOf::Case { charge, case } => {
            let info = manifest.charges.get(usize::from(charge));
            let price = price_of(manifest, charge, case);
            let kind = match price {
                Some(Price::Fee { .. }) => LineKind::Fee,
                _ => LineKind::Usage,
            };
            let by_case = info.is_some_and(|info| info.by_case).then_some(case);
            (info.map(|info| info.clause), by_case, price.and_then(unit_of), kind)
        }
        LineOf::AtClose(number) => {
            let info = manifest.at_close.get(usize::from(number));
            let counter = info.and_then(|info| manifest.counters.get(info.counter as usize));
            let unit = counter.and_then(|counter| counter.unit);
            (info.map(|info| info.clause), None, unit, LineKind::AtClose)
        }
        LineOf::Floor { charge, case } => {
            let info = manifest.charges.get(usize::from(charge));
            let by_case = info.is_some_and(|info| info.by_case).then_some(case);
            (info.map(|info| info.clause), by_case, None, LineKind::Floor)
        }
    };
    let label = clause.and_then(|clause| manifest.label(clause)).unwrap_or_default();
    let unit = unit.and_then(|unit| manifest.units.get(unit as usize)).map(|unit| unit.name.clone());
    let LineSum { quantity, amount, events } = sum;
    StatementLine { entry, of, kind, label: label.into(), case, unit, quantity, amount, events }
}
