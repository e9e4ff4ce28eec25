//! What stands longer than one call: anchored terms, renewal, credit.

use super::from_hir::Check;
use super::limits::optional;
use super::vocabulary::out_of_range;
use crate::core::{self, Anchor, Axis, Bits, Key, Period, Point, TermSpan};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Name, Sp};
use crate::suggest::closest;

impl Check<'_> {
    /// `90 hours from first use`: from a grant or a release the term also begins there.
    pub(super) fn lasting(&mut self, length: &hir::Length, from: &hir::Anchor) -> Option<TermSpan> {
        let period = self.period(length);
        let anchor = self.anchor(from)?;
        let period = period?;
        if is_nothing(period) {
            self.findings.push(
                Diagnostic::new(Code::E0502, length.span, "the term is over before it begins")
                    .label("no time at all")
                    .help("give it a length, as `term 90 hours from first use`"),
            );
            return None;
        }
        let point = |period| Point::Anchored { anchor, period };
        Some(TermSpan {
            from: (anchor != Anchor::FirstUse).then(|| point(Period::Seconds(0))),
            until: Some(point(period)),
        })
    }

    fn anchor(&mut self, it: &hir::Anchor) -> Option<Anchor> {
        const ANCHORS: [(&str, Anchor); 3] =
            [("grant", Anchor::Grant), ("release", Anchor::Release), ("first use", Anchor::FirstUse)];
        if it.event.value.is_empty() {
            return None;
        }
        let text = if it.first { format!("first {}", it.event.value) } else { it.event.value.clone() };
        let found = ANCHORS.iter().find(|(word, _)| *word == text).map(|(_, anchor)| *anchor);
        if found.is_none() {
            let known = ANCHORS.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(Code::E0202, it.span, format!("nothing begins with `{text}`"))
                    .label("not an event")
                    .note(format!("the events are: {}", known.join(", ")))
                    .did_you_mean(&text, closest(&text, known)),
            );
        }
        found
    }

    pub(super) fn renewal(&mut self) -> Option<core::Renewal> {
        const PERIODS: [(&str, Period); 5] = [
            ("day", Period::Days(1)),
            ("week", Period::Days(7)),
            ("month", Period::Months(1)),
            ("quarter", Period::Months(3)),
            ("year", Period::Months(12)),
        ];
        let licence = self.licence;
        let Sp { value: it, span } = licence.renews.given()?;
        if let Some(term) = licence.term.given() {
            self.findings.push(
                Diagnostic::new(Code::E0201, *span, "a licence has a `term`, or it `renews`")
                    .label("ends when it is no longer paid")
                    .also(term.span, "ends here")
                    .help("remove one of the two: what is renewed has no other end"),
            );
        }
        let text = it.each.value.as_str();
        let period = PERIODS.iter().find(|(word, _)| *word == text).map(|(_, period)| *period);
        if period.is_some() {
            self.calendar_uses.push((it.each.span, format!("\"each {text}\" needs to know whose {text}")));
        } else if !text.is_empty() {
            let known = PERIODS.map(|(word, _)| word);
            self.findings.push(
                Diagnostic::new(Code::E0202, it.each.span, format!("nothing renews each `{text}`"))
                    .label("not a period of renewal")
                    .note(format!("it renews each: {}", known.join(", ")))
                    .did_you_mean(text, closest(text, known)),
            );
        }
        match self.anchor(&it.from) {
            Some(Anchor::Grant) | None => {}
            Some(_) => {
                self.findings.push(Diagnostic::not_yet(it.from.span, "a renewal that is not `from grant`"));
            }
        }
        let grace = it.grace.as_ref().map(|(length, acts)| self.grace(length, acts.as_ref()));
        Some(core::Renewal { period: period?, grace: optional(grace)? })
    }

    /// The acts that go on; where none are named, all of them, unlisted ones included.
    fn grace(&mut self, length: &hir::Length, acts: Option<&hir::Names>) -> Option<core::Grace> {
        let period = self.some_time(length, "a grace");
        let (acts, acts_unknown) = match acts {
            None => {
                let all = 0..self.scope.axes[Axis::Action as usize].len() as u32;
                (Bits(all.collect()), Bits::default())
            }
            Some(names) => match self.membership(Axis::Action, names)? {
                core::Cond::In { yes, unknown, .. } => (yes, unknown),
                _ => return None,
            },
        };
        Some(core::Grace { period: period?, acts, acts_unknown })
    }

    /// A length of time above zero.
    pub(super) fn some_time(&mut self, length: &hir::Length, what: &str) -> Option<Period> {
        let period = self.period(length)?;
        if is_nothing(period) {
            self.findings.push(out_of_range(length.count.span, what, "1 second", "2^127 - 1 seconds"));
            return None;
        }
        Some(period)
    }

    pub(super) fn corrections(&mut self) -> Option<Period> {
        let licence = self.licence;
        licence.corrections.given().and_then(|it| self.some_time(&it.value, "the time for corrections"))
    }

    pub(super) fn prepaid(
        &mut self,
        label: &str,
        clause: &hir::Clause,
        it: &hir::Prepaid,
    ) -> Option<core::Prepaid> {
        self.priced.get_or_insert((clause.span, "credit is money"));
        self.purse.get_or_insert((clause.span, "prepaid credit"));
        let key = self.key_alone(&it.per, "credit lasts until it is used up");
        let guard = optional(self.guard(&it.selector));
        Some(core::Prepaid { label: label.to_owned(), key: key?, guard: guard? })
    }

    /// Whose counter it is, where nothing is counted over a window.
    pub(super) fn key_alone(&mut self, per: &[Name], why: &str) -> Option<Key> {
        let (window, key) = self.windows_and_keys(per)?;
        if let Some((_, span)) = window {
            self.findings.push(
                Diagnostic::new(Code::E0706, span, "nothing is counted over a window here")
                    .label("a window")
                    .note(why)
                    .help("leave the window out"),
            );
            return None;
        }
        Some(key.map_or(Key::Licensee, |(key, _)| key))
    }
}

fn is_nothing(period: Period) -> bool {
    let (Period::Seconds(n) | Period::Days(n) | Period::Months(n)) = period;
    n == 0
}
