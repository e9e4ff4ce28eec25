//! From the syntax tree to hir: one declaration at a time, every construct either taken over or named as one that
//! this build cannot compile (E0111), never dropped.

use licit_grammar::Span;
use licit_grammar::ast::{self, DeclKind};
use licit_grammar::span::Spanned;

use super::*;
use crate::diagnostic::{Code, Diagnostic};

/// A declaration with what is wrong in it; spans relative to `start`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lowered {
    pub decl: Decl,
    pub start: u32,
    pub findings: Vec<Diagnostic>,
}

/// Lowers one declaration of `text`.
pub(crate) fn lower(decl: &Spanned<ast::Decl>, text: &str) -> Lowered {
    let mut cx = Lower { base: decl.span.start, text, findings: Vec::new() };
    let decl = cx.decl(decl);
    Lowered { decl, start: cx.base, findings: cx.findings }
}

/// Lowers a single ask, which is a text of its own.
pub(crate) fn lower_ask(ask: &ast::Ask, text: &str) -> (Ask, Vec<Diagnostic>) {
    let mut cx = Lower { base: 0, text, findings: Vec::new() };
    let ask = cx.ask(ask);
    (ask, cx.findings)
}

/// The words of a piece of text.
pub(crate) fn words(text: &str) -> Words {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .map(str::to_owned)
        .collect()
}

pub(super) struct Lower<'a> {
    base: u32,
    text: &'a str,
    pub(super) findings: Vec<Diagnostic>,
}

impl Lower<'_> {
    pub(super) fn at(&self, span: Span) -> Span {
        Span::new(span.start.saturating_sub(self.base), span.end.saturating_sub(self.base))
    }

    pub(super) fn name(&self, name: &ast::Name) -> Name {
        Sp { value: name.value.clone(), span: self.at(name.span) }
    }

    fn maybe(&self, name: Option<&ast::Name>) -> Option<Name> {
        name.map(|name| self.name(name))
    }

    pub(super) fn int(&self, int: &Spanned<ast::Int>) -> Sp<u128> {
        Sp { value: int.value.value, span: self.at(int.span) }
    }

    fn words(&self, span: Span) -> Words {
        words(self.text.get(span.range()).unwrap_or_default())
    }

    /// Reports a construct that belongs to the language but not to this build.
    pub(super) fn later(&mut self, span: Span, construct: &str) {
        let place = self.at(span);
        self.findings.push(Diagnostic::not_yet(place, construct));
    }

    fn decl(&mut self, decl: &Spanned<ast::Decl>) -> Decl {
        match &decl.value.kind {
            DeclKind::Import(it) => Decl::Import(Import {
                name: self.name(&it.name),
                version: Sp { value: it.version.text.clone(), span: self.at(it.version.span) },
                pin: self.maybe(it.pin.as_ref()),
            }),
            DeclKind::Vocabulary(it) => Decl::Vocabulary(self.vocabulary(it)),
            DeclKind::Party(it) => Decl::Party(Party {
                handle: self.name(&it.handle),
                did: self.name(&it.did),
                account: self.maybe(it.paid_at.as_ref()),
            }),
            DeclKind::License(it) => Decl::Licence(Box::new(self.licence(it))),
            DeclKind::Test(it) => Decl::Test(self.test(it)),
            DeclKind::Template(it) => {
                self.later(it.name.span, "`template`");
                Decl::Later { name: Some(self.name(&it.name)) }
            }
            DeclKind::Instance(it) => {
                self.later(it.name.span, "a licence made from a template");
                Decl::Later { name: Some(self.name(&it.name)) }
            }
            DeclKind::Prove(it) => {
                self.later(it.subject.span, "`prove`");
                Decl::Later { name: None }
            }
            DeclKind::Error => Decl::Broken(self.words(decl.span)),
        }
    }

    fn vocabulary(&mut self, it: &ast::Vocabulary) -> Vocabulary {
        let mut out = Vocabulary {
            name: self.name(&it.name),
            version: Sp { value: it.version.text.clone(), span: self.at(it.version.span) },
            axes: Default::default(),
            units: Vec::new(),
            facts: Vec::new(),
            duties: Vec::new(),
            loose: Words::new(),
        };
        for section in &it.sections {
            match &section.value {
                ast::VocabSection::Actions(trees) => self.terms(trees, &[], &mut out.axes[0]),
                ast::VocabSection::Purposes(trees) => self.terms(trees, &[], &mut out.axes[1]),
                ast::VocabSection::Places(trees) => self.terms(trees, &[], &mut out.axes[2]),
                ast::VocabSection::Units(units) => {
                    for unit in units {
                        self.unit(unit, &mut out);
                    }
                }
                ast::VocabSection::Facts(facts) => {
                    for fact in facts {
                        self.fact(fact, &mut out);
                    }
                }
                ast::VocabSection::Duties(duties) => {
                    for duty in duties {
                        let param =
                            |p: &Spanned<ast::DutyParam>| (self.maybe(p.name.as_ref()), self.name(&p.ty));
                        out.duties.push(DutyDecl {
                            name: self.name(&duty.name),
                            params: duty.params.iter().map(param).collect(),
                        });
                    }
                }
                ast::VocabSection::Currencies(_) => {
                    self.later(section.span, "a vocabulary's `currencies`");
                }
                ast::VocabSection::Error => out.loose.extend(self.words(section.span)),
            }
        }
        out
    }

    fn terms(&mut self, trees: &[Spanned<ast::TermTree>], above: &[Name], out: &mut Vec<Term>) {
        for tree in trees {
            let also = tree.also.iter().map(|name| self.name(name));
            let name = self.name(&tree.name);
            out.push(Term { name: name.clone(), parents: above.iter().cloned().chain(also).collect() });
            if let Some(first) = tree.states.first() {
                self.later(first.span, "`states`, the units that an action must state,");
            }
            self.terms(&tree.children, &[name], out);
        }
    }

    fn unit(&mut self, unit: &Spanned<ast::UnitDecl>, out: &mut Vocabulary) {
        let derived = match &unit.kind {
            ast::UnitKind::Base => None,
            ast::UnitKind::Derived { factor, of } => Some((self.int(factor), self.name(of))),
            ast::UnitKind::Money(_) => {
                self.later(unit.span, "a unit that is an amount of money");
                out.loose.extend(self.words(unit.span));
                return;
            }
        };
        out.units.push(Unit {
            name: self.name(&unit.name),
            plural: self.maybe(unit.plural.as_ref()),
            derived,
            up_to: unit.up_to.as_ref().map(|n| self.int(n)),
        });
    }

    fn fact(&mut self, fact: &Spanned<ast::FactDecl>, out: &mut Vocabulary) {
        if fact.attested || fact.each.is_some() {
            self.later(fact.span, "an attested fact");
            out.loose.insert(fact.name.value.clone());
            return;
        }
        out.facts.push(Fact {
            name: self.name(&fact.name),
            ty: self.name(&fact.ty),
            up_to: fact.up_to.as_ref().map(|n| self.int(n)),
            optional: fact.optional,
        });
    }

    fn licence(&mut self, it: &ast::License) -> Licence {
        if let Some(effective) = &it.effective {
            self.later(effective.span, "`from`, when a version takes effect,");
        }
        match it.lineage.as_ref().map(|lineage| (&lineage.value, lineage.span)) {
            None => {}
            Some((ast::Lineage::Derives(_), span)) => self.later(span, "`derives`"),
            Some((ast::Lineage::Narrows(_), span)) => self.later(span, "`narrows`"),
        }
        if let Some(holder) = &it.granted_to {
            self.later(holder.span, "`granted to`");
        }
        let mut out = Licence {
            name: self.name(&it.name),
            version: self.int(&it.version),
            licensor: Header::Missing,
            assets: Header::Missing,
            calendar: Header::Missing,
            currency: Header::Missing,
            term: Header::Missing,
            revocability: Header::Missing,
            defines: Vec::new(),
            clauses: Vec::new(),
            loose: Words::new(),
            unread: false,
        };
        let mut headers: Vec<(ast::HeaderKind, Span)> = Vec::new();
        for item in &it.items {
            match &item.kind {
                ast::ItemKind::Header(header) => {
                    let kind = header.kind();
                    match headers.iter().find(|(known, _)| *known == kind) {
                        Some(&(_, first)) => self.header_twice(item.span, first, kind),
                        None => {
                            headers.push((kind, item.span));
                            self.header(header, item.span, &mut out);
                        }
                    }
                }
                ast::ItemKind::Define(it) => {
                    let condition = self.condition(&it.condition);
                    if matches!(it.condition.value, ast::Cond::Error) {
                        out.loose.extend(self.words(item.span));
                    }
                    out.defines.push(Define { name: self.name(&it.name), condition });
                }
                ast::ItemKind::Clause(it) => {
                    let before = self.findings.len();
                    let kind = self.clause(&it.clause);
                    if kind == ClauseKind::Broken || self.findings.len() > before {
                        out.loose.extend(self.words(item.span));
                    }
                    out.clauses.push(Clause {
                        label: self.name(&it.label),
                        span: self.at(it.clause.span),
                        kind,
                    });
                }
                ast::ItemKind::Error => {
                    out.loose.extend(self.words(item.span));
                    out.unread = true;
                }
            }
        }
        out
    }

    fn header_twice(&mut self, span: Span, first: Span, kind: ast::HeaderKind) {
        let word = header_word(kind);
        let (span, first) = (self.at(span), self.at(first));
        self.findings.push(
            Diagnostic::new(Code::E0201, span, format!("{word} stands twice"))
                .label("and again here")
                .also(first, "first here")
                .help("a licence has each header once: remove one of the two"),
        );
    }

    fn header(&mut self, header: &ast::Header, span: Span, out: &mut Licence) {
        use ast::Header as H;
        let place = self.at(span);
        match header {
            H::Licensor(handle) => out.licensor = given(self.name(handle), place),
            H::Asset(assets) => {
                let assets = assets.iter().map(|asset| Asset {
                    kind: self.name(&asset.kind),
                    name: self.name(&asset.name),
                    capsule: self.maybe(asset.capsule.as_ref()),
                });
                out.assets = given(assets.collect(), place);
            }
            H::Calendar(zone) => out.calendar = given(self.name(zone), place),
            H::Currency(it) => {
                if let Some(other) = &it.settled_in {
                    self.later(other.span, "`settled in` another currency");
                }
                out.currency = given(
                    Currency {
                        code: self.name(&it.code),
                        each: self.name(&it.each),
                        rounding: self.name(&it.rounding),
                        to: Sp { value: dec(&it.to), span: self.at(it.to.span) },
                    },
                    place,
                );
            }
            H::Term(ast::Term::Until { from, until }) => {
                let from = from.as_ref().map(|moment| self.moment(moment));
                out.term = given(Term_ { from, until: Some(self.moment(until)) }, place);
            }
            H::Term(ast::Term::Lasting { .. }) => {
                self.later(span, "a `term` that begins with a grant, a release or a first use");
                out.term = Header::Broken;
            }
            H::Irrevocable => out.revocability = given(Revocability::Irrevocable, place),
            H::Revocable(it) => {
                if let Some(wind) = &it.winding_down {
                    self.later(wind.actions.span, "`winding down`");
                }
                out.revocability = given(
                    Revocability::Revocable {
                        after: it.after.as_ref().map(|length| self.length(length)),
                        sparing_derivatives: it.sparing_derivatives,
                    },
                    place,
                );
            }
            H::Status(_) => self.later(span, "`status`"),
            H::Corrections(_) => self.later(span, "`corrections`"),
            H::Ends(condition) => {
                out.loose.extend(self.words(condition.span));
                self.later(span, "`ends when`");
            }
            H::Renews(_) => {
                self.later(span, "`renews`");
                // It stands instead of a term.
                out.term = Header::Broken;
            }
            H::Error(kind) => match kind {
                ast::HeaderKind::Licensor => out.licensor = Header::Broken,
                ast::HeaderKind::Asset => out.assets = Header::Broken,
                ast::HeaderKind::Calendar => out.calendar = Header::Broken,
                ast::HeaderKind::Currency => out.currency = Header::Broken,
                ast::HeaderKind::Term | ast::HeaderKind::Renews => out.term = Header::Broken,
                ast::HeaderKind::Revocability => out.revocability = Header::Broken,
                ast::HeaderKind::Status | ast::HeaderKind::Corrections | ast::HeaderKind::Ends => {
                    out.loose.extend(self.words(span));
                }
            },
        }
    }

    fn clause(&mut self, clause: &Spanned<ast::Clause>) -> ClauseKind {
        match &clause.value {
            ast::Clause::Permit(it) => {
                ClauseKind::Permit(self.rule(&it.actions, &it.selector, &it.exceptions))
            }
            ast::Clause::Forbid(it) => {
                ClauseKind::Forbid(self.rule(&it.actions, &it.selector, &it.exceptions))
            }
            ast::Clause::Limit(it) => self.limit(it, clause.span),
            ast::Clause::Free(it) => {
                if let Some(unlisted) = &it.units.unlisted {
                    let place = self.at(unlisted.span);
                    self.findings.push(
                        Diagnostic::new(Code::E0302, place, "units are all listed: none is `unlisted`")
                            .help("remove `including unlisted`"),
                    );
                }
                ClauseKind::Free(it.units.names.iter().map(|name| self.name(name)).collect())
            }
            ast::Clause::Charge(it) => self.charge(it, clause.span),
            ast::Clause::Must(it) => self.must(it),
            ast::Clause::Split(it) => self.split(it),
            ast::Clause::Prepaid(_) => self.clause_later(clause.span, "`prepaid`"),
            ast::Clause::Derivatives(_) => self.clause_later(clause.span, "`derivatives`"),
            ast::Clause::Sublicense(_) => self.clause_later(clause.span, "`sublicense`"),
            ast::Clause::Error => ClauseKind::Broken,
        }
    }

    fn clause_later(&mut self, span: Span, construct: &str) -> ClauseKind {
        self.later(span, construct);
        ClauseKind::Broken
    }

    fn rule(
        &mut self,
        actions: &ast::Names,
        selector: &ast::Selector,
        exceptions: &[Spanned<ast::Except>],
    ) -> Rule {
        Rule {
            actions: self.names(actions),
            selector: self.selector(selector),
            exceptions: exceptions
                .iter()
                .map(|it| (it.actions.as_ref().map(|names| self.names(names)), self.selector(&it.selector)))
                .collect(),
        }
    }

    fn names(&self, names: &ast::Names) -> Names {
        Names {
            names: names.names.iter().map(|name| self.name(name)).collect(),
            including_unlisted: names.unlisted.is_some(),
        }
    }

    fn selector(&mut self, it: &ast::Selector) -> Selector {
        Selector {
            purposes: it.purposes.as_ref().map(|names| self.names(names)),
            places: it.places.as_ref().map(|names| self.names(names)),
            kinds: it.kinds.as_ref().map(|names| self.names(names)),
            when: it.when.as_ref().map(|condition| self.condition(condition)),
        }
    }

    fn limit(&mut self, it: &ast::Limit, span: Span) -> ClauseKind {
        if it.at_once {
            return self.clause_later(span, "a limit on what runs `at once`");
        }
        if let Some(held) = &it.held {
            return self.clause_later(held.span, "`held`, a limit on seats,");
        }
        if let Some(lease) = &it.lease {
            return self.clause_later(lease.span, "`lease`");
        }
        let (count, unit) = match &it.amount.value {
            ast::Amount::Quantity { count, unit } => (self.int(count), self.name(unit)),
            ast::Amount::Money(_) => return self.clause_later(it.amount.span, "a limit on spending"),
            ast::Amount::Name(name) => return self.parameter(name),
        };
        let Some(per) = self.windows_and_keys(&it.per) else { return ClauseKind::Broken };
        ClauseKind::Limit(Limit {
            count,
            unit,
            amount: self.at(it.amount.span),
            per,
            selector: self.selector(&it.selector),
        })
    }

    /// A name where an amount is expected: only templates have parameters.
    fn parameter(&mut self, name: &ast::Name) -> ClauseKind {
        let place = self.at(name.span);
        self.findings.push(
            Diagnostic::new(Code::E0202, place, format!("there is no parameter `{}`", name.value))
                .label("not an amount")
                .help("write a number and a unit, as `50_000 records`"),
        );
        ClauseKind::Broken
    }

    /// What follows `per` where a window and a key are expected; none if something was reported.
    fn windows_and_keys(&mut self, list: &[Spanned<ast::Per>]) -> Option<Vec<Name>> {
        let mut out = Vec::new();
        for per in list {
            if per.from.is_some() {
                self.later(per.span, "a window that begins with an event");
                return None;
            }
            if per.started || per.count.is_some() {
                let place = self.at(per.span);
                self.findings.push(
                    Diagnostic::new(Code::E0702, place, "this is neither a window nor a key")
                        .label("counts blocks")
                        .help("a counter runs per day, week, month, quarter, year or term, and per user, organisation or licensee"),
                );
                return None;
            }
            out.push(self.name(&per.unit));
        }
        Some(out)
    }

    fn charge(&mut self, it: &ast::Charge, span: Span) -> ClauseKind {
        let place = self.at(span);
        let charge = match it {
            ast::Charge::Free { selector } => {
                Charge::Plain(Box::new((self.selector(selector), Sp { value: Price::Free, span: place })))
            }
            ast::Charge::Rate { rate, selector } => {
                let price = self.rate(rate, rate.span).map_or(Price::Broken, Price::Rate);
                Charge::Plain(Box::new((
                    self.selector(selector),
                    Sp { value: price, span: self.at(rate.span) },
                )))
            }
            ast::Charge::Schedule { schedule, selector } => {
                let price = self.schedule(schedule);
                Charge::Plain(Box::new((
                    self.selector(selector),
                    Sp { value: price, span: self.at(schedule.span) },
                )))
            }
            ast::Charge::Cases(cases) => Charge::Cases(cases.iter().map(|case| self.case(case)).collect()),
            ast::Charge::AtClose(_) => return self.clause_later(span, "a charge `at close`"),
        };
        ClauseKind::Charge(charge)
    }

    fn case(&mut self, case: &Spanned<ast::Case>) -> Case {
        let price = match &case.price.value {
            ast::CasePrice::Free => Price::Free,
            ast::CasePrice::At(rate) => self.rate(rate, case.price.span).map_or(Price::Broken, Price::Rate),
            ast::CasePrice::Schedule(schedule) => self.schedule(schedule),
        };
        Case {
            selector: case.selector.as_ref().map(|selector| self.selector(selector)),
            price: Sp { value: price, span: self.at(case.price.span) },
            span: self.at(case.span),
        }
    }

    fn schedule(&mut self, it: &ast::Schedule) -> Price {
        let tails = &it.tails;
        if let Some(floor) = &tails.at_least {
            self.later(floor.span, "`at least`, a floor of a schedule,");
        }
        if let Some(cap) = &tails.at_most {
            self.later(cap.span, "`at most`, a cap of a schedule,");
        }
        if let Some(by) = &tails.prorated_by {
            self.later(by.span, "`prorated by`");
        }
        let Some(per) = self.windows_and_keys(&it.per) else { return Price::Broken };
        let tiers = it.tiers.iter().map(|tier| self.tier(tier)).collect();
        Price::Schedule { per, tiers }
    }

    fn tier(&mut self, tier: &Spanned<ast::Tier>) -> Tier {
        let (mut kind, amount) = match &tier.extent.value {
            ast::Extent::First(amount) => (TierKind::First, Some(amount)),
            ast::Extent::Next(amount) => (TierKind::Next, Some(amount)),
            ast::Extent::Beyond => (TierKind::Beyond, None),
        };
        let extent = match amount.map(|amount| &amount.value) {
            None => None,
            Some(ast::Amount::Quantity { count, unit }) => Some((self.int(count), self.name(unit))),
            Some(ast::Amount::Money(_)) => {
                self.later(tier.extent.span, "a tier of an amount of money");
                kind = TierKind::Broken;
                None
            }
            Some(ast::Amount::Name(name)) => {
                self.parameter(name);
                kind = TierKind::Broken;
                None
            }
        };
        let rate = tier.rate.as_ref().map(|rate| self.rate(rate, rate.span));
        if rate == Some(None) {
            kind = TierKind::Broken;
        }
        Tier { kind, extent, span: self.at(tier.extent.span), rate: rate.flatten() }
    }

    /// A price per unit; none if it was reported.
    fn rate(&mut self, rate: &ast::Rate, span: Span) -> Option<Rate> {
        let money = match &rate.price.value {
            ast::Price::Money(money) => money,
            ast::Price::Name(name) => {
                let place = self.at(name.span);
                self.findings.push(
                    Diagnostic::new(Code::E0202, place, format!("there is no parameter `{}`", name.value))
                        .label("not a price")
                        .help("write a currency and an amount, as `EUR 3.00`"),
                );
                return None;
            }
            ast::Price::Percent(_) | ast::Price::PercentOf { .. } => {
                self.later(rate.price.span, "a price in per cent");
                return None;
            }
        };
        let units: Vec<_> = rate.per.iter().filter(|per| !is_window_or_key(&per.unit.value)).collect();
        let per = match (units.as_slice(), rate.per.as_slice()) {
            ([], []) => {
                let place = self.at(rate.price.span);
                self.findings.push(
                    Diagnostic::new(Code::E0306, place, "this price does not say what it is for")
                        .label("per what?")
                        .help("write a unit after it, as `per call` or `per 1_000 records`"),
                );
                return None;
            }
            // A unit may bear a window's name (`hour`); alone, after a price, it is the unit.
            ([] | [_], [per]) => per,
            ([], _) => {
                self.later(span, "a fee per key and window");
                return None;
            }
            ([_, second, ..], _) => {
                let place = self.at(second.span);
                self.findings.push(
                    Diagnostic::new(Code::E0301, place, "a price is for one unit")
                        .label("a second unit")
                        .help("write a second `charge` clause"),
                );
                return None;
            }
            ([_], [..]) => {
                self.later(span, "a price with a key or a window of its own");
                return None;
            }
        };
        if per.started {
            self.later(per.span, "`per started`");
            return None;
        }
        if per.from.is_some() {
            self.later(per.span, "a window that begins with an event");
            return None;
        }
        let unit = self.name(&per.unit);
        let count = per.count.as_ref().map_or(Sp { value: 1, span: unit.span }, |count| self.int(count));
        Some(Rate {
            currency: money.currency.clone(),
            amount: dec(&money.amount),
            money: self.at(rate.price.span),
            count,
            unit,
        })
    }

    fn must(&mut self, it: &ast::Must) -> ClauseKind {
        let due = match &it.due.value {
            ast::Due::WithinOfFirst { length, act } => Due::First(self.length(length), self.name(act)),
            ast::Due::WithinOfEach { length, act } => Due::Each(self.length(length), self.name(act)),
            ast::Due::AtEach(act) => Due::AtEach(self.name(act)),
            ast::Due::BeforeEach(_) => return self.clause_later(it.due.span, "a duty `before each` act"),
        };
        let suspend = match &it.or_else {
            None => false,
            Some(consequence) if consequence.pay.is_some() => {
                return self.clause_later(consequence.span, "`else pay`");
            }
            Some(consequence) => consequence.suspend,
        };
        let text = match &it.duty.argument {
            None => None,
            Some(ast::DutyArgument::Text(text)) => Some(self.name(text)),
            Some(ast::DutyArgument::Name(name)) => {
                return self.clause_later(name.span, "a duty about a unit or another name");
            }
        };
        ClauseKind::Must(Must {
            duty: self.name(&it.duty.name),
            text,
            on: self.maybe(it.duty.on.as_ref()),
            to: self.maybe(it.duty.to.as_ref()),
            due,
            when: it.when.as_ref().map(|condition| self.condition(condition)),
            suspend,
        })
    }

    fn split(&mut self, it: &ast::Split) -> ClauseKind {
        if let Some(first) = &it.first {
            return self.clause_later(first.percent.span, "a split's `first` cut");
        }
        let mut shares = Vec::new();
        for share in &it.shares {
            let to = match &share.to {
                ast::Payee::Party(handle) => self.name(handle),
                ast::Payee::Fact(name) => {
                    return self.clause_later(name.span, "a share for the party that a fact names");
                }
            };
            let portion = match &share.portion.value {
                ast::Portion::Percent(percent) => Portion::Percent(dec(&percent.0)),
                ast::Portion::Parts(parts) => Portion::Parts(parts.value),
                ast::Portion::Rest => Portion::Rest,
            };
            shares.push(Share { portion: Sp { value: portion, span: self.at(share.portion.span) }, to });
        }
        ClauseKind::Split(Split { each: self.maybe(it.each.as_ref()), shares })
    }

    pub(super) fn length(&self, length: &Spanned<ast::Length>) -> Length {
        Length { count: self.int(&length.count), unit: self.name(&length.unit), span: self.at(length.span) }
    }

    pub(super) fn moment(&self, moment: &Spanned<ast::Moment>) -> Sp<Moment> {
        let value = match &moment.value {
            ast::Moment::Date(date) => Moment::Date(*date),
            ast::Moment::Instant { date, time, zone } => Moment::Instant {
                date: *date,
                time: *time,
                zone: match zone {
                    ast::Zone::Calendar => Zone::Calendar,
                    ast::Zone::Utc => Zone::Utc,
                    ast::Zone::Offset(minutes) => Zone::Offset(*minutes),
                    ast::Zone::Named(name) => Zone::Named(self.name(name)),
                },
            },
        };
        Sp { value, span: self.at(moment.span) }
    }
}

fn given<T>(value: T, span: Span) -> Header<T> {
    Header::Given(Sp { value, span })
}

pub(super) fn dec(dec: &ast::Dec) -> Dec {
    Dec { digits: dec.digits, scale: dec.scale }
}

/// The built-in words after `per` that are not units.
pub(crate) fn is_window_or_key(word: &str) -> bool {
    const WORDS: [&str; 13] = [
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "term",
        "renewal",
        "user",
        "organisation",
        "licensee",
    ];
    WORDS.contains(&word)
}

fn header_word(kind: ast::HeaderKind) -> &'static str {
    match kind {
        ast::HeaderKind::Licensor => "`licensor`",
        ast::HeaderKind::Asset => "`asset`",
        ast::HeaderKind::Calendar => "`calendar`",
        ast::HeaderKind::Currency => "`currency`",
        ast::HeaderKind::Term => "`term`",
        ast::HeaderKind::Revocability => "`irrevocable` or `revocable`",
        ast::HeaderKind::Status => "`status`",
        ast::HeaderKind::Corrections => "`corrections`",
        ast::HeaderKind::Ends => "`ends`",
        ast::HeaderKind::Renews => "`renews`",
    }
}
