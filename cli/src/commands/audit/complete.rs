//! How a consumer's list and the log compare, told.

use crate::calls::{Checked, Comparison, Found};
use crate::decision::signed_due_words;
use crate::exit::Result;
use crate::figures::{counted, grouped};
use crate::shell::{Shell, Style, shown};
use licit_engine::{Policies, Report};
use serde_json::{Value, json};

/// For people: what disagrees first, then every call of the list.
pub fn say(compared: &Comparison, report: &Report, shell: &mut Shell) -> Result<()> {
    let found = compared.checked.iter().filter(|checked| checked.found.is_some()).count();
    let verdict = if compared.agrees() {
        shell.paint(Style::Good, "complete")
    } else {
        shell.paint(Style::Bad, "not complete")
    };
    let missing = compared.checked.len() - found;
    shell.line(&format!(
        "calls: {verdict}: {} listed, {} in the log, {} missing, {} with other quantities, {} not listed",
        grouped(compared.checked.len() as u128),
        grouped(found as u128),
        grouped(missing as u128),
        grouped(compared.checked.iter().filter(|checked| !checked.differs.is_empty()).count() as u128),
        grouped(compared.unlisted.len() as u128)
    ))?;
    if compared.nameless > 0 {
        shell.line(&format!(
            "  of {} nobody can say whose they are: what told it is erased",
            counted(usize::try_from(compared.nameless).unwrap_or(usize::MAX), "denial", "denials")
        ))?;
    }
    let width = compared.checked.iter().map(|checked| shown(&checked.listed.id).chars().count()).max();
    let width = width.unwrap_or(0).min(40);
    for checked in &compared.checked {
        row(checked, width, report, shell)?;
    }
    for (leaf, id) in &compared.unlisted {
        let word = shell.paint(Style::Bad, "not listed");
        shell.line(&format!("  {id:<width$}  {word} (receipt {leaf})"))?;
    }
    Ok(())
}

fn row(checked: &Checked, width: usize, report: &Report, shell: &mut Shell) -> Result<()> {
    let id = shown(&checked.listed.id);
    let Some(found) = &checked.found else {
        let word = shell.paint(Style::Bad, "missing");
        return shell.line(&format!("  {id:<width$}  {word} (line {})", checked.listed.line));
    };
    let mut text = format!("  {id:<width$}  {:<9}", found.phase);
    match found.reason {
        Some(reason) => text.push_str(&format!("  {reason}")),
        None => text.push_str(&format!("  {}", due(found, report))),
    }
    if !checked.listed.again.is_empty() {
        let lines: Vec<String> = std::iter::once(checked.listed.line)
            .chain(checked.listed.again.iter().copied())
            .map(|line| line.to_string())
            .collect();
        text.push_str(&format!("  (listed {} times: lines {})", lines.len(), lines.join(", ")));
    }
    for (unit, listed, logged) in &checked.differs {
        let word = shell.paint(Style::Bad, "differs");
        text.push_str(&format!(
            "  {word}: {} listed {}, logged {}",
            shown(unit),
            grouped(*listed),
            grouped(*logged)
        ));
    }
    shell.line(&text)
}

fn due(found: &Found, report: &Report) -> String {
    let licence = found.licence.as_ref().and_then(|licence| report.policies.of_licence(licence));
    match (licence, found.due) {
        (Some(licence), Some(due)) if licence.money().is_some() => {
            format!("due {}", signed_due_words(licence.manifest(), due))
        }
        (_, None) => "due beyond all measure".to_owned(),
        _ => String::new(),
    }
}

/// For programs: one object a call.
pub fn say_json(compared: &Comparison, report: &Report, shell: &mut Shell) -> Result<()> {
    for Checked { listed, found, differs } in &compared.checked {
        let licence = found.as_ref().and_then(|found| found.licence.as_ref());
        let licence = licence.and_then(|licence| report.policies.of_licence(licence));
        let differs: Vec<Value> = differs
            .iter()
            .map(|(unit, listed, logged)| {
                json!({ "unit": unit, "listed": listed.to_string(), "logged": logged.to_string() })
            })
            .collect();
        let line = json!({
            "call": listed.id,
            "line": listed.line,
            "again": listed.again,
            "found": found.is_some(),
            "leaf": found.as_ref().map(|found| found.leaf),
            "phase": found.as_ref().map(|found| found.phase),
            "reason": found.as_ref().and_then(|found| found.reason),
            "licence": licence.map(|licence| licence.manifest().name.clone()),
            "due_minor": found.as_ref().and_then(|found| found.due).map(crate::figures::json_signed),
            "differs": differs,
        });
        shell.line(&line.to_string())?;
    }
    for (leaf, id) in &compared.unlisted {
        shell.line(&json!({ "call": id, "leaf": leaf, "listed": false }).to_string())?;
    }
    Ok(())
}

/// The counts, as a part of the summary.
pub fn counts(compared: &Comparison) -> Value {
    let found = compared.checked.iter().filter(|checked| checked.found.is_some()).count();
    json!({
        "complete": compared.agrees(),
        "listed": compared.checked.len(),
        "found": found,
        "missing": compared.checked.len() - found,
        "differing": compared.checked.iter().filter(|checked| !checked.differs.is_empty()).count(),
        "again": compared.checked.iter().filter(|checked| !checked.listed.again.is_empty()).count(),
        "unlisted": compared.unlisted.len(),
        "nameless": compared.nameless,
    })
}
