//! A line of a stream that is an event: a JSON object of which each event uses some fields.

use crate::commands::key;
use crate::instant;
use crate::request::{Facts, Quantities, Question, json_error, some_id};
use base64ct::{Base64, Encoding};
use licit_ledger::Warrant;
use licit_receipt::VerifyingKey;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A field that is text.
type Text<'a> = Option<Cow<'a, str>>;

/// The object; a field that is null was not given.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    #[serde(borrow, default)]
    pub event: Text<'a>,
    #[serde(borrow, default)]
    pub id: Text<'a>,
    #[serde(default, deserialize_with = "at")]
    pub at: Option<i64>,
    #[serde(borrow, default)]
    pub user: Text<'a>,
    #[serde(borrow, default)]
    pub organisation: Text<'a>,
    #[serde(borrow, default)]
    pub action: Text<'a>,
    #[serde(borrow, default)]
    pub purpose: Text<'a>,
    #[serde(borrow, default)]
    pub place: Text<'a>,
    #[serde(borrow, default)]
    pub facts: Option<Facts<'a>>,
    #[serde(borrow, default)]
    pub quantities: Option<Quantities<'a>>,
    #[serde(default, deserialize_with = "at")]
    pub until: Option<i64>,
    #[serde(default, deserialize_with = "at")]
    pub latest: Option<i64>,
    #[serde(default)]
    pub seconds: Option<u64>,
    #[serde(borrow, default)]
    pub of: Text<'a>,
    #[serde(borrow, default)]
    pub duty: Text<'a>,
    #[serde(borrow, default)]
    pub amount: Text<'a>,
    #[serde(borrow, default, rename = "for")]
    pub purpose_of_payment: Text<'a>,
    #[serde(default)]
    pub periods: Option<u32>,
    #[serde(default)]
    pub priority: Option<u16>,
    #[serde(default, deserialize_with = "at")]
    pub expires: Option<i64>,
    #[serde(default)]
    pub gift: Option<bool>,
    #[serde(borrow, default)]
    pub actions: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    pub released: Option<bool>,
    #[serde(borrow, default)]
    pub call: Text<'a>,
    #[serde(borrow, default)]
    pub window: Text<'a>,
    #[serde(default)]
    pub entitled: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    pub lateness: Option<u64>,
    #[serde(default)]
    pub ahead: Option<u64>,
    #[serde(borrow, default)]
    pub warrant: Option<Stamp<'a>>,
}

/// A warrant: whose, and the signature in base64.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

impl<'a> Line<'a> {
    /// Reads a JSON object. The error says what is wrong, and in which column.
    pub fn from_json(json: &'a str) -> Result<Self, String> {
        if !json.trim_start().starts_with('{') {
            return Err("column 1: an event is a JSON object: { ... }".to_owned());
        }
        let mut line: Line<'a> = serde_json::from_str(json).map_err(|error| json_error(&error))?;
        some_id(line.id.as_deref())?;
        for handle in [&mut line.user, &mut line.organisation].into_iter().flatten() {
            if let Some(bare) = handle.strip_prefix('@') {
                *handle = Cow::Owned(bare.to_owned());
            }
        }
        Ok(line)
    }

    /// The names of the fields that were given, but for `event`.
    pub fn given(&self) -> Vec<&'static str> {
        let fields = [
            ("id", self.id.is_some()),
            ("at", self.at.is_some()),
            ("user", self.user.is_some()),
            ("organisation", self.organisation.is_some()),
            ("action", self.action.is_some()),
            ("purpose", self.purpose.is_some()),
            ("place", self.place.is_some()),
            ("facts", self.facts.is_some()),
            ("quantities", self.quantities.is_some()),
            ("until", self.until.is_some()),
            ("latest", self.latest.is_some()),
            ("seconds", self.seconds.is_some()),
            ("of", self.of.is_some()),
            ("duty", self.duty.is_some()),
            ("amount", self.amount.is_some()),
            ("for", self.purpose_of_payment.is_some()),
            ("periods", self.periods.is_some()),
            ("priority", self.priority.is_some()),
            ("expires", self.expires.is_some()),
            ("gift", self.gift.is_some()),
            ("actions", self.actions.is_some()),
            ("released", self.released.is_some()),
            ("call", self.call.is_some()),
            ("window", self.window.is_some()),
            ("entitled", self.entitled.is_some()),
            ("lateness", self.lateness.is_some()),
            ("ahead", self.ahead.is_some()),
            ("warrant", self.warrant.is_some()),
        ];
        fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }
}

impl<'a> From<Line<'a>> for Question<'a> {
    fn from(line: Line<'a>) -> Self {
        Question {
            id: line.id,
            at: line.at,
            user: line.user,
            organisation: line.organisation,
            action: line.action,
            purpose: line.purpose,
            place: line.place,
            facts: line.facts.unwrap_or_default(),
            quantities: line.quantities.unwrap_or_default(),
        }
    }
}

impl Stamp<'_> {
    /// The warrant.
    pub fn warrant(&self) -> Result<Warrant, String> {
        let key = key::parsed(&self.key).map_err(|why| format!("the warrant's key is none: {why}"))?;
        let mut signature = [0; 64];
        let read = Base64::decode(self.signature.as_bytes(), &mut signature);
        match read {
            Ok(bytes) if bytes.len() == 64 => Ok(Warrant { key: key.to_bytes(), signature }),
            _ => Err("the warrant's signature is not 64 bytes in base64".to_owned()),
        }
    }

    /// As it is written.
    pub fn json(warrant: &Warrant) -> serde_json::Value {
        let key = VerifyingKey::from_bytes(&warrant.key).map(|key| key.did()).unwrap_or_default();
        json!({ "key": key, "signature": Base64::encode_string(&warrant.signature) })
    }
}

fn at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    text.map(|text| instant::parse(&text).map_err(D::Error::custom)).transpose()
}
