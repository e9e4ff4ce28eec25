//! The text form of a core (`spec/core-text.md`): names instead of indices, one clause a line.

use std::fmt::{self, Display, Formatter};

use super::sexpr::{Name, Quoted};
use super::words::Word;
use super::*;

/// Prints the text form. What an index points at is printed by name; an index that points nowhere, which no valid
/// licence has, is printed as a name that cannot be declared.
impl Display for Licence {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "(licence {EDITION} {} {}", Name(&self.name), self.version)?;
        self.print_headers(f)?;
        self.print_tables(f)?;
        self.print_clauses(f)?;
        f.write_str(")\n")
    }
}

/// Begins an entry of the licence.
const LINE: &str = "\n  ";

impl Licence {
    fn print_headers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{LINE}(licensor {})", Name(&self.licensor))?;
        for asset in &self.assets {
            write!(f, "{LINE}(asset {} {}", Name(&asset.kind), Quoted(&asset.name))?;
            if let Some(capsule) = &asset.capsule {
                write!(f, " {}", Digest(capsule))?;
            }
            f.write_str(")")?;
        }
        for party in &self.parties {
            write!(f, "{LINE}(party {}", Name(&party.handle))?;
            option(f, "did", party.did.as_deref())?;
            option(f, "account", party.account.as_deref())?;
            f.write_str(")")?;
        }
        for it in &self.vocabularies {
            write!(f, "{LINE}(vocabulary {} {} {})", Name(&it.name), Quoted(&it.version), Digest(&it.id))?;
        }
        if let Some(calendar) = &self.calendar {
            write!(f, "{LINE}(calendar {})", Quoted(calendar))?;
        }
        if let Some(it) = &self.money {
            let (currency, rounding) = (Name(&it.currency), it.rounding.word());
            write!(f, "{LINE}(money {currency} {} {rounding} {})", it.minor, it.settled.word())?;
        }
        for (word, point) in self.term.iter().flat_map(|term| [("from", term.from), ("until", term.until)]) {
            if let Some(point) = point {
                write!(f, "{LINE}({word} {point})")?;
            }
        }
        match self.revocability {
            Revocability::Irrevocable => write!(f, "{LINE}(irrevocable)"),
            Revocability::Revocable { after, sparing_derivatives } => {
                let sparing = if sparing_derivatives { " sparing" } else { "" };
                write!(f, "{LINE}(revocable {after}{sparing})")
            }
        }?;
        if let Some(holder) = &self.holder {
            write!(f, "{LINE}(holder {})", Name(holder))?;
        }
        if let Some(within) = self.corrections {
            write!(f, "{LINE}(corrections {within})")?;
        }
        self.royalties.iter().try_for_each(|royalty| self.print_royalty(f, royalty))
    }

    fn print_tables(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (axis, terms) in &self.axes {
            write!(f, "{LINE}(axis {}", axis.word())?;
            for term in terms {
                if term.parents.is_empty() {
                    write!(f, " {}", Name(&term.name))?;
                    continue;
                }
                write!(f, " ({}", Name(&term.name))?;
                for parent in &term.parents {
                    write!(f, " {}", Name(at(terms, *parent, |term| &term.name)))?;
                }
                f.write_str(")")?;
            }
            f.write_str(")")?;
        }
        for unit in &self.units {
            write!(f, "{LINE}(unit {} {})", Name(&unit.name), unit.highest)?;
        }
        for fact in &self.facts {
            write!(f, "{LINE}(fact {} {})", Name(&fact.name), fact.ty)?;
        }
        Ok(())
    }

    fn print_clauses(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, condition) in self.definitions.iter().enumerate() {
            write!(f, "{LINE}(define {i} {})", self.show(condition))?;
        }
        for (word, rules) in [("forbid", &self.forbids), ("permit", &self.permits)] {
            for (label, condition) in rules {
                write!(f, "{LINE}({word} {} {})", Name(label), self.show(condition))?;
            }
        }
        self.limits.iter().try_for_each(|limit| self.print_limit(f, limit))?;
        self.charges.iter().try_for_each(|charge| self.print_charge(f, charge))?;
        self.duties.iter().try_for_each(|duty| self.print_duty(f, duty))?;
        if let Some(split) = &self.split {
            write!(f, "{LINE}(split {}", Name(&split.label))?;
            if let Some(window) = split.window {
                write!(f, " {}", window.word())?;
            }
            if !split.first_cuts.is_empty() {
                f.write_str(" (first")?;
                for (handle, part) in &split.first_cuts {
                    write!(f, " ({} {part})", Name(handle))?;
                }
                f.write_str(")")?;
            }
            for (handle, share) in &split.shares {
                write!(f, " ({} {share})", Name(handle))?;
            }
            f.write_str(")")?;
        }
        for (label, units) in &self.free {
            write!(f, "{LINE}(free {}", Name(label))?;
            for unit in units {
                write!(f, " {}", self.unit_name(*unit))?;
            }
            f.write_str(")")?;
        }
        self.print_standing(f)
    }

    fn print_charge(&self, f: &mut Formatter<'_>, charge: &Charge) -> fmt::Result {
        write!(f, "{LINE}(charge {}", Name(&charge.label))?;
        for (condition, price) in &charge.cases {
            if charge.by_case {
                write!(f, "{LINE}  (case {} ", self.show(condition))?;
                self.print_price(f, price)?;
                f.write_str(")")?;
            } else {
                f.write_str(" ")?;
                self.print_price(f, price)?;
                self.guard(f, Some(condition).filter(|it| **it != Cond::True))?;
            }
        }
        f.write_str(")")
    }

    fn print_price(&self, f: &mut Formatter<'_>, price: &Price) -> fmt::Result {
        match price {
            Price::Free => f.write_str("free"),
            Price::Rate { unit, rate } => write!(f, "(rate {} {rate})", self.unit_name(*unit)),
            Price::Graduated { unit, key, window, tiers } => {
                self.print_schedule(f, *unit, *key, *window, tiers)?;
                f.write_str(")")
            }
            Price::Fee { amount, key, window } => {
                write!(f, "(fee {amount} {} {})", key.word(), window.word())
            }
            Price::Bounded { unit, key, window, tiers, cap, floor } => {
                self.print_schedule(f, *unit, *key, *window, tiers)?;
                for (word, bound) in [("cap", cap), ("floor", floor)] {
                    if let Some(bound) = bound {
                        write!(f, " ({word} {bound})")?;
                    }
                }
                f.write_str(")")
            }
        }
    }

    /// A graduated price, but for its last bracket.
    fn print_schedule(
        &self,
        f: &mut Formatter<'_>,
        unit: u32,
        key: Key,
        window: Window,
        tiers: &[Tier],
    ) -> fmt::Result {
        write!(f, "(graduated {} {} {}", self.unit_name(unit), key.word(), window.word())?;
        for tier in tiers {
            match tier.width {
                Some(width) => write!(f, " ({width} {})", tier.rate)?,
                None => write!(f, " (beyond {})", tier.rate)?,
            }
        }
        Ok(())
    }

    fn print_duty(&self, f: &mut Formatter<'_>, duty: &Duty) -> fmt::Result {
        write!(f, "{LINE}(duty {} {}", Name(&duty.label), Name(&duty.name))?;
        option(f, "text", duty.text.as_deref())?;
        option(f, "on", duty.on.as_deref())?;
        option(f, "to", duty.to.as_deref())?;
        f.write_str(" (acts")?;
        self.sets(f, Axis::Action, &duty.acts, &duty.acts_unknown)?;
        f.write_str(")")?;
        match duty.due {
            Due::First(after) => write!(f, " (first {after})")?,
            Due::Each(after) => write!(f, " (each {after})")?,
            Due::AtEach => f.write_str(" (at_each)")?,
        }
        self.guard(f, duty.guard.as_ref())?;
        if duty.suspend {
            f.write_str(" (suspend)")?;
        }
        f.write_str(")")
    }

    fn guard(&self, f: &mut Formatter<'_>, guard: Option<&Cond>) -> fmt::Result {
        guard.map_or(Ok(()), |guard| write!(f, " (when {})", self.show(guard)))
    }

    fn sets(&self, f: &mut Formatter<'_>, axis: Axis, yes: &Bits, unknown: &Bits) -> fmt::Result {
        let terms = self.axes.get(&axis).map_or(&[][..], Vec::as_slice);
        for (word, set) in [("yes", yes), ("unknown", unknown)] {
            if set.0.is_empty() {
                continue;
            }
            write!(f, " ({word}")?;
            for leaf in &set.0 {
                write!(f, " {}", Name(at(terms, *leaf, |term| &term.name)))?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }

    fn unit_name(&self, index: u32) -> Name<'_> {
        Name(at(&self.units, index, |unit| &unit.name))
    }

    fn show<'a>(&'a self, condition: &'a Cond) -> Shown<'a> {
        Shown { licence: self, condition }
    }
}

/// A condition with the licence it belongs to.
struct Shown<'a> {
    licence: &'a Licence,
    condition: &'a Cond,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Shown { licence, condition } = *self;
        let fact = |index: u32| Name(at(&licence.facts, index, |fact| &fact.name));
        let operands = |f: &mut Formatter<'_>, word: &str, operands: &[Cond]| {
            write!(f, "({word}")?;
            operands.iter().try_for_each(|operand| write!(f, " {}", licence.show(operand)))?;
            f.write_str(")")
        };
        match condition {
            Cond::False => f.write_str("false"),
            Cond::True => f.write_str("true"),
            Cond::In { axis, yes, unknown } => {
                write!(f, "(in {}", axis.word())?;
                licence.sets(f, *axis, yes, unknown)?;
                f.write_str(")")
            }
            Cond::Compare { fact: index, cmp, constant } => {
                write!(f, "({} {} ", cmp.word(), fact(*index))?;
                match constant {
                    Constant::Number(n) => write!(f, "{n})"),
                    Constant::Text(text) => write!(f, "{})", Quoted(text)),
                }
            }
            Cond::Known(index) => write!(f, "(known {})", fact(*index)),
            Cond::Slot(index) => write!(f, "#{index}"),
            Cond::And(list) => operands(f, "and", list),
            Cond::Or(list) => operands(f, "or", list),
            Cond::Not(operand) => write!(f, "(not {})", licence.show(operand)),
        }
    }
}

/// Entries of `spec/core-wider.md`.
impl Licence {
    fn print_royalty(&self, f: &mut Formatter<'_>, it: &Royalty) -> fmt::Result {
        write!(f, "{LINE}(royalty {} {} {}", Digest(&it.licence), Name(&it.handle), it.part)?;
        if let Basis::Royalty(index) = it.basis {
            match self.royalties.get(index as usize) {
                Some(of) => write!(f, " (of {} {})", Digest(&of.licence), Name(&of.handle))?,
                None => f.write_str(" (of)")?,
            }
        }
        f.write_str(")")
    }

    fn print_limit(&self, f: &mut Formatter<'_>, limit: &Limit) -> fmt::Result {
        let (label, key) = (Name(&limit.label), limit.key.word());
        match limit.kind {
            LimitKind::Sum { unit, cap, window } => {
                write!(f, "{LINE}(limit {label} {} {cap} {key} {}", self.unit_name(unit), window.word())?;
            }
            LimitKind::AtOnce { cap, lease } => {
                write!(f, "{LINE}(at_once {label} {cap} {key} (lease {lease})")?;
            }
            LimitKind::Seats { cap, held } => {
                write!(f, "{LINE}(seats {label} {cap} {key} (held {held})")?;
            }
            LimitKind::Spend { amount, window } => {
                write!(f, "{LINE}(spend {label} {amount} {key} {}", window.word())?;
            }
        }
        self.guard(f, limit.guard.as_ref())?;
        f.write_str(")")
    }

    fn print_standing(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(it) = &self.renewal {
            write!(f, "{LINE}(renewal {}", it.period)?;
            if let Some(grace) = &it.grace {
                write!(f, " (grace {}", grace.period)?;
                self.sets(f, Axis::Action, &grace.acts, &grace.acts_unknown)?;
                f.write_str(")")?;
            }
            f.write_str(")")?;
        }
        for (label, condition) in &self.ends {
            write!(f, "{LINE}(end {} {})", Name(label), self.show(condition))?;
        }
        if let Some(it) = &self.prepaid {
            write!(f, "{LINE}(prepaid {} {}", Name(&it.label), it.key.word())?;
            self.guard(f, it.guard.as_ref())?;
            f.write_str(")")?;
        }
        for it in &self.at_close {
            let (label, unit) = (Name(&it.label), self.unit_name(it.unit));
            let (aggregate, key, window) = (it.aggregate.word(), it.key.word(), it.window.word());
            write!(f, "{LINE}(at_close {label} {aggregate} {unit} {key} {window}")?;
            for band in &it.bands {
                let kind = band.kind.word();
                match band.upto {
                    Some(upto) => write!(f, " (upto {upto} {kind} {})", band.amount)?,
                    None => write!(f, " (beyond {kind} {})", band.amount)?,
                }
            }
            self.guard(f, it.guard.as_ref())?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl Display for Point {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Point::Date(_) | Point::Instant(_) => f.write_str(&self.word()),
            Point::Anchored { anchor, period } => write!(f, "({} {period})", anchor.word()),
        }
    }
}

impl Display for Ratio {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Period::Seconds(n) => write!(f, "{n} seconds"),
            Period::Days(n) => write!(f, "{n} days"),
            Period::Months(n) => write!(f, "{n} months"),
        }
    }
}

impl Display for FactType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FactType::YesNo => f.write_str("yes_no"),
            FactType::Count { low, high } => write!(f, "count {low} {high}"),
            FactType::Text => f.write_str("text"),
            FactType::Party => f.write_str("party"),
            FactType::Kind => f.write_str("kind"),
        }
    }
}

/// A SHA-256.
struct Digest<'a>(&'a [u8; 32]);

impl Display for Digest<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// ` (word "text")`, if there is a text.
fn option(f: &mut Formatter<'_>, word: &str, text: Option<&str>) -> fmt::Result {
    text.map_or(Ok(()), |text| write!(f, " ({word} {})", Quoted(text)))
}

/// The name of an entry; empty, which no declaration can be, if there is none.
fn at<T>(table: &[T], index: u32, name: impl Fn(&T) -> &String) -> &str {
    table.get(index as usize).map_or("", |entry| name(entry).as_str())
}
