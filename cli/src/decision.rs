//! A decision in words and as JSON: what was asked, permit or deny, every reason, the charge line by line, duties.

mod lines;
mod reasons;

use crate::commands::hex;
use crate::figures::{counted_units, decimals_of, fraction, money};
use crate::instant;
use crate::names::Names;
use crate::shell::{Style, paint, shown};
use licit_ledger::Request;
use licit_receipt::Receipt;
use licit_vm::{DutyDue, Line, Manifest, Reason};
use serde_json::{Map, Value, json};

pub use lines::{calculation, line_words};
pub use reasons::reason_words;

/// Everything about one decision that is worth telling.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The licence's names.
    pub manifest: &'a Manifest,
    /// Plurals and source lines, where they are known.
    pub names: &'a Names,
    /// Who asked for what.
    pub asked: Asked<'a>,
    /// Whether it is permitted.
    pub permitted: bool,
    /// Why not.
    pub reasons: &'a [Reason],
    /// Exact prices.
    pub lines: &'a [Line],
    /// Duties brought about.
    pub duties: &'a [DutyDue],
    /// By counter number: what had been used before.
    pub used: &'a [u128],
    /// Minor units that fall due with this event.
    pub due: Option<u128>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// When.
    pub used_at: i64,
    /// The id, as it was given.
    pub id: Option<&'a str>,
    /// Who.
    pub user: Option<&'a str>,
    /// For which organisation.
    pub organisation: Option<&'a str>,
    /// The act.
    pub action: Option<&'a str>,
    /// What for.
    pub purpose: Option<&'a str>,
    /// Where.
    pub place: Option<&'a str>,
    /// How much, by unit (singular).
    pub quantities: &'a [(String, u128)],
}

impl<'a> Asked<'a> {
    /// What a ledger remembers of a use.
    pub fn of(receipt: &Receipt, request: &'a Request, id: Option<&'a str>) -> Asked<'a> {
        Asked {
            used_at: i64::try_from(receipt.at.used).unwrap_or(i64::MAX),
            id,
            user: request.user.as_deref(),
            organisation: request.organisation.as_deref(),
            action: request.action.as_deref(),
            purpose: request.purpose.as_deref(),
            place: request.place.as_deref(),
            quantities: &request.quantities,
        }
    }

    /// `chat for product in FR`
    pub fn act(&self) -> String {
        let mut words = self.action.map_or_else(|| "some use".to_owned(), shown);
        if let Some(purpose) = self.purpose {
            words.push_str(&format!(" for {}", shown(purpose)));
        }
        if let Some(place) = self.place {
            words.push_str(&format!(" in {}", shown(place)));
        }
        words
    }

    /// `@ana of @acme`
    pub fn who(&self) -> String {
        match (self.user, self.organisation) {
            (Some(user), Some(organisation)) => format!("@{} of @{}", shown(user), shown(organisation)),
            (Some(user), None) => format!("@{}", shown(user)),
            (None, Some(organisation)) => format!("somebody of @{}", shown(organisation)),
            (None, None) => "somebody".to_owned(),
        }
    }

    /// The quantity of a unit; 0 if it was not given.
    pub fn quantity(&self, unit: &str) -> u128 {
        self.quantities.iter().find(|(name, _)| name == unit).map_or(0, |(_, quantity)| *quantity)
    }
}

impl Decision<'_> {
    /// A paragraph for people.
    pub fn human(&self, colour: bool) -> String {
        let (word, style) = if self.permitted { ("permit", Style::Good) } else { ("deny", Style::Bad) };
        let (act, who) = (self.asked.act(), self.asked.who());
        let mut out = paint(colour, style, word);
        out.push_str(&" ".repeat(9 - word.len()));
        out.push_str(&format!("{act:<25} {who:<20} "));
        out.push_str(&paint(colour, Style::Dim, &instant::text(self.asked.used_at)));
        out.push('\n');
        let rows = if self.permitted { self.granted() } else { self.refused() };
        let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in rows {
            out.push_str(&format!("  {key:<width$} {value}\n"));
        }
        out
    }

    fn refused(&self) -> Vec<(&'static str, String)> {
        self.reasons.iter().map(|reason| (reason.code.name(), reason_words(self, *reason))).collect()
    }

    fn granted(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(about) = &self.manifest.money {
            let lines: Vec<String> = self.lines.iter().filter_map(|line| line_words(self, *line)).collect();
            let amount = match self.amount() {
                Some(amount) => self.money(amount),
                None => format!("{} beyond all measure", about.currency),
            };
            rows.push((
                "charge",
                if lines.is_empty() { amount } else { format!("{amount}   {}", lines.join(" + ")) },
            ));
            if let Some(due) = self.due {
                rows.push(("due", due_words(self.manifest, due)));
            }
        }
        for duty in self.duties {
            rows.push(("must", reasons::duty_words(self, *duty)));
        }
        rows
    }

    /// An exact amount in units of 1/grain, with at least the decimals that are paid.
    fn money(&self, amount: u128) -> String {
        let Some(about) = &self.manifest.money else { return amount.to_string() };
        let decimals = decimals_of(about.minor_num, about.minor_den);
        money(&about.currency, amount, u128::from(self.manifest.grain), decimals)
    }

    /// The exact charge, in units of 1/grain; none if the sum does not fit (no evaluation gives that).
    pub fn amount(&self) -> Option<u128> {
        self.lines.iter().try_fold(0u128, |sum, line| sum.checked_add(line.amount))
    }

    /// One JSON object.
    pub fn json(&self, receipt: Option<(u64, &[u8; 32])>) -> Value {
        let mut out = Map::new();
        let asked = &self.asked;
        if let Some(id) = asked.id {
            out.insert("id".into(), json!(id));
        }
        out.insert("decision".into(), json!(if self.permitted { "permit" } else { "deny" }));
        out.insert("at".into(), json!(instant::text(asked.used_at)));
        for (key, value) in [
            ("user", asked.user),
            ("organisation", asked.organisation),
            ("action", asked.action),
            ("purpose", asked.purpose),
            ("place", asked.place),
        ] {
            if let Some(value) = value {
                out.insert(key.into(), json!(value));
            }
        }
        if self.permitted {
            self.json_granted(&mut out);
        } else {
            let reasons: Vec<Value> =
                self.reasons.iter().map(|reason| reasons::json(self, *reason)).collect();
            out.insert("reasons".into(), json!(reasons));
        }
        if let Some((index, id)) = receipt {
            out.insert("receipt".into(), json!({ "index": index, "id": hex(id) }));
        }
        Value::Object(out)
    }

    fn json_granted(&self, out: &mut Map<String, Value>) {
        let manifest = self.manifest;
        if let Some(about) = &manifest.money {
            let grain = u128::from(manifest.grain);
            let amount = |amount: u128| {
                json!({
                    "currency": about.currency,
                    "exact": fraction(amount, grain),
                    "decimal": crate::figures::decimal(amount, grain, 0, false),
                })
            };
            if let Some(sum) = self.amount() {
                out.insert("charge".into(), amount(sum));
            }
            let lines: Vec<Value> = self
                .lines
                .iter()
                .map(|line| {
                    let label = manifest
                        .charges
                        .get(usize::from(line.charge))
                        .and_then(|charge| manifest.label(charge.clause));
                    json!({ "clause": label, "case": line.case, "amount": amount(line.amount) })
                })
                .collect();
            out.insert("lines".into(), json!(lines));
            if let Some(due) = self.due {
                // Beyond 2^64 a JSON number would lose digits in other tools.
                out.insert(
                    "due_minor".into(),
                    u64::try_from(due).map_or_else(|_| json!(due.to_string()), |due| json!(due)),
                );
            }
        }
        let duties: Vec<Value> = self.duties.iter().map(|duty| reasons::duty_json(self, *duty)).collect();
        out.insert("duties".into(), json!(duties));
    }
}

/// `USD 0.05`: minor units in the currency.
pub fn due_words(manifest: &Manifest, minor: u128) -> String {
    let Some(about) = &manifest.money else { return minor.to_string() };
    let decimals = decimals_of(about.minor_num, about.minor_den);
    minor
        .checked_mul(about.minor_num)
        .and_then(|numerator| crate::figures::decimal(numerator, about.minor_den, decimals, true))
        .map_or_else(
            || format!("{minor} x {} {}", about.currency, fraction(about.minor_num, about.minor_den)),
            |number| format!("{} {number}", about.currency),
        )
}

/// `-USD 0.05`
pub fn signed_due_words(manifest: &Manifest, minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", due_words(manifest, minor.unsigned_abs()))
}

/// `-0.0045`, exactly: at least so many decimals, or a fraction where no decimal number says it.
pub fn signed_money(parts: i128, denominator: u128, decimals: usize) -> String {
    let sign = if parts < 0 { "-" } else { "" };
    let number = crate::figures::decimal(parts.unsigned_abs(), denominator, decimals, true);
    format!("{sign}{}", number.unwrap_or_else(|| fraction(parts.unsigned_abs(), denominator)))
}

/// `1_000 prompt_tokens`
fn quantity_words(decision: &Decision<'_>, unit: u32, quantity: u128) -> String {
    let unit = decision.manifest.units.get(unit as usize).map_or("?", |unit| unit.name.as_str());
    counted_units(quantity, unit, &decision.names.plural(unit))
}
