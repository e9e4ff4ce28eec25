//! Why a command is not carried out, by name.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use licit_receipt::Hash;
use licit_receipt::receipt::EncodeError;
use licit_vm::{BindError, Reason};

use crate::state::Phase;

/// The longest erasable part in bytes: the request with its answer.
pub const MAX_CONTENT: usize = 1 << 20;

/// Why a command is not carried out. Nothing is logged and nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The log is not open, or open already.
    Epoch,
    /// The instant of the log would decrease.
    Clock,
    /// No policy with this module id is loaded.
    UnknownModule(Hash),
    /// No invocation with this id.
    UnknownCall,
    /// The id was used before, with other content.
    Conflict,
    /// The invocation has ended already, otherwise than the command wants.
    AlreadyEnded(Phase),
    /// The hold has not ended yet.
    NotEnded,
    /// A hold would end before it begins, or a renewal would not end later.
    Until,
    /// A renewal would end later than the hold may.
    Latest,
    /// The id is not one of a call.
    NotACall,
    /// The call was not used yet.
    NotUsed,
    /// The instant of use is further from the instant of the log than the gateway's configuration says.
    Clocks,
    /// The order says an instant that follows from what it is about, or lacks one, or one beyond the year 9999.
    Instant,
    /// A configuration that is not sorted, names something twice, or keys for events that nobody orders.
    Config,
    /// A warrant is needed.
    NoWarrant,
    /// The warrant's signature does not hold.
    BadWarrant,
    /// The warrant's key is not entitled to this.
    NotEntitled,
    /// Somebody must be named: the user, the organisation, or either.
    Nobody,
    /// The licence is for its holder alone.
    NotHolder,
    /// The module is of another licence than what the order is about.
    OtherLicence,
    /// The licence has nothing of this kind: renewal, prepaid credit, seats, money.
    Without(&'static str),
    /// A number that may not be 0.
    Zero,
    /// Credit for actions that are not sorted, or twice the same.
    Actions,
    /// All seats of this limit, by its clause, are taken.
    NoSeatLeft(u32),
    /// Nobody has this seat.
    NoSeat,
    /// An extension would hold less of a unit.
    Smaller(String),
    /// The licence does not permit it, for these reasons.
    Denied(Vec<Reason>),
    /// The window is closed.
    WindowClosed,
    /// The window is neither a settlement window nor a sharing window of the licence.
    NoWindow,
    /// The window is not over yet.
    WindowOpen,
    /// Calls of the window are open.
    OpenHolds,
    /// The sharing window has settlement windows that are not closed.
    Unsettled,
    /// The time for corrections is over.
    TooLateToCorrect,
    /// The call was corrected too often.
    TooManyCorrections,
    /// More of a unit than is held.
    Quantity(String),
    /// A fact or a unit is given twice or out of order.
    Unsorted,
    /// The VM cannot bind the request.
    Malformed(BindError),
    /// The request was erased: it can be neither repeated nor committed.
    Erased,
    /// It stands on an earlier event that cannot be found or was erased.
    Lost(u64),
    /// The licence has no duty with this number.
    UnknownDuty(u16),
    /// The licence is irrevocable.
    Irrevocable,
    /// The charge, or a total with it, does not fit.
    Overflow,
    /// The price cannot be computed at commit.
    Price(Reason),
    /// The request is longer than [`MAX_CONTENT`].
    TooLong,
    /// The event does not fit a receipt.
    Receipt(EncodeError),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Epoch => f.write_str("the log is not open, or is open already"),
            Refusal::Clock => f.write_str("the instant of the log would decrease"),
            Refusal::UnknownModule(id) => write!(f, "no module {} is loaded", licit_receipt::hash::hex(id)),
            Refusal::UnknownCall => f.write_str("no invocation has this id"),
            Refusal::Conflict => f.write_str("the invocation id was used before, with other content"),
            Refusal::AlreadyEnded(phase) => {
                write!(f, "the invocation has already ended: it is {}", phase.name())
            }
            Refusal::NotEnded => f.write_str("the hold has not ended yet"),
            Refusal::Until => f.write_str("the hold would end before it begins"),
            Refusal::Quantity(unit) => write!(f, "more `{unit}` than is held"),
            Refusal::Unsorted => f.write_str("a fact or a unit is given twice"),
            Refusal::Malformed(error) => error.fmt(f),
            Refusal::Erased => {
                f.write_str("the request was erased: it can be neither repeated nor committed")
            }
            Refusal::Lost(leaf) => write!(f, "leaf {leaf}, which it stands on, is erased or cannot be found"),
            Refusal::Latest => f.write_str("the hold may not end so late"),
            Refusal::NotACall => f.write_str("the id is not one of a call"),
            Refusal::NotUsed => f.write_str("the call was not used yet"),
            Refusal::Clocks => f.write_str("the instant of use is too far from the instant of the log"),
            Refusal::Instant => {
                f.write_str("the order's instant is missing, does not belong there or is too late")
            }
            Refusal::Config => f.write_str("the configuration is not in its canonical form"),
            Refusal::NoWarrant => f.write_str("a warrant is needed"),
            Refusal::BadWarrant => f.write_str("the warrant's signature does not hold"),
            Refusal::NotEntitled => f.write_str("the warrant's key is not entitled to this"),
            Refusal::Nobody => f.write_str("nobody is named whom it could be about"),
            Refusal::NotHolder => f.write_str("the licence is for its holder alone"),
            Refusal::OtherLicence => f.write_str("the module is of another licence"),
            Refusal::Without(what) => write!(f, "the licence has no {what}"),
            Refusal::Zero => f.write_str("a number that may not be 0 is 0"),
            Refusal::Actions => {
                f.write_str("the actions of the credit are not sorted, or one is named twice")
            }
            Refusal::NoSeatLeft(_) => f.write_str("all seats are taken"),
            Refusal::NoSeat => f.write_str("nobody of this name has a seat"),
            Refusal::Smaller(unit) => write!(f, "less `{unit}` than is held"),
            Refusal::Denied(reasons) => {
                f.write_str("the licence does not permit it:")?;
                reasons.iter().try_for_each(|reason| write!(f, " {}", reason.code.name()))
            }
            Refusal::WindowClosed => f.write_str("the window is closed"),
            Refusal::NoWindow => f.write_str("the licence settles and shares in other windows"),
            Refusal::WindowOpen => f.write_str("the window is not over yet"),
            Refusal::OpenHolds => f.write_str("calls of the window are still open"),
            Refusal::Unsettled => f.write_str("settlement windows of the sharing window are not closed yet"),
            Refusal::TooLateToCorrect => f.write_str("the time for corrections is over"),
            Refusal::TooManyCorrections => f.write_str("the call was corrected too often"),
            Refusal::UnknownDuty(duty) => write!(f, "the licence has no duty number {duty}"),
            Refusal::Irrevocable => f.write_str("the licence is irrevocable"),
            Refusal::Overflow => f.write_str("the charge, or a total with it, does not fit"),
            Refusal::Price(reason) => write!(f, "the use cannot be priced: {}", reason.code.name()),
            Refusal::TooLong => write!(f, "the request is longer than {MAX_CONTENT} bytes"),
            Refusal::Receipt(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}
