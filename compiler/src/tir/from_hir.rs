//! From hir to tir: resolves the names of a licence, checks types and units, and reports what does not fit.
//!
//! *Invariant:* a name or a number that was reported becomes an absence that nobody reports again.

use std::collections::{BTreeMap, BTreeSet};

use licit_grammar::Span;

use super::vocabulary::{out_of_range, twice};
use super::{Clause, ClauseKind, Licence};
use crate::core;
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::scope::{Scope, digest};
use crate::hir::{self, Header, Sp};
use crate::suggest::closest;

/// What a message calls a price.
pub(super) const PRICE: &str = "the first price";

/// A checked licence and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Whole where `findings` has no error.
    pub licence: Licence,
    pub findings: Vec<Diagnostic>,
}

/// Checks a licence against what its file sees.
pub(crate) fn check(licence: &hir::Licence, scope: &Scope) -> Checked {
    let mut cx = Check {
        scope,
        licence,
        findings: Vec::new(),
        defines: BTreeMap::new(),
        used_defines: BTreeSet::new(),
        calendar_uses: Vec::new(),
        priced: None,
        purse: None,
        at_close: None,
        floor: None,
        rates: Vec::new(),
        handles: BTreeMap::new(),
        limits: Vec::new(),
    };
    let licence = cx.licence();
    Checked { licence, findings: cx.findings }
}

/// What is known while a licence is checked.
pub(super) struct Check<'a> {
    pub(super) scope: &'a Scope,
    pub(super) licence: &'a hir::Licence,
    pub(super) findings: Vec<Diagnostic>,
    /// Definitions by name, with their number.
    pub(super) defines: BTreeMap<&'a str, u32>,
    pub(super) used_defines: BTreeSet<u32>,
    /// What needs a calendar, and how a message calls it.
    pub(super) calendar_uses: Vec<(Span, String)>,
    /// The first amount of money, and what it is.
    pub(super) priced: Option<(Span, &'static str)>,
    /// The first clause that has to know what each use costs, and what it is.
    pub(super) purse: Option<(Span, &'static str)>,
    /// The first charge at close, and the first floor.
    pub(super) at_close: Option<Span>,
    pub(super) floor: Option<Span>,
    /// Every rate and amount, for the grain, and below what each must stay in its units.
    pub(super) rates: Vec<(core::Ratio, Span, u128)>,
    /// Handles and where they were first mentioned.
    handles: BTreeMap<String, Span>,
    /// Limits that were understood, to compare them: label and place of the amount.
    pub(super) limits: Vec<(super::limits::SumLimit, Span)>,
}

impl Check<'_> {
    fn licence(&mut self) -> Licence {
        let it = self.licence;
        self.declare_definitions();
        let calendar = self.calendar();
        let definitions = self.definitions();
        let money = self.money();
        let term = it.term.given().and_then(|term| self.term(term));
        let renewal = self.renewal();
        let holder = it.holder.as_ref().map(|holder| self.handle(holder));
        let corrections = self.corrections();
        let revocability = self.revocability();
        let clauses = self.clauses();
        self.missing_headers();
        self.missing_calendar();
        self.unused_definitions();
        self.compare_limits();
        self.late_prices();
        self.grain();
        let version = u64::try_from(it.version.value).unwrap_or_else(|_| {
            self.findings.push(out_of_range(it.version.span, "a version", "0", "2^64 - 1"));
            0
        });
        let licensor = it.licensor.given().map(|name| name.value.clone());
        let licensor = licensor.map(|name| self.handle(&name)).unwrap_or_default();
        let assets = it.assets.given().map(|assets| self.assets(&assets.value)).unwrap_or_default();
        self.unbound_parties();
        Licence {
            name: it.name.value.clone(),
            span: it.name.span,
            version,
            licensor,
            assets,
            calendar,
            money,
            term,
            renewal,
            holder,
            corrections,
            revocability,
            definitions,
            clauses,
        }
    }

    fn declare_definitions(&mut self) {
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        for (number, define) in (0..).zip(&self.licence.defines) {
            let name = define.name.value.as_str();
            if name.is_empty() {
                continue;
            }
            if let Some(span) = first.get(name) {
                self.findings.push(twice("another definition", name, define.name.span, *span));
                continue;
            }
            if self.scope.fact_names.contains_key(name) {
                self.findings.push(
                    Diagnostic::new(
                        Code::E0201,
                        define.name.span,
                        format!("a fact is called `{name}` already"),
                    )
                    .label(format!("declared in {}", self.scope.title()))
                    .help("choose another name: a condition could mean either"),
                );
            }
            first.insert(name, define.name.span);
            self.defines.insert(name, number);
        }
    }

    fn definitions(&mut self) -> Vec<core::Cond> {
        let licence = self.licence;
        let conditions: Vec<Option<core::Cond>> =
            licence.defines.iter().map(|define| self.condition(&define.condition)).collect();
        self.cycles(&conditions);
        conditions.into_iter().map(|condition| condition.unwrap_or(core::Cond::False)).collect()
    }

    /// Reports definitions that stand for themselves: one report a cycle.
    fn cycles(&mut self, conditions: &[Option<core::Cond>]) {
        let mentions: Vec<BTreeSet<usize>> = conditions
            .iter()
            .map(|condition| {
                let mut out = BTreeSet::new();
                if let Some(condition) = condition {
                    slots(condition, &mut out);
                }
                out
            })
            .collect();
        // Definitions that mention only finished ones are finished; the rest is on a cycle or above one.
        let mut users = vec![Vec::new(); mentions.len()];
        for (user, used) in mentions.iter().enumerate() {
            for used in used {
                users[*used].push(user);
            }
        }
        let mut waiting: Vec<usize> = mentions.iter().map(BTreeSet::len).collect();
        let mut ready: Vec<usize> = (0..mentions.len()).filter(|i| waiting[*i] == 0).collect();
        while let Some(done) = ready.pop() {
            for user in &users[done] {
                waiting[*user] -= 1;
                if waiting[*user] == 0 {
                    ready.push(*user);
                }
            }
        }
        // Every definition that is left mentions one that is left: walk until the walk closes or meets an older one.
        let mut walked: Vec<Option<usize>> = vec![None; mentions.len()];
        for start in (0..mentions.len()).filter(|i| waiting[*i] > 0) {
            let mut path = Vec::new();
            let mut at = start;
            while walked[at].is_none() {
                walked[at] = Some(start);
                path.push(at);
                match mentions[at].iter().find(|next| waiting[**next] > 0) {
                    Some(next) => at = *next,
                    None => break,
                }
            }
            if walked[at] == Some(start)
                && let Some(begin) = path.iter().position(|i| *i == at)
            {
                self.report_cycle(&path[begin..]);
            }
        }
    }

    fn report_cycle(&mut self, cycle: &[usize]) {
        // More places than these would bury the message.
        const SHOWN: usize = 8;
        let mut names = cycle.iter().filter_map(|i| self.licence.defines.get(*i)).map(|define| &define.name);
        let Some(name) = names.next() else { return };
        let mut finding =
            Diagnostic::new(Code::E0210, name.span, format!("`{}` is defined by itself", name.value))
                .label("what does this mean?");
        for name in names.take(SHOWN) {
            finding = finding.also(name.span, "it leads through here");
        }
        self.findings.push(finding.help("a definition may use others, never itself"));
    }

    fn unused_definitions(&mut self) {
        for (name, number) in &self.defines {
            let define = &self.licence.defines[*number as usize];
            let used = self.used_defines.contains(number) || self.licence.loose.contains(*name);
            if !used {
                self.findings.push(
                    Diagnostic::new(Code::W0209, define.name.span, format!("nothing uses `{name}`"))
                        .label("defined here")
                        .help(format!("write `when {name}` in a clause, or remove the definition")),
                );
            }
        }
    }

    fn clauses(&mut self) -> Vec<Clause> {
        let licence = self.licence;
        let mut labels: BTreeMap<&str, Span> = BTreeMap::new();
        let mut single: BTreeMap<&str, Span> = BTreeMap::new();
        let mut out = Vec::new();
        for clause in &licence.clauses {
            let label = clause.label.value.as_str();
            match labels.get(label) {
                Some(first) => self.findings.push(twice("another clause", label, clause.label.span, *first)),
                None if label.is_empty() => {}
                None => {
                    labels.insert(label, clause.label.span);
                }
            }
            let once = match clause.kind {
                hir::ClauseKind::Split(_) => Some(("split", "what is left can be divided once only")),
                hir::ClauseKind::Prepaid(_) => Some(("prepaid", "a use is paid from one credit")),
                _ => None,
            };
            if let Some((word, why)) = once
                && let Some(first) = single.get(word)
            {
                self.findings.push(
                    Diagnostic::new(Code::E0201, clause.span, format!("a licence has one `{word}`"))
                        .label("and again here")
                        .also(*first, "first here")
                        .help(format!("{why}: make one clause of the two")),
                );
            } else if let Some((word, _)) = once {
                single.insert(word, clause.span);
            }
            let before = self.findings.len();
            let kind = self.clause(clause);
            let failed = self.findings[before..].iter().any(Diagnostic::is_error);
            out.push(Clause {
                label: label.to_owned(),
                span: clause.label.span.to(clause.span),
                kind: kind.filter(|_| !failed).unwrap_or(ClauseKind::Broken),
            });
        }
        out
    }

    fn clause(&mut self, clause: &hir::Clause) -> Option<ClauseKind> {
        let label = &clause.label.value;
        match &clause.kind {
            hir::ClauseKind::Permit(rule) => self.rule(rule).map(ClauseKind::Permit),
            hir::ClauseKind::Forbid(rule) => self.rule(rule).map(ClauseKind::Forbid),
            hir::ClauseKind::Limit(limit) => self.limit(label, clause.span, limit).map(ClauseKind::Limit),
            hir::ClauseKind::Charge(charge) => self.charge(label, clause.span, charge),
            hir::ClauseKind::Free(units) => {
                let indices: Vec<Option<u32>> =
                    units.iter().map(|name| self.unit(name).map(|(unit, _)| unit)).collect();
                indices.into_iter().collect::<Option<Vec<u32>>>().map(ClauseKind::Free)
            }
            hir::ClauseKind::Must(must) => self.duty(label, must).map(ClauseKind::Duty),
            hir::ClauseKind::Split(split) => self.split(label, clause.span, split).map(ClauseKind::Split),
            hir::ClauseKind::Prepaid(it) => self.prepaid(label, clause, it).map(ClauseKind::Prepaid),
            hir::ClauseKind::Ends(condition) => self.condition(condition).map(ClauseKind::End),
            hir::ClauseKind::Broken => None,
        }
    }

    fn duty(&mut self, label: &str, must: &hir::Must) -> Option<core::Duty> {
        let to = must.to.as_ref().map(|to| self.handle(to));
        let guard = must.when.as_ref().map(|condition| self.condition(condition));
        let (due, act) = match &must.due {
            hir::Due::First(length, act) => (self.period(length).map(core::Due::First), act),
            hir::Due::Each(length, act) => (self.period(length).map(core::Due::Each), act),
            hir::Due::AtEach(act) => (Some(core::Due::AtEach), act),
        };
        if let hir::Due::First(length, _) | hir::Due::Each(length, _) = &must.due {
            self.due_inside_term(length);
        }
        let names = hir::Names { names: vec![act.clone()], including_unlisted: false };
        let acts = self.membership(core::Axis::Action, &names);
        self.duty_arguments(must)?;
        let core::Cond::In { yes, unknown, .. } = acts? else { return None };
        let guard = match guard {
            None => None,
            Some(guard) => Some(guard?),
        };
        Some(core::Duty {
            label: label.to_owned(),
            name: must.duty.value.clone(),
            text: must.text.as_ref().map(|text| text.value.clone()),
            on: must.on.as_ref().map(|on| on.value.clone()),
            to,
            acts: yes,
            acts_unknown: unknown,
            guard,
            due: due?,
            suspend: must.suspend,
        })
    }

    /// Whether the duty exists and is given what it takes.
    fn duty_arguments(&mut self, must: &hir::Must) -> Option<()> {
        let name = must.duty.value.as_str();
        let Some(params) = self.scope.duties.get(name) else {
            if !self.scope.excuses(name) {
                let known: Vec<&str> = self.scope.duties.keys().map(String::as_str).collect();
                let mut finding =
                    Diagnostic::new(Code::E0304, must.duty.span, format!("no duty is called `{name}`"))
                        .label(format!("not in {}", self.scope.title()));
                if !known.is_empty() {
                    finding = finding.note(format!("the duties are: {}", known.join(", ")));
                }
                self.findings.push(finding.did_you_mean(name, closest(name, known)));
            }
            return None;
        };
        let slots = [
            (None, "a text", must.text.as_ref().map(|text| text.span)),
            (Some("on"), "`on` a surface", must.on.as_ref().map(|on| on.span)),
            (Some("to"), "`to` a party", must.to.as_ref().map(|to| to.span)),
        ];
        for (slot, what, given) in slots {
            let takes = params.iter().any(|(param, _)| param.as_deref() == slot);
            match (takes, given) {
                (true, None) => self.findings.push(
                    Diagnostic::new(Code::E0306, must.duty.span, format!("`{name}` needs {what}"))
                        .label("which is not said here")
                        .note(format!("it is declared as {}", signature(name, params))),
                ),
                (false, Some(span)) => self.findings.push(
                    Diagnostic::new(Code::E0310, span, format!("`{name}` does not take {what}"))
                        .label("too much")
                        .note(format!("it is declared as {}", signature(name, params))),
                ),
                _ => {}
            }
        }
        Some(())
    }

    /// Notes that a handle is mentioned.
    pub(super) fn handle(&mut self, handle: &hir::Name) -> String {
        if !handle.value.is_empty() {
            self.handles.entry(handle.value.clone()).or_insert(handle.span);
        }
        handle.value.clone()
    }

    fn unbound_parties(&mut self) {
        for (handle, span) in &self.handles {
            if !self.scope.parties.contains_key(handle) && !self.scope.loose.contains(handle) {
                self.findings.push(
                    Diagnostic::new(Code::W0214, *span, format!("`@{handle}` is bound to nobody"))
                        .label("who is this?")
                        .help(format!("declare it: party @{handle} is \"did:web:...\""))
                        .note("`licit build` refuses it: a module names people, not handles"),
                );
            }
        }
    }

    fn assets(&mut self, assets: &[hir::Asset]) -> Vec<core::Asset> {
        let mut out = Vec::new();
        for asset in assets {
            let capsule = asset.capsule.as_ref().map(|text| (digest(&text.value), text.span));
            if let Some((None, span)) = capsule {
                self.findings.push(bad_digest(span));
            }
            let named = &asset.name;
            if named.value.is_empty() || named.value.contains(core::check::is_control) {
                self.findings.push(
                    Diagnostic::new(Code::E0211, named.span, "this is not the name of an asset")
                        .label(if named.value.is_empty() { "empty" } else { "a line break or a tab inside" })
                        .help("a name stands in one line, as `asset dataset \"harbour-corpus\"`"),
                );
            }
            out.push(core::Asset {
                kind: asset.kind.value.clone(),
                name: asset.name.value.clone(),
                capsule: capsule.and_then(|(digest, _)| digest),
            });
        }
        out
    }

    fn missing_headers(&mut self) {
        let it = self.licence;
        let required = [
            (it.licensor.is_missing(), "licensor", "licensor @you"),
            (it.assets.is_missing(), "asset", "asset dataset \"name\""),
            (it.term.is_missing() && it.renews.is_missing(), "term", "term from 2026-01-01 until 2027-01-01"),
            (it.revocability.is_missing(), "revocability", "irrevocable"),
        ];
        for (missing, word, example) in required {
            let words: &[&str] = match word {
                "revocability" => &["revocable", "irrevocable"],
                "term" => &["term", "renews"],
                _ => &[word],
            };
            if missing && !self.perhaps_unread(words) {
                let message = match word {
                    "revocability" => {
                        format!("`{}` does not say whether it can be revoked", it.name.value)
                    }
                    _ => format!("`{}` has no `{word}`", it.name.value),
                };
                let help = match word {
                    "revocability" => "add `irrevocable`, or `revocable after 30 days`".to_owned(),
                    _ => format!("add it to the header, as: {example}"),
                };
                self.findings.push(
                    Diagnostic::new(Code::E0205, it.name.span, message).label("this licence").help(help),
                );
            }
        }
        if let Some((price, role)) = self.priced
            && it.currency.is_missing()
            && !self.perhaps_unread(&["currency"])
        {
            self.findings.push(
                Diagnostic::new(
                    Code::E0205,
                    it.name.span,
                    format!(
                        "`{}` {} but has no `currency`",
                        it.name.value,
                        if role == PRICE { "charges" } else { "counts money" }
                    ),
                )
                .label("this licence")
                .also(price, role)
                .help("add it to the header, as: currency EUR settled each month, rounded half_even to 0.01"),
            );
        }
    }

    /// Whether a header that is missing may be one of the items that could not be read.
    pub(super) fn perhaps_unread(&self, words: &[&str]) -> bool {
        self.licence.unread
            && self.licence.loose.iter().any(|found| {
                words.contains(&found.as_str()) || closest(found, words.iter().copied()).is_some()
            })
    }

    fn missing_calendar(&mut self) {
        if !self.licence.calendar.is_missing() || self.perhaps_unread(&["calendar"]) {
            return;
        }
        self.calendar_uses.sort_by_key(|(span, _)| span.start);
        let Some((first, rest)) = self.calendar_uses.split_first() else { return };
        let mut finding = Diagnostic::new(Code::E0501, first.0, first.1.clone())
            .label("days begin at midnight, but where?");
        // Two more places show the pattern; all of them would bury it.
        for (span, _) in rest.iter().take(2) {
            finding = finding.also(*span, "so does this");
        }
        let edits = match &self.licence.licensor {
            Header::Given(Sp { span, .. }) => {
                vec![Edit { span: Span::new(span.end, span.end), text: "\n  calendar UTC".to_owned() }]
            }
            _ => Vec::new(),
        };
        self.findings.push(finding.fix(
            Safety::Ask,
            "add `calendar UTC` or `calendar Europe/Paris` to the header",
            edits,
        ));
    }
}

/// A digest that is not `sha256:` and 64 hex digits.
pub(crate) fn bad_digest(span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0211, span, "this is not a whole digest")
        .label("a digest is `sha256:` and 64 hex digits")
        .help("displays shorten digests; a file has all 64 digits (`licit pin` writes them)")
}

fn signature(name: &str, params: &[(Option<String>, String)]) -> String {
    let params: Vec<String> = params
        .iter()
        .map(|(param, ty)| param.as_ref().map_or_else(|| ty.clone(), |param| format!("{param}: {ty}")))
        .collect();
    format!("`{name}({})`", params.join(", "))
}

fn slots(condition: &core::Cond, out: &mut BTreeSet<usize>) {
    match condition {
        core::Cond::Slot(index) => {
            out.insert(*index as usize);
        }
        core::Cond::And(list) | core::Cond::Or(list) => list.iter().for_each(|c| slots(c, out)),
        core::Cond::Not(inner) => slots(inner, out),
        _ => {}
    }
}
