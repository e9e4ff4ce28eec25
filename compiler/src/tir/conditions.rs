//! Conditions, selectors and the names of axes: from text to the core's conditions (`spec/core.md` section 3).

use licit_grammar::Span;

use super::from_hir::Check;
use super::vocabulary::{AXES, axis_word};
use crate::core::{self, Axis, Cmp, Cond, Constant, FactType};
use crate::diagnostic::{Code, Diagnostic, Edit, Safety};
use crate::hir::from_ast_conditions::TIME_WORDS;
use crate::hir::{self, CompareOp, Expr, Name, Names, Sign, Sp};
use crate::suggest::closest;

/// One side of a comparison.
enum Side {
    /// A fact plus and minus constants.
    Fact {
        fact: u32,
        plus: u128,
        minus: u128,
    },
    /// Constants that are added and subtracted.
    Number {
        plus: u128,
        minus: u128,
    },
    Text(String),
    Party(String),
    /// It was reported.
    Broken,
}

impl Check<'_> {
    /// The condition of a permit or a forbid.
    pub(super) fn rule(&mut self, rule: &hir::Rule) -> Option<Cond> {
        let mut parts = vec![self.membership(Axis::Action, &rule.actions)];
        self.selector(&rule.selector, &mut parts);
        for (actions, selector) in &rule.exceptions {
            let mut except = Vec::new();
            if let Some(actions) = actions {
                except.push(self.membership(Axis::Action, actions));
            }
            self.selector(selector, &mut except);
            parts.push(all(except).map(Cond::not));
        }
        all(parts)
    }

    /// What a selector selects; none for an empty one, `Some(None)` after an error.
    #[expect(clippy::option_option, reason = "whether there is a guard, and whether it could be understood")]
    pub(super) fn guard(&mut self, selector: &hir::Selector) -> Option<Option<Cond>> {
        let mut parts = Vec::new();
        self.selector(selector, &mut parts);
        if parts.is_empty() { None } else { Some(all(parts)) }
    }

    fn selector(&mut self, it: &hir::Selector, parts: &mut Vec<Option<Cond>>) {
        if let Some(names) = &it.purposes {
            parts.push(self.membership(Axis::Purpose, names));
        }
        if let Some(names) = &it.places {
            parts.push(self.membership(Axis::Place, names));
        }
        if let Some(names) = &it.kinds {
            parts.push(self.kinds(names));
        }
        if let Some(condition) = &it.when {
            parts.push(self.condition(condition));
        }
    }

    /// `by` kinds of principal: one of them, in the order of their names.
    fn kinds(&mut self, names: &Names) -> Option<Cond> {
        if names.including_unlisted {
            let span = names.names.last().map_or(Span::default(), |name| name.span);
            self.findings.push(
                Diagnostic::new(
                    Code::E0302,
                    span,
                    "kinds of principal are attested one by one: none is `unlisted`",
                )
                .help("remove `including unlisted`"),
            );
            return None;
        }
        let mut kinds = Vec::new();
        let mut broken = false;
        for name in &names.names {
            match self.fact(name, "kind of principal") {
                Some(fact) if self.scope.facts[fact as usize].ty == FactType::Kind => {
                    kinds.push((name.value.as_str(), fact));
                }
                Some(fact) => {
                    let ty = type_word(&self.scope.facts[fact as usize].ty);
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0302,
                            name.span,
                            format!("`{}` is not a kind of principal", name.value),
                        )
                        .label(format!("a fact of type `{ty}`"))
                        .help(format!("write it as a condition: when {} ...", name.value)),
                    );
                    broken = true;
                }
                None => broken = true,
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        let each = kinds.iter().map(|(_, fact)| yes(*fact));
        (!broken).then(|| Cond::or(each))
    }

    /// Names of one axis, as one membership.
    pub(super) fn membership(&mut self, axis: Axis, names: &Names) -> Option<Cond> {
        let found: Vec<Option<u32>> = names.names.iter().map(|name| self.term_of(axis, name)).collect();
        let indices: Vec<u32> = found.into_iter().collect::<Option<_>>()?;
        let terms = &self.scope.axes[axis as usize];
        Some(Cond::of(axis, terms, &indices, names.including_unlisted))
    }

    pub(super) fn term_of(&mut self, axis: Axis, name: &Name) -> Option<u32> {
        let terms = &self.scope.axes[axis as usize];
        if let Some(index) = core::term_index(terms, &name.value) {
            return Some(index);
        }
        if let Some(other) = AXES.iter().find(|other| {
            **other != axis && core::term_index(&self.scope.axes[**other as usize], &name.value).is_some()
        }) {
            self.findings.push(wrong_axis(name, axis, *other));
        } else if !self.scope.excuses(&name.value) {
            self.findings.push(unknown_term(self.scope, axis, name));
        }
        None
    }

    pub(super) fn condition(&mut self, condition: &Sp<hir::Cond>) -> Option<Cond> {
        match &condition.value {
            hir::Cond::And(list) => all(list.iter().map(|c| self.condition(c)).collect()),
            hir::Cond::Or(list) => {
                let parts: Vec<_> = list.iter().map(|c| self.condition(c)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>().map(Cond::or)
            }
            hir::Cond::Not(inner) => self.condition(inner).map(Cond::not),
            hir::Cond::Compare { left, op, right } => self.compare(left, *op, right),
            hir::Cond::In { left, set } => self.is_in(left, set),
            hir::Cond::Known(name) => {
                if self.defines.contains_key(name.value.as_str()) {
                    self.findings.push(
                        Diagnostic::new(Code::E0302, name.span, "only a fact can be known or not")
                            .label(format!("`{}` is a definition", name.value)),
                    );
                    return None;
                }
                self.fact(name, "fact").map(Cond::Known)
            }
            hir::Cond::Name(name) => self.bare(name),
            hir::Cond::Broken => None,
        }
    }

    /// A name that stands alone as a condition: a definition or a yes_no fact.
    fn bare(&mut self, name: &Name) -> Option<Cond> {
        if let Some(number) = self.defines.get(name.value.as_str()).copied() {
            self.used_defines.insert(number);
            return Some(Cond::Slot(number));
        }
        if let Some(axis) = AXES.iter().find(|axis| axis_word(**axis) == name.value) {
            self.findings.push(
                Diagnostic::new(Code::E0302, name.span, format!("`{}` alone is no condition", name.value))
                    .label("is it what?")
                    .help(format!("write `{} in` and a term", axis_word(*axis))),
            );
            return None;
        }
        let fact = self.fact(name, "condition")?;
        let ty = &self.scope.facts[fact as usize].ty;
        if matches!(ty, FactType::YesNo | FactType::Kind) {
            return Some(yes(fact));
        }
        let example = match ty {
            FactType::Count { .. } => format!("{} < 250", name.value),
            FactType::Party => format!("{} = @someone", name.value),
            _ => format!("{} = \"...\"", name.value),
        };
        self.findings.push(
            Diagnostic::new(
                Code::E0302,
                name.span,
                format!("`{}` is not true or false by itself", name.value),
            )
            .label(format!("a fact of type `{}`", type_word(ty)))
            .help(format!("compare it, as: {example}")),
        );
        None
    }

    /// `action in ...`
    fn is_in(&mut self, left: &Name, set: &[Name]) -> Option<Cond> {
        let Some(axis) = AXES.iter().find(|axis| axis_word(**axis) == left.value) else {
            if TIME_WORDS.contains(&left.value.as_str()) && !self.scope.fact_names.contains_key(&left.value) {
                self.findings.push(time_later(left));
            } else if !self.scope.excuses(&left.value) {
                self.findings.push(
                    Diagnostic::new(
                        Code::E0302,
                        left.span,
                        format!("`{}` cannot be `in` anything", left.value),
                    )
                    .label("not an axis")
                    .help("`in` asks for `action`, `purpose` or `place`; facts are compared"),
                );
            }
            return None;
        };
        self.membership(*axis, &Names { names: set.to_vec(), including_unlisted: false })
    }

    /// A fact by its name; none if it was reported or is excused.
    fn fact(&mut self, name: &Name, wanted: &str) -> Option<u32> {
        let text = name.value.as_str();
        if let Some(fact) = self.scope.fact_names.get(text) {
            return *fact;
        }
        if self.scope.unit_names.contains_key(text) {
            self.findings.push(quantity(name.span, text));
        } else if TIME_WORDS.contains(&text) {
            self.findings.push(time_later(name));
        } else if !self.scope.excuses(text) && !self.defines.contains_key(text) {
            let term =
                AXES.iter().find(|axis| core::term_index(&self.scope.axes[**axis as usize], text).is_some());
            let finding = match term {
                Some(axis) => {
                    let word = axis_word(*axis);
                    let article = if *axis == Axis::Action { "an" } else { "a" };
                    let edit = Edit { span: name.span, text: format!("{word} in {text}") };
                    Diagnostic::new(
                        Code::E0302,
                        name.span,
                        format!("`{text}` is {article} {word}, not a {wanted}"),
                    )
                    .label(format!("declared as {article} {word}"))
                    .fix(Safety::Ask, format!("write `{word} in {text}`"), vec![edit])
                }
                None => {
                    let known =
                        self.defines.keys().copied().chain(self.scope.fact_names.keys().map(String::as_str));
                    Diagnostic::new(Code::E0202, name.span, format!("no {wanted} is called `{text}`"))
                        .label(format!("not defined here, not in {}", self.scope.title()))
                        .did_you_mean(text, closest(text, known))
                }
            };
            self.findings.push(finding);
        }
        None
    }

    fn compare(&mut self, left: &Sp<Expr>, op: CompareOp, right: &Sp<Expr>) -> Option<Cond> {
        if left.value == Expr::Broken || right.value == Expr::Broken {
            // One side was reported; what the other means hangs on it.
            return None;
        }
        let sides = (self.side(left), self.side(right));
        let (fact, op, constant, span) = match sides {
            (Side::Broken, _) | (_, Side::Broken) => return None,
            (Side::Fact { .. }, Side::Fact { .. }) => {
                self.findings.push(
                    Diagnostic::new(
                        Code::E0308,
                        right.span,
                        "a fact is compared with a constant, not with a fact",
                    )
                    .label("so is this")
                    .also(left.span, "a fact")
                    .help("let whoever attests the facts attest their relation as a fact of its own"),
                );
                return None;
            }
            (fact @ Side::Fact { .. }, constant) => (fact, op, constant, right.span),
            (constant, fact @ Side::Fact { .. }) => (fact, turned(op), constant, left.span),
            _ => {
                self.findings.push(
                    Diagnostic::new(Code::E0302, left.span.to(right.span), "nothing here can vary")
                        .label("both sides are constants")
                        .help("compare a fact with a constant"),
                );
                return None;
            }
        };
        let Side::Fact { fact, plus, minus } = fact else { return None };
        match (self.scope.facts[fact as usize].ty.clone(), constant) {
            (FactType::Count { .. }, Side::Number { plus: up, minus: down }) => {
                // fact + plus - minus op up - down, so: fact op (up + minus) - (down + plus)
                let k = up.checked_add(minus).zip(down.checked_add(plus));
                let Some((up, down)) = k.filter(|(up, down)| up.saturating_sub(*down) <= core::NAT_MAX)
                else {
                    self.findings.push(super::vocabulary::out_of_range(span, "a constant", "0", "2^127 - 1"));
                    return None;
                };
                Some(compare_count(fact, op, up.checked_sub(down)))
            }
            (FactType::Text, Side::Text(text)) => self.equal(fact, op, text, span),
            (FactType::Party, Side::Party(handle)) => {
                self.handle(&Sp { value: handle.clone(), span });
                self.equal(fact, op, handle, span)
            }
            (ty, _) => {
                let name = self.scope.facts[fact as usize].name.clone();
                let (own, other) = if span == right.span { (left.span, span) } else { (right.span, span) };
                let help = match ty {
                    FactType::YesNo | FactType::Kind => format!("write `{name}` or `not {name}`"),
                    FactType::Count { .. } => format!("compare it with a whole number, as: {name} < 250"),
                    FactType::Text => format!("compare it with a text, as: {name} = \"...\""),
                    FactType::Party => format!("compare it with a party, as: {name} = @someone"),
                };
                self.findings.push(
                    Diagnostic::new(Code::E0302, other, format!("`{name}` cannot be compared with this"))
                        .label("another type")
                        .also(own, format!("a fact of type `{}`", type_word(&ty)))
                        .help(help),
                );
                None
            }
        }
    }

    fn equal(&mut self, fact: u32, op: CompareOp, text: String, span: Span) -> Option<Cond> {
        let equal = Cond::Compare { fact, cmp: Cmp::Equal, constant: Constant::Text(text) };
        match op {
            CompareOp::Equal => Some(equal),
            CompareOp::NotEqual => Some(equal.not()),
            _ => {
                self.findings.push(
                    Diagnostic::new(Code::E0302, span, "texts and parties have no order")
                        .label("compared by size")
                        .help("only `=` and `!=` make sense here"),
                );
                None
            }
        }
    }

    fn side(&mut self, expr: &Sp<Expr>) -> Side {
        match &expr.value {
            Expr::Sum(terms) => self.sum(terms, expr.span),
            Expr::Name(name) => {
                let name = Name { value: name.clone(), span: expr.span };
                if self.defines.contains_key(name.value.as_str()) {
                    self.findings.push(
                        Diagnostic::new(
                            Code::E0302,
                            expr.span,
                            format!("`{}` is a condition, not a value", name.value),
                        )
                        .label("true or false")
                        .help("join conditions with `and` and `or`"),
                    );
                    return Side::Broken;
                }
                match self.fact(&name, "fact") {
                    Some(fact) => Side::Fact { fact, plus: 0, minus: 0 },
                    None => Side::Broken,
                }
            }
            Expr::Int(value) => Side::Number { plus: *value, minus: 0 },
            Expr::Text(text) => Side::Text(text.clone()),
            Expr::Party(handle) => Side::Party(handle.clone()),
            Expr::Quantity(unit) => {
                self.findings.push(quantity(expr.span, &unit.value));
                Side::Broken
            }
            Expr::Money => {
                self.findings.push(
                    Diagnostic::new(Code::E0302, expr.span, "no fact of this build is an amount of money")
                        .label("an amount of money"),
                );
                Side::Broken
            }
            Expr::Condition => {
                self.findings.push(
                    Diagnostic::new(Code::E0302, expr.span, "a condition cannot be compared")
                        .label("true or false")
                        .help("join conditions with `and` and `or`"),
                );
                Side::Broken
            }
            Expr::Broken => Side::Broken,
        }
    }

    fn sum(&mut self, terms: &[(Sign, Sp<Expr>)], whole: Span) -> Side {
        let mut found: Option<(u32, Span)> = None;
        let (mut plus, mut minus) = (0u128, 0u128);
        for (sign, term) in terms {
            match self.side(term) {
                Side::Number { plus: up, minus: down } => {
                    let (up, down) = if *sign == Sign::Plus { (up, down) } else { (down, up) };
                    let sums = plus.checked_add(up).zip(minus.checked_add(down));
                    let Some((up, down)) = sums else {
                        self.findings.push(super::vocabulary::out_of_range(
                            term.span,
                            "a sum",
                            "0",
                            "2^127 - 1",
                        ));
                        return Side::Broken;
                    };
                    (plus, minus) = (up, down);
                }
                Side::Fact { fact, plus: up, minus: down } if *sign == Sign::Plus && found.is_none() => {
                    let Some((up, down)) = plus.checked_add(up).zip(minus.checked_add(down)) else {
                        return Side::Broken;
                    };
                    (plus, minus) = (up, down);
                    found = Some((fact, term.span));
                }
                Side::Fact { .. } => {
                    let finding =
                        Diagnostic::new(Code::E0309, term.span, "facts cannot be added or subtracted");
                    let finding = match found {
                        Some((_, first)) => finding.label("a second fact").also(first, "one fact"),
                        None => finding.label("a fact that is taken away"),
                    };
                    self.findings.push(
                        finding.help("let whoever attests the facts attest their sum as a fact of its own"),
                    );
                    return Side::Broken;
                }
                Side::Text(_) | Side::Party(_) => {
                    self.findings.push(
                        Diagnostic::new(Code::E0302, term.span, "only whole numbers can be added")
                            .label("not a number")
                            .also(whole, "in this sum"),
                    );
                    return Side::Broken;
                }
                Side::Broken => return Side::Broken,
            }
        }
        match found {
            Some((fact, _)) => Side::Fact { fact, plus, minus },
            None => Side::Number { plus, minus },
        }
    }
}

/// `and` of parts that were all understood.
fn all(parts: Vec<Option<Cond>>) -> Option<Cond> {
    parts.into_iter().collect::<Option<Vec<_>>>().map(Cond::and)
}

/// `fact op k`; no k: a number below zero, which no count reaches (but an unknown one stays unknown).
fn compare_count(fact: u32, op: CompareOp, k: Option<u128>) -> Cond {
    let compare = |cmp, k| Cond::Compare { fact, cmp, constant: Constant::Number(k) };
    let Some(k) = k else {
        let never = compare(Cmp::Less, 0);
        return match op {
            CompareOp::Less | CompareOp::AtMost | CompareOp::Equal => never,
            CompareOp::Greater | CompareOp::AtLeast | CompareOp::NotEqual => never.not(),
        };
    };
    match op {
        CompareOp::Less => compare(Cmp::Less, k),
        CompareOp::AtMost => compare(Cmp::LessEqual, k),
        CompareOp::Greater => compare(Cmp::LessEqual, k).not(),
        CompareOp::AtLeast => compare(Cmp::Less, k).not(),
        CompareOp::Equal => compare(Cmp::Equal, k),
        CompareOp::NotEqual => compare(Cmp::Equal, k).not(),
    }
}

/// The comparison seen from the other side.
fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::AtMost => CompareOp::AtLeast,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::AtLeast => CompareOp::AtMost,
        same => same,
    }
}

fn yes(fact: u32) -> Cond {
    Cond::Compare { fact, cmp: Cmp::Equal, constant: Constant::Number(1) }
}

pub(super) fn type_word(ty: &FactType) -> &'static str {
    match ty {
        FactType::YesNo => "yes_no",
        FactType::Count { .. } => "count",
        FactType::Text => "text",
        FactType::Party => "party",
        FactType::Kind => "kind",
    }
}

fn quantity(span: Span, unit: &str) -> Diagnostic {
    Diagnostic::new(Code::E0307, span, "a condition cannot ask how much is used")
        .label(format!("`{unit}` is a unit"))
        .help("amounts belong in `limit` and `charge`: asking for less must never turn a yes into a no")
}

fn time_later(name: &Name) -> Diagnostic {
    Diagnostic::not_yet(name.span, &format!("a condition on time (`{}`)", name.value))
}

fn wrong_axis(name: &Name, wanted: Axis, found: Axis) -> Diagnostic {
    let word = match found {
        Axis::Action => "directly after `permit` or `forbid`",
        Axis::Purpose => "after `for`",
        Axis::Place => "after `in`",
    };
    let (wanted, found) = (axis_word(wanted), axis_word(found));
    let article =
        |word: &str| if word == "action" { "an action" } else { return format!("a {word}") }.to_owned();
    Diagnostic::new(
        Code::E0204,
        name.span,
        format!("`{}` is {}, not {}", name.value, article(found), article(wanted)),
    )
    .label(format!("{} stands here", article(wanted)))
    .help(format!("{found}s stand {word}"))
}

/// A term that no vocabulary declares, with what it may have been.
pub(super) fn unknown_term(scope: &hir::scope::Scope, axis: Axis, name: &Name) -> Diagnostic {
    let terms = &scope.axes[axis as usize];
    let word = axis_word(axis);
    let suggestion = closest(&name.value, terms.iter().map(|term| term.name.as_str()));
    let parent = suggestion
        .as_ref()
        .and_then(|name| terms.iter().find(|term| term.name == *name))
        .and_then(|term| term.parents.first().copied());
    // The neighbours of the likely term, or the whole axis where it is small enough to be read.
    let listed: Vec<&str> = match parent {
        Some(_) => {
            terms.iter().filter(|t| t.parents.first().copied() == parent).map(|t| t.name.as_str()).collect()
        }
        None => terms.iter().map(|term| term.name.as_str()).collect(),
    };
    let finding = Diagnostic::new(Code::E0203, name.span, format!("no {word} is called `{}`", name.value))
        .label(format!("not in {}", scope.title()));
    let finding = match (parent, listed.len()) {
        (_, 0) | (None, 21..) => finding,
        (Some(parent), 1..) => finding.note(format!(
            "the kinds of `{}` are: {}",
            terms.get(parent as usize).map_or("", |term| &term.name),
            shortened(&listed)
        )),
        (None, _) => finding.note(format!("the {word}s are: {}", listed.join(", "))),
    };
    finding.did_you_mean(&name.value, suggestion)
}

fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN => format!("{}, ...", first.join(", ")),
        _ => names.join(", "),
    }
}
