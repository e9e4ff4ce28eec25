//! Accounts and shares in words: what was charged, what is due, who gets it.

use crate::decision::signed_due_words;
use crate::figures::{decimals_of, fraction, money};
use crate::shell::shown;
use licit_bytecode::Window;
use licit_engine::{Account, Accounts, Licence, Names, Policies, Shares};
use serde_json::{Value, json};

/// The paragraphs of accounts for people, licence by licence, each line indented.
pub fn human(accounts: &Accounts, policies: &dyn Policies, names: &Names) -> String {
    let mut out = String::new();
    for account in &accounts.accounts {
        let Some(licence) = policies.of_licence(&account.key.licence) else { continue };
        let manifest = licence.manifest();
        let grain = u128::from(account.scale.grain());
        let decimals = decimals_of(account.scale.minor().numerator, account.scale.minor().denominator);
        out.push_str(&format!(
            "{} {}  {}  {}\n",
            shown(&manifest.name),
            manifest.version,
            span_words(account.key.span.kind, account.key.span.index),
            whose(account, names)
        ));
        out.push_str(&format!(
            "  charged  {}\n",
            money(&account.currency, account.total.charged, grain, decimals)
        ));
        out.push_str(&format!("  due      {}", signed_due_words(manifest, account.total.due)));
        if let Some(remainder) = account.remainder.filter(|remainder| remainder.amount.numerator > 0) {
            let amount =
                money(&account.currency, remainder.amount.numerator, remainder.amount.denominator, decimals);
            let word = if remainder.negative { "rounded up by" } else { "rounded down by" };
            out.push_str(&format!("  ({word} {amount})"));
        }
        out.push('\n');
        if let Some(shares) = accounts.shares.iter().find(|shares| shares.key == account.key) {
            out.push_str(&share_words(shares, licence));
        }
    }
    for shares in &accounts.shares {
        if accounts.accounts.iter().any(|account| account.key == shares.key) {
            continue;
        }
        let Some(licence) = policies.of_licence(&shares.key.licence) else { continue };
        let span = span_words(shares.key.span.kind, shares.key.span.index);
        out.push_str(&format!(
            "{} {}  shared for {span}\n",
            shown(&licence.manifest().name),
            licence.manifest().version
        ));
        out.push_str(&share_words(shares, licence));
    }
    out
}

fn share_words(shares: &Shares, licence: &Licence) -> String {
    let width = shares.payees.iter().map(|payee| payee.handle.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (index, payee) in shares.payees.iter().enumerate() {
        let word = if index == 0 { "payable" } else { "" };
        let handle = shown(&payee.handle);
        out.push_str(&format!(
            "  {word:<8} @{handle:<width$}  {}\n",
            signed_due_words(licence.manifest(), payee.payable)
        ));
    }
    if shares.residue != 0 {
        out.push_str(&format!(
            "  residue  {} (given out when the window closes)\n",
            signed_due_words(licence.manifest(), shares.residue)
        ));
    }
    out
}

fn whose(account: &Account, names: &Names) -> String {
    match &account.key.licensee {
        None => "nobody by name".to_owned(),
        Some(id) => names
            .get(id)
            .map_or_else(|| "(a name that was erased)".to_owned(), |name| format!("@{}", shown(name))),
    }
}

/// Accounts for programs.
pub fn json(accounts: &Accounts, policies: &dyn Policies, names: &Names) -> Value {
    let by_window: Vec<Value> = accounts
        .accounts
        .iter()
        .map(|account| {
            let licence = policies.of_licence(&account.key.licence);
            json!({
                "licence": licence.map(|licence| licence.manifest().name.clone()),
                "licence_id": crate::commands::hex(&account.key.licence),
                "window": span_words(account.key.span.kind, account.key.span.index),
                "licensee": account.key.licensee.as_ref().and_then(|id| names.get(id)),
                "currency": account.currency,
                "commits": account.total.commits,
                "charged": fraction(account.total.charged, u128::from(account.scale.grain())),
                "due_minor": signed(account.total.due),
            })
        })
        .collect();
    let shares: Vec<Value> = accounts
        .shares
        .iter()
        .map(|shares| {
            let payable: serde_json::Map<String, Value> =
                shares.payees.iter().map(|payee| (payee.handle.clone(), signed(payee.payable))).collect();
            let at_close: serde_json::Map<String, Value> =
                shares.payees.iter().map(|payee| (payee.handle.clone(), signed(payee.at_close))).collect();
            json!({
                "licence_id": crate::commands::hex(&shares.key.licence),
                "window": span_words(shares.key.span.kind, shares.key.span.index),
                "licensee": shares.key.licensee.as_ref().and_then(|id| names.get(id)),
                "currency": shares.currency,
                "due_minor": signed(shares.due),
                "payable_minor": payable,
                "residue_minor": signed(shares.residue),
                "at_close_minor": at_close,
            })
        })
        .collect();
    let faults: Vec<String> = accounts.faults.iter().map(ToString::to_string).collect();
    json!({ "accounts": by_window, "shares": shares, "faults": faults, "balances": accounts.balances() })
}

/// A number for programs: as a text where JSON numbers lose digits.
pub fn number(number: u128) -> Value {
    u64::try_from(number)
        .ok()
        .filter(|number| *number < 1 << 53)
        .map_or_else(|| json!(number.to_string()), |number| json!(number))
}

fn signed(value: i128) -> Value {
    u128::try_from(value).map_or_else(|_| crate::figures::json_signed(value), number)
}

/// A window by its kind and index (`spec/core.md` section 8): `2023-11`, `2023-11-16`, `the term`.
pub fn span_words(kind: u8, index: i64) -> String {
    let day = |days: i64| {
        let text = crate::instant::text(days.saturating_mul(86_400_000_000));
        text.get(..10).unwrap_or(&text).to_owned()
    };
    let kind = Window::ALL.iter().copied().find(|window| *window as u8 == kind);
    match kind {
        Some(Window::Day) => day(index),
        Some(Window::Week) => format!("week from {}", day(index.saturating_mul(7).saturating_sub(3))),
        Some(Window::Month) => format!("{:04}-{:02}", 1970 + index.div_euclid(12), index.rem_euclid(12) + 1),
        Some(Window::Quarter) => {
            format!("{:04} quarter {}", 1970 + index.div_euclid(4), index.rem_euclid(4) + 1)
        }
        Some(Window::Year) => format!("{:04}", index.saturating_add(1970)),
        Some(Window::Term) => "the whole term".to_owned(),
        Some(Window::Call) => "each call by itself".to_owned(),
        Some(Window::Second) => crate::instant::text(index.saturating_mul(1_000_000)),
        Some(Window::Minute) => crate::instant::text(index.saturating_mul(60_000_000)),
        Some(Window::Hour) => crate::instant::text(index.saturating_mul(3_600_000_000)),
        Some(Window::Renewal) => format!("renewed from {}", crate::instant::text(index)),
        None => format!("window {index}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_names() {
        let names: Vec<String> = [(1, 19_677), (2, 2_811), (3, 646), (4, 215), (5, 53), (6, 0), (7, 0)]
            .into_iter()
            .map(|(kind, index)| span_words(kind, index))
            .collect();
        assert_eq!(
            names,
            [
                "2023-11-16",
                "week from 2023-11-13",
                "2023-11",
                "2023 quarter 4",
                "2023",
                "the whole term",
                "each call by itself"
            ]
        );
    }
}
