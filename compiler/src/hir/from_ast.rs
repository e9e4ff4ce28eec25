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

    pub(super) fn maybe(&self, name: Option<&ast::Name>) -> Option<Name> {
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
        let mut out = Licence {
            name: self.name(&it.name),
            version: self.int(&it.version),
            licensor: Header::Missing,
            assets: Header::Missing,
            calendar: Header::Missing,
            currency: Header::Missing,
            term: Header::Missing,
            renews: Header::Missing,
            revocability: Header::Missing,
            corrections: Header::Missing,
            holder: self.maybe(it.granted_to.as_ref()),
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
                out.term = given(Term_::Until { from, until: self.moment(until) }, place);
            }
            H::Term(ast::Term::Lasting { length, from, renewable }) => {
                if let Some(renewable) = renewable {
                    self.later(renewable.span, "`renewable`");
                }
                let (length, from) = (self.length(length), self.anchor(from));
                out.term = given(Term_::Lasting { length, from }, place);
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
            H::Corrections(length) => out.corrections = given(self.length(length), place),
            H::Ends(condition) => {
                let before = self.findings.len();
                let kind = ClauseKind::Ends(self.condition(condition));
                if self.findings.len() > before {
                    out.loose.extend(self.words(condition.span));
                }
                let label = Sp { value: ENDS.to_owned(), span: place };
                out.clauses.push(Clause { label, span: place, kind });
            }
            H::Renews(it) => {
                let grace = it.grace.as_ref().map(|grace| {
                    let acts = grace.actions.as_ref().map(|names| self.names(names));
                    (self.length(&grace.length), acts)
                });
                let (each, from) = (self.name(&it.each), self.anchor(&it.from));
                out.renews = given(Renews { each, from, grace }, place);
            }
            H::Error(kind) => match kind {
                ast::HeaderKind::Licensor => out.licensor = Header::Broken,
                ast::HeaderKind::Asset => out.assets = Header::Broken,
                ast::HeaderKind::Calendar => out.calendar = Header::Broken,
                ast::HeaderKind::Currency => out.currency = Header::Broken,
                ast::HeaderKind::Term => out.term = Header::Broken,
                ast::HeaderKind::Renews => out.renews = Header::Broken,
                ast::HeaderKind::Revocability => out.revocability = Header::Broken,
                ast::HeaderKind::Corrections => out.corrections = Header::Broken,
                ast::HeaderKind::Status | ast::HeaderKind::Ends => {
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
            ast::Clause::Limit(it) => self.limit(it),
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
            ast::Clause::Prepaid(it) => self.prepaid(it),
            ast::Clause::Derivatives(_) => self.clause_later(clause.span, "`derivatives`"),
            ast::Clause::Sublicense(_) => self.clause_later(clause.span, "`sublicense`"),
            ast::Clause::Error => ClauseKind::Broken,
        }
    }

    pub(super) fn clause_later(&mut self, span: Span, construct: &str) -> ClauseKind {
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

    pub(super) fn names(&self, names: &ast::Names) -> Names {
        Names {
            names: names.names.iter().map(|name| self.name(name)).collect(),
            including_unlisted: names.unlisted.is_some(),
        }
    }

    pub(super) fn selector(&mut self, it: &ast::Selector) -> Selector {
        Selector {
            purposes: it.purposes.as_ref().map(|names| self.names(names)),
            places: it.places.as_ref().map(|names| self.names(names)),
            kinds: it.kinds.as_ref().map(|names| self.names(names)),
            when: it.when.as_ref().map(|condition| self.condition(condition)),
        }
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

    fn anchor(&self, anchor: &Spanned<ast::Anchor>) -> Anchor {
        Anchor {
            first: anchor.value.first,
            event: self.name(&anchor.value.event),
            span: self.at(anchor.span),
        }
    }

    pub(super) fn money(&self, money: &ast::Money, span: Span) -> Money {
        Money { currency: money.currency.clone(), amount: dec(&money.amount), span: self.at(span) }
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
