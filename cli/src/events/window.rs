//! Windows as they are written: what [`crate::book::span_words`] writes, read back.

use crate::instant;
use licit_bytecode::Window;
use licit_ledger::Span;

/// The window that a text names.
pub fn span_of(text: &str) -> Option<Span> {
    let digits = |text: &str, count: usize| {
        let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| text.parse::<i64>().ok()).flatten()
    };
    if text == "the whole term" {
        return Some(Span::new(Window::Term, 0));
    }
    if let Some(first) = text.strip_prefix("week from ") {
        // 1970-01-01 was a Thursday; weeks begin on Mondays.
        let day = instant::date(first)?.checked_add(3)?;
        return (day.rem_euclid(7) == 0).then(|| Span::new(Window::Week, day.div_euclid(7)));
    }
    if let Some((year, quarter)) = text.split_once(" quarter ") {
        let (year, quarter) = (digits(year, 4)?, digits(quarter, 1).filter(|it| (1..=4).contains(it))?);
        return Some(Span::new(Window::Quarter, (year - 1970) * 4 + quarter - 1));
    }
    if let Some(day) = instant::date(text) {
        return Some(Span::new(Window::Day, day));
    }
    if let Some((year, month)) = instant::month(text) {
        return Some(Span::new(Window::Month, (year - 1970) * 12 + month - 1));
    }
    digits(text, 4).map(|year| Span::new(Window::Year, year - 1970))
}

/// How such a window is written.
pub fn example(window: Window) -> &'static str {
    match window {
        Window::Day => "days, as 2026-05-31",
        Window::Week => "weeks, as `week from 2026-05-25`",
        Window::Month => "months, as 2026-05",
        Window::Quarter => "quarters, as `2026 quarter 2`",
        Window::Year => "years, as 2026",
        Window::Term => "`the whole term`",
        _ => "nothing: each call is settled by itself",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::span_words;

    #[test]
    fn every_window_is_read_as_it_is_written() {
        for (kind, index) in [(1, 19_677), (1, 0), (2, 2_811), (2, 0), (3, 646), (4, 215), (5, 53), (6, 0)] {
            let span = Span { kind, index };
            assert_eq!(span_of(&span_words(kind, index)), Some(span));
        }
        for text in
            ["", "2026-", "2026-13", "week from 2026-05-26", "2026 quarter 5", "term", "each call by itself"]
        {
            assert_eq!(span_of(text), None, "{text}");
        }
    }
}
