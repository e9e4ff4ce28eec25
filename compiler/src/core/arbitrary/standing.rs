//! Sketches of standing use and standing money (`spec/core-wider.md`), and how they are fitted to the rest of a licence:
//! what cannot stand beside what is there is left out.

use super::*;

/// Everything that is not a price.
#[derive(Clone, Debug)]
pub(super) struct Wider {
    /// Index of a handle.
    holder: Option<usize>,
    renewal: Option<Renewing>,
    anchors: [Option<(Anchor, Period)>; 2],
    ends: Vec<Raw>,
    limits: Vec<RawLimit>,
    /// Whether what is spent is held; else there may be charges at close.
    holds: bool,
    spend: Vec<RawSpend>,
    prepaid: Option<(Key, Option<Raw>)>,
    at_close: Vec<RawAtClose>,
    /// Which of two licences, handle, thousandths, and which entry before it is the basis.
    royalties: Vec<(bool, u128, Option<usize>)>,
    /// Handle and thousandths.
    first_cuts: Vec<(usize, u128)>,
    corrections: Option<Period>,
}

/// The number of the period, whether it is months, and the grace with its acts.
type Renewing = (Nat, bool, Option<(Period, Vec<u32>, bool)>);

/// A limit on calls at once, or on seats.
#[derive(Clone, Debug)]
struct RawLimit {
    seats: bool,
    cap: Nat,
    key: Key,
    time: Period,
    guard: Option<Raw>,
}

#[derive(Clone, Debug)]
struct RawSpend {
    grains: u64,
    key: Key,
    window: Window,
    guard: Option<Raw>,
}

#[derive(Clone, Debug)]
struct RawAtClose {
    aggregate: Aggregate,
    unit: u32,
    key: Key,
    window: Window,
    /// How much further each band goes, its kind and its grains.
    bands: Vec<(Nat, BandKind, u64)>,
    last: (BandKind, u64),
    guard: Option<Raw>,
}

/// A window of a counter; that of a renewal among them.
pub(super) fn windows() -> impl Strategy<Value = Window> {
    use Window::{Hour, Minute, Renewal, Second};
    prop_oneof![3 => window(), 2 => select(vec![Second, Minute, Hour, Renewal])]
}

/// A fee or a bounded price.
pub(super) fn price() -> impl Strategy<Value = RawPrice> {
    let width = prop_oneof![3 => 1..2_000_000_u128, 1 => nats()];
    let bounds = (option::of(grains()), option::of(grains()));
    prop_oneof![
        (grains(), key(), windows()).prop_map(|(grains, key, window)| RawPrice::Fee(key, window, grains)),
        (any::<u32>(), key(), windows(), vec((width, grains()), 0..4), grains(), bounds).prop_map(
            |(unit, key, window, tiers, last, bounds)| {
                RawPrice::Bounded(unit, key, window, tiers, last, bounds)
            }
        ),
    ]
}

fn limit() -> impl Strategy<Value = RawLimit> {
    let cap = prop_oneof![4 => 0..6_u128, 1 => nats()];
    (any::<bool>(), cap, key(), period(), option::of(raw()))
        .prop_map(|(seats, cap, key, time, guard)| RawLimit { seats, cap, key, time, guard })
}

fn spend() -> impl Strategy<Value = RawSpend> {
    (grains(), key(), windows(), option::of(raw())).prop_map(|(grains, key, window, guard)| RawSpend {
        grains,
        key,
        window,
        guard,
    })
}

fn at_close() -> impl Strategy<Value = RawAtClose> {
    let aggregate = select(vec![Aggregate::Sum, Aggregate::Highest, Aggregate::Average, Aggregate::Last]);
    let kind = || select(vec![BandKind::At, BandKind::For]);
    let further = prop_oneof![3 => 1..1_000_u128, 1 => nats()];
    (
        aggregate,
        any::<u32>(),
        key(),
        windows(),
        vec((further, kind(), grains()), 0..4),
        (kind(), grains()),
        option::of(raw()),
    )
        .prop_map(|(aggregate, unit, key, window, bands, last, guard)| RawAtClose {
            aggregate,
            unit,
            key,
            window,
            bands,
            last,
            guard,
        })
}

pub(super) fn wider() -> impl Strategy<Value = Wider> {
    let anchor =
        || option::weighted(0.2, (select(vec![Anchor::Grant, Anchor::FirstUse, Anchor::Release]), period()));
    let grace = (period(), vec(any::<u32>(), 0..3), any::<bool>());
    let renewal = (1..40_u128, any::<bool>(), option::of(grace));
    let part = || 0..250_u128;
    (
        (option::weighted(0.2, 0..4_usize), option::weighted(0.3, renewal), [anchor(), anchor()]),
        (vec(raw(), 0..3), vec(limit(), 0..3), any::<bool>(), vec(spend(), 0..3)),
        (option::of((key(), option::of(raw()))), vec(at_close(), 0..3)),
        vec((any::<bool>(), part(), option::of(0..3_usize)), 0..4),
        vec((0..4_usize, part()), 0..3),
        option::weighted(0.2, period()),
    )
        .prop_map(
            |(
                (holder, renewal, anchors),
                (ends, limits, holds, spend),
                (prepaid, at_close),
                royalties,
                first_cuts,
                corrections,
            )| Wider {
                holder,
                renewal,
                anchors,
                ends,
                limits,
                holds,
                spend,
                prepaid,
                at_close,
                royalties,
                first_cuts,
                corrections,
            },
        )
}

/// What conditions, labels and amounts are made with.
pub(super) struct Makers<'a> {
    pub builder: &'a Builder,
    pub cond: &'a dyn Fn(&Raw) -> Cond,
    pub labelled: &'a dyn Fn(&str, usize) -> String,
    pub grain: u64,
    pub units: u32,
}

impl Wider {
    /// Adds what fits to a licence that has everything else.
    pub(super) fn add(
        &self,
        licence: &mut Licence,
        otherwise: &mut BTreeMap<String, Price>,
        with: &Makers<'_>,
    ) {
        self.time(licence, with);
        self.uses(licence, with);
        self.charges(licence, with);
        self.division(licence);
        let by_call = licence.money.as_ref().is_some_and(|money| money.settled == Window::Call);
        let renewed = licence.renewal.is_some();
        let own =
            licence.charges.iter_mut().flat_map(|charge| charge.cases.iter_mut().map(|(_, price)| price));
        own.chain(otherwise.values_mut()).for_each(|price| fit(price, by_call));
        if !renewed {
            each_window(licence, otherwise);
        }
    }

    /// Holder, renewal, anchored ends of the term, ends, corrections.
    fn time(&self, licence: &mut Licence, with: &Makers<'_>) {
        licence.holder = self.holder.map(|holder| HANDLES[holder].to_owned());
        licence.corrections = self.corrections;
        let mut term = licence.term.unwrap_or_default();
        let [from, until] = self.anchors;
        if let Some((anchor, period)) = from.filter(|(anchor, _)| *anchor != Anchor::FirstUse) {
            term.from = Some(Point::Anchored { anchor, period });
        }
        if let Some((anchor, period)) = until {
            term.until = Some(Point::Anchored { anchor, period });
        }
        if let Some((n, months, grace)) = &self.renewal {
            term.until = None;
            let grace = grace.as_ref().map(|(period, acts, unlisted)| {
                let (acts, acts_unknown) = with.builder.members(Axis::Action, acts, *unlisted);
                Grace { period: above_zero(*period), acts, acts_unknown }
            });
            let period = if *months { Period::Months(*n) } else { Period::Days(*n) };
            licence.renewal = Some(Renewal { period, grace });
        }
        licence.term = Some(term);
        let ends = self.ends.iter().enumerate();
        licence.ends = ends.map(|(i, raw)| ((with.labelled)("end", i), (with.cond)(raw))).collect();
    }

    fn uses(&self, licence: &mut Licence, with: &Makers<'_>) {
        for (i, raw) in self.limits.iter().enumerate() {
            let kind = if raw.seats {
                LimitKind::Seats { cap: raw.cap, held: raw.time }
            } else {
                LimitKind::AtOnce { cap: raw.cap, lease: above_zero(raw.time) }
            };
            let key = if raw.seats && raw.key == Key::User { Key::Licensee } else { raw.key };
            let guard = raw.guard.as_ref().map(with.cond);
            licence.limits.push(Limit { label: (with.labelled)("use", i), key, kind, guard });
        }
    }

    fn charges(&self, licence: &mut Licence, with: &Makers<'_>) {
        let amount = |grains: u64| Ratio::new(Nat::from(grains), Nat::from(with.grain));
        if self.holds && licence.money.is_some() {
            for (i, raw) in self.spend.iter().enumerate() {
                let kind = LimitKind::Spend { amount: amount(raw.grains), window: raw.window };
                let guard = raw.guard.as_ref().map(with.cond);
                licence.limits.push(Limit { label: (with.labelled)("spend", i), key: raw.key, kind, guard });
            }
            licence.prepaid = self.prepaid.as_ref().map(|(key, guard)| Prepaid {
                label: (with.labelled)("prepaid", 0),
                key: *key,
                guard: guard.as_ref().map(with.cond),
            });
        }
        let by_call = licence.money.as_ref().is_some_and(|money| money.settled == Window::Call);
        if self.holds || by_call {
            return;
        }
        let at_close = self.at_close.iter().enumerate().map(|(i, raw)| {
            let mut upto = 0;
            let mut bands = Vec::new();
            for (further, kind, grains) in &raw.bands {
                // Bands rise, and end where there are no more numbers.
                if bands.is_empty() || (*further > 0 && NAT_MAX - upto >= *further) {
                    upto += further;
                    bands.push(Band { upto: Some(upto), kind: *kind, amount: amount(*grains) });
                }
            }
            bands.push(Band { upto: None, kind: raw.last.0, amount: amount(raw.last.1) });
            AtClose {
                label: (with.labelled)("at_close", i),
                aggregate: raw.aggregate,
                unit: raw.unit % with.units,
                key: raw.key,
                window: raw.window,
                bands,
                guard: raw.guard.as_ref().map(with.cond),
            }
        });
        licence.at_close = at_close.collect();
    }

    /// Royalties and first cuts. With them the shares are coarse, so that every part fits.
    fn division(&self, licence: &mut Licence) {
        let thousandths = |n: u128| Ratio::new(n, 1000);
        if licence.money.is_some() {
            let royalty = |(i, (which, part, of)): (usize, &(bool, u128, Option<usize>))| Royalty {
                licence: [if *which { 7 } else { 9 }; 32],
                handle: HANDLES[i].to_owned(),
                part: thousandths(*part),
                basis: of.filter(|of| *of < i).map_or(Basis::Charges, |of| Basis::Royalty(of as u32)),
            };
            licence.royalties = self.royalties.iter().enumerate().map(royalty).collect();
        }
        let Some(split) = &mut licence.split else { return };
        let cut = |(handle, part): &(usize, u128)| (HANDLES[*handle].to_owned(), thousandths(*part));
        split.first_cuts = self.first_cuts.iter().map(cut).collect();
        if !split.first_cuts.is_empty() || !licence.royalties.is_empty() {
            let weights: Vec<u128> = split.shares.iter().map(|(_, share)| share.num % 999 + 1).collect();
            let whole = weights.iter().sum();
            for ((_, share), weight) in split.shares.iter_mut().zip(weights) {
                *share = Ratio::new(weight, whole);
            }
        }
    }
}

fn above_zero(period: Period) -> Period {
    match period {
        Period::Seconds(n) => Period::Seconds(n.max(1)),
        Period::Days(n) => Period::Days(n.max(1)),
        Period::Months(n) => Period::Months(n.max(1)),
    }
}

/// Without windows that close there is no floor; a price without bounds is a graduated one.
fn fit(price: &mut Price, by_call: bool) {
    if let Price::Bounded { unit, key, window, tiers, cap, floor } = price {
        if by_call {
            *floor = None;
        }
        if cap.is_none() && floor.is_none() {
            let tiers = std::mem::take(tiers);
            *price = Price::Graduated { unit: *unit, key: *key, window: *window, tiers };
        }
    }
}

/// Without renewal there are no periods of it to count in.
fn each_window(licence: &mut Licence, otherwise: &mut BTreeMap<String, Price>) {
    let own = licence.charges.iter_mut().flat_map(|charge| charge.cases.iter_mut().map(|(_, price)| price));
    let prices = own.chain(otherwise.values_mut()).filter_map(|price| match price {
        Price::Free | Price::Rate { .. } => None,
        Price::Graduated { window, .. } | Price::Fee { window, .. } | Price::Bounded { window, .. } => {
            Some(window)
        }
    });
    let limits = licence.limits.iter_mut().filter_map(|limit| match &mut limit.kind {
        LimitKind::Sum { window, .. } | LimitKind::Spend { window, .. } => Some(window),
        LimitKind::AtOnce { .. } | LimitKind::Seats { .. } => None,
    });
    let at_close = licence.at_close.iter_mut().map(|charge| &mut charge.window);
    for window in prices.chain(limits).chain(at_close).filter(|window| **window == Window::Renewal) {
        *window = Window::Month;
    }
}
