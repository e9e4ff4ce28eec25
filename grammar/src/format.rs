//! The canonical layout of a file: the same tokens and comments in the same order, other blanks and line breaks.
//!
//! `format/plan.rs` decides from the tree what stands before each token; `format/lines.rs` writes the lines, weaves the
//! comments in and breaks what is too long. Nothing is reordered. Before a text is given out it is parsed again: where
//! its tree or its comments differ, it is withheld.

mod lines;
mod plan;

use crate::{FormatError, Parse, lexer, parse};

/// Lines are broken where they would pass this column.
pub const WIDTH: usize = 110;

/// Lays a file out canonically.
pub fn format(text: &str) -> Result<String, FormatError> {
    let before = parse(text);
    if !before.errors.is_empty() {
        return Err(FormatError::Syntax(before.errors));
    }
    let lexed = lexer::lex(text);
    let gaps = plan::plan(text, &lexed.tokens, &before.file);
    let formatted = lines::write(text, &lexed, &gaps);
    if says_the_same(&before, &parse(&formatted)) { Ok(formatted) } else { Err(FormatError::Unfaithful) }
}

fn says_the_same(before: &Parse, after: &Parse) -> bool {
    let comments = |parse: &Parse| -> Vec<(String, bool)> {
        parse.comments.iter().map(|comment| (comment.text.clone(), comment.own_line)).collect()
    };
    after.errors.is_empty() && before.file == after.file && comments(before) == comments(after)
}
