//! From the syntax tree to hir: conditions and test blocks.

use licit_grammar::Span;
use licit_grammar::ast;
use licit_grammar::span::Spanned;

use super::from_ast::{Lower, dec};
use super::*;
use crate::diagnostic::{Code, Diagnostic};

/// Words that mean the time of an invocation.
pub(crate) const TIME_WORDS: [&str; 5] = ["at", "date", "weekday", "time", "grant_age"];

impl Lower<'_> {
    pub(super) fn condition(&mut self, condition: &Spanned<ast::Cond>) -> Sp<Cond> {
        let value = match &condition.value {
            ast::Cond::Or(list) => Cond::Or(list.iter().map(|c| self.condition(c)).collect()),
            ast::Cond::And(list) => Cond::And(list.iter().map(|c| self.condition(c)).collect()),
            ast::Cond::Not(inner) => Cond::Not(Box::new(self.condition(inner))),
            ast::Cond::Compare { left, op, right } => {
                Cond::Compare { left: self.expr(left), op: op.value, right: self.expr(right) }
            }
            ast::Cond::In { left, set } => self.membership(left, set),
            ast::Cond::Known(expr) => match self.plain_name(expr) {
                Some(name) => Cond::Known(name),
                None => Cond::Broken,
            },
            ast::Cond::Test(expr) => match &expr.value {
                ast::Expr::Paren(inner) => return self.condition(inner),
                _ => match self.plain_name(expr) {
                    Some(name) => Cond::Name(name),
                    None => Cond::Broken,
                },
            },
            ast::Cond::Error => Cond::Broken,
        };
        Sp { value, span: self.at(condition.span) }
    }

    fn membership(&mut self, left: &Spanned<ast::Expr>, set: &Spanned<ast::Set>) -> Cond {
        let set = match &set.value {
            ast::Set::Term(name) => vec![self.name(name)],
            ast::Set::Terms(names) => names.iter().map(|name| self.name(name)).collect(),
            ast::Set::Words { .. } | ast::Set::Times { .. } => {
                self.later(set.span, "a condition on weekdays or times of day");
                return Cond::Broken;
            }
        };
        match self.plain_name(left) {
            Some(left) => Cond::In { left, set },
            None => Cond::Broken,
        }
    }

    /// A name that stands where a condition or a fact is expected; none if something was reported.
    fn plain_name(&mut self, expr: &Spanned<ast::Expr>) -> Option<Name> {
        match self.expr(expr) {
            Sp { value: Expr::Name(value), span } => Some(Sp { value, span }),
            Sp { value: Expr::Broken, .. } => None,
            Sp { value: Expr::Quantity(_), span } => {
                self.findings.push(
                    Diagnostic::new(Code::E0307, span, "a quantity cannot stand in a condition")
                        .help("quantities belong in `limit` and `charge`"),
                );
                None
            }
            Sp { span, .. } => {
                self.findings.push(
                    Diagnostic::new(Code::E0302, span, "a condition is expected here")
                        .label("this is a value")
                        .help("compare it with something, or name a fact that is `yes_no`"),
                );
                None
            }
        }
    }

    pub(super) fn expr(&mut self, expr: &Spanned<ast::Expr>) -> Sp<Expr> {
        let value = match &expr.value {
            ast::Expr::Name(name) => Expr::Name(name.value.clone()),
            ast::Expr::Int(int) => Expr::Int(int.value),
            ast::Expr::Quantity { unit, .. } => Expr::Quantity(self.name(unit)),
            ast::Expr::Text(text) => Expr::Text(text.clone()),
            ast::Expr::Party(handle) => Expr::Party(handle.clone()),
            ast::Expr::Money(_) => Expr::Money,
            ast::Expr::Paren(inner) => match &inner.value {
                ast::Cond::Test(expr) => return self.expr(expr),
                ast::Cond::Error => Expr::Broken,
                _ => Expr::Condition,
            },
            ast::Expr::Sum { first, rest } => {
                let mut terms = vec![(Sign::Plus, self.expr(first))];
                terms.extend(rest.iter().map(|(sign, term)| (*sign, self.expr(term))));
                Expr::Sum(terms)
            }
            ast::Expr::Qualified { .. } => self.expr_later(expr.span, "a name of another licence"),
            ast::Expr::AsOf { .. } => self.expr_later(expr.span, "a fact `as of` a date"),
            ast::Expr::Moment(_) | ast::Expr::Time(_) => self.expr_later(expr.span, "a condition on time"),
            ast::Expr::Dec(_) | ast::Expr::Percent(_) => {
                let place = self.at(expr.span);
                self.findings.push(
                    Diagnostic::new(Code::E0302, place, "facts are compared with whole numbers")
                        .label("not a whole number"),
                );
                Expr::Broken
            }
        };
        Sp { value, span: self.at(expr.span) }
    }

    fn expr_later(&mut self, span: Span, construct: &str) -> Expr {
        self.later(span, construct);
        Expr::Broken
    }

    pub(super) fn test(&mut self, it: &ast::Test) -> Test {
        let steps = it.steps.iter().map(|step| Step {
            span: self.at(step.span),
            given: step.given.iter().map(|given| self.given(given)).collect(),
            ask: step.ask.as_ref().map(|ask| Sp { value: self.ask(ask), span: self.at(ask.span) }),
            expect: step.expect.iter().map(|expect| self.expect(expect)).collect(),
        });
        let steps = steps.collect();
        Test { name: self.name(&it.name), subject: self.name(&it.subject), steps }
    }

    fn own_clause(&mut self, clause: &ast::ClauseRef) -> Option<Name> {
        match &clause.owner {
            None => Some(self.name(&clause.label)),
            Some(owner) => {
                self.later(owner.span, "a clause of another licence");
                None
            }
        }
    }

    fn given(&mut self, given: &Spanned<ast::Given>) -> Sp<Given> {
        let value = match &given.value {
            ast::Given::Counter { clause, case, key, at } => match (self.own_clause(clause), &at.value) {
                (None, _) => Given::Broken,
                (Some(clause), amount) => {
                    let at = match amount {
                        ast::Amount::Quantity { count, unit } => {
                            At::Quantity(self.int(count), self.name(unit))
                        }
                        ast::Amount::Money(money) => At::Money(self.money(money, at.span)),
                        ast::Amount::Name(name) => {
                            self.parameter(name);
                            return Sp { value: Given::Broken, span: self.at(given.span) };
                        }
                    };
                    let case = case.as_ref().map(|case| self.int(case));
                    Given::Counter { clause, case, key: key.as_ref().map(|key| self.name(key)), at }
                }
            },
            ast::Given::Duty { clause, status } => match self.own_clause(clause) {
                Some(clause) => Given::Duty { clause, status: self.name(status) },
                None => Given::Broken,
            },
            ast::Given::Mark { mark, on } => Given::Mark { mark: self.name(mark), on: self.moment(on) },
            ast::Given::Error => Given::Broken,
        };
        Sp { value, span: self.at(given.span) }
    }

    pub(super) fn ask(&mut self, it: &ast::Ask) -> Ask {
        let mut quantities = Vec::new();
        for quantity in &it.quantities {
            match &quantity.number.value {
                ast::QuantityNumber::Int(int) => quantities.push((
                    Sp { value: int.value, span: self.at(quantity.number.span) },
                    self.name(&quantity.unit),
                )),
                ast::QuantityNumber::Money(_) => {
                    self.later(quantity.span, "a quantity that is an amount of money");
                }
            }
        }
        let mut facts = Vec::new();
        for fact in &it.facts {
            if let Some(as_of) = &fact.as_of {
                self.later(as_of.span, "a fact `as of` a date");
                continue;
            }
            let (name, value, place) = (&fact.value.name, &fact.value.value, fact.span);
            let span = self.at(value.span);
            let value = match &value.value {
                ast::FactValue::YesNo(value) => AskValue::YesNo(*value),
                ast::FactValue::Int(int) => AskValue::Int(int.value),
                ast::FactValue::Text(text) => AskValue::Text(text.clone()),
                ast::FactValue::Party(handle) => AskValue::Party(handle.clone()),
                ast::FactValue::Money(_) => {
                    self.later(place, "a fact that is an amount of money");
                    AskValue::Broken
                }
            };
            facts.push((self.name(name), Sp { value, span }));
        }
        Ask {
            user: self.name(&it.user),
            organisation: it.organisation.as_ref().map(|name| self.name(name)),
            kinds: it.kinds.iter().map(|name| self.name(name)).collect(),
            action: self.name(&it.action),
            quantities,
            purpose: it.purpose.as_ref().map(|name| self.name(name)),
            place: it.place.as_ref().map(|name| self.name(name)),
            on: it.on.as_ref().map(|moment| self.moment(moment)),
            facts,
        }
    }

    fn expect(&mut self, expect: &Spanned<ast::Expect>) -> Sp<Expect> {
        let value = match &expect.value {
            ast::Expect::Permit => Expect::Permit,
            ast::Expect::Deny(deny) => {
                let subject = deny.subject.as_ref().map(|subject| self.own_clause(subject));
                let by = deny.by.as_ref().map(|by| self.own_clause(by));
                let reason = deny.reason.as_ref().map(|reason| reason.value);
                // No clause says that nothing permits: behind `by`, too, a guard is what the reason names.
                let (subject, by) = match (reason, subject, by) {
                    (Some(ast::Reason::NotPermitted), None, Some(Some(guard)))
                        if GUARDS.contains(&guard.value.as_str()) =>
                    {
                        (Some(Some(guard)), None)
                    }
                    (_, subject, by) => (subject, by),
                };
                if subject == Some(None) || by == Some(None) {
                    Expect::Broken
                } else {
                    Expect::Deny { reason, subject: subject.flatten(), by: by.flatten() }
                }
            }
            ast::Expect::Charge(money) => Expect::Charge(money.currency.clone(), dec(&money.amount)),
            ast::Expect::Due(money) => Expect::Due(money.currency.clone(), dec(&money.amount)),
            ast::Expect::Must(clause) => self.own_clause(clause).map_or(Expect::Broken, Expect::Must),
            ast::Expect::Owe { .. } => {
                self.later(expect.span, "`owe`");
                Expect::Broken
            }
            ast::Expect::Pay { .. } => {
                self.later(expect.span, "`pay`");
                Expect::Broken
            }
            ast::Expect::Error => Expect::Broken,
        };
        Sp { value, span: self.at(expect.span) }
    }
}
