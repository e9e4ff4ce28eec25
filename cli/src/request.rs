//! A request as it comes from outside: a JSON object, or the language's own words.

use crate::instant;
use crate::names::Names;
use crate::shell::shown;
use licit_bytecode::FactType;
use licit_ledger::{Request, Value};
use licit_vm::Manifest;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The most facts, and the most units, of one request; a licence has at most 1,024 of each.
const MOST_NAMES: usize = 2_048;

/// A request whose texts may be borrowed from the line that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question<'a> {
    /// The invocation's id, as given.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// When it is used; none: now.
    #[serde(default, deserialize_with = "at")]
    pub at: Option<i64>,
    /// Who asks.
    #[serde(borrow, default)]
    pub user: Option<Cow<'a, str>>,
    /// For which organisation.
    #[serde(borrow, default)]
    pub organisation: Option<Cow<'a, str>>,
    /// The act.
    #[serde(borrow, default)]
    pub action: Option<Cow<'a, str>>,
    /// What for.
    #[serde(borrow, default)]
    pub purpose: Option<Cow<'a, str>>,
    /// Where.
    #[serde(borrow, default)]
    pub place: Option<Cow<'a, str>>,
    /// What is known besides.
    #[serde(borrow, default)]
    pub facts: Facts<'a>,
    /// How much, by unit.
    #[serde(borrow, default)]
    pub quantities: Quantities<'a>,
}

/// Facts by name, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a>(pub Vec<(Cow<'a, str>, Value)>);

/// Quantities by unit, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities<'a>(pub Vec<(Cow<'a, str>, u128)>);

impl<'a> Question<'a> {
    /// Reads a JSON object. The error says what is wrong, and in which column.
    pub fn from_json(json: &'a str) -> Result<Self, String> {
        if !json.trim_start().starts_with('{') {
            // An array of values would be taken for the fields in their order.
            return Err("column 1: a request is a JSON object: { ... }".to_owned());
        }
        let mut question: Question<'a> = serde_json::from_str(json).map_err(|error| json_error(&error))?;
        some_id(question.id.as_deref())?;
        // `@ana` is how the language writes the handle `ana`; both name one party.
        for handle in [&mut question.user, &mut question.organisation].into_iter().flatten() {
            if let Some(bare) = handle.strip_prefix('@') {
                *handle = Cow::Owned(bare.to_owned());
            }
        }
        Ok(question)
    }

    /// The id in 16 bytes: a UUID's own, else the beginning of a hash of the text.
    pub fn call(&self) -> Option<[u8; 16]> {
        self.id.as_deref().map(call_id)
    }

    /// The request in the ledger's shape: names of units are those that the licence lists, facts and quantities sorted.
    /// The error says which unit is given twice or does not fit.
    pub fn into_request(self, manifest: &Manifest, names: &Names) -> Result<Request, String> {
        let listed =
            |name: &str| manifest.units.binary_search_by(|unit| unit.name.as_str().cmp(name)).is_ok();
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let mut quantities: Vec<(String, u128)> = Vec::with_capacity(self.quantities.0.len());
        let mut written: Vec<(String, u128)> = Vec::new();
        for (given, number) in self.quantities.0 {
            let (name, times) = names.unit(&given, listed);
            let too_much = || format!("{number} {} is more than can be counted", shown(&given));
            let number = number.checked_mul(times).ok_or_else(too_much)?;
            // An hour and 20 minutes are 80 minutes; but a token and 2 tokens are a mistake.
            if written.iter().any(|(known, factor)| known == name && *factor == times) {
                return Err(format!("the unit `{}` is given twice", shown(name)));
            }
            written.push((name.to_owned(), times));
            match quantities.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum = sum.checked_add(number).ok_or_else(too_much)?,
                None => quantities.push((name.to_owned(), number)),
            }
        }
        let mut request = Request {
            user: owned(self.user),
            organisation: owned(self.organisation),
            action: owned(self.action),
            purpose: owned(self.purpose),
            place: owned(self.place),
            facts: self.facts.0.into_iter().map(|(name, value)| fact(manifest, name, value)).collect(),
            quantities,
        };
        request.sort();
        Ok(request)
    }
}

/// `@grid` is how the language writes the party `grid`: as the value of a party fact both are one.
fn fact(manifest: &Manifest, name: Cow<'_, str>, value: Value) -> (String, Value) {
    let is_party = manifest.facts.iter().any(|fact| fact.name == *name && fact.ty == FactType::Party);
    let value = match value {
        Value::Text(text) if is_party && text.starts_with('@') => Value::Text(text[1..].to_owned()),
        value => value,
    };
    (name.into_owned(), value)
}

/// Refuses an id without a character: whoever forgets to fill it in would have one call for all.
pub fn some_id(id: Option<&str>) -> Result<(), String> {
    if id == Some("") { Err("the `id` is empty: leave it out or give one".to_owned()) } else { Ok(()) }
}

/// 16 bytes for an id: those of a UUID (`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`), else the first of SHA-256.
pub fn call_id(id: &str) -> [u8; 16] {
    uuid(id).unwrap_or_else(|| {
        let hash: [u8; 32] = licit_receipt::hash::sha256(id.as_bytes());
        let mut call = [0; 16];
        call.copy_from_slice(&hash[..16]);
        call
    })
}

/// The UUID that 16 bytes are; [`call_id`] reads it back.
pub fn call_text(call: &[u8; 16]) -> String {
    let hex = crate::commands::hex(call);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let dashes = [8, 13, 18, 23];
    let right = text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() });
    let digits: String = right.then(|| text.replace('-', ""))?;
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

/// serde's words without its "line 1" (a request is one line), and in ours.
pub fn json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let what = shown(what);
    if error.is_eof() {
        format!("column {}: the JSON object does not end", error.column())
    } else if error.is_syntax() {
        format!("column {}: this is not JSON: {what}", error.column())
    } else {
        format!("column {}: {what}", error.column())
    }
}

fn at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    text.map(|text| instant::parse(&text).map_err(D::Error::custom)).transpose()
}

/// The value of a fact.
struct Fact(Value);

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Fact;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a whole number or a text as the value of a fact")
            }
            fn visit_bool<E: Error>(self, truth: bool) -> Result<Fact, E> {
                Ok(Fact(Value::Truth(truth)))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Fact, E> {
                Ok(Fact(Value::Number(number.into())))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Fact, E> {
                Ok(Fact(Value::Text(text.to_owned())))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A quantity: a JSON number, or its digits as a text (for numbers that other tools cannot write exactly).
struct Count(u128);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, at least 0, as a quantity (above 2^64 as a text of digits)")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number.into()))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = digits.then(|| text.parse().ok()).flatten();
                number.map(Count).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

macro_rules! named_values {
    ($name:ident, $value:ty, $expecting:literal, $convert:expr) => {
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Names;
                impl<'de> Visitor<'de> for Names {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_unit<E: Error>(self) -> Result<$name<'de>, E> {
                        Ok($name::default())
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name<'de>, A::Error> {
                        let mut found: Vec<(Cow<'de, str>, _)> = Vec::new();
                        while let Some(Name(name)) = map.next_key()? {
                            // null: as if it had not been given.
                            let Some(value) = map.next_value::<Option<$value>>()? else { continue };
                            if found.len() == MOST_NAMES {
                                return Err(A::Error::custom(format_args!(
                                    "more than {MOST_NAMES} names in one object"
                                )));
                            }
                            if found.iter().any(|(known, _)| *known == name) {
                                return Err(A::Error::custom(format_args!(
                                    "`{}` is given twice",
                                    shown(&name)
                                )));
                            }
                            found.push((name, $convert(value)));
                        }
                        Ok($name(found))
                    }
                }
                deserializer.deserialize_any(Names)
            }
        }
    };
}

named_values!(Facts, Fact, "an object with a value for each fact", |fact: Fact| fact.0);
named_values!(Quantities, Count, "an object with a number for each unit", |count: Count| count.0);

/// A key, borrowed where JSON escapes nothing.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let question = Question::from_json(
            r#"{"id":"x","at":"2023-11-16T18:15Z","user":"@ana","action":"ch\u0061t","place":null,
               "facts":{"headcount":5,"certified":true,"node":"@n","unasked":null},
               "quantities":{"token":18446744073709551615,"record":"340282366920938463463374607431768211455"}}"#,
        )
        .unwrap();
        assert_eq!(question.user.as_deref(), Some("ana"));
        assert_eq!(question.action.as_deref(), Some("chat"));
        assert_eq!(question.at, Some(1_700_158_500_000_000));
        assert_eq!(question.place, None);
        assert_eq!(question.facts.0.len(), 3);
        assert_eq!(question.quantities.0[1].1, u128::MAX);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said: Vec<String> = [
            "",
            "{",
            "[]",
            "{\"user\":1}",
            "{\"colour\":1}",
            "{\"at\":\"noon\"}",
            "{\"quantities\":{\"token\":-1}}",
            "{\"quantities\":{\"token\":1.5}}",
            "{\"quantities\":{\"token\":1,\"token\":1}}",
            "{\"user\":\"a\",\"user\":\"b\"}",
            "{\"facts\":{\"x\":[]}}",
            "{} {}",
            "{\"quantities\":{\"token\":\"1e3\"}}",
            "nope",
        ]
        .iter()
        .map(|json| format!("{json:42} {}", Question::from_json(json).unwrap_err()))
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn an_id_is_a_uuid_or_hashed() {
        assert_eq!(call_id("0190a1b2-0000-7000-8000-00000000000f")[..4], [0x01, 0x90, 0xa1, 0xb2]);
        assert_ne!(call_id("code-1"), call_id("code-2"));
        assert_eq!(call_id(&call_text(&call_id("code-1"))), call_id("code-1"));
        assert_ne!(call_id("0190a1b2+0000-7000-8000-00000000000f")[..4], [0x01, 0x90, 0xa1, 0xb2]);
    }
}
