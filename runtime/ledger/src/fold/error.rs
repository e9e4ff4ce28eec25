//! Why an event cannot follow.

use core::fmt;

use crate::credit::CreditError;

/// Why an event cannot follow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoldError {
    /// The leaf's index is not the next.
    Sequence {
        /// The next index.
        expected: u64,
        /// The leaf's.
        found: u64,
    },
    /// The leaf is of another gateway or epoch.
    Foreign,
    /// The first leaf does not open an epoch, or a later one does.
    EpochOpen,
    /// The gateway's key is not the one its id is made of.
    Key,
    /// The instant of the log decreases.
    Clock,
    /// A configuration that is not in its canonical form.
    Config,
    /// The instant of use is further from the instant of the log than the gateway's configuration says.
    Clocks,
    /// An event needs a hold that is open, or one that is over.
    End,
    /// The window is closed, or would be closed twice.
    Closed,
    /// Calls of the window are open.
    OpenHolds,
    /// A counter or total would fall below zero.
    Below,
    /// Credit is drawn or given back that is not there.
    Credit(CreditError),
    /// Amount, lines and due do not agree.
    Amount,
    /// There is no such seat.
    Seat,
    /// The kept part is of another kind of event.
    Kept,
    /// The receipt lacks a field that this kind of event needs, or has one too many.
    Field(&'static str),
    /// The id was used before, or is not one of a call in the phase that the event needs.
    Call,
    /// The reference is not the leaf of the hold.
    Reference,
    /// A counter names a user or organisation that the event does not.
    Who,
    /// A counter or total leaves 128 bits.
    Overflow,
}

impl fmt::Display for FoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FoldError::Sequence { expected, found } => {
                write!(f, "leaf {found} stands where leaf {expected} belongs")
            }
            FoldError::Foreign => f.write_str("the leaf is of another gateway or epoch"),
            FoldError::EpochOpen => f.write_str("an epoch is opened by its first leaf and no other"),
            FoldError::Key => f.write_str("the gateway's key does not match its id"),
            FoldError::Clock => f.write_str("the instant of the log decreases"),
            FoldError::Config => f.write_str("the configuration is not in its canonical form"),
            FoldError::Clocks => f.write_str("the instant of use is too far from the instant of the log"),
            FoldError::End => f.write_str("the hold's end does not allow it"),
            FoldError::Closed => f.write_str("the window is closed"),
            FoldError::OpenHolds => f.write_str("calls of the window are open"),
            FoldError::Below => f.write_str("a counter or total would fall below zero"),
            FoldError::Credit(error) => error.fmt(f),
            FoldError::Amount => f.write_str("amount, lines and due do not agree"),
            FoldError::Seat => f.write_str("there is no such seat"),
            FoldError::Kept => f.write_str("the kept part is of another kind of event"),
            FoldError::Field(field) => {
                write!(f, "the receipt's `{field}` is missing or does not belong there")
            }
            FoldError::Call => f.write_str("the id was used before, or its call is in another phase"),
            FoldError::Reference => f.write_str("the reference is not the leaf of the hold"),
            FoldError::Who => f.write_str("a counter names a user or organisation that the event does not"),
            FoldError::Overflow => f.write_str("a counter or total does not fit 128 bits"),
        }
    }
}

impl core::error::Error for FoldError {}
