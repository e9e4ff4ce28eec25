//! What stands before each token: nothing, a blank, a break, or blanks up to a column.

use crate::ast::*;
use crate::layout::{self, Body, DeclPiece, is_name};
use crate::span::{Span, Spanned};
use crate::token::{Kind, Token};

use super::WIDTH;

/// What stands before a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A new line.
    Line {
        /// At which column.
        indent: usize,
        /// Where it goes on if it has to be broken.
        hang: usize,
        /// Whether a blank line before it is kept.
        blank: bool,
    },
    /// Nothing.
    None,
    /// One blank, or a break if the line is too long: 1 is broken first, 3 last, 0 never.
    Blank(u8),
    /// Blanks up to a column, but at least one.
    Pad(usize),
}

/// Plans a text without syntax errors.
pub fn plan(text: &str, tokens: &[Token], file: &File) -> Vec<Gap> {
    let layout = layout::layout(text, tokens, false);
    let mut written = 0;
    // ENDs are not written: the place of each laid-out token among the written ones.
    let places: Vec<usize> = layout
        .tokens
        .iter()
        .map(|token| {
            let place = written;
            written += usize::from(token.kind != Kind::End);
            place
        })
        .chain(std::iter::once(tokens.len()))
        .collect();
    let mut planner =
        Planner { tokens, widths: widths(text, tokens), gaps: Vec::with_capacity(tokens.len()) };
    planner.defaults();
    for piece in &layout.decls {
        planner.decl(piece, &places);
    }
    for decl in &file.decls {
        planner.details(&decl.kind);
    }
    planner.gaps
}

/// How many columns each token takes.
fn widths(text: &str, tokens: &[Token]) -> Vec<usize> {
    tokens.iter().map(|token| super::lines::token_text(text, *token).chars().count()).collect()
}

struct Planner<'a> {
    tokens: &'a [Token],
    widths: Vec<usize>,
    gaps: Vec<Gap>,
}

impl Planner<'_> {
    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// The index of the first token that starts at or after a place.
    fn at(&self, place: u32) -> usize {
        self.tokens.partition_point(|token| token.span.start < place)
    }

    fn set(&mut self, index: usize, gap: Gap) {
        if let Some(slot) = self.gaps.get_mut(index) {
            *slot = gap;
        }
    }

    fn line(&mut self, index: usize, indent: usize, hang: usize, blank: bool) {
        self.set(index, Gap::Line { indent, hang, blank });
    }

    /// The column at which a token's line begins, as planned so far.
    fn indent_of(&self, index: usize) -> usize {
        let lines = self.gaps.get(..=index).unwrap_or_default().iter().rev();
        lines
            .into_iter()
            .find_map(|gap| if let Gap::Line { indent, .. } = gap { Some(*indent) } else { None })
            .unwrap_or(0)
    }

    fn hang_of(&self, index: usize) -> usize {
        let lines = self.gaps.get(..=index).unwrap_or_default().iter().rev();
        lines
            .into_iter()
            .find_map(|gap| if let Gap::Line { hang, .. } = gap { Some(*hang) } else { None })
            .unwrap_or(0)
    }

    /// The width of some tokens on one line.
    fn width(&self, from: usize, to: usize) -> usize {
        let widths = self.widths.get(from..to).unwrap_or_default();
        let gaps = self.gaps.get(from + 1..to).unwrap_or_default();
        widths.iter().sum::<usize>() + gaps.iter().filter(|gap| **gap != Gap::None).count()
    }

    /// One blank between tokens, fewer around signs; and where a line may be broken.
    fn defaults(&mut self) {
        let mut sets = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let previous = index.checked_sub(1).and_then(|index| self.kind(index));
            if token.kind == Kind::LBrace {
                // `{FR, DE}` in a condition hugs its names; blocks do not.
                sets.push(previous == Some(Kind::In));
            }
            let in_set = sets.last() == Some(&true);
            let glued = match (previous, token.kind) {
                (_, Kind::Comma | Kind::RParen | Kind::Dot) | (Some(Kind::LParen | Kind::Dot), _) => true,
                (Some(previous), Kind::LParen) => is_name(previous),
                (Some(Kind::LBrace), _) | (_, Kind::RBrace) => in_set,
                _ => false,
            };
            if token.kind == Kind::RBrace {
                sets.pop();
            }
            let gap = match (previous, token.kind) {
                _ if glued => Gap::None,
                (
                    _,
                    Kind::Else | Kind::Carry | Kind::Except | Kind::For | Kind::By | Kind::When | Kind::With,
                ) => Gap::Blank(2),
                (Some(Kind::Comma), _) | (_, Kind::And | Kind::Or | Kind::Per | Kind::On) => Gap::Blank(3),
                _ => Gap::Blank(0),
            };
            self.gaps.push(gap);
        }
    }

    fn decl(&mut self, piece: &DeclPiece, places: &[usize]) {
        let place = |index: usize| places.get(index).copied().unwrap_or(self.tokens.len());
        let (first, head_end) = (place(piece.head.start), place(piece.head.end));
        let items: Vec<(usize, usize)> =
            piece.items.iter().map(|range| (place(range.start), place(range.end))).collect();
        self.line(first, 0, 2, true);
        let template = piece.opener == Some(Kind::Template);
        for index in first + 1..head_end {
            match self.kind(index) {
                Some(Kind::Derives | Kind::Narrows | Kind::Granted) => {
                    self.set(index, Gap::Blank(1 + u8::from(template)));
                }
                Some(Kind::Version) if self.kind(index - 1) == Some(Kind::RParen) => {
                    self.set(index, Gap::Blank(1));
                }
                _ => {}
            }
        }
        let Some(body) = piece.body else { return };
        let column = 2 + self.lead(body, &items);
        for &(from, to) in &items {
            let alone = to == from + 1;
            match body {
                Body::Items if self.kind(from) == Some(Kind::Define) => self.line(from, 2, 4, true),
                Body::Items => {
                    self.line(from, 2, column + 2, true);
                    if !alone {
                        self.set(from + 1, Gap::Pad(column));
                    }
                }
                Body::Sections | Body::Lines => {
                    self.list(from, to);
                    self.line(from, 2, column, true);
                    if !alone {
                        self.set(from + 1, Gap::Pad(column));
                    }
                }
            }
        }
        // The closing brace stands after the last item, or directly after the head.
        let close = items.last().map_or(head_end, |(_, to)| *to);
        self.line(close, 0, 2, false);
    }

    /// `given` and `expect` are lists: they are broken between their entries first.
    fn list(&mut self, from: usize, to: usize) {
        if !matches!(self.kind(from), Some(Kind::Given | Kind::Expect)) {
            return;
        }
        for index in from + 2..to {
            let level = if self.kind(index - 1) == Some(Kind::Comma) { 2 } else { 3 };
            if let Some(Gap::Blank(old @ 1..)) = self.gaps.get_mut(index) {
                *old = level;
            }
        }
    }

    /// How wide the first column of a block is: its longest label or opening word, and some air.
    fn lead(&self, body: Body, items: &[(usize, usize)]) -> usize {
        const LONGEST: usize = 20;
        let counts = |(from, to): &&(usize, usize)| to - from > 1 && self.kind(*from) != Some(Kind::Define);
        let width = |(from, _): &(usize, usize)| self.widths.get(*from).copied().unwrap_or(0);
        let widest =
            items.iter().filter(counts).map(width).filter(|width| *width <= LONGEST).max().unwrap_or(0);
        widest + if body == Body::Items { 2 } else { 1 }
    }

    /// Tables, exceptions, due dates and vocabularies, which the tree knows.
    fn details(&mut self, decl: &DeclKind) {
        let items = match decl {
            DeclKind::License(license) => &license.items,
            DeclKind::Template(template) => &template.items,
            DeclKind::Vocabulary(vocabulary) => return self.sections(&vocabulary.sections),
            _ => return,
        };
        for item in items {
            if let ItemKind::Clause(labelled) = &item.kind {
                self.clause(&labelled.clause);
            }
        }
    }

    fn clause(&mut self, clause: &Spanned<Clause>) {
        let first = self.at(clause.span.start);
        let column = match self.gaps.get(first) {
            Some(Gap::Pad(column)) => *column,
            _ => self.indent_of(first),
        };
        match &clause.value {
            Clause::Permit(Permit { exceptions, .. }) | Clause::Forbid(Forbid { exceptions, .. }) => {
                for except in exceptions {
                    self.line(self.at(except.span.start), column + 2, column + 4, false);
                }
            }
            Clause::Must(must) => self.set(self.at(must.due.span.start), Gap::Blank(1)),
            Clause::Charge(Charge::Schedule { schedule, .. }) => self.tiers(&schedule.value.tiers, column),
            Clause::Charge(Charge::Cases(cases)) => self.cases(cases, column),
            Clause::Charge(Charge::AtClose(at_close)) => {
                let rows: Vec<(Span, u32)> = at_close
                    .bands
                    .iter()
                    .map(|band| {
                        let beyond = self.end_of_word(band.span.start);
                        (band.span, band.up_to.as_ref().map_or(beyond, |amount| amount.span.end))
                    })
                    .collect();
                self.table(&rows, column);
            }
            _ => {}
        }
    }

    /// Where the token that begins here ends.
    fn end_of_word(&self, place: u32) -> u32 {
        self.tokens.get(self.at(place)).map_or(place, |token| token.span.end)
    }

    fn tiers(&mut self, tiers: &[Spanned<Tier>], column: usize) {
        for tier in tiers {
            if let Extent::First(_) | Extent::Next(_) = tier.extent.value {
                // `next` is as wide as `first`.
                self.set(self.at(tier.span.start) + 1, Gap::Pad(column + 2 + "first ".len()));
            }
        }
        let rows: Vec<(Span, u32)> = tiers.iter().map(|tier| (tier.span, tier.extent.span.end)).collect();
        self.table(&rows, column);
    }

    fn cases(&mut self, cases: &[Spanned<Case>], column: usize) {
        let rows: Vec<(Span, u32)> = cases
            .iter()
            .map(|case| {
                let otherwise = self.end_of_word(case.span.start);
                (case.span, case.selector.as_ref().map_or(otherwise, |selector| selector.span.end))
            })
            .collect();
        self.table(&rows, column);
        for case in cases {
            if let CasePrice::Schedule(schedule) = &case.price.value {
                self.tiers(&schedule.tiers, column + 2);
            }
        }
    }

    /// One row a line: `row.0` is all of it, `row.1` the end of its left part. The brace closes at `column`.
    fn table(&mut self, rows: &[(Span, u32)], column: usize) {
        let indent = column + 2;
        let mut widest = 0;
        for (row, left_end) in rows {
            let (from, to) = (self.at(row.start), self.at(*left_end));
            // A padded `next` is one wider than it looks.
            let padded = usize::from(self.kind(from) == Some(Kind::Next));
            let width = self.width(from, to) + padded;
            if indent + width < WIDTH / 2 + 20 {
                widest = widest.max(width);
            }
        }
        for (row, left_end) in rows {
            self.line(self.at(row.start), indent, indent + 2, false);
            self.set(self.at(*left_end), Gap::Pad(indent + widest + 3));
        }
        if let Some((last, _)) = rows.last() {
            self.line(self.at(last.end), column, column + 2, false);
        }
    }

    fn sections(&mut self, sections: &[Spanned<VocabSection>]) {
        for section in sections {
            let starts: Vec<u32> = match &section.value {
                VocabSection::Actions(trees)
                | VocabSection::Purposes(trees)
                | VocabSection::Places(trees) => {
                    self.trees(section.span, trees);
                    continue;
                }
                VocabSection::Units(units) => units.iter().map(|unit| unit.span.start).collect(),
                VocabSection::Facts(facts) => facts.iter().map(|fact| fact.span.start).collect(),
                VocabSection::Duties(duties) => duties.iter().map(|duty| duty.span.start).collect(),
                VocabSection::Currencies(currencies) => {
                    currencies.iter().map(|currency| currency.span.start).collect()
                }
                VocabSection::Error => continue,
            };
            let first = self.at(section.span.start);
            let hang = self.hang_of(first);
            // On one line if there is room, with air between the entries; otherwise an entry a line.
            let air = 2 * starts.len().saturating_sub(1);
            let fits = hang + self.width(first + 1, self.at(section.span.end)) + air <= WIDTH;
            let mut column = hang;
            for (index, start) in starts.iter().enumerate() {
                let here = self.at(*start);
                let end = starts.get(index + 1).map_or(self.at(section.span.end), |next| self.at(*next));
                match (index, fits) {
                    (0, _) => {}
                    (_, true) => self.set(here, Gap::Pad(column)),
                    (_, false) => self.line(here, hang, hang + 2, false),
                }
                column += self.width(here, end) + 3;
            }
        }
    }

    /// Trees stand on one line, or with every child on its own.
    fn trees(&mut self, section: Span, trees: &[Spanned<TermTree>]) {
        let hang = self.hang_of(self.at(section.start));
        let fits =
            trees.len() == 1 || hang + self.width(self.at(section.start) + 1, self.at(section.end)) <= WIDTH;
        for (index, tree) in trees.iter().enumerate() {
            if index > 0 && !fits {
                self.line(self.at(tree.span.start), hang, hang + 2, false);
            }
            self.tree(tree, hang);
        }
    }

    fn tree(&mut self, tree: &Spanned<TermTree>, indent: usize) {
        let (from, to) = (self.at(tree.span.start), self.at(tree.span.end));
        if indent + self.width(from, to) <= WIDTH || tree.children.is_empty() {
            return;
        }
        for child in &tree.children {
            self.line(self.at(child.span.start), indent + 2, indent + 4, false);
            self.tree(child, indent + 2);
        }
        self.line(to.saturating_sub(1), indent, indent + 2, false);
    }
}
