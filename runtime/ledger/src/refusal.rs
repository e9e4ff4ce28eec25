//! Why a command is not carried out, by name.

use alloc::string::String;
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
    /// A hold would end before it begins.
    Until,
    /// More of a unit than is held.
    Quantity(String),
    /// A fact or a unit is given twice or out of order.
    Unsorted,
    /// The VM cannot bind the request.
    Malformed(BindError),
    /// The request was erased: it can be neither repeated nor committed.
    Erased,
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
