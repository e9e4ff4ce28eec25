//! From a request in the host's words to the numbers of a policy.

use crate::bound::{Bound, Read};
use crate::condition::is_wide;
use crate::outcome::{UNIT_BASE, UNIT_UNKNOWN};
use crate::policy::Policy;
use crate::request::{BindError, END_OF_TIME, FactValue, Renewal, Request};
use crate::time::Span;
use licit_bytecode::{DutyMode, FactType, Key, Window};

impl Policy {
    /// Translates a request into the policy's numbers.
    pub fn bind(&self, request: &Request<'_>) -> Result<Bound, BindError> {
        let mut bound = Bound::default();
        self.bind_into(request, &mut bound)?;
        Ok(bound)
    }

    /// As [`Policy::bind`], into a binding that is reused: no allocation once it has served a request as large. After an
    /// error the binding is bound to nothing.
    pub fn bind_into(&self, request: &Request<'_>, bound: &mut Bound) -> Result<(), BindError> {
        if bound.module != self.module_id {
            self.adopt(bound);
        }
        let result = self.fill(request, bound);
        if result.is_err() {
            bound.module = [0; 32];
        }
        result
    }

    /// Gives a binding the sizes of this policy.
    fn adopt(&self, bound: &mut Bound) {
        bound.module = self.module_id;
        bound.frame.clear();
        bound.frame.resize(2 * self.facts.len(), 0);
        bound.wide.clear();
        if self.facts.iter().any(|f| is_wide(f.0, f.2)) {
            bound.wide.resize(self.facts.len(), 0);
        }
        bound.quantities.clear();
        bound.quantities.resize(self.units.len(), 0);
        bound.stated.clear();
        bound.stated.resize(self.facts.len().max(self.units.len()), false);
        bound.due.clear();
        bound.due.resize(self.duties.len(), 0);
        bound.spans = Default::default();
        bound.reads.clear();
        for (i, c) in self.counters.iter().enumerate() {
            bound.reads.push(Read { counter: i as u16, key: c.key, window_kind: c.window, window: 0 });
        }
    }

    fn fill(&self, request: &Request<'_>, bound: &mut Bound) -> Result<(), BindError> {
        if !(0..END_OF_TIME).contains(&request.used_at) {
            return Err(BindError::UsedAt);
        }
        bound.used_at = request.used_at;
        self.bind_axes(request, bound);
        self.bind_facts(request, bound)?;
        self.bind_quantities(request, bound)?;
        let (user, organisation) = (request.user.is_some(), request.organisation.is_some());
        bound.keys = u8::from(user) << Key::User as u8
            | u8::from(organisation) << Key::Organisation as u8
            | u8::from(user || organisation) << Key::Licensee as u8;
        let licensee = request.organisation.or(request.user);
        let [action, ..] = bound.classes;
        bound.standing = self.standing(request.used_at, licensee, action, &request.instants);
        self.bind_time(request.instants.renewal, bound);
        Ok(())
    }

    fn bind_axes(&self, request: &Request<'_>, bound: &mut Bound) {
        let given = [request.action, request.purpose, request.place];
        for ((class, names), given) in bound.classes.iter_mut().zip(&self.axes).zip(given) {
            let terms = names.len() as u32;
            *class = given.map_or(terms + 1, |name| names.find(name).unwrap_or(terms));
        }
        let [action, purpose, place] = bound.classes;
        bound.row = self.rows.of_action.get(action as usize).copied().unwrap_or(0);
        if let Some(row) = self.rows.all.get(usize::from(bound.row)) {
            bound.starts = row.masks.start(purpose, place);
        }
    }

    fn bind_facts(&self, request: &Request<'_>, bound: &mut Bound) -> Result<(), BindError> {
        for pair in bound.frame.chunks_exact_mut(2) {
            if let [low, high] = pair {
                (*low, *high) = (0, u64::MAX);
            }
        }
        bound.stated.fill(false);
        bound.others.clear();
        for (i, (name, value)) in request.facts.iter().enumerate() {
            let Some(fact) = self.fact_names.find(name) else {
                bound.others.push(i as u32);
                continue;
            };
            if let Some(seen) = bound.stated.get_mut(fact as usize) {
                if *seen {
                    return Err(BindError::DuplicateFact(i));
                }
                *seen = true;
            }
            self.bind_fact(fact as usize, *value, bound);
        }
        let name = |i: usize| request.facts.get(i).map_or("", |f| f.0);
        duplicate(&mut bound.others, name).map_or(Ok(()), |i| Err(BindError::DuplicateFact(i)))
    }

    /// Leaves the fact unknown if the value is not of its type or out of its range.
    fn bind_fact(&self, fact: usize, value: FactValue<'_>, bound: &mut Bound) {
        let Some((ty, low, high)) = self.facts.get(fact).copied() else { return };
        let number = match (ty, value) {
            (FactType::YesNo | FactType::Kind, FactValue::Truth(truth)) => u64::from(truth),
            (FactType::Count, FactValue::Number(n)) if n < low || n > high => return,
            (FactType::Count, FactValue::Number(n)) if is_wide(ty, high) => {
                if let Some(wide) = bound.wide.get_mut(fact) {
                    *wide = n;
                }
                0
            }
            (FactType::Count, FactValue::Number(n)) => n as u64,
            // A text that no condition names is like every other such text.
            (FactType::Text | FactType::Party, FactValue::Text(text)) => {
                self.texts.find(text).map_or(self.texts.len() as u64, u64::from)
            }
            _ => return,
        };
        if let Some([l, h]) = bound.frame.get_mut(2 * fact..2 * fact + 2) {
            (*l, *h) = (number + 1, number + 1);
        }
    }

    fn bind_quantities(&self, request: &Request<'_>, bound: &mut Bound) -> Result<(), BindError> {
        bound.quantities.fill(0);
        bound.range.clear();
        bound.stated.fill(false);
        bound.others.clear();
        for (i, (name, quantity)) in request.quantities.iter().enumerate() {
            let Some(unit) = self.unit_names.find(name) else {
                bound.others.push(i as u32);
                continue;
            };
            if let Some(seen) = bound.stated.get_mut(unit as usize) {
                if *seen {
                    return Err(BindError::DuplicateUnit(i));
                }
                *seen = true;
            }
            if let Some(q) = bound.quantities.get_mut(unit as usize) {
                *q = *quantity;
            }
            if self.units.get(unit as usize).is_none_or(|highest| quantity > highest) {
                bound.range.push(UNIT_BASE + unit);
            }
        }
        if !bound.others.is_empty() {
            bound.range.push(UNIT_UNKNOWN);
        }
        let name = |i: usize| request.quantities.get(i).map_or("", |q| q.0);
        duplicate(&mut bound.others, name).map_or(Ok(()), |i| Err(BindError::DuplicateUnit(i)))
    }

    /// Windows of the counters, remembered between requests; due instants of the duties that this action can bring about.
    fn bind_time(&self, renewal: Option<Renewal>, bound: &mut Bound) {
        if bound.renewal != renewal {
            bound.renewal = renewal;
            if let Some(span) = bound.spans.get_mut(Window::Renewal as usize) {
                *span = Span::default();
            }
        }
        for read in &mut bound.reads {
            let Some(span) = bound.spans.get_mut(read.window_kind as usize) else { continue };
            if bound.used_at < span.start || bound.used_at >= span.end {
                *span = match read.window_kind {
                    Window::Renewal => self.renewal_span(bound.used_at, renewal),
                    kind => self.zone.window(bound.used_at, kind),
                };
            }
            read.window = span.index;
        }
        let Some(row) = self.rows.all.get(usize::from(bound.row)) else { return };
        for (duty, _) in &row.duties {
            let at = usize::from(*duty);
            if let (Some(d), Some(due)) = (self.duties.get(at), bound.due.get_mut(at)) {
                *due = match (d.mode, &d.period) {
                    (DutyMode::First | DutyMode::Each, Some(p)) => self.zone.add(bound.used_at, p),
                    _ => bound.used_at,
                };
            }
        }
    }
}

impl Policy {
    /// Without a renewal there is one window for all time.
    #[cold]
    fn renewal_span(&self, at: i64, paid: Option<Renewal>) -> Span {
        let renewal = self.wider.as_ref().and_then(|w| w.renewal.as_ref()).zip(paid);
        renewal.map_or(Span { start: i64::MIN, end: i64::MAX, index: 0 }, |(renewal, paid)| {
            self.zone.renewed(at, &renewal.period, paid)
        })
    }
}

/// Of positions whose names are not listed: the second position of a name that stands at two of them.
fn duplicate<'n>(positions: &mut [u32], name: impl Fn(usize) -> &'n str) -> Option<usize> {
    if positions.len() < 2 {
        return None;
    }
    positions.sort_unstable_by(|a, b| name(*a as usize).cmp(name(*b as usize)).then(a.cmp(b)));
    let pairs = positions.iter().zip(positions.iter().skip(1));
    let again = pairs.filter(|(a, b)| name(**a as usize) == name(**b as usize)).map(|(_, b)| *b as usize);
    again.min()
}
