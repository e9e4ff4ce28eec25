//! From a core to its canonical bytes and its identity (`spec/core.md` sections 1 to 5 and 10, `spec/core-wider.md`
//! section 1).

use sha2::{Digest, Sha256};

use super::cbor::{MapWriter, Writer};
use super::error::CoreError;
use super::*;

/// Key 0 of a licence.
pub(super) const KIND_LICENCE: u64 = 1;

impl Licence {
    /// The canonical bytes.
    ///
    /// # Errors
    /// The first broken invariant: a core that is not canonical (see [`Licence::canonicalise`]) or not sound has no
    /// bytes and no identity.
    pub fn encode(&self) -> Result<Vec<u8>, CoreError> {
        self.validate()?;
        let bytes = self.to_bytes();
        if bytes.len() > check::MAX_BYTES {
            return Err(CoreError { key: 0, index: None, kind: CoreErrorKind::TooMany("bytes") });
        }
        Ok(bytes)
    }

    /// The licence id: SHA-256 of the canonical bytes.
    ///
    /// # Errors
    /// As [`Licence::encode`].
    pub fn licence_id(&self) -> Result<[u8; 32], CoreError> {
        self.encode().map(|bytes| id_of(&bytes))
    }

    /// The bytes of whatever this is, checked by nobody.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.map(|m| {
            m.key(0).uint(KIND_LICENCE);
            m.key(1).uint(EDITION);
            m.key(2).text(&self.name);
            m.key(3).uint(self.version);
            m.key(4).text(&self.licensor);
            m.list(5, &self.assets, asset);
            m.list(6, &self.parties, party);
            m.list(7, &self.vocabularies, vocabulary_ref);
            axes(m, 8, &self.axes);
            m.list(9, &self.units, |w, unit| {
                w.array(2);
                w.text(&unit.name);
                w.nat(unit.highest);
            });
            m.list(10, &self.facts, |w, fact| fact_fields(w, fact, None));
            m.text(11, self.calendar.as_deref());
            if let Some(it) = &self.money {
                money(m.key(12), it);
            }
            if let Some(it) = &self.term {
                term(m.key(13), it);
            }
            revocability(m.key(14), &self.revocability);
            m.list(15, &self.definitions, cond);
            m.list(16, &self.forbids, rule);
            m.list(17, &self.permits, rule);
            m.list(18, &self.limits, limit);
            m.list(19, &self.charges, charge);
            m.list(20, &self.duties, duty);
            if let Some(it) = &self.split {
                split(m.key(21), it);
            }
            m.list(22, &self.free, |w, (label, units)| {
                w.array(2);
                w.text(label);
                w.array(units.len());
                for unit in units {
                    w.uint(u64::from(*unit));
                }
            });
            self.standing(m);
        });
        w.out
    }
}

impl Licence {
    /// Keys 23 to 29.
    fn standing(&self, m: &mut MapWriter) {
        m.text(23, self.holder.as_deref());
        if let Some(it) = &self.renewal {
            renewal(m.key(24), it);
        }
        m.list(25, &self.ends, rule);
        if let Some(it) = &self.prepaid {
            m.key(26).map(|m| {
                m.key(0).text(&it.label);
                m.key(1).uint(it.key as u64);
                guard(m, 2, it.guard.as_ref());
            });
        }
        m.list(27, &self.at_close, at_close);
        m.list(28, &self.royalties, |w, it| {
            w.array(4);
            w.bytes(&it.licence);
            w.text(&it.handle);
            w.ratio(it.part);
            w.uint(match it.basis {
                Basis::Charges => 0,
                Basis::Royalty(index) => u64::from(index) + 1,
            });
        });
        if let Some(within) = self.corrections {
            period(m.key(29), within);
        }
    }
}

/// The identity of canonical bytes: a licence's or a vocabulary's.
pub fn id_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn asset(w: &mut Writer, asset: &Asset) {
    w.array(2 + usize::from(asset.capsule.is_some()));
    w.text(&asset.kind);
    w.text(&asset.name);
    if let Some(capsule) = &asset.capsule {
        w.bytes(capsule);
    }
}

fn party(w: &mut Writer, party: &Party) {
    w.array(2);
    w.text(&party.handle);
    w.map(|m| {
        m.text(0, party.did.as_deref());
        m.text(1, party.account.as_deref());
    });
}

fn vocabulary_ref(w: &mut Writer, it: &VocabularyRef) {
    w.array(3);
    w.text(&it.name);
    w.text(&it.version);
    w.bytes(&it.id);
}

/// Key 8 of a licence and key 4 of a vocabulary: absent if no axis has a term.
pub(super) fn axes(m: &mut MapWriter, key: u64, axes: &BTreeMap<Axis, Vec<Term>>) {
    if axes.values().all(Vec::is_empty) {
        return;
    }
    m.key(key).map(|m| {
        for (axis, terms) in axes {
            m.list(*axis as u64, terms, |w, term| {
                w.array(2);
                w.text(&term.name);
                w.array(term.parents.len());
                term.parents.iter().for_each(|parent| w.uint(u64::from(*parent)));
            });
        }
    });
}

/// `[name, type, ...]`, in a vocabulary with flags as the last item.
pub(super) fn fact_fields(w: &mut Writer, fact: &Fact, flags: Option<u64>) {
    let range = if matches!(fact.ty, FactType::Count { .. }) { 2 } else { 0 };
    w.array(2 + range + usize::from(flags.is_some()));
    w.text(&fact.name);
    w.uint(fact.ty.number());
    if let FactType::Count { low, high } = fact.ty {
        w.nat(low);
        w.nat(high);
    }
    if let Some(flags) = flags {
        w.uint(flags);
    }
}

impl FactType {
    /// The number of the type (key 10).
    pub(super) fn number(&self) -> u64 {
        match self {
            FactType::YesNo => 1,
            FactType::Count { .. } => 2,
            FactType::Text => 3,
            FactType::Party => 4,
            FactType::Kind => 5,
        }
    }
}

fn money(w: &mut Writer, money: &Money) {
    w.map(|m| {
        m.key(0).text(&money.currency);
        m.key(1).ratio(money.minor);
        m.key(2).uint(money.rounding as u64);
        m.key(3).uint(money.settled as u64);
    });
}

fn term(w: &mut Writer, term: &TermSpan) {
    w.map(|m| {
        for (key, point) in [(0, term.from), (1, term.until)] {
            let Some(point) = point else { continue };
            let w = m.key(key);
            w.array(if matches!(point, Point::Anchored { .. }) { 3 } else { 2 });
            match point {
                Point::Date(days) => {
                    w.uint(1);
                    w.uint(days);
                }
                Point::Instant(micros) => {
                    w.uint(2);
                    w.uint(micros);
                }
                Point::Anchored { anchor, period: after } => {
                    w.uint(3);
                    w.uint(anchor as u64);
                    period(w, after);
                }
            }
        }
    });
}

fn revocability(w: &mut Writer, it: &Revocability) {
    match it {
        Revocability::Irrevocable => {
            w.array(1);
            w.uint(1);
        }
        Revocability::Revocable { after, sparing_derivatives } => {
            w.array(2 + usize::from(*sparing_derivatives));
            w.uint(2);
            period(w, *after);
            if *sparing_derivatives {
                w.uint(1);
            }
        }
    }
}

fn period(w: &mut Writer, period: Period) {
    let (n, unit) = match period {
        Period::Seconds(n) => (n, 1),
        Period::Days(n) => (n, 2),
        Period::Months(n) => (n, 3),
    };
    w.array(2);
    w.nat(n);
    w.uint(unit);
}

fn rule(w: &mut Writer, (label, c): &(String, Cond)) {
    w.array(2);
    w.text(label);
    cond(w, c);
}

impl Cond {
    /// The number of the form, the first item of its encoding.
    pub(super) fn number(&self) -> u64 {
        match self {
            Cond::False => 0,
            Cond::True => 1,
            Cond::In { .. } => 2,
            Cond::Compare { .. } => 3,
            Cond::Known(_) => 4,
            Cond::Slot(_) => 5,
            Cond::And(_) => 6,
            Cond::Or(_) => 7,
            Cond::Not(_) => 8,
        }
    }

    /// How many items its encoding has, the number included.
    pub(super) fn items(&self) -> usize {
        match self {
            Cond::False | Cond::True => 1,
            Cond::In { .. } | Cond::Compare { .. } => 4,
            Cond::Known(_) | Cond::Slot(_) | Cond::Not(_) => 2,
            Cond::And(operands) | Cond::Or(operands) => 1 + operands.len(),
        }
    }
}

/// A condition. Recursion is bounded by the nesting that [`Licence::validate`] allows.
pub(super) fn cond(w: &mut Writer, c: &Cond) {
    w.array(c.items());
    w.uint(c.number());
    match c {
        Cond::False | Cond::True => {}
        Cond::In { axis, yes, unknown } => {
            w.uint(*axis as u64);
            w.bits(yes);
            w.bits(unknown);
        }
        Cond::Compare { fact, cmp, constant: k } => {
            w.uint(u64::from(*fact));
            w.uint(*cmp as u64);
            constant(w, k);
        }
        Cond::Known(index) | Cond::Slot(index) => w.uint(u64::from(*index)),
        Cond::And(operands) | Cond::Or(operands) => operands.iter().for_each(|operand| cond(w, operand)),
        Cond::Not(operand) => cond(w, operand),
    }
}

pub(super) fn constant(w: &mut Writer, constant: &Constant) {
    match constant {
        Constant::Number(n) => w.nat(*n),
        Constant::Text(text) => w.text(text),
    }
}

fn limit(w: &mut Writer, limit: &Limit) {
    w.map(|m| {
        m.key(0).text(&limit.label);
        m.key(1).uint(limit.kind.number());
        if let LimitKind::Sum { unit, .. } = limit.kind {
            m.key(2).uint(u64::from(unit));
        }
        if let LimitKind::Sum { cap, .. } | LimitKind::AtOnce { cap, .. } | LimitKind::Seats { cap, .. } =
            limit.kind
        {
            m.key(3).nat(cap);
        }
        m.key(4).uint(limit.key as u64);
        if let LimitKind::Sum { window, .. } | LimitKind::Spend { window, .. } = limit.kind {
            m.key(5).uint(window as u64);
        }
        guard(m, 6, limit.guard.as_ref());
        match limit.kind {
            LimitKind::Sum { .. } => {}
            LimitKind::AtOnce { lease: time, .. } | LimitKind::Seats { held: time, .. } => {
                period(m.key(7), time);
            }
            LimitKind::Spend { amount, .. } => m.key(8).ratio(amount),
        }
    });
}

impl LimitKind {
    /// The number of the kind (key 1 of a limit).
    pub(super) fn number(&self) -> u64 {
        match self {
            LimitKind::Sum { .. } => 1,
            LimitKind::AtOnce { .. } => 2,
            LimitKind::Seats { .. } => 3,
            LimitKind::Spend { .. } => 4,
        }
    }
}

/// The key with a guard, if there is one.
fn guard(m: &mut MapWriter, key: u64, guard: Option<&Cond>) {
    if let Some(guard) = guard {
        cond(m.key(key), guard);
    }
}

fn renewal(w: &mut Writer, it: &Renewal) {
    w.map(|m| {
        period(m.key(0), it.period);
        if let Some(grace) = &it.grace {
            period(m.key(1), grace.period);
            let acts = m.key(2);
            acts.array(2);
            acts.bits(&grace.acts);
            acts.bits(&grace.acts_unknown);
        }
    });
}

fn at_close(w: &mut Writer, it: &AtClose) {
    w.map(|m| {
        m.key(0).text(&it.label);
        m.key(1).uint(it.aggregate as u64);
        m.key(2).uint(u64::from(it.unit));
        m.key(3).uint(it.key as u64);
        m.key(4).uint(it.window as u64);
        m.list(5, &it.bands, |w, band| {
            w.array(2 + usize::from(band.upto.is_some()));
            if let Some(upto) = band.upto {
                w.nat(upto);
            }
            w.uint(band.kind as u64);
            w.ratio(band.amount);
        });
        guard(m, 6, it.guard.as_ref());
    });
}

fn charge(w: &mut Writer, charge: &Charge) {
    w.map(|m| {
        m.key(0).text(&charge.label);
        m.list(1, &charge.cases, |w, (c, p)| {
            w.array(2);
            cond(w, c);
            price(w, p);
        });
        if charge.by_case {
            m.key(2).uint(1);
        }
    });
}

pub(super) fn price(w: &mut Writer, price: &Price) {
    match price {
        Price::Free => {
            w.array(1);
            w.uint(0);
        }
        Price::Rate { unit, rate } => {
            w.array(3);
            w.uint(1);
            w.uint(u64::from(*unit));
            w.ratio(*rate);
        }
        Price::Graduated { unit, key, window, tiers } => {
            w.array(5);
            w.uint(2);
            schedule(w, *unit, *key, *window, tiers);
        }
        Price::Fee { amount, key, window } => {
            w.array(4);
            w.uint(3);
            w.ratio(*amount);
            w.uint(*key as u64);
            w.uint(*window as u64);
        }
        Price::Bounded { unit, key, window, tiers, cap, floor } => {
            w.array(6);
            w.uint(4);
            schedule(w, *unit, *key, *window, tiers);
            w.map(|m| {
                for (key, bound) in [(0, cap), (1, floor)] {
                    if let Some(bound) = bound {
                        m.key(key).ratio(*bound);
                    }
                }
            });
        }
    }
}

/// Unit, key, window and tiers: four items.
fn schedule(w: &mut Writer, unit: u32, key: Key, window: Window, tiers: &[Tier]) {
    w.uint(u64::from(unit));
    w.uint(key as u64);
    w.uint(window as u64);
    w.array(tiers.len());
    for tier in tiers {
        w.array(1 + usize::from(tier.width.is_some()));
        if let Some(width) = tier.width {
            w.nat(width);
        }
        w.ratio(tier.rate);
    }
}

fn duty(w: &mut Writer, duty: &Duty) {
    w.map(|m| {
        m.key(0).text(&duty.label);
        m.key(1).text(&duty.name);
        m.text(2, duty.text.as_deref());
        m.text(3, duty.on.as_deref());
        m.text(4, duty.to.as_deref());
        let acts = m.key(5);
        acts.array(2);
        acts.bits(&duty.acts);
        acts.bits(&duty.acts_unknown);
        guard(m, 6, duty.guard.as_ref());
        let (mode, after) = match duty.due {
            Due::First(after) => (1, Some(after)),
            Due::Each(after) => (2, Some(after)),
            Due::AtEach => (3, None),
        };
        m.key(7).uint(mode);
        if let Some(after) = after {
            period(m.key(8), after);
        }
        if duty.suspend {
            m.key(9).uint(1);
        }
    });
}

fn split(w: &mut Writer, split: &Split) {
    w.map(|m| {
        let part = |w: &mut Writer, (handle, part): &(String, Ratio)| {
            w.array(2);
            w.text(handle);
            w.ratio(*part);
        };
        m.list(0, &split.shares, part);
        if let Some(window) = split.window {
            m.key(1).uint(window as u64);
        }
        m.key(2).text(&split.label);
        m.list(3, &split.first_cuts, part);
    });
}
