//! A use that someone asks for, owned: what an ask brings and what its opening remembers.

use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::cbor::{Error, ErrorKind, Reader, Type, Writer};
use licit_vm::FactValue;

use crate::codec::{MapWriter, read_list, read_nat, read_text, write_nat};

/// A request in the consumer's words (`spec/core.md` section 6), without the instant, which the receipt holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The authenticated subject.
    pub user: Option<String>,
    /// Its organisation.
    pub organisation: Option<String>,
    /// The action: a term's name.
    pub action: Option<String>,
    /// The purpose: a term's name.
    pub purpose: Option<String>,
    /// The place: a term's name.
    pub place: Option<String>,
    /// Facts, strictly ascending by name ([`Request::sort`]).
    pub facts: Vec<(String, Value)>,
    /// Quantities, strictly ascending by unit ([`Request::sort`]).
    pub quantities: Vec<(String, u128)>,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Truth(bool),
    /// A count.
    Number(u128),
    /// A text or a party.
    Text(String),
}

impl Value {
    /// The same value, borrowed, as the VM takes it.
    pub fn as_fact(&self) -> FactValue<'_> {
        match self {
            Value::Truth(truth) => FactValue::Truth(*truth),
            Value::Number(number) => FactValue::Number(*number),
            Value::Text(text) => FactValue::Text(text),
        }
    }
}

/// Whose use it is: the organisation, or the user who has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Licensee<'a> {
    /// A user without an organisation.
    User(&'a str),
    /// An organisation.
    Organisation(&'a str),
}

impl Request {
    /// Puts facts and quantities in the order that the format asks for.
    pub fn sort(&mut self) {
        self.facts.sort_by(|a, b| a.0.cmp(&b.0));
        self.quantities.sort_by(|a, b| a.0.cmp(&b.0));
    }

    /// Whether facts and quantities are strictly ascending: sorted, none twice.
    pub fn is_sorted(&self) -> bool {
        self.facts.is_sorted_by(|a, b| a.0 < b.0) && self.quantities.is_sorted_by(|a, b| a.0 < b.0)
    }

    /// The licensee, if the request says who asks.
    pub fn licensee(&self) -> Option<Licensee<'_>> {
        let organisation = self.organisation.as_deref().map(Licensee::Organisation);
        organisation.or(self.user.as_deref().map(Licensee::User))
    }

    /// The quantity of a unit; what is not given is 0.
    pub fn quantity(&self, unit: &str) -> u128 {
        let found = self.quantities.binary_search_by(|(name, _)| name.as_str().cmp(unit));
        found.ok().and_then(|at| self.quantities.get(at)).map_or(0, |(_, quantity)| *quantity)
    }

    /// Keys 1 to 7 of the erasable map.
    pub(crate) fn write(&self, map: &mut MapWriter<'_>) {
        map.text(1, self.user.as_deref());
        map.text(2, self.organisation.as_deref());
        map.text(3, self.action.as_deref());
        map.text(4, self.purpose.as_deref());
        map.text(5, self.place.as_deref());
        map.list(6, &self.facts, |w, (name, value)| {
            w.array(2);
            w.text(name);
            match value {
                Value::Truth(truth) => w.bool(*truth),
                Value::Number(number) => write_nat(w, *number),
                Value::Text(text) => w.text(text),
            }
        });
        map.list(7, &self.quantities, write_quantity);
    }

    /// Reads the value of one of the keys 1 to 7; false for another key.
    pub(crate) fn read(&mut self, key: u64, r: &mut Reader<'_>) -> Result<bool, Error> {
        match key {
            1 => self.user = Some(read_text(r)?),
            2 => self.organisation = Some(read_text(r)?),
            3 => self.action = Some(read_text(r)?),
            4 => self.purpose = Some(read_text(r)?),
            5 => self.place = Some(read_text(r)?),
            6 => self.facts = read_ascending(r, read_fact)?,
            7 => self.quantities = read_ascending(r, read_nat)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn write_quantity(w: &mut Writer<'_>, (unit, quantity): &(String, u128)) {
    w.array(2);
    w.text(unit);
    write_nat(w, *quantity);
}

fn read_fact(r: &mut Reader<'_>) -> Result<Value, Error> {
    Ok(match r.peek() {
        Some(Type::Bool) => Value::Truth(r.bool()?),
        Some(Type::Text) => Value::Text(read_text(r)?),
        _ => Value::Number(read_nat(r)?),
    })
}

/// Pairs of a name and a value, strictly ascending by name.
fn read_ascending<'a, T>(
    r: &mut Reader<'a>,
    mut value: impl FnMut(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<Vec<(String, T)>, Error> {
    let order = r.error(ErrorKind::EntryOrder);
    let list = read_list(r, |r| {
        r.array_of(2)?;
        Ok((read_text(r)?, value(r)?))
    })?;
    if list.is_sorted_by(|a, b| a.0 < b.0) { Ok(list) } else { Err(order) }
}
