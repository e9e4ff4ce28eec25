//! From bytes to a core: strict, and safe with bytes of a stranger.
//!
//! *Invariant:* what is accepted encodes to the same bytes again and passes [`Licence::validate`].
//! *Invariant:* time and memory are linear in the number of bytes, which is bounded; recursion is bounded.

mod standing;

use super::encode::KIND_LICENCE;
use super::reader::{DecodeError, DecodeErrorKind, Decoded, Reader};
use super::*;

impl Licence {
    /// The core that these bytes encode.
    ///
    /// # Errors
    /// The first thing that is wrong, with its offset; for a broken invariant the offset is that of the value of
    /// the map's key it belongs to.
    pub fn decode(bytes: &[u8]) -> Result<Licence, DecodeError> {
        let mut reader = Reader::new(bytes)?;
        let mut licence = Licence::empty();
        let mut offsets = BTreeMap::new();
        reader.map(&[0, 1, 2, 3, 4, 14], |r, key| {
            offsets.insert(key, r.at);
            licence.field(r, key)
        })?;
        reader.finish()?;
        licence.validate().map_err(|error| DecodeError {
            offset: offsets.get(&error.key).copied().unwrap_or(0),
            kind: DecodeErrorKind::Invalid(error.kind),
        })?;
        if licence.to_bytes() != bytes {
            return Err(DecodeError { offset: 0, kind: DecodeErrorKind::NotCanonical });
        }
        Ok(licence)
    }

    /// A licence that says nothing, to be filled: it has no name yet, so it is not valid.
    pub(super) fn empty() -> Licence {
        Licence {
            name: String::new(),
            version: 0,
            licensor: String::new(),
            assets: Vec::new(),
            parties: Vec::new(),
            vocabularies: Vec::new(),
            axes: BTreeMap::new(),
            units: Vec::new(),
            facts: Vec::new(),
            calendar: None,
            money: None,
            term: None,
            revocability: Revocability::Irrevocable,
            definitions: Vec::new(),
            forbids: Vec::new(),
            permits: Vec::new(),
            limits: Vec::new(),
            charges: Vec::new(),
            duties: Vec::new(),
            split: None,
            free: Vec::new(),
            holder: None,
            renewal: None,
            ends: Vec::new(),
            prepaid: None,
            at_close: Vec::new(),
            royalties: Vec::new(),
            corrections: None,
        }
    }

    /// Reads the value of one key.
    fn field(&mut self, r: &mut Reader<'_>, key: u64) -> Decoded<bool> {
        match key {
            0 => r.constant(KIND_LICENCE, "kind of document read here")?,
            1 => r.constant(EDITION, "edition known here")?,
            2 => self.name = r.text()?,
            3 => self.version = r.uint()?,
            4 => self.licensor = r.text()?,
            5 => self.assets = r.some(asset)?,
            6 => self.parties = r.some(party)?,
            7 => self.vocabularies = r.some(vocabulary_ref)?,
            8 => self.axes = axes(r)?,
            9 => self.units = r.some(unit)?,
            10 => self.facts = r.some(|r| fact(r, 0))?,
            11 => self.calendar = Some(r.text()?),
            12 => self.money = Some(money(r)?),
            13 => self.term = Some(term(r)?),
            14 => self.revocability = revocability(r)?,
            15 => self.definitions = r.some(|r| cond(r, 1))?,
            16 => self.forbids = r.some(rule)?,
            17 => self.permits = r.some(rule)?,
            18 => self.limits = r.some(limit)?,
            19 => self.charges = r.some(charge)?,
            20 => self.duties = r.some(duty)?,
            21 => self.split = Some(split(r)?),
            22 => self.free = r.some(free)?,
            23 => self.holder = Some(r.text()?),
            24 => self.renewal = Some(standing::renewal(r)?),
            25 => self.ends = r.some(rule)?,
            26 => self.prepaid = Some(standing::prepaid(r)?),
            27 => self.at_close = r.some(standing::at_close)?,
            28 => self.royalties = r.some(standing::royalty)?,
            29 => self.corrections = Some(period(r)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn asset(r: &mut Reader<'_>) -> Decoded<Asset> {
    let items = r.items(2..=3)?;
    let (kind, name) = (r.text()?, r.text()?);
    Ok(Asset { kind, name, capsule: if items == 3 { Some(r.digest()?) } else { None } })
}

fn party(r: &mut Reader<'_>) -> Decoded<Party> {
    r.items(2..=2)?;
    let mut party = Party { handle: r.text()?, did: None, account: None };
    r.map(&[], |r, key| {
        match key {
            0 => party.did = Some(r.text()?),
            1 => party.account = Some(r.text()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(party)
}

fn vocabulary_ref(r: &mut Reader<'_>) -> Decoded<VocabularyRef> {
    r.items(3..=3)?;
    Ok(VocabularyRef { name: r.text()?, version: r.text()?, id: r.digest()? })
}

pub(super) fn axes(r: &mut Reader<'_>) -> Decoded<BTreeMap<Axis, Vec<Term>>> {
    let mut axes = BTreeMap::new();
    r.map(&[], |r, key| {
        let Some(axis) = <Axis as words::Word>::from_number(key) else { return Ok(false) };
        let terms = r.some(|r| {
            r.items(2..=2)?;
            Ok(Term { name: r.text()?, parents: r.list(Reader::index)? })
        })?;
        axes.insert(axis, terms);
        Ok(true)
    })?;
    Ok(axes)
}

fn unit(r: &mut Reader<'_>) -> Decoded<Unit> {
    r.items(2..=2)?;
    Ok(Unit { name: r.text()?, highest: r.nat()? })
}

/// `[name, type, ...]`, followed by `more` items that the caller reads.
pub(super) fn fact(r: &mut Reader<'_>, more: u64) -> Decoded<Fact> {
    let start = r.at;
    let items = r.items(2 + more..=4 + more)?;
    let name = r.text()?;
    let at = r.at;
    let (ty, range) = match r.uint()? {
        1 => (FactType::YesNo, 0),
        2 => (FactType::Count { low: 0, high: 0 }, 2),
        3 => (FactType::Text, 0),
        4 => (FactType::Party, 0),
        5 => (FactType::Kind, 0),
        number => {
            return Err(DecodeError { offset: at, kind: DecodeErrorKind::Unknown { what: "type", number } });
        }
    };
    if items != 2 + range + more {
        return Err(DecodeError { offset: start, kind: DecodeErrorKind::Items });
    }
    let ty = match ty {
        FactType::Count { .. } => FactType::Count { low: r.nat()?, high: r.nat()? },
        other => other,
    };
    Ok(Fact { name, ty })
}

fn money(r: &mut Reader<'_>) -> Decoded<Money> {
    let mut money = Money {
        currency: String::new(),
        minor: Ratio { num: 0, den: 1 },
        rounding: Rounding::HalfEven,
        settled: Window::Term,
    };
    r.map(&[0, 1, 2, 3], |r, key| {
        match key {
            0 => money.currency = r.text()?,
            1 => money.minor = r.ratio()?,
            2 => money.rounding = r.word()?,
            3 => money.settled = r.word()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(money)
}

fn term(r: &mut Reader<'_>) -> Decoded<TermSpan> {
    let mut span = TermSpan::default();
    r.map(&[], |r, key| {
        let end = match key {
            0 => &mut span.from,
            1 => &mut span.until,
            _ => return Ok(false),
        };
        let start = r.at;
        let items = r.array()?;
        let at = r.at;
        *end = Some(match (r.uint()?, items) {
            (1, 2) => Point::Date(r.uint()?),
            (2, 2) => Point::Instant(r.uint()?),
            (3, 3) => Point::Anchored { anchor: r.word()?, period: period(r)? },
            (1..=3, _) => return Err(DecodeError { offset: start, kind: DecodeErrorKind::Items }),
            (number, _) => {
                let kind = DecodeErrorKind::Unknown { what: "kind of point", number };
                return Err(DecodeError { offset: at, kind });
            }
        });
        Ok(true)
    })?;
    Ok(span)
}

fn revocability(r: &mut Reader<'_>) -> Decoded<Revocability> {
    let items = r.items(1..=3)?;
    if items == 1 {
        r.constant(1, "revocability without a period")?;
        return Ok(Revocability::Irrevocable);
    }
    r.constant(2, "revocability with a period")?;
    let after = period(r)?;
    if items == 3 {
        r.constant(1, "way of sparing")?;
    }
    Ok(Revocability::Revocable { after, sparing_derivatives: items == 3 })
}

fn period(r: &mut Reader<'_>) -> Decoded<Period> {
    r.items(2..=2)?;
    let n = Nat::from(r.uint()?);
    let at = r.at;
    match r.uint()? {
        1 => Ok(Period::Seconds(n)),
        2 => Ok(Period::Days(n)),
        3 => Ok(Period::Months(n)),
        number => {
            Err(DecodeError { offset: at, kind: DecodeErrorKind::Unknown { what: "unit of time", number } })
        }
    }
}

fn rule(r: &mut Reader<'_>) -> Decoded<(String, Cond)> {
    r.items(2..=2)?;
    Ok((r.text()?, cond(r, 1)?))
}

/// A condition that stands `depth` deep.
fn cond(r: &mut Reader<'_>, depth: usize) -> Decoded<Cond> {
    r.depth(depth)?;
    let start = r.at;
    let items = r.array()?;
    let at = r.at;
    let number = r.uint()?;
    let fits = match number {
        0 | 1 => items == 1,
        2 | 3 => items == 4,
        4 | 5 | 8 => items == 2,
        6 | 7 => items >= 3,
        _ => {
            let kind = DecodeErrorKind::Unknown { what: "condition", number };
            return Err(DecodeError { offset: at, kind });
        }
    };
    if !fits {
        return Err(DecodeError { offset: start, kind: DecodeErrorKind::Items });
    }
    Ok(match number {
        0 => Cond::False,
        1 => Cond::True,
        2 => Cond::In { axis: r.word()?, yes: r.bits()?, unknown: r.bits()? },
        3 => Cond::Compare { fact: r.index()?, cmp: r.word()?, constant: constant(r)? },
        4 => Cond::Known(r.index()?),
        5 => Cond::Slot(r.index()?),
        8 => Cond::Not(Box::new(cond(r, depth + 1)?)),
        _ => {
            let mut operands = Vec::new();
            for _ in 1..items {
                operands.push(cond(r, depth + 1)?);
            }
            if number == 6 { Cond::And(operands) } else { Cond::Or(operands) }
        }
    })
}

fn constant(r: &mut Reader<'_>) -> Decoded<Constant> {
    if r.text_follows() { r.text().map(Constant::Text) } else { r.nat().map(Constant::Number) }
}

fn limit(r: &mut Reader<'_>) -> Decoded<Limit> {
    let start = r.at;
    let (mut label, mut number, mut owner, mut guard) = (String::new(), 0, Key::Licensee, None);
    let (mut unit, mut cap, mut window, mut time, mut amount) = (None, None, None, None, None);
    let mut keys = 0_u16;
    r.map(&[0, 1, 4], |r, key| {
        match key {
            0 => label = r.text()?,
            1 => number = limit_kind(r)?,
            2 => unit = Some(r.index()?),
            3 => cap = Some(r.nat()?),
            4 => owner = r.word()?,
            5 => window = Some(r.word()?),
            6 => guard = Some(cond(r, 1)?),
            7 => time = Some(period(r)?),
            8 => amount = Some(r.ratio()?),
            _ => return Ok(false),
        }
        keys |= 1 << key;
        Ok(true)
    })?;
    // Keys that only some kinds have: each kind has all of its own and no other.
    let own: &[u64] = match number {
        1 => &[2, 3, 5],
        2 | 3 => &[3, 7],
        _ => &[5, 8],
    };
    for key in [2, 3, 5, 7, 8] {
        let kind = match (own.contains(&key), keys >> key & 1 == 1) {
            (true, false) => DecodeErrorKind::MissingKey(key),
            (false, true) => DecodeErrorKind::UnknownKey(key),
            _ => continue,
        };
        return Err(DecodeError { offset: start, kind });
    }
    let kind = match (number, unit, cap, window, time, amount) {
        (1, Some(unit), Some(cap), Some(window), ..) => LimitKind::Sum { unit, cap, window },
        (2, _, Some(cap), _, Some(lease), _) => LimitKind::AtOnce { cap, lease },
        (3, _, Some(cap), _, Some(held), _) => LimitKind::Seats { cap, held },
        (_, _, _, Some(window), _, Some(amount)) => LimitKind::Spend { amount, window },
        _ => return Err(DecodeError { offset: start, kind: DecodeErrorKind::Items }),
    };
    Ok(Limit { label, key: owner, kind, guard })
}

fn limit_kind(r: &mut Reader<'_>) -> Decoded<u64> {
    let offset = r.at;
    match r.uint()? {
        number @ 1..=4 => Ok(number),
        number => {
            Err(DecodeError { offset, kind: DecodeErrorKind::Unknown { what: "kind of limit", number } })
        }
    }
}

fn charge(r: &mut Reader<'_>) -> Decoded<Charge> {
    let mut charge = Charge { label: String::new(), cases: Vec::new(), by_case: false };
    r.map(&[0, 1], |r, key| {
        match key {
            0 => charge.label = r.text()?,
            1 => {
                charge.cases = r.some(|r| {
                    r.items(2..=2)?;
                    Ok((cond(r, 1)?, price(r)?))
                })?;
            }
            2 => {
                r.constant(1, "way of charging")?;
                charge.by_case = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(charge)
}

fn price(r: &mut Reader<'_>) -> Decoded<Price> {
    let start = r.at;
    let items = r.array()?;
    let at = r.at;
    let number = r.uint()?;
    match (number, items) {
        (0, 1) => Ok(Price::Free),
        (1, 3) => Ok(Price::Rate { unit: r.index()?, rate: r.ratio()? }),
        (2, 5) => {
            Ok(Price::Graduated { unit: r.index()?, key: r.word()?, window: r.word()?, tiers: r.some(tier)? })
        }
        (3, 4) => Ok(Price::Fee { amount: r.ratio()?, key: r.word()?, window: r.word()? }),
        (4, 6) => standing::bounded(r),
        (0..=4, _) => Err(DecodeError { offset: start, kind: DecodeErrorKind::Items }),
        _ => Err(DecodeError { offset: at, kind: DecodeErrorKind::Unknown { what: "price", number } }),
    }
}

fn tier(r: &mut Reader<'_>) -> Decoded<Tier> {
    let width = if r.items(1..=2)? == 2 { Some(r.nat()?) } else { None };
    Ok(Tier { width, rate: r.ratio()? })
}

fn duty(r: &mut Reader<'_>) -> Decoded<Duty> {
    let start = r.at;
    let mut duty = Duty {
        label: String::new(),
        name: String::new(),
        text: None,
        on: None,
        to: None,
        acts: Bits::default(),
        acts_unknown: Bits::default(),
        guard: None,
        due: Due::AtEach,
        suspend: false,
    };
    let (mut mode, mut after) = (0, None);
    r.map(&[0, 1, 5, 7], |r, key| {
        match key {
            0 => duty.label = r.text()?,
            1 => duty.name = r.text()?,
            2 => duty.text = Some(r.text()?),
            3 => duty.on = Some(r.text()?),
            4 => duty.to = Some(r.text()?),
            5 => {
                r.items(2..=2)?;
                duty.acts = r.bits()?;
                duty.acts_unknown = r.bits()?;
            }
            6 => duty.guard = Some(cond(r, 1)?),
            7 => mode = r.uint()?,
            8 => after = Some(period(r)?),
            9 => {
                r.constant(1, "consequence")?;
                duty.suspend = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    duty.due = match (mode, after) {
        (1, Some(after)) => Due::First(after),
        (2, Some(after)) => Due::Each(after),
        (3, None) => Due::AtEach,
        (1 | 2, None) => return Err(DecodeError { offset: start, kind: DecodeErrorKind::MissingKey(8) }),
        (3, _) => return Err(DecodeError { offset: start, kind: DecodeErrorKind::UnknownKey(8) }),
        (number, _) => {
            let kind = DecodeErrorKind::Unknown { what: "mode", number };
            return Err(DecodeError { offset: start, kind });
        }
    };
    Ok(duty)
}

fn split(r: &mut Reader<'_>) -> Decoded<Split> {
    let mut split = Split { label: String::new(), first_cuts: Vec::new(), shares: Vec::new(), window: None };
    let part = |r: &mut Reader<'_>| {
        r.items(2..=2)?;
        Ok((r.text()?, r.ratio()?))
    };
    r.map(&[0, 2], |r, key| {
        match key {
            0 => split.shares = r.some(part)?,
            1 => split.window = Some(r.word()?),
            2 => split.label = r.text()?,
            3 => split.first_cuts = r.some(part)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(split)
}

fn free(r: &mut Reader<'_>) -> Decoded<(String, Vec<u32>)> {
    r.items(2..=2)?;
    Ok((r.text()?, r.some(Reader::index)?))
}
