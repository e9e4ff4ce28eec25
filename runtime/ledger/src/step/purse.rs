//! Money that is held (`spec/core-wider.md` section 4): an open hold must suffice for its commit whatever is committed
//! before it, so a new use is denied where it could make any of them too dear.
//!
//! Of a hold the state knows the prices that apply: what is flat, and its counts of price counters. Its *dearest* price
//! is the flat part and, for every price counter, the largest price over all positions from what is committed to what is
//! committed and held by others. Commits move positions only within these ranges, so the dearest price of an open hold
//! never grows but by a new use; that is when all of them are computed again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use licit_receipt::Hash;
use licit_vm::bytecode::{Price, Tier};
use licit_vm::{CounterOf, Manifest, Reason, ReasonCode};

use crate::kept::{Held, Id, SpendOf};
use crate::licence::{Licence, Openings, Policies};
use crate::rating::{price_of, schedule};
use crate::state::CounterKey;

use super::Stepper;
use super::touch::Eyes;

/// A hold, open or about to be.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) licence: &'a Licence,
    pub(super) id: Hash,
    pub(super) used_at: u64,
    pub(super) held: &'a Held,
}

impl Claim<'_> {
    /// How much it holds of a counter.
    fn count(&self, key: &CounterKey) -> u128 {
        let of = |count: &crate::kept::Count| {
            CounterKey::of(self.id, &self.held.who, count.counter, count.key, count.window)
        };
        self.held.counts.iter().find(|count| of(count) == Some(*key)).map_or(0, |count| count.quantity)
    }

    fn limit(&self, spend: &SpendOf) -> Option<CounterKey> {
        CounterKey::of(self.id, &self.held.who, spend.counter, spend.key, spend.window)
    }

    /// The spend limits that it counts in.
    fn limits(&self) -> impl Iterator<Item = CounterKey> {
        let counters = &self.licence.manifest().counters;
        let is_limit = |spend: &&SpendOf| {
            let counter = counters.get(usize::from(spend.counter));
            counter.is_some_and(|counter| matches!(counter.of, CounterOf::Spend { .. }))
        };
        self.held.spends.iter().filter(is_limit).filter_map(|spend| self.limit(spend))
    }

    /// Whose credit it draws on, if it does.
    fn purse(&self) -> Option<Id> {
        let prepaid = self.licence.manifest().prepaid?;
        let spend = self.held.spends.iter().find(|spend| u32::from(spend.counter) == prepaid)?;
        self.held.who.key(spend.key)
    }

    fn instant(&self) -> i64 {
        i64::try_from(self.used_at).unwrap_or(i64::MAX)
    }
}

/// Whether a licence limits money at all.
pub(super) fn limits_money(manifest: &Manifest) -> bool {
    manifest.counters.iter().any(|counter| matches!(counter.of, CounterOf::Spend { .. } | CounterOf::Prepaid))
}

impl<'a, P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'a, P, O> {
    /// The open holds of a licence, but for the one that is left out.
    fn claims(&self, id: Hash) -> Vec<Claim<'a>> {
        let out = self.without.map(|hold| hold.leaf);
        let holds = self.state.holds.values().filter(|hold| hold.licence == id && Some(hold.leaf) != out);
        let claim = |hold: &'a crate::state::Hold| {
            let licence = self.policies.licence(&hold.module)?;
            Some(Claim { licence, id, used_at: hold.used_at, held: &hold.held })
        };
        holds.filter_map(claim).collect()
    }

    /// The dearest price of a claim, in parts of 1/grain, if `new` is held too. What cannot be told is boundless.
    fn dearest(&self, claim: &Claim<'_>, new: Option<&Claim<'_>>) -> u128 {
        let mut sum = claim.held.flat;
        for count in &claim.held.counts {
            let key = CounterKey::of(claim.id, &claim.held.who, count.counter, count.key, count.window);
            let Some(key) = key else { continue };
            let at = self.sum(&key);
            // What is held in the state is its own too, unless it is new itself.
            let is_new = new.is_some_and(|new| core::ptr::eq(new.held, claim.held));
            let others = if is_new {
                at.held
            } else {
                let more = new.map_or(0, |new| new.count(&key));
                at.held.saturating_sub(count.quantity).saturating_add(more)
            };
            let range = (at.committed, at.committed.saturating_add(others));
            let most = most_of(claim.licence.manifest(), count.counter, count.quantity, range);
            sum = sum.saturating_add(most.unwrap_or(u128::MAX));
        }
        sum
    }

    /// What open holds may yet charge to a spend limit.
    pub(super) fn money_held(&self, key: &CounterKey) -> u128 {
        let claims = self.claims(key.licence);
        let in_it = claims.iter().filter(|claim| claim.limits().any(|limit| limit == *key));
        in_it.fold(0, |sum, claim| sum.saturating_add(self.dearest(claim, None)))
    }

    /// What a use may draw on credit, less what open holds may yet draw of the same lots: in parts of 1/grain.
    pub(super) fn credit_left(&self, eyes: &Eyes<'_>, of: Id) -> u128 {
        let (Some(lots), Some(money)) = (self.state.credit(&eyes.id, of), eyes.licence.money()) else {
            return 0;
        };
        let used_at = i64::try_from(eyes.used_at).unwrap_or(i64::MAX);
        let usable = lots.usable(eyes.action, used_at);
        let claims = self.claims(eyes.id);
        let rivals = claims.iter().filter(|claim| {
            let theirs = |lot: &crate::credit::Lot| lot.covers(claim.held.action.as_deref(), claim.instant());
            claim.purse() == Some(of)
                && lots.iter().any(|lot| theirs(lot) && lot.covers(eyes.action, used_at))
        });
        let held = rivals.fold(0u128, |sum, claim| {
            let money = self.dearest(claim, None).saturating_mul(money.scale.credit_per_part());
            sum.saturating_add(money)
        });
        money.scale.within_credit(usable.saturating_sub(held))
    }

    /// The reasons for which a new use cannot be held, or committed at once, beside what is open: it, or by it an open
    /// hold, could become dearer than a spend limit or the credit allows.
    pub(super) fn unaffordable(&self, new: &Claim<'_>) -> Vec<Reason> {
        let mut claims: Vec<Claim<'_>> = self.claims(new.id);
        claims.push(*new);
        let dearest: Vec<u128> = claims.iter().map(|claim| self.dearest(claim, Some(new))).collect();
        // What was too dear before is not the new use's fault.
        let before = claims
            .iter()
            .map(|claim| if core::ptr::eq(claim.held, new.held) { 0 } else { self.dearest(claim, None) });
        let before: Vec<u128> = before.collect();
        let mut reasons = self.over_limits(&claims, &dearest, &before);
        reasons.extend(self.over_credit(&claims, &dearest, &before));
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }

    fn over_limits(&self, claims: &[Claim<'_>], dearest: &[u128], before: &[u128]) -> Vec<Reason> {
        let mut totals: BTreeMap<CounterKey, (u128, u128)> = BTreeMap::new();
        let mut reasons = Vec::new();
        for (claim, (now, was)) in claims.iter().zip(dearest.iter().zip(before)) {
            for key in claim.limits() {
                let (sum, old) = totals.entry(key).or_default();
                (*sum, *old) = (sum.saturating_add(*now), old.saturating_add(*was));
                let (sum, old) = (*sum, *old);
                let Some(counter) = claim.licence.manifest().counters.get(usize::from(key.counter)) else {
                    continue;
                };
                let committed = self.sum(&key).committed;
                if sum > old && counter.cap.is_some_and(|cap| committed.saturating_add(sum) > cap) {
                    reasons.push(Reason { code: ReasonCode::Over, number: counter.clause });
                }
            }
        }
        reasons
    }

    /// Of every hold: all that may draw on a lot it may draw on could take so much that too little is left for it.
    fn over_credit(&self, claims: &[Claim<'_>], dearest: &[u128], before: &[u128]) -> Option<Reason> {
        claims.iter().find_map(|claim| {
            let of = claim.purse()?;
            let scale = claim.licence.money()?.scale;
            let empty = crate::credit::Lots::default();
            let lots = self.state.credit(&claim.id, of).unwrap_or(&empty);
            let mine: Vec<_> =
                lots.iter().filter(|lot| lot.covers(claim.held.action.as_deref(), claim.instant())).collect();
            let (mut sum, mut old) = (0u128, 0u128);
            for (rival, (now, was)) in claims.iter().zip(dearest.iter().zip(before)) {
                let same = core::ptr::eq(rival.held, claim.held);
                let theirs =
                    |lot: &&crate::credit::Lot| lot.covers(rival.held.action.as_deref(), rival.instant());
                if same || rival.purse() == Some(of) && mine.iter().any(theirs) {
                    (sum, old) = (sum.saturating_add(*now), old.saturating_add(*was));
                }
            }
            let usable = lots.usable(claim.held.action.as_deref(), claim.instant());
            let too_much = sum > old && sum.saturating_mul(scale.credit_per_part()) > usable;
            let prepaid = claim.licence.manifest().prepaid?;
            let counter = claim.licence.manifest().counters.get(prepaid as usize)?;
            too_much.then_some(Reason { code: ReasonCode::Credit, number: counter.clause })
        })
    }
}

/// The largest price of a quantity, for one counter that stands somewhere in a range; 0 for counters that price nothing.
fn most_of(manifest: &Manifest, counter: u16, quantity: u128, range: (u128, u128)) -> Option<u128> {
    dearest_position(manifest, counter, quantity, range).map(|(_, most)| most)
}

/// Where in a range of positions a counter's price is largest, and what it is; none if it does not fit.
pub(super) fn dearest_position(
    manifest: &Manifest,
    counter: u16,
    quantity: u128,
    (low, high): (u128, u128),
) -> Option<(u128, u128)> {
    let Some(counter) = manifest.counters.get(usize::from(counter)) else { return Some((low, 0)) };
    let (charge, case) = match counter.of {
        CounterOf::Case { charge, case } | CounterOf::Fee { charge, case } => (charge as u16, case as u16),
        _ => return Some((low, 0)),
    };
    let highest =
        counter.unit.and_then(|unit| manifest.units.get(unit as usize)).map_or(0, |unit| unit.highest);
    match price_of(manifest, charge, case) {
        Some(Price::Fee { amount, .. }) => Some((low, if low == 0 { *amount } else { 0 })),
        Some(Price::Graduated { tiers, .. }) => steepest(tiers, None, quantity, (low, high), highest),
        Some(Price::Bounded { tiers, cap, .. }) => steepest(tiers, *cap, quantity, (low, high), highest),
        _ => Some((low, 0)),
    }
}

/// The position u of a range at which T(u + q) - T(u) is largest. T is linear between the borders of tiers and the point
/// where the cap is reached, so the maximum is at an end of the range or where u or u + q is such a point.
fn steepest(
    tiers: &[Tier],
    cap: Option<u128>,
    quantity: u128,
    (low, high): (u128, u128),
    highest: u128,
) -> Option<(u128, u128)> {
    let mut points: Vec<u128> = tiers.iter().map(|tier| tier.start).collect();
    if let Some(cap) = cap {
        let reached = cap_point(tiers, cap, highest);
        points.extend([reached, reached.saturating_sub(1)]);
    }
    let near = points.iter().flat_map(|point| [*point, point.saturating_sub(quantity)]);
    let candidates = near.filter(|u| (low..=high).contains(u)).chain([low, high]);
    let mut best: Option<(u128, u128)> = None;
    for u in candidates {
        let (from, to) = (u.min(highest), u.saturating_add(quantity).min(highest));
        let price = schedule(tiers, cap, to)?.checked_sub(schedule(tiers, cap, from)?)?;
        if best.is_none_or(|(_, most)| price > most) {
            best = Some((u, price));
        }
    }
    best
}

/// The least position at which the cap is reached; the highest one where it never is.
fn cap_point(tiers: &[Tier], cap: u128, highest: u128) -> u128 {
    let reached = |x: u128| schedule(tiers, Some(cap), x) == Some(cap);
    let (mut below, mut at) = (0u128, highest);
    if reached(0) {
        return 0;
    }
    while at.saturating_sub(below) > 1 {
        let middle = below.saturating_add(at.saturating_sub(below) / 2);
        if reached(middle) {
            at = middle;
        } else {
            below = middle;
        }
    }
    at
}
