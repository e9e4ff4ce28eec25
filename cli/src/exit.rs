//! How the command ends: its exit status, and what is said when it cannot go on.

use crate::shell::{Shell, Style};
use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: fine, or permitted.
    Fine,
    /// 1: findings: errors in a licence, failed tests, failed verification.
    Findings,
    /// 2: arguments or files that cannot be used.
    Unusable,
    /// 3: a single ask was denied.
    Denied,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => 0,
            Exit::Findings => 1,
            Exit::Unusable => 2,
            Exit::Denied => 3,
        }
        .into()
    }
}

/// Why the command stopped early. Boxed, so that a `Result` stays small.
#[derive(Debug)]
pub struct Failure(Box<Inner>);

#[derive(Debug)]
enum Inner {
    /// The reader of standard output has gone: nothing to say, and nobody to say it to.
    PipeClosed,
    Said {
        exit: Exit,
        what: String,
        why: Vec<String>,
        help: Option<String>,
    },
}

impl Failure {
    /// Arguments or files that cannot be used: exit status 2.
    pub fn unusable(what: impl Into<String>) -> Self {
        Self::said(Exit::Unusable, what)
    }

    /// A finding that ends the work: exit status 1.
    pub fn finding(what: impl Into<String>) -> Self {
        Self::said(Exit::Findings, what)
    }

    fn said(exit: Exit, what: impl Into<String>) -> Self {
        Self(Box::new(Inner::Said { exit, what: what.into(), why: Vec::new(), help: None }))
    }

    /// The reader of standard output has gone.
    pub fn pipe_closed() -> Self {
        Self(Box::new(Inner::PipeClosed))
    }

    /// Adds a reason; may be called several times.
    #[must_use]
    pub fn why(mut self, text: impl Into<String>) -> Self {
        if let Inner::Said { why, .. } = &mut *self.0 {
            why.push(text.into());
        }
        self
    }

    /// Adds the way on.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let Inner::Said { help, .. } = &mut *self.0 {
            *help = Some(text.into());
        }
        self
    }

    /// Says it on standard error and gives the exit status.
    pub fn report(self, shell: &Shell) -> ExitCode {
        match *self.0 {
            Inner::PipeClosed => Exit::Fine.into(),
            Inner::Said { exit, what, why, help } => {
                shell.talk(&format!("{} {what}", shell.paint_err(Style::Bad, "error:")));
                for line in why {
                    shell.talk(&format!("  {} {line}", shell.paint_err(Style::Dim, "why: ")));
                }
                if let Some(help) = help {
                    shell.talk(&format!("  {} {help}", shell.paint_err(Style::Dim, "help:")));
                }
                exit.into()
            }
        }
    }
}

/// What a command answers.
pub type Result<T = Exit> = std::result::Result<T, Failure>;
