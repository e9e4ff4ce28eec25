//! A statement for programs; `spec/statement.md` says what each field is.

use super::page::{day_words, entry_words, plain, ratio};
use super::{Told, rounding_name};
use crate::book::span_words;
use crate::commands::hex;
use crate::figures::{fraction, json_signed};
use crate::instant;
use licit_ledger::parts::Role;
use licit_ledger::statement::{LineKind, Listed};
use serde_json::{Value, json};

/// One object.
pub fn json(told: &Told<'_>) -> Value {
    let statement = told.statement;
    let (grain, credit_grain) = (told.grain(), told.credit_grain());
    let exact = |parts: i128| amount(parts, grain);
    let credit = |parts: i128| amount(parts, credit_grain);
    let nat = |parts: u128| credit(i128::try_from(parts).unwrap_or(i128::MAX));
    let totals = &statement.totals;
    json!({
        "statement": 1,
        "licence": { "name": statement.name, "version": statement.version, "id": hex(&statement.scope.licence) },
        "licensor": statement.licensor,
        "licensee": statement.scope.licensee.map(|id| json!({ "id": hex(&id.0), "name": told.names.get(&id) })),
        "period": { "name": told.period, "from": bound(statement.scope.from), "until": bound(statement.scope.to), "calendar": told.calendar },
        "currency": statement.currency.as_ref().map(|currency| json!({
            "code": currency.code,
            "minor": fraction(currency.scale.minor().numerator, currency.scale.minor().denominator),
            "rounding": rounding_name(currency.scale.rounding()),
        })),
        "receipts": { "first": statement.leaves.first, "last": statement.leaves.last, "log": statement.leaves.log },
        "closed": statement.is_closed(),
        "lines": statement.lines.iter().map(|line| json!({
            "clause": line.label,
            "case": line.case.map(|case| case + 1),
            "kind": kind_name(line.kind),
            "by": entry_words(line.entry),
            "quantity": json_signed(line.quantity),
            "unit": line.unit,
            "amount": exact(line.amount),
            "events": line.events,
        })).collect::<Vec<_>>(),
        "caps": statement.caps.iter().map(|cap| json!({
            "clause": cap.label,
            "of": { "id": hex(&cap.of.0), "name": told.names.get(&cap.of) },
            "window": told.window_of(&cap.label, cap.window),
            "used": crate::book::number(cap.used),
        })).collect::<Vec<_>>(),
        "windows": statement.windows.iter().map(|window| json!({
            "window": span_words(window.span.kind, window.span.index),
            "charged": exact(window.exact.charged),
            "gifted": credit(window.exact.gifted),
            "prepaid": credit(window.exact.prepaid),
            "due_minor": json_signed(window.moved.due),
            "payable_minor": json_signed(window.moved.payable),
            "closed_by": window.closed,
        })).collect::<Vec<_>>(),
        "credit": statement.credit.iter().map(|it| json!({
            "receipt": it.lot.leaf,
            "gift": it.lot.gift,
            "priority": it.lot.priority,
            "paid_at": instant::text(i64::try_from(it.paid_at).unwrap_or(i64::MAX)),
            "expires": it.lot.expires.map(instant::text),
            "actions": it.lot.actions,
            "paid": nat(it.lot.paid),
            "drawn": credit(it.drawn),
            "left": nat(it.lot.left),
        })).collect::<Vec<_>>(),
        "parties": statement.parties.iter().map(|share| json!({
            "party": share.party.handle,
            "role": share.party.role.name(),
            "licence": match share.party.role { Role::Royalty(licence) => Some(hex(&licence)), _ => None },
            "part": fraction(share.party.fraction.numerator, share.party.fraction.denominator),
            "has_minor": json_signed(share.has),
        })).collect::<Vec<_>>(),
        "residue_minor": json_signed(statement.residue),
        "totals": {
            "charged": exact(totals.exact.charged),
            "gifted": credit(totals.exact.gifted),
            "prepaid": credit(totals.exact.prepaid),
            "rounding": totals.rounding.as_ref().map(|rest| {
                let numerator = i128::try_from(rest.amount.numerator).unwrap_or(i128::MAX);
                amount(if rest.negative { numerator } else { -numerator }, rest.amount.denominator)
            }),
            "due_minor": json_signed(totals.moved.due),
            "payable_minor": json_signed(totals.moved.payable),
            "opening_minor": json_signed(totals.opening),
            "paid_minor": json_signed(totals.paid),
            "balance_minor": json_signed(totals.balance),
            "renewals_minor": json_signed(totals.renewals),
            "credit_minor": json_signed(totals.credit),
            "gifts_minor": json_signed(totals.gifts),
        },
        "exceptions": {
            "late": listed(&statement.exceptions.late),
            "uncharged": listed(&statement.exceptions.uncharged),
            "corrected": listed(&statement.exceptions.corrected),
            "reversed": listed(&statement.exceptions.reversed),
            "failed": listed(&statement.exceptions.failed),
            "expired": listed(&statement.exceptions.expired),
            "open": listed(&statement.exceptions.open),
            "denied": statement.exceptions.denied,
        },
        "days": statement.days.iter().map(|day| json!({
            "day": day_words(day.day),
            "uses": day.uses,
            "charged": exact(day.charged),
        })).collect::<Vec<_>>(),
        "faults": statement.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "balances": statement.balances(),
    })
}

/// Exactly, and as a decimal number where one says it.
fn amount(parts: i128, denominator: u128) -> Value {
    let decimal = plain(parts, denominator, 0);
    json!({ "exact": ratio(parts, denominator), "decimal": (!decimal.is_empty()).then_some(decimal) })
}

fn listed(listed: &Listed) -> Value {
    json!({ "count": listed.count, "receipts": listed.leaves })
}

/// An end of the period; null where it has none.
fn bound(at: i64) -> Value {
    if at == i64::MIN || at == i64::MAX { Value::Null } else { instant::text(at).into() }
}

fn kind_name(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Usage => "usage",
        LineKind::Fee => "fee",
        LineKind::Floor => "floor",
        LineKind::AtClose => "at_close",
    }
}
