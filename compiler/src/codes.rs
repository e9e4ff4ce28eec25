//! Every error code of the language, declared once: number, slug, explain page.
//!
//! *Invariant:* a code is never given another meaning; a code that is no longer reported is never used again.
//! A test runs every page: its first example yields exactly that code, its last none.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The text has no meaning until it is mended.
    Error,
    /// The text has a meaning, perhaps not the intended one.
    Warning,
}

macro_rules! declare_codes {
    ($($code:ident $slug:literal;)*) => {
        /// A stable code of a finding: `E....` are errors, `W....` warnings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $slug] $code,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            /// As it is written: `E0203`.
            pub const fn number(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// Its name: `unknown-term`.
            pub const fn slug(self) -> &'static str {
                match self { $(Code::$code => $slug,)* }
            }

            /// Its explain page, in Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Code::$code => include_str!(concat!("../errors/", stringify!($code), ".md")),)* }
            }
        }
    };
}

declare_codes! {
    // Syntax: the grammar's typed errors, and what this build does not compile.
    E0101 "expected-clause";
    E0102 "unclosed-block";
    E0104 "selector-order";
    E0105 "bad-number";
    E0106 "bad-date";
    E0108 "reserved-word";
    E0109 "unknown-edition";
    E0111 "not-yet";
    E0112 "too-large";
    // Names and modules.
    E0201 "duplicate-name";
    E0202 "unknown-name";
    E0203 "unknown-term";
    E0204 "wrong-axis";
    E0205 "missing-header";
    E0206 "unresolved-import";
    E0207 "pin-mismatch";
    E0208 "vocabulary-conflict";
    W0209 "unused-define";
    E0210 "define-cycle";
    E0211 "bad-identity";
    E0212 "term-cycle";
    W0213 "not-pinned";
    W0214 "unbound-party";
    // Types and units.
    E0301 "unit-mismatch";
    E0302 "type-mismatch";
    E0303 "currency-mismatch";
    E0304 "not-a-duty";
    E0305 "argument-out-of-range";
    E0306 "missing-argument";
    E0307 "quantity-in-condition";
    E0308 "compare-with-constant";
    E0309 "sum-of-facts";
    E0310 "extra-argument";
    // Money.
    E0401 "negative-price";
    E0402 "split-not-whole";
    E0403 "two-rests";
    E0404 "tier-order";
    E0405 "missing-beyond";
    E0406 "price-too-fine";
    W0408 "rising-rate";
    E0409 "known-too-late";
    W0410 "unknown-currency";
    W0411 "finer-than-currency";
    // Time.
    E0501 "calendar-needed";
    E0502 "empty-term";
    W0505 "zone-may-change";
    E0506 "duty-after-term";
    E0507 "unknown-zone";
    // State.
    E0701 "no-window";
    E0702 "unknown-key";
    W0703 "limit-never-reached";
    E0704 "limit-below-one-call";
    E0705 "counted-twice";
    E0706 "misfit-counter";
    // What is said when tests run and when modules are loaded; `check` never does.
    E0902 "test-failed";
    E1001 "bad-bytecode";
    E1002 "backward-jump";
    E1003 "cost-over-limit";
    E1004 "hash-mismatch";
}

impl Code {
    /// Codes of what is found when a test runs or a module is loaded: not by [`crate::check`], which sees texts only.
    pub const AT_RUN_TIME: &'static [Code] =
        &[Code::E0902, Code::E1001, Code::E1002, Code::E1003, Code::E1004];

    /// Whether it is an error or a warning: its first letter says so.
    pub fn severity(self) -> Severity {
        if self.number().starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code of this number, in any case: `e0203`.
    pub fn find(number: &str) -> Option<Code> {
        Self::ALL.iter().copied().find(|code| code.number().eq_ignore_ascii_case(number))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}
