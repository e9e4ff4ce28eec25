//! Findings as data: what, where, why, and the way on. `render` draws them, the command line and the editor serialise
//! them.

use licit_grammar::Span;

pub use crate::codes::{Code, Severity};

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// What is wrong, in a sentence without its full stop.
    pub message: String,
    /// Where to look first.
    pub primary: Label,
    /// The other places that take part.
    pub secondary: Vec<Label>,
    /// What else is good to know.
    pub notes: Vec<String>,
    /// The way on.
    pub help: Vec<String>,
    /// Changes that would mend it.
    pub fixes: Vec<Fix>,
}

/// A place and its part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file, if another than the one that was checked.
    pub path: Option<String>,
    /// Bytes of that file.
    pub span: Span,
    /// What is to be seen there; may be empty.
    pub message: String,
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether it may be made without asking.
    pub safety: Safety,
    /// What it does: "replace `fine_tune` with `finetune`".
    pub message: String,
    /// The changes; empty where only the author can write them.
    pub edits: Vec<Edit>,
}

/// Whether a fix may be made without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It says what the text already meant.
    Safe,
    /// It decides something for the author.
    Ask,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { path: None, span, message: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A construct that belongs to the language but not to this build.
    pub(crate) fn not_yet(span: Span, construct: &str) -> Self {
        let message = format!("{construct} is part of the language but this build cannot compile it yet");
        Self::new(Code::E0111, span, message)
            .label("not compiled yet")
            .help("leave it out for now: nothing is built from a text that means more than its module")
    }

    /// Whether it is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether nothing can be built from the text.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    pub(crate) fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    pub(crate) fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { path: None, span, message: message.into() });
        self
    }

    /// Another place, in another file.
    pub(crate) fn there(mut self, path: &str, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { path: Some(path.to_owned()), span, message: message.into() });
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    pub(crate) fn fix(mut self, safety: Safety, message: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix { safety, message: message.into(), edits });
        self
    }

    /// Replace the primary place with another name, if one is close.
    pub(crate) fn did_you_mean(self, found: &str, suggestion: Option<String>) -> Self {
        match suggestion {
            None => self,
            Some(name) => {
                let edit = Edit { span: self.primary.span, text: name.clone() };
                self.fix(Safety::Safe, format!("replace `{found}` with `{name}`"), vec![edit])
            }
        }
    }

    /// Moves every place by the beginning of the item that it is relative to.
    pub(crate) fn shifted(mut self, by: u32) -> Self {
        let shift = |span: &mut Span| {
            *span = Span::new(span.start.saturating_add(by), span.end.saturating_add(by));
        };
        if self.primary.path.is_none() {
            shift(&mut self.primary.span);
        }
        self.secondary
            .iter_mut()
            .filter(|label| label.path.is_none())
            .for_each(|label| shift(&mut label.span));
        for fix in &mut self.fixes {
            fix.edits.iter_mut().for_each(|edit| shift(&mut edit.span));
        }
        self
    }
}
