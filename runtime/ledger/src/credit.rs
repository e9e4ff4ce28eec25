//! Prepaid credit: lots that uses draw on (`spec/ledger.md`, section 4).
//!
//! Every payment of credit makes a lot, named by its leaf. Amounts are *parts of credit*, 1/lcm(grain, denominator of the
//! smallest payable amount) of the currency ([`crate::money::Scale::credit_grain`]), so payments and prices are both
//! whole and nothing is ever rounded here.
//!
//! *Invariant:* credit is neither made nor lost: what lots have left and what was drawn from them is what was paid.
//! *Invariant:* a refused change changes nothing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::kept::Draw;

/// A lot of credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The leaf of its payment.
    pub leaf: u64,
    /// Smaller ones are drawn first.
    pub priority: u16,
    /// The first instant of use that it does not pay for, in microseconds since 1970; none: it lasts.
    pub expires: Option<i64>,
    /// A gift: what it pays falls due to nobody.
    pub gift: bool,
    /// The actions that it pays for, by their exact names; empty: all.
    pub actions: Vec<String>,
    /// What was paid, in parts of credit.
    pub paid: u128,
    /// What is left of it; never more than was paid.
    pub left: u128,
}

impl Lot {
    /// Whether it may pay for this action at this instant of use. An action that was not given needs a lot for all.
    pub fn covers(&self, action: Option<&str>, used_at: i64) -> bool {
        self.expires.is_none_or(|end| used_at < end)
            && (self.actions.is_empty()
                || action.is_some_and(|action| self.actions.iter().any(|name| name == action)))
    }

    /// The order of drawing: priority, then expiry with none last, then age.
    fn order(&self) -> Order {
        Order(self.priority, self.expires.is_none(), self.expires.unwrap_or(0), self.leaf)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order(u16, bool, i64, u64);

/// All credit of one key of one licence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lots {
    by_leaf: BTreeMap<u64, Lot>,
    /// Those that have something left.
    open: BTreeSet<Order>,
    /// What all of them were paid: below 2^127, so no sum over lots leaves it.
    paid: u128,
}

/// What a use would draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// From which lots, in the order of drawing.
    pub draws: Vec<Draw>,
    /// What no lot covers; it falls due in cash.
    pub uncovered: u128,
}

/// What draws come to by kind of lot, in parts of credit; below 0 where more was given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// By gifts.
    pub gifted: i128,
    /// By other credit.
    pub prepaid: i128,
}

/// Why credit cannot change so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditError {
    /// There is no lot with this leaf.
    Unknown(u64),
    /// There is a lot with this leaf, or an event names it twice.
    Twice(u64),
    /// More is drawn from the lot than it has left.
    Short(u64),
    /// More is given back to the lot than was drawn from it.
    Beyond(u64),
    /// A sum does not fit.
    Overflow,
}

impl fmt::Display for CreditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CreditError::Unknown(leaf) => write!(f, "no credit was paid by leaf {leaf}"),
            CreditError::Twice(leaf) => write!(f, "the credit of leaf {leaf} is named twice"),
            CreditError::Short(leaf) => write!(f, "the credit of leaf {leaf} does not suffice"),
            CreditError::Beyond(leaf) => {
                write!(f, "more is given back to the credit of leaf {leaf} than was drawn from it")
            }
            CreditError::Overflow => f.write_str("a sum of credit does not fit 128 bits"),
        }
    }
}

impl core::error::Error for CreditError {}

impl Lots {
    /// Adds a lot, as it was paid or as it was written down.
    pub fn add(&mut self, lot: Lot) -> Result<(), CreditError> {
        if self.by_leaf.contains_key(&lot.leaf) {
            return Err(CreditError::Twice(lot.leaf));
        }
        if lot.left > lot.paid {
            return Err(CreditError::Beyond(lot.leaf));
        }
        let paid = self.paid.checked_add(lot.paid).filter(|paid| i128::try_from(*paid).is_ok());
        self.paid = paid.ok_or(CreditError::Overflow)?;
        if lot.left > 0 {
            self.open.insert(lot.order());
        }
        self.by_leaf.insert(lot.leaf, lot);
        Ok(())
    }

    /// A lot by the leaf of its payment.
    pub fn lot(&self, leaf: u64) -> Option<&Lot> {
        self.by_leaf.get(&leaf)
    }

    /// All lots by leaf.
    pub fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.by_leaf.values()
    }

    /// Those with something left that may pay for this use, in the order of drawing.
    fn covering<'a>(&'a self, action: Option<&'a str>, used_at: i64) -> impl Iterator<Item = &'a Lot> {
        let open = self.open.iter().filter_map(|Order(_, _, _, leaf)| self.by_leaf.get(leaf));
        open.filter(move |lot| lot.covers(action, used_at))
    }

    /// What a use may draw on, in parts of credit.
    pub fn usable(&self, action: Option<&str>, used_at: i64) -> u128 {
        // Cannot saturate: `add` bounds the sum.
        self.covering(action, used_at).fold(0u128, |sum, lot| sum.saturating_add(lot.left))
    }

    /// How so many parts would be drawn; changes nothing.
    pub fn plan(&self, parts: u128, action: Option<&str>, used_at: i64) -> Plan {
        let mut plan = Plan { draws: Vec::new(), uncovered: parts };
        for lot in self.covering(action, used_at) {
            if plan.uncovered == 0 {
                break;
            }
            let drawn = lot.left.min(plan.uncovered);
            plan.uncovered = plan.uncovered.saturating_sub(drawn);
            // Bounded by `add`.
            plan.draws.push(Draw { lot: lot.leaf, parts: i128::try_from(drawn).unwrap_or(i128::MAX) });
        }
        plan
    }

    /// What draws come to by kind of lot; an error if they cannot be applied.
    pub fn check(&self, draws: &[Draw]) -> Result<Paid, CreditError> {
        let mut paid = Paid::default();
        let mut seen = BTreeSet::new();
        for draw in draws {
            let lot = self.by_leaf.get(&draw.lot).ok_or(CreditError::Unknown(draw.lot))?;
            if !seen.insert(draw.lot) {
                return Err(CreditError::Twice(draw.lot));
            }
            lot_after(lot, draw.parts)?;
            let sum = if lot.gift { &mut paid.gifted } else { &mut paid.prepaid };
            *sum = sum.checked_add(draw.parts).ok_or(CreditError::Overflow)?;
        }
        Ok(paid)
    }

    /// Draws, or gives back; all or nothing.
    pub fn apply(&mut self, draws: &[Draw]) -> Result<Paid, CreditError> {
        let paid = self.check(draws)?;
        for draw in draws {
            let Some(lot) = self.by_leaf.get_mut(&draw.lot) else { continue };
            lot.left = lot_after(lot, draw.parts)?;
            if lot.left > 0 {
                self.open.insert(lot.order());
            } else {
                self.open.remove(&lot.order());
            }
        }
        Ok(paid)
    }
}

/// What a lot has left after a draw.
fn lot_after(lot: &Lot, parts: i128) -> Result<u128, CreditError> {
    let left = if parts >= 0 {
        lot.left.checked_sub(parts.unsigned_abs()).ok_or(CreditError::Short(lot.leaf))?
    } else {
        lot.left.checked_add(parts.unsigned_abs()).ok_or(CreditError::Beyond(lot.leaf))?
    };
    if left > lot.paid { Err(CreditError::Beyond(lot.leaf)) } else { Ok(left) }
}

/// What one use has drawn so far, net: by lot, the one that was drawn from last at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    lots: Vec<(u64, u128)>,
}

impl Drawn {
    /// Adds what an event of the use drew or gave back; all or nothing.
    pub fn apply(&mut self, draws: &[Draw]) -> Result<(), CreditError> {
        let mut lots = self.lots.clone();
        for draw in draws.iter().filter(|draw| draw.parts != 0) {
            let at = lots.iter().position(|(lot, _)| *lot == draw.lot);
            let had = at.and_then(|at| lots.get(at)).map_or(0, |(_, had)| *had);
            let parts = if draw.parts >= 0 {
                had.checked_add(draw.parts.unsigned_abs()).ok_or(CreditError::Overflow)?
            } else {
                had.checked_sub(draw.parts.unsigned_abs()).ok_or(CreditError::Beyond(draw.lot))?
            };
            match at {
                // Giving back leaves the order as it is; drawing makes the lot the last.
                Some(at) if draw.parts < 0 && parts > 0 => {
                    if let Some(entry) = lots.get_mut(at) {
                        entry.1 = parts;
                    }
                }
                Some(at) => {
                    lots.remove(at);
                    if parts > 0 {
                        lots.push((draw.lot, parts));
                    }
                }
                None => lots.push((draw.lot, parts)),
            }
        }
        self.lots = lots;
        Ok(())
    }

    /// By lot, in parts of credit, the last drawn at the end.
    pub fn lots(&self) -> &[(u64, u128)] {
        &self.lots
    }

    /// How so many parts go back to the lots they came from, last drawn first, and what is left because no more was
    /// drawn: that lowers what is payable.
    pub fn give_back(&self, parts: u128) -> Plan {
        let mut plan = Plan { draws: Vec::new(), uncovered: parts };
        for (lot, drawn) in self.lots.iter().rev() {
            if plan.uncovered == 0 {
                break;
            }
            let back = (*drawn).min(plan.uncovered);
            let Some(parts) = i128::try_from(back).ok().and_then(i128::checked_neg) else { break };
            plan.uncovered = plan.uncovered.saturating_sub(back);
            plan.draws.push(Draw { lot: *lot, parts });
        }
        plan
    }
}
