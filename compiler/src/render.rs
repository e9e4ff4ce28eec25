//! Findings drawn for people. *Invariant:* the only file that names ariadne.

use ariadne::{Cache, Color, Config, IndexType, Label as Drawn, Report, ReportKind, sources};
use licit_grammar::Span;

use crate::diagnostic::{Diagnostic, Safety, Severity};
use crate::standard;

/// Draws one finding about the file `path`. `sources` are (path, text) of every file a label may point into, this one
/// included, but not those of the standard library; a label into an unknown file is left out. Colours are ANSI sequences.
pub fn render(finding: &Diagnostic, path: &str, texts: &[(&str, &str)], colours: bool) -> String {
    render_all(std::slice::from_ref(finding), path, texts, colours)
}

/// Draws findings about the file `path` one after the other: see [`render`].
pub fn render_all(findings: &[Diagnostic], path: &str, texts: &[(&str, &str)], colours: bool) -> String {
    let mut texts: Vec<(String, String)> =
        texts.iter().map(|(path, text)| (visible(path), visible(text))).collect();
    // What a host does not know: the modules of the standard library.
    for path in findings.iter().flat_map(|finding| &finding.secondary).filter_map(|it| it.path.as_deref()) {
        if let Some(text) = standard::text(path)
            && texts.iter().all(|(known, _)| known != path)
        {
            texts.push((path.to_owned(), text.to_owned()));
        }
    }
    // Texts are cut into lines once, not once a finding.
    let mut lines = sources(texts.clone());
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let path = visible(path);
    findings.iter().map(|finding| draw(&tame(finding), &path, &texts, colours, &mut lines)).collect()
}

/// A text as it may be shown: what would command the terminal or change the order of a line is replaced by as many bytes.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if rest.peek() == Some(&'\n') => out.push(c),
            '\0'..='\u{1f}' | '\u{7f}' => out.push('?'),
            // These take two bytes and three.
            '\u{80}'..='\u{9f}' | '\u{61c}' => out.push('\u{bf}'),
            '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A finding whose words, which may quote its file, can be shown.
fn tame(finding: &Diagnostic) -> Diagnostic {
    let mut out = finding.clone();
    let labels = std::iter::once(&mut out.primary).chain(&mut out.secondary);
    for label in labels {
        label.message = visible(&label.message);
        label.path = label.path.as_deref().map(visible);
    }
    let fixes = out.fixes.iter_mut().map(|fix| &mut fix.message);
    for words in [&mut out.message].into_iter().chain(&mut out.notes).chain(&mut out.help).chain(fixes) {
        *words = visible(words);
    }
    out
}

fn draw(
    finding: &Diagnostic,
    path: &str,
    texts: &[(&str, &str)],
    colours: bool,
    lines: impl Cache<String>,
) -> String {
    let text_of = |path: &str| texts.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
    let (word, colour) = match finding.severity() {
        Severity::Error => ("Error", Color::Red),
        Severity::Warning => ("Warning", Color::Yellow),
    };
    let place = |label: &crate::diagnostic::Label| {
        let file = label.path.as_deref().unwrap_or(path);
        text_of(file).map(|text| (file.to_owned(), clamp(label.span, text)))
    };
    let Some(primary) = place(&finding.primary) else {
        return format!("{word}[{}] {}: {}\n", finding.code, finding.code.slug(), finding.message);
    };
    let title = format!("{word}[{}] {}", finding.code, finding.code.slug());
    let mut report = Report::build(ReportKind::Custom(&title, colour), primary.clone())
        .with_config(Config::new().with_color(colours).with_index_type(IndexType::Byte))
        .with_message(&finding.message);
    // In the order of the text, or one excerpt would be drawn in two pieces.
    let mut labels = vec![(primary.clone(), finding.primary.message.as_str(), colour)];
    labels.extend(
        finding
            .secondary
            .iter()
            .filter_map(|label| Some((place(label)?, label.message.as_str(), Color::Blue))),
    );
    labels.sort_by_key(|((file, span), _, _)| (*file != primary.0, file.clone(), span.start));
    for (place, message, colour) in labels {
        report = report.with_label(drawn(place, message, colour));
    }
    for note in &finding.notes {
        report = report.with_note(note);
    }
    for help in &finding.help {
        report = report.with_help(help);
    }
    for fix in &finding.fixes {
        let safety = match fix.safety {
            Safety::Safe => "safe",
            Safety::Ask => "ask",
        };
        report = report.with_help(format!("fix ({safety}): {}", fix.message));
    }
    let mut out = Vec::new();
    if report.finish().write(lines, &mut out).is_err() {
        return format!("{title}: {}\n", finding.message);
    }
    let drawing = String::from_utf8_lossy(&out);
    let drawing = if colours { drawing.into_owned() } else { without_escapes(&drawing) };
    drawing.lines().map(|line| heading(line.trim_end())).fold(String::new(), |all, line| all + &line + "\n")
}

/// The drawing library numbers its help lines and knows no fixes.
fn heading(line: &str) -> String {
    let Some((bar, rest)) = line.split_once("Help") else { return line.to_owned() };
    if bar.chars().any(|c| c.is_ascii_alphanumeric() && c != 'm' && !c.is_ascii_digit()) {
        return line.to_owned();
    }
    let rest = rest.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    let Some(text) = rest.split_once(": ").filter(|(before, _)| !before.contains(' ')).map(|(_, text)| text)
    else {
        return line.to_owned();
    };
    match text.strip_prefix("fix (") {
        Some(fix) => format!("{bar}Fix ({fix}"),
        None => format!("{bar}Help: {text}"),
    }
}

/// Removes the colours that the drawing library sets in titles whatever it is told.
fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix('m').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

/// The line and column (from 1, in characters) of a byte offset.
pub fn line_column(text: &str, offset: u32) -> (u32, u32) {
    let offset = clamp(Span::new(offset, offset), text).start;
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u32, column as u32)
}

fn drawn(
    place: (String, std::ops::Range<usize>),
    message: &str,
    colour: Color,
) -> Drawn<(String, std::ops::Range<usize>)> {
    let label = Drawn::new(place).with_color(colour);
    if message.is_empty() { label } else { label.with_message(message) }
}

/// The part of a span that lies inside the text, on character boundaries.
fn clamp(span: Span, text: &str) -> std::ops::Range<usize> {
    let fit = |offset: u32| {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = fit(span.start);
    start..fit(span.end).max(start)
}
