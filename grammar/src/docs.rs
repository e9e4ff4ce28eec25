//! Attaches `///` comments to the declarations and items that they precede.

use crate::ast::{DeclKind, Doc, File};
use crate::lexer::Lexed;
use crate::span::{Span, Spanned};

/// Gives every declaration and item the documentation directly before it.
pub fn attach(file: &mut File, lexed: &Lexed) {
    for decl in &mut file.decls {
        decl.value.docs = before(decl.span, lexed);
        match &mut decl.value.kind {
            DeclKind::License(license) => {
                for item in &mut license.items {
                    item.value.docs = before(item.span, lexed);
                }
            }
            DeclKind::Template(template) => {
                for item in &mut template.items {
                    item.value.docs = before(item.span, lexed);
                }
            }
            _ => {}
        }
    }
}

/// The run of `///` lines between the token before `span` and its first token, up to that token.
fn before(span: Span, lexed: &Lexed) -> Vec<Doc> {
    let token = lexed.tokens.partition_point(|token| token.span.start < span.start);
    let end = lexed.before.partition_point(|next| *next <= token);
    let mut docs: Vec<Doc> = Vec::new();
    for index in (0..end).rev() {
        let Some(comment) = lexed.comments.get(index) else { break };
        if lexed.before.get(index) != Some(&token) || !comment.doc || !comment.own_line {
            break;
        }
        let line = comment.text.trim_start_matches('/');
        docs.push(Spanned::new(line.strip_prefix(' ').unwrap_or(line).to_owned(), comment.span));
    }
    docs.reverse();
    docs
}
