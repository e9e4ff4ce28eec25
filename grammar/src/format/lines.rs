//! Writes planned tokens as lines: comments woven in at their places, long lines broken, comments at the ends of
//! neighbouring lines aligned.

use std::borrow::Cow;

use super::WIDTH;
use super::plan::Gap;
use crate::lexer::Lexed;
use crate::token::{Kind, Token};

/// Writes all tokens and comments.
pub fn write(text: &str, lexed: &Lexed, gaps: &[Gap]) -> String {
    let mut writer = Writer { text, lines: Vec::new(), run: Vec::new(), indent: 0, hang: 0, last_end: 0 };
    let mut comments = lexed.comments.iter().zip(&lexed.before).peekable();
    for (index, token) in lexed.tokens.iter().enumerate() {
        let gap = gaps.get(index).copied().unwrap_or(Gap::Blank(0));
        let mut broken = false;
        while let Some((comment, _)) = comments.next_if(|(_, before)| **before <= index) {
            writer.comment(comment, Some((*token, gap)));
            broken = true;
        }
        writer.token(*token, gap, broken);
    }
    writer.flush();
    for (comment, _) in comments {
        writer.comment(comment, None);
    }
    writer.flush();
    finish(writer.lines)
}

/// A token as it is written: as it was, but for the blanks inside an amount of money.
pub fn token_text(text: &str, token: Token) -> Cow<'_, str> {
    let written = text.get(token.span.range()).unwrap_or_default();
    match written.split_once([' ', '\t']) {
        Some((currency, amount)) if token.kind == Kind::Money => {
            Cow::Owned(format!("{currency} {}", amount.trim_start()))
        }
        _ => Cow::Borrowed(written),
    }
}

/// A line: its text, and the comment at its end.
#[derive(Default)]
struct Line {
    text: String,
    comment: Option<String>,
}

/// A token on its way into a line.
struct Part<'a> {
    text: Cow<'a, str>,
    gap: Gap,
}

struct Writer<'a> {
    text: &'a str,
    lines: Vec<Line>,
    /// The tokens of the line that is being collected.
    run: Vec<Part<'a>>,
    /// Where that line begins, and where it goes on after a break.
    indent: usize,
    hang: usize,
    /// The end of the last token or comment in the source.
    last_end: usize,
}

impl Writer<'_> {
    fn token(&mut self, token: Token, gap: Gap, broken: bool) {
        match gap {
            Gap::Line { indent, hang, blank } => {
                self.flush();
                if blank && !broken {
                    self.keep_blank(token.span.start as usize);
                }
                (self.indent, self.hang) = (indent, hang);
            }
            _ if broken => self.indent = self.hang,
            _ => {}
        }
        self.run.push(Part { text: token_text(self.text, token), gap });
        self.last_end = token.span.end as usize;
    }

    /// A comment before `next`, or at the end of the file.
    fn comment(&mut self, comment: &crate::Comment, next: Option<(Token, Gap)>) {
        self.flush();
        let at_end = self.lines.last_mut().filter(|line| !comment.own_line && line.comment.is_none());
        if let Some(line) = at_end {
            line.comment = Some(comment.text.clone());
            self.last_end = comment.span.end as usize;
            // A blank line between this comment and the next token is kept by the next line.
            if let Some((token, Gap::Line { blank: true, .. })) = next {
                self.keep_blank_before_token(token);
            }
            return;
        }
        let (indent, blank) = match next {
            Some((token, Gap::Line { indent, blank, .. })) => {
                let inside = if token.kind == Kind::RBrace { 2 } else { 0 };
                (indent + inside, blank || token.kind == Kind::RBrace)
            }
            Some(_) => (self.hang, false),
            None => (0, true),
        };
        if blank {
            self.keep_blank(comment.span.start as usize);
        }
        self.lines.push(Line { text: format!("{:indent$}{}", "", comment.text), comment: None });
        self.last_end = comment.span.end as usize;
        if let Some((token, Gap::Line { blank: true, .. })) = next {
            self.keep_blank_before_token(token);
        }
    }

    /// Keeps a blank line directly before a token that follows a comment; other comments may stand between.
    fn keep_blank_before_token(&mut self, token: Token) {
        let between = self.text.get(self.last_end..token.span.start as usize).unwrap_or_default();
        if between.trim().is_empty() {
            self.keep_blank(token.span.start as usize);
        }
    }

    /// Writes an empty line if the source has one between the last thing written and `next`, once and not at the
    /// beginning of a block.
    fn keep_blank(&mut self, next: usize) {
        let gap = self.text.get(self.last_end..next).unwrap_or_default();
        let opens_block =
            self.lines.last().is_none_or(|line| line.text.ends_with('{') || line.text.is_empty());
        if gap.matches('\n').count() > 1 && !opens_block {
            self.lines.push(Line::default());
        }
    }

    /// Writes the collected tokens, breaking them where they are too long.
    fn flush(&mut self) {
        let parts = std::mem::take(&mut self.run);
        if parts.is_empty() {
            return;
        }
        let mut out = Wrapper {
            hang: self.hang,
            column: self.indent,
            line: " ".repeat(self.indent),
            lines: &mut self.lines,
        };
        out.wrap(&parts, 1);
        out.end();
        // What follows a comment in the middle of this line goes on below it.
        self.indent = self.hang;
    }
}

struct Wrapper<'l> {
    hang: usize,
    column: usize,
    line: String,
    lines: &'l mut Vec<Line>,
}

impl Wrapper<'_> {
    /// Puts the parts on the current line if they fit; otherwise breaks at gaps of this level, and deeper where needed.
    fn wrap(&mut self, parts: &[Part<'_>], level: u8) {
        if level > 3 || self.column_after(parts) <= WIDTH {
            for part in parts {
                self.put(part);
            }
            return;
        }
        let mut rest = parts;
        let mut first = true;
        while !rest.is_empty() {
            let next = rest
                .iter()
                .skip(1)
                .position(|part| matches!(part.gap, Gap::Blank(gap) if gap != 0 && gap <= level));
            let (group, others) = rest.split_at(next.map_or(rest.len(), |next| next + 1));
            // Gaps of level 1 are broken all at once, the others one by one.
            if !first && (level == 1 || self.column_after(group) > WIDTH) {
                self.end();
            }
            self.wrap(group, level + 1);
            (rest, first) = (others, false);
        }
    }

    fn is_empty(&self) -> bool {
        self.line.trim().is_empty()
    }

    fn blanks(column: usize, gap: Gap) -> usize {
        match gap {
            Gap::Pad(to) => to.saturating_sub(column).max(1),
            Gap::Blank(_) => 1,
            Gap::None | Gap::Line { .. } => 0,
        }
    }

    fn column_after(&self, parts: &[Part<'_>]) -> usize {
        let mut column = self.column;
        let mut empty = self.is_empty();
        for part in parts {
            if !empty {
                column += Self::blanks(column, part.gap);
            }
            column += part.text.chars().count();
            empty = false;
        }
        column
    }

    fn put(&mut self, part: &Part<'_>) {
        if !self.is_empty() {
            let blanks = Self::blanks(self.column, part.gap);
            self.line.push_str(&" ".repeat(blanks));
            self.column += blanks;
        }
        self.line.push_str(&part.text);
        self.column += part.text.chars().count();
    }

    fn end(&mut self) {
        if !self.is_empty() {
            let next = " ".repeat(self.hang);
            self.lines.push(Line { text: std::mem::replace(&mut self.line, next), comment: None });
        }
        self.column = self.hang;
    }
}

/// Joins the lines; comments at the ends of neighbouring lines stand in one column.
fn finish(lines: Vec<Line>) -> String {
    let mut out = String::new();
    let mut rest = lines.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let group = if first.comment.is_some() {
            1 + others.iter().take_while(|line| line.comment.is_some()).count()
        } else {
            1
        };
        let (group, others) = rest.split_at(group);
        let column = group.iter().map(|line| line.text.chars().count()).max().unwrap_or(0) + 2;
        for line in group {
            out.push_str(&line.text);
            if let Some(comment) = &line.comment {
                let blanks = column.saturating_sub(line.text.chars().count());
                out.push_str(&" ".repeat(blanks));
                out.push_str(comment);
            }
            out.push('\n');
        }
        rest = others;
    }
    out
}
