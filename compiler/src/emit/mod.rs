//! From a core to a module: the last pass.
//!
//! The condition code is one straight line of instructions in which equal conditions are one instruction, so that a
//! definition, or a condition that several clauses share, is there once. Everything that makes evaluation fast is derived
//! by the loader, which trusts nothing but the code itself.

use std::collections::BTreeMap;
use std::fmt;

use licit_bytecode as bc;

use crate::core::{
    Anchor, Axis, Bits, Cmp, Cond, Constant, CoreError, Due, FactType, Licence, Period, Point, Price, Window,
};
use crate::zone::ZoneTable;

mod code;
mod from_core;
mod standing;
#[cfg(test)]
mod tests;

pub use from_core::{SourceMap, from_core, module};

/// Why a core has no module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmitError {
    /// The core itself is not sound.
    Core(CoreError),
    /// The calendar names a zone that nobody knows.
    Zone(String),
    /// The module would be refused by the loader: one of its caps is passed.
    Module(bc::LoadError),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(e) => write!(f, "{e}"),
            Self::Zone(name) => write!(f, "no time zone is called `{name}`"),
            Self::Module(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for EmitError {}

impl From<CoreError> for EmitError {
    fn from(e: CoreError) -> Self {
        Self::Core(e)
    }
}

impl From<Axis> for bc::Axis {
    fn from(axis: Axis) -> Self {
        match axis {
            Axis::Action => Self::Action,
            Axis::Purpose => Self::Purpose,
            Axis::Place => Self::Place,
        }
    }
}

fn bits(bits: &Bits) -> bc::Bits {
    bc::Bits::from_members(bits.0.iter().copied())
}

fn cmp(cmp: Cmp) -> bc::Cmp {
    match cmp {
        Cmp::Less => bc::Cmp::Less,
        Cmp::LessEqual => bc::Cmp::LessEqual,
        Cmp::Equal => bc::Cmp::Equal,
    }
}

fn key(key: crate::core::Key) -> bc::Key {
    match key {
        crate::core::Key::User => bc::Key::User,
        crate::core::Key::Organisation => bc::Key::Organisation,
        crate::core::Key::Licensee => bc::Key::Licensee,
    }
}

fn window(window: Window) -> bc::Window {
    match window {
        Window::Day => bc::Window::Day,
        Window::Week => bc::Window::Week,
        Window::Month => bc::Window::Month,
        Window::Quarter => bc::Window::Quarter,
        Window::Year => bc::Window::Year,
        Window::Term => bc::Window::Term,
        Window::Call => bc::Window::Call,
        Window::Second => bc::Window::Second,
        Window::Minute => bc::Window::Minute,
        Window::Hour => bc::Window::Hour,
        Window::Renewal => bc::Window::Renewal,
    }
}

fn period(period: Period) -> bc::Period {
    match period {
        Period::Seconds(n) => bc::Period::Seconds { n },
        Period::Days(n) => bc::Period::Days { n },
        Period::Months(n) => bc::Period::Months { n },
    }
}

fn anchor(anchor: Anchor) -> bc::Anchor {
    match anchor {
        Anchor::Grant => bc::Anchor::Grant,
        Anchor::FirstUse => bc::Anchor::FirstUse,
        Anchor::Release => bc::Anchor::Release,
    }
}

fn point(point: Point) -> bc::Point {
    match point {
        Point::Anchored { anchor: a, period: p } => {
            bc::Point::Anchored { anchor: anchor(a), period: period(p) }
        }
        Point::Date(days) => bc::Point::Date { days },
        Point::Instant(micros) => bc::Point::Instant { micros },
    }
}
