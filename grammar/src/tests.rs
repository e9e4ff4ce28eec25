//! Properties of the whole crate over generated and mutated texts.

use proptest::prelude::*;

use crate::ast::DeclKind;
use crate::token::{Kind, OTHERS, Standing, WORDS};
use crate::{ErrorKind, FormatError, Parse, format, lexer, parse, recover};

const SAMPLES: [&str; 2] =
    [include_str!("../tests/samples/harbour.licit"), include_str!("../tests/samples/everything.licit")];

/// Every span that a debug print shows lies in the text, the right way round, on character boundaries.
fn check_spans(text: &str, shown: &str) {
    for place in shown.split("Span { start: ").skip(1) {
        let numbers = place.split('}').next().unwrap_or_default();
        let (start, end) = numbers.split_once(", end: ").expect("a span is shown as start and end");
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.trim().parse().unwrap());
        assert!(text.get(start..end).is_some(), "{start}..{end} of {} bytes:\n{text}", text.len());
    }
}

/// What must hold of any text.
fn check(text: &str) -> Parse {
    let parsed = parse(text);
    check_spans(text, &format!("{parsed:?}"));
    assert!(parsed.errors.len() <= crate::MAX_ERRORS + 1);
    match format(text) {
        Ok(formatted) => {
            assert!(parsed.errors.is_empty());
            let again = parse(&formatted);
            assert_eq!(again.file, parsed.file, "{text}\n----\n{formatted}");
            assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "{text}");
        }
        Err(FormatError::Syntax(errors)) => assert_eq!(errors, parsed.errors),
        Err(FormatError::Unfaithful) => panic!("the formatter changes the meaning of:\n{text}"),
    }
    let _ = crate::parse_ask(text);
    parsed
}

/// The lexemes of a text, comments left out.
fn lexemes(text: &str) -> Vec<&str> {
    lexer::lex(text).tokens.iter().map(|token| &text[token.span.range()]).collect()
}

fn joined(lexemes: &[&str]) -> String {
    lexemes.join(" ")
}

#[test]
fn the_samples_are_right() {
    for sample in SAMPLES {
        assert_eq!(check(sample).errors, []);
    }
}

#[test]
fn a_file_on_one_line_says_the_same() {
    for sample in SAMPLES {
        let mut file = parse(sample).file;
        // The comments are gone, and with them the documentation.
        for decl in &mut file.decls {
            decl.value.docs.clear();
            match &mut decl.value.kind {
                DeclKind::License(license) => {
                    license.items.iter_mut().for_each(|item| item.value.docs.clear());
                }
                DeclKind::Template(template) => {
                    template.items.iter_mut().for_each(|item| item.value.docs.clear());
                }
                _ => {}
            }
        }
        let flat = check(&joined(&lexemes(sample)));
        assert_eq!(flat.errors, []);
        assert_eq!(flat.file, file);
    }
}

#[test]
fn both_ways_to_a_tree_agree() {
    for sample in SAMPLES {
        for text in [sample.to_owned(), joined(&lexemes(sample)), format(sample).unwrap()] {
            let lexed = lexer::lex(&text);
            let (straight, errors) = recover::file(&text, &lexed);
            assert_eq!(errors, []);
            let (pieces, errors) = recover::pieces(&text, &lexed);
            assert_eq!(errors, []);
            // Spans included.
            assert_eq!(format!("{straight:?}"), format!("{pieces:?}"));
        }
    }
}

#[test]
fn every_word_is_a_term() {
    for &(word, _, standing) in WORDS {
        for place in [
            "actions use { X }",
            "purposes any { X other }",
            "places world { other X }",
            "actions use { a { X { b } } c }",
        ] {
            let written = if standing == Standing::Reserved { format!("`{word}`") } else { word.to_owned() };
            // Two words of the tree's own syntax need the quotes there as well.
            let written = if matches!(word, "also" | "states") { format!("`{word}`") } else { written };
            let text = format!("licit 2026\nvocabulary v 1.0 {{ {} }}", place.replace('X', &written));
            assert_eq!(check(&text).errors, [], "{text}");
            let found = format!("{:?}", parse(&text).file);
            assert!(found.contains(&format!("\"{word}\"")), "{word} is a term");
            let selected = format!(
                "licit 2026\nlicense L version 1 {{ a: permit {written} for b, {written} in {written} }}"
            );
            assert_eq!(parse(&selected).errors, [], "{selected}");
            let label = format!("licit 2026\nlicense L version 1 {{ {word}: permit a }}");
            assert_eq!(parse(&label).errors, [], "{label}");
        }
    }
}

#[test]
fn a_reserved_word_as_a_term_asks_for_back_quotes() {
    for &(word, _, standing) in WORDS {
        if standing != Standing::Reserved {
            continue;
        }
        for text in [
            format!("licit 2026\nvocabulary v 1.0 {{ actions use {{ a {word} b }} }}"),
            format!("licit 2026\nlicense L version 1 {{ a: permit b for c, {word}, d }}"),
            format!("licit 2026\nlicense {word} version 1 {{\n  licensor @x\n}}"),
        ] {
            let errors = parse(&text).errors;
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
            assert_eq!(errors[0].kind, ErrorKind::ReservedWord { word: word.to_owned() }, "{text}");
        }
    }
}

#[test]
fn the_grammar_and_the_table_name_the_same_words() {
    let grammar = include_str!("license.lalrpop");
    let block = |from: &str, to: &str| grammar.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let terminals = block("enum Kind {", "}\n}");
    for (name, kind) in WORDS
        .iter()
        .map(|(word, kind, _)| (word, kind))
        .chain(OTHERS.iter().map(|(name, kind, _)| (name, kind)))
    {
        assert!(terminals.contains(&format!("\"{name}\" => Kind::{kind:?}")), "{name}");
    }
    assert_eq!(terminals.matches("=>").count(), WORDS.len() + OTHERS.len());
    let soft = block("\nSoft: () = {", "\n};");
    for (word, _, standing) in WORDS {
        let listed = soft.contains(&format!("\"{word}\" =>")) || matches!(*word, "also" | "states");
        assert_eq!(listed, *standing != Standing::Reserved, "{word}");
    }
}

/// All ways to leave out, double or swap one token, every `stride`th of them.
fn mutations(sample: &str, stride: usize, mut each: impl FnMut(&str)) {
    let whole = lexemes(sample);
    for index in (0..whole.len()).step_by(stride) {
        let mut fewer = whole.clone();
        let token = fewer.remove(index);
        each(&joined(&fewer));
        let mut more = whole.clone();
        more.insert(index, token);
        each(&joined(&more));
        let mut swapped = whole.clone();
        swapped.swap(index, (index + 1) % whole.len());
        each(&joined(&swapped));
    }
}

#[test]
fn one_token_less_more_or_elsewhere() {
    for sample in SAMPLES {
        let mut right = 0;
        mutations(sample, 29, |text| right += usize::from(check(text).errors.is_empty()));
        assert!(right > 0, "some texts stay right");
    }
}

fn lexeme() -> impl Strategy<Value = String> {
    let words: Vec<String> = WORDS.iter().map(|(word, ..)| (*word).to_owned()).collect();
    let openers: Vec<String> = [
        "license X version 1 {\n",
        "vocabulary v 1.0 {\n",
        "test \"t\" for X {\n",
        "}\n",
        "a: permit b",
        "fee: charge",
        "licit 2026\n",
    ]
    .map(str::to_owned)
    .to_vec();
    let others: Vec<String> = [
        "a",
        "b",
        "`x`",
        "y:",
        "`z`:",
        "1",
        "1_000",
        "2.5",
        "6%",
        "EUR 0.40",
        "2026-01-31",
        "2026-05-31T12:00Z",
        "08:30",
        "08:30..18:00",
        "mon..fri",
        "Europe/Paris",
        "@acme",
        "sha256:0a",
        "\"t\"",
        "over",
        "not-yet",
        "{",
        "}",
        "(",
        ")",
        ",",
        ".",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "// c\n",
        "/// d\n",
        "\n",
        "1,000",
        "5k",
        "\"",
        "`",
        "$",
        "é",
        "2026-02-30",
        "\u{202e}",
        "\\",
        "@",
        "EUR",
        ":",
    ]
    .map(str::to_owned)
    .to_vec();
    prop_oneof![3 => prop::sample::select(words), 1 => prop::sample::select(openers), 4 => prop::sample::select(others)]
}

/// Blanks and comments between tokens. A comment ends with its line.
fn filler() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        " ",
        "  ",
        "\n",
        "\n\n",
        "\n\n\n   ",
        "\t",
        " // trailing\n",
        "\n// own line\n",
        "\n\n  // own é \n\n",
        " //\n",
        "\n////\n",
        "\r\n",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_row_of_tokens(soup in prop::collection::vec(lexeme(), 0..60)) {
        check(&soup.join(" "));
        check(&format!("licit 2026 license X version 1 {{ {} }}", soup.join(" ")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comments_and_blanks_anywhere(which in 0..SAMPLES.len(), fillers in prop::collection::vec(filler(), 1..40), often in 1..9_usize) {
        let plain = joined(&lexemes(SAMPLES[which]));
        let mut text = String::new();
        for (index, lexeme) in lexemes(SAMPLES[which]).into_iter().enumerate() {
            text.push_str(lexeme);
            text.push_str(if index % often == 0 { fillers[index % fillers.len()] } else { " " });
        }
        let parsed = check(&text);
        prop_assert_eq!(&parsed.errors, &[]);
        prop_assert_eq!(parsed.file, parse(&plain).file);
        let formatted = format(&text).unwrap();
        let kept = |parse: &Parse| parse.comments.iter().map(|comment| comment.text.clone()).collect::<Vec<_>>();
        prop_assert_eq!(kept(&parse(&formatted)), kept(&parse(&text)));
        prop_assert!(formatted.lines().all(|line| line.trim_end() == line));
    }

    #[test]
    fn several_tokens_wrong(which in 0..SAMPLES.len(), edits in prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), lexeme()), 1..6)) {
        let mut tokens: Vec<String> = lexemes(SAMPLES[which]).into_iter().map(str::to_owned).collect();
        for (edit, at, lexeme) in edits {
            let at = at.index(tokens.len());
            match edit {
                0 => { tokens.remove(at); }
                1 => tokens.insert(at, lexeme),
                2 => tokens[at] = lexeme,
                _ => tokens.truncate(at.max(1)),
            }
        }
        check(&tokens.join(" "));
    }
}

#[test]
fn words_describe_themselves() {
    assert_eq!(Kind::Permit.described(), "`permit`");
    assert_eq!(Kind::of_word("permit").and_then(Kind::standing), Some(Standing::Reserved));
}
