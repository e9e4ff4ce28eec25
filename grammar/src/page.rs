//! The grammar as a page to read, derived from `license.lalrpop` and the token table, so that neither is written twice.

use std::fmt::Write;

use crate::token::{Kind, OTHERS, Standing, WORDS};

const GRAMMAR: &str = include_str!("license.lalrpop");

const OPENING: &str = "\
# The grammar of Licit, edition 2026

This page is generated from the parser's own grammar and token table; it is LR(1) without conflicts.
A name stands for a rule, a word or sign in quotes for itself, a word in capitals for a class of tokens (below).
A rule between braces is one of its alternatives. `X?` is an X or nothing, `X*` any number of them, `X+` at least one, `list(X)` one or more with commas between them.
`END` is not written by anyone: an item, a section or a line of a test ends where the next one begins, that is before a
label, a word that opens an item, or the closing brace.

";

const LEXICAL: &str = "
Blanks and line breaks only part tokens. `//` begins a comment that ends with its line; `///` documents the declaration or
item it precedes. In texts `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{1F600}` are escapes. Characters that cannot be seen or
that change the direction of writing are errors everywhere, in comments and texts, too. Braces, parentheses and `not` nest
at most 64 deep. Three or more capitals and a number are one token, MONEY, also where a name and a number are meant:
`vocabulary ODRL 2.2`.
";

/// The page, in Markdown.
pub fn grammar_page() -> String {
    let mut page = OPENING.to_owned();
    let mut open = false;
    for rule in rules() {
        match rule {
            Piece::Title(title) => {
                page.push_str(if open { "```\n\n" } else { "" });
                // Writing to a String cannot fail.
                let _ = write!(page, "## {title}\n\n```text\n");
                open = true;
            }
            Piece::Rule(rule) if open => page.push_str(&rule),
            Piece::Rule(_) => {}
        }
    }
    page.push_str("```\n\n## Classes of tokens\n\n| class | what it is |\n|---|---|\n");
    for (name, _, described) in OTHERS.iter().filter(|(name, kind, _)| {
        *kind != Kind::End && name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase())
    }) {
        if !described.is_empty() {
            let _ = writeln!(page, "| `{name}` | {described} |");
        }
    }
    page.push_str(LEXICAL);
    page.push_str("\n## Words\n\n");
    let standings = [
        (Standing::Reserved, "Reserved: a name only in back-quotes (a label may be any word)"),
        (
            Standing::Local,
            "Open a section of a vocabulary or a line of a test; elsewhere, and deeper inside, names like others",
        ),
        (
            Standing::Soft,
            "Names wherever a name can stand (`also` and `states` need back-quotes as terms in a vocabulary)",
        ),
    ];
    for (standing, meaning) in standings {
        let words: Vec<String> =
            WORDS.iter().filter(|word| word.2 == standing).map(|word| format!("`{}`", word.0)).collect();
        let _ = writeln!(page, "{meaning}: {}.\n", words.join(", "));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

enum Piece {
    Title(String),
    Rule(String),
}

/// The grammar's sections and rules, without what is the parser's business only.
fn rules() -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rule = String::new();
    let mut depth = 0;
    for line in GRAMMAR.lines() {
        if let Some(title) = line.strip_prefix("// ---- ") {
            pieces.push(Piece::Title(title.to_owned()));
            continue;
        }
        let line = line.split_once("// ").map_or(line, |(code, _)| code);
        if line.trim().is_empty() {
            continue;
        }
        rule.push_str(line.trim_end());
        rule.push('\n');
        // A rule ends with the semicolon that is not inside its braces.
        depth += braces(line);
        if line.trim_end().ends_with(';') && depth == 0 {
            let header = rule.split([':', '(']).next().unwrap_or_default();
            if !["Soft", "pub Start", "S<T>", "C<T>"].contains(&header) {
                pieces.push(Piece::Rule(stripped(&rule)));
            }
            rule.clear();
        }
    }
    pieces
}

/// How many more braces a line opens than it closes, quoted ones aside.
fn braces(line: &str) -> i32 {
    let mut quoted = false;
    let mut depth = 0;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// A rule without its type, its actions and the names of its parts.
fn stripped(rule: &str) -> String {
    let (name, rest) = rule.split_once(':').unwrap_or((rule, ""));
    let body = rest.split_once(" = ").map_or(rest, |(_, body)| body);
    let mut out = without_names(&without_actions(body));
    // Wrapped actions leave lines with nothing on them.
    let lines: Vec<&str> = out.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    out = lines.join("\n").replace(" ,", ",").replace(" ;", ";").replace("{,", "{ nothing,");
    format!("{name} = {}\n", out.trim())
}

/// Leaves out `=> action`, up to the comma, brace or semicolon that ends the alternative.
fn without_actions(body: &str) -> String {
    let mut out = String::new();
    let mut characters = body.chars().peekable();
    let (mut quoted, mut action, mut depth) = (false, false, 0_usize);
    while let Some(c) = characters.next() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && !action && c == '=' && characters.peek() == Some(&'>') {
            action = true;
            depth = 0;
            out.truncate(out.trim_end().len());
        } else if !quoted && action {
            match c {
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' if depth > 0 => depth -= 1,
                ',' | '}' | ';' if depth == 0 => action = false,
                _ => {}
            }
            if !action && c == '}' {
                out.push(' ');
            }
        }
        if !action {
            out.push(c);
        }
    }
    out
}

/// `<name:S<Int>?>` is `Int?`, `C<Name>` is `list(Name)`, places are nothing.
fn without_names(body: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    // For every open angle bracket what closes it.
    let mut open: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        if quoted || c == '"' {
            quoted ^= c == '"';
            out.push(c);
            rest = tail;
        } else if let Some(place) =
            ["<l:@L> ", "<r:@R> ", "<l:@L>", "<r:@R>"].iter().find_map(|place| rest.strip_prefix(place))
        {
            rest = place;
        } else if let Some(inner) = rest.strip_prefix("S<") {
            open.push("");
            rest = inner;
        } else if let Some(inner) = rest.strip_prefix("C<") {
            out.push_str("list(");
            open.push(")");
            rest = inner;
        } else if c == '<' {
            open.push("");
            let tail = tail.strip_prefix("mut ").unwrap_or(tail);
            let name = tail.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(0);
            rest = tail.get(name..).and_then(|tail| tail.strip_prefix(':')).unwrap_or(tail);
        } else if c == '>' {
            out.push_str(open.pop().unwrap_or_default());
            rest = tail;
        } else {
            out.push(c);
            rest = tail;
        }
    }
    out
}
