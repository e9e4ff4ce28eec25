//! The closed sets of the core with their numbers (`spec/core.md`) and their words (`spec/core-text.md`).

use super::{Aggregate, Anchor, Axis, BandKind, Cmp, Key, Rounding, Window};

/// A value of a closed set: known by a number in bytes and by a word in text.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// What the set is called in messages.
    const WHAT: &'static str;
    /// Every member.
    const ALL: &'static [(Self, u64, &'static str)];

    /// The member of this number.
    fn from_number(number: u64) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == number).map(|row| row.0)
    }

    /// The member of this word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.2 == word).map(|row| row.0)
    }

    /// The word of this member.
    fn word(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }
}

impl Word for Axis {
    const WHAT: &'static str = "axis";
    const ALL: &'static [(Self, u64, &'static str)] =
        &[(Axis::Action, 0, "action"), (Axis::Purpose, 1, "purpose"), (Axis::Place, 2, "place")];
}

impl Word for Cmp {
    const WHAT: &'static str = "comparison";
    const ALL: &'static [(Self, u64, &'static str)] =
        &[(Cmp::Less, 1, "<"), (Cmp::LessEqual, 2, "<="), (Cmp::Equal, 3, "=")];
}

impl Word for Key {
    const WHAT: &'static str = "key";
    const ALL: &'static [(Self, u64, &'static str)] =
        &[(Key::User, 1, "user"), (Key::Organisation, 2, "organisation"), (Key::Licensee, 3, "licensee")];
}

impl Word for Window {
    const WHAT: &'static str = "window";
    const ALL: &'static [(Self, u64, &'static str)] = &[
        (Window::Day, 1, "day"),
        (Window::Week, 2, "week"),
        (Window::Month, 3, "month"),
        (Window::Quarter, 4, "quarter"),
        (Window::Year, 5, "year"),
        (Window::Term, 6, "term"),
        (Window::Call, 7, "call"),
        (Window::Second, 8, "second"),
        (Window::Minute, 9, "minute"),
        (Window::Hour, 10, "hour"),
        (Window::Renewal, 11, "renewal"),
    ];
}

impl Word for Rounding {
    const WHAT: &'static str = "rounding";
    const ALL: &'static [(Self, u64, &'static str)] = &[
        (Rounding::HalfEven, 1, "half_even"),
        (Rounding::HalfUp, 2, "half_up"),
        (Rounding::Down, 3, "down"),
        (Rounding::Up, 4, "up"),
    ];
}

impl Word for Anchor {
    const WHAT: &'static str = "anchor";
    const ALL: &'static [(Self, u64, &'static str)] =
        &[(Anchor::Grant, 1, "grant"), (Anchor::FirstUse, 2, "first_use"), (Anchor::Release, 3, "release")];
}

impl Word for Aggregate {
    const WHAT: &'static str = "aggregate";
    const ALL: &'static [(Self, u64, &'static str)] = &[
        (Aggregate::Sum, 1, "sum"),
        (Aggregate::Highest, 2, "highest"),
        (Aggregate::Average, 3, "average"),
        (Aggregate::Last, 4, "last"),
    ];
}

impl Word for BandKind {
    const WHAT: &'static str = "kind of band";
    const ALL: &'static [(Self, u64, &'static str)] = &[(BandKind::At, 1, "at"), (BandKind::For, 2, "for")];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees<W: Word + std::fmt::Debug>(number: impl Fn(W) -> u64) {
        for (value, n, word) in W::ALL {
            assert_eq!(number(*value), *n);
            assert_eq!(W::from_number(*n), Some(*value));
            assert_eq!(W::from_word(word), Some(*value));
            assert_eq!(value.word(), *word);
        }
    }

    #[test]
    fn tables_agree_with_the_discriminants_that_the_encoder_writes() {
        agrees::<Axis>(|it| it as u64);
        agrees::<Cmp>(|it| it as u64);
        agrees::<Key>(|it| it as u64);
        agrees::<Window>(|it| it as u64);
        agrees::<Rounding>(|it| it as u64);
        agrees::<Anchor>(|it| it as u64);
        agrees::<Aggregate>(|it| it as u64);
        agrees::<BandKind>(|it| it as u64);
    }
}
