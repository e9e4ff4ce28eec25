//! What can be wrong with a module.

use core::fmt;

/// The four families of load errors; each has a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadErrorKind {
    /// E1001: not a well-formed module.
    BadBytecode,
    /// E1002: an instruction refers to itself or to one that comes later.
    BackwardJump,
    /// E1003: deciding one request could take more steps than [`crate::limits::COST`].
    CostOverLimit,
    /// E1004: the bytes are not those whose hash the header states.
    HashMismatch,
}

impl LoadErrorKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 4] =
        [Self::BadBytecode, Self::BackwardJump, Self::CostOverLimit, Self::HashMismatch];

    /// The stable code, as `E1001`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadBytecode => "E1001",
            Self::BackwardJump => "E1002",
            Self::CostOverLimit => "E1003",
            Self::HashMismatch => "E1004",
        }
    }

    /// The stable name, as `bad-bytecode`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadBytecode => "bad-bytecode",
            Self::BackwardJump => "backward-jump",
            Self::CostOverLimit => "cost-over-limit",
            Self::HashMismatch => "hash-mismatch",
        }
    }
}

/// Why a byte string is not a module that may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The family.
    pub kind: LoadErrorKind,
    /// Where: a byte offset into the file; the start of the section where an entry is to blame.
    pub offset: usize,
    /// The section's name in the text form, where known.
    pub section: Option<&'static str>,
    /// The entry of its section, counted from 0, where one entry is to blame.
    pub entry: Option<usize>,
    /// What is wrong, in lower case, without a full stop.
    pub message: &'static str,
}

impl LoadError {
    /// A malformed module.
    pub const fn bad(offset: usize, message: &'static str) -> Self {
        Self { kind: LoadErrorKind::BadBytecode, offset, section: None, entry: None, message }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)?;
        match (self.section, self.entry) {
            (Some(section), Some(entry)) => write!(f, ", entry {entry} of section `{section}`"),
            (Some(section), None) => write!(f, ", section `{section}`"),
            (None, Some(entry)) => write!(f, ", entry {entry} of its section"),
            (None, None) => Ok(()),
        }
    }
}

impl core::error::Error for LoadError {}
