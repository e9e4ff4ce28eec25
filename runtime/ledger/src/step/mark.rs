//! Orders: who may give them, and what each of them marks.

use alloc::vec::Vec;

use licit_receipt::{Hash, Kind};
use licit_vm::{CounterOf, END_OF_TIME, Renewal};

use crate::command::Step;
use crate::config::is_ordered;
use crate::content::Content;
use crate::credit::Lots;
use crate::kept::{Kept, Paid, SeatOf, Terms, Who};
use crate::licence::{Licence, Openings, Policies};
use crate::order::{Order, Purpose, What};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{Call, Phase, SeatKey};

use super::ask::id_of;
use super::touch::Eyes;
use super::{Draft, Stepper, bind, names};

impl<P: Policies + ?Sized, O: Openings + ?Sized> Stepper<'_, P, O> {
    pub(super) fn order(&self, order: &Order) -> Result<Step, Refusal> {
        let licence = self.licence(order.module)?;
        if let Some(call) = self.state.call(&order.id) {
            return self.ordered(*call, order, licence);
        }
        if !order.request.is_sorted() {
            return Err(Refusal::Unsorted);
        }
        let at =
            order.at.map(|at| i64::try_from(at).ok().filter(|at| *at < END_OF_TIME).ok_or(Refusal::Instant));
        if at.is_some() != order.what.has_instant() {
            return Err(Refusal::Instant);
        }
        let at = at.transpose()?.unwrap_or(0);
        let kind = order.what.kind();
        let auth = self.warranted(order, licence, kind)?;
        let mut draft = Draft::new(kind, order.at.unwrap_or(0));
        draft.call = Some(order.id);
        draft.licence = Some(id_of(licence));
        draft.module = Some(order.module);
        draft.auth = auth;
        let content = Content {
            request: order.request.clone(),
            what: Some(order.what.clone()),
            warrant: order.warrant,
            ..Content::default()
        };
        let request = &order.request;
        let kept = match &order.what {
            What::Correct(call) => return self.correct(draft, content, licence, *call, false),
            What::Reverse(call) => return self.correct(draft, content, licence, *call, true),
            What::Close(span) => return self.close(draft, content, licence, *span),
            What::Grant => self.grant(licence, request)?,
            What::Accept => Kept::Who(self.somebody(request)?),
            What::Revoke if licence.manifest().revocable.is_none() => return Err(Refusal::Irrevocable),
            What::Revoke => Kept::Notice { release: false },
            What::Release => Kept::Notice { release: true },
            What::Done(duty) if usize::from(*duty) >= licence.manifest().duties.len() => {
                return Err(Refusal::UnknownDuty(*duty));
            }
            What::Done(duty) => Kept::Done { who: self.who(&names(request))?, duty: *duty },
            What::Facts => self.facts(licence, request, at)?,
            What::Pay(minor, purpose) => self.pay(licence, request, *minor, purpose, at)?,
            What::Seat { released } => self.seat(licence, request, *released, at)?,
        };
        self.event(draft, kept, content)
    }

    /// The same id again: the same order is carried out already, another is a conflict.
    fn ordered(&self, call: Call, order: &Order, licence: &Licence) -> Result<Step, Refusal> {
        if call.phase != Phase::Recorded {
            return Err(Refusal::Conflict);
        }
        let past = self.past(call.leaf)?;
        if !is_ordered(past.receipt.kind) {
            return Err(Refusal::Conflict);
        }
        let content = past.content.ok_or(Refusal::Erased)?;
        let same = content.what.as_ref() == Some(&order.what)
            && content.request == order.request
            && past.receipt.licence == Some(id_of(licence))
            && order.at.is_none_or(|at| at == past.receipt.at.used)
            && order.at.is_some() == order.what.has_instant();
        if same { Ok(Step::Repeat(call)) } else { Err(Refusal::Conflict) }
    }

    /// Whether the order's giver is entitled to it; what the receipt says of it.
    fn warranted(&self, order: &Order, licence: &Licence, kind: Kind) -> Result<Option<Hash>, Refusal> {
        let keys = self.state.config().keys(kind);
        let Some(warrant) = &order.warrant else {
            return if keys.is_some() { Err(Refusal::NoWarrant) } else { Ok(None) };
        };
        let licensor = licensor_key(licence);
        let entitled = keys.is_some_and(|keys| keys.binary_search(&warrant.key).is_ok())
            || licensor == Some(warrant.key);
        if !entitled {
            return Err(Refusal::NotEntitled);
        }
        let gateway = self.state.epoch().ok_or(Refusal::Epoch)?.gateway;
        let hash = order.hash(&gateway, &id_of(licence));
        warrant.verify(&hash).map_err(|_| Refusal::BadWarrant)?;
        Ok(Some(warrant.auth(&hash)))
    }

    /// Whom it is about; it must be somebody.
    fn somebody(&self, request: &Request) -> Result<Who, Refusal> {
        let who = self.who(&names(request))?;
        if who.licensee().is_none() { Err(Refusal::Nobody) } else { Ok(who) }
    }

    fn grant(&self, licence: &Licence, request: &Request) -> Result<Kept, Refusal> {
        let who = self.somebody(request)?;
        let name = request.organisation.as_ref().or(request.user.as_ref());
        match &licence.manifest().holder {
            Some(holder) if Some(holder) != name => Err(Refusal::NotHolder),
            _ => Ok(Kept::Who(who)),
        }
    }

    /// The ends that the facts make true.
    fn facts(&self, licence: &Licence, request: &Request, at: i64) -> Result<Kept, Refusal> {
        let who = self.somebody(request)?;
        let instants = self.state.instants(&id_of(licence), who.licensee());
        let bound = bind(licence, at.unsigned_abs(), request, instants)?;
        let mut ends = licence.policy().reached(&bound);
        ends.sort_unstable();
        ends.dedup();
        Ok(Kept::Facts { who, ends })
    }

    fn pay(
        &self,
        licence: &Licence,
        request: &Request,
        minor: u128,
        purpose: &Purpose,
        at: i64,
    ) -> Result<Kept, Refusal> {
        let who = self.somebody(request)?;
        let money = licence.money().ok_or(Refusal::Without("money"))?;
        if minor == 0 && !matches!(purpose, Purpose::Renewal(_)) {
            return Err(Refusal::Zero);
        }
        let paid = match purpose {
            Purpose::Account => Paid::Account,
            Purpose::Renewal(periods) => Paid::Renewal(self.renewed(licence, who, *periods, at)?),
            Purpose::Credit(terms) => {
                let prepaid = licence.manifest().prepaid.ok_or(Refusal::Without("prepaid credit"))?;
                let counter = licence.manifest().counters.get(prepaid as usize);
                let key = counter.ok_or(Refusal::Without("prepaid credit"))?.key;
                let parts = money.scale.credit_of_minor(minor).ok_or(Refusal::Overflow)?.unsigned_abs();
                self.credit(licence, who.key(key).ok_or(Refusal::Nobody)?, parts, terms)?;
                Paid::Credit { key, parts, terms: terms.clone() }
            }
        };
        // Everything that a licensee paid fits one sum: a statement can always be made.
        let standing = self.state.standing(&id_of(licence), who.licensee());
        let before = standing.map_or([0; 3], |all| [all.paid, all.renewals, all.credit]);
        let sum = before.iter().try_fold(minor, |sum, paid| sum.checked_add(*paid));
        sum.and_then(|sum| i128::try_from(sum).ok()).ok_or(Refusal::Overflow)?;
        Ok(Kept::Payment { who, minor, paid })
    }

    /// What is paid for once so many more periods are.
    fn renewed(&self, licence: &Licence, who: Who, more: u32, at: i64) -> Result<Renewal, Refusal> {
        if licence.manifest().renewal.is_none() {
            return Err(Refusal::Without("renewal"));
        }
        if more == 0 {
            return Err(Refusal::Zero);
        }
        let present = self.state.instants(&id_of(licence), who.licensee()).renewal;
        match present {
            // The grace belongs to what was paid; after it everything begins anew.
            Some(Renewal { anchor, periods }) if at < licence.policy().grace_until(anchor, periods) => {
                let periods = periods.checked_add(more).ok_or(Refusal::Overflow)?;
                Ok(Renewal { anchor, periods })
            }
            _ => Ok(Renewal { anchor: at, periods: more }),
        }
    }

    /// Whether such a lot can be added.
    fn credit(
        &self,
        licence: &Licence,
        of: crate::kept::Id,
        parts: u128,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        if !terms.actions.is_sorted_by(|a, b| a < b) {
            return Err(Refusal::Actions);
        }
        let id = id_of(licence);
        let mut others = self.state.credit(&id, of).into_iter().flat_map(Lots::iter);
        let sum = others.try_fold(parts, |sum, lot| sum.checked_add(lot.paid));
        sum.and_then(|sum| i128::try_from(sum).ok()).map(|_| ()).ok_or(Refusal::Overflow)
    }

    fn seat(&self, licence: &Licence, request: &Request, released: bool, at: i64) -> Result<Kept, Refusal> {
        let who = self.who(&names(request))?;
        let user = who.user.ok_or(Refusal::Nobody)?;
        let id = id_of(licence);
        let eyes = Eyes { licence, id, who, used_at: at.unsigned_abs(), action: None };
        let mut seats = Vec::new();
        for (counter, number) in licence.manifest().counters.iter().zip(0u16..) {
            let CounterOf::Seats { .. } = counter.of else { continue };
            let Some(group) = who.key(counter.key) else { continue };
            let key = SeatKey { licence: id, counter: number, group, user };
            let has = self.state.seat(&key).is_some();
            if released {
                if has {
                    seats.push(SeatOf { counter: number, key: counter.key });
                }
                continue;
            }
            let others = self.seats_of_others(&eyes, number, group);
            if counter.cap.is_some_and(|cap| others >= cap) {
                return Err(Refusal::NoSeatLeft(counter.clause));
            }
            seats.push(SeatOf { counter: number, key: counter.key });
        }
        if seats.is_empty() {
            return Err(if released { Refusal::NoSeat } else { Refusal::Without("seats") });
        }
        Ok(Kept::Seat { who, seats, released })
    }
}

/// The key that the licence itself binds its licensor to.
fn licensor_key(licence: &Licence) -> Option<[u8; 32]> {
    let manifest = licence.manifest();
    let party = manifest.parties.iter().find(|party| party.handle == manifest.licensor)?;
    let key: licit_receipt::VerifyingKey = party.did.as_deref()?.parse().ok()?;
    Some(key.to_bytes())
}
