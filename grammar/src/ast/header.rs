//! Headers of a licence.

use super::*;

/// Which header an opener word opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeaderKind {
    /// `licensor`
    Licensor,
    /// `asset`
    Asset,
    /// `calendar`
    Calendar,
    /// `currency`
    Currency,
    /// `term`
    Term,
    /// `irrevocable` and `revocable`
    Revocability,
    /// `status`
    Status,
    /// `corrections`
    Corrections,
    /// `ends`
    Ends,
    /// `renews`
    Renews,
}

/// A header of a licence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// `licensor @harbour`
    Licensor(Handle),
    /// `asset dataset "harbour-corpus", model "m" capsule sha256:...`
    Asset(Vec<Spanned<Asset>>),
    /// `calendar Europe/Paris`: a zone's name, or `UTC`
    Calendar(Name),
    /// `currency EUR settled each month, rounded half_even to 0.01`
    Currency(Currency),
    /// `term from 2026-01-01 until 2030-01-01`
    Term(Term),
    /// `irrevocable`
    Irrevocable,
    /// `revocable after 30 days, sparing derivatives`
    Revocable(Revocable),
    /// `status at most 3 minutes old`
    Status(Spanned<Length>),
    /// `corrections within 60 days of close`
    Corrections(Spanned<Length>),
    /// `ends when <condition>`
    Ends(Spanned<Cond>),
    /// `renews each month from grant while paid`
    Renews(Renews),
    /// A header that could not be read, and which it would have been.
    Error(HeaderKind),
}

impl Header {
    /// Which header this is.
    pub fn kind(&self) -> HeaderKind {
        match self {
            Header::Licensor(_) => HeaderKind::Licensor,
            Header::Asset(_) => HeaderKind::Asset,
            Header::Calendar(_) => HeaderKind::Calendar,
            Header::Currency(_) => HeaderKind::Currency,
            Header::Term(_) => HeaderKind::Term,
            Header::Irrevocable | Header::Revocable(_) => HeaderKind::Revocability,
            Header::Status(_) => HeaderKind::Status,
            Header::Corrections(_) => HeaderKind::Corrections,
            Header::Ends(_) => HeaderKind::Ends,
            Header::Renews(_) => HeaderKind::Renews,
            Header::Error(kind) => *kind,
        }
    }
}

/// `dataset "harbour-corpus" [capsule sha256:...]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asset {
    /// `dataset`, `model`, ...
    pub kind: Name,
    /// Its name.
    pub name: Text,
    /// The capsule's digest.
    pub capsule: Option<Hash>,
}

/// `EUR settled [in USD] each month, rounded half_even to 0.01`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Currency {
    /// The currency of every price.
    pub code: Name,
    /// The currency that is paid, if another.
    pub settled_in: Option<Name>,
    /// The settlement window, or `call`.
    pub each: Name,
    /// `half_even`, `half_up`, `down` or `up`.
    pub rounding: Name,
    /// The minor unit.
    pub to: Spanned<Dec>,
}

/// How long a licence runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// `90 hours from first use [, renewable [, grace 5 days]]`
    Lasting {
        /// How long.
        length: Spanned<Length>,
        /// From when.
        from: Spanned<Anchor>,
        /// Whether it may be renewed.
        renewable: Option<Spanned<Renewable>>,
    },
    /// `[from <date>] until <date>`
    Until {
        /// The first instant; none: from the grant.
        from: Option<Spanned<Moment>>,
        /// The end, exclusive.
        until: Spanned<Moment>,
    },
}

/// `renewable [, grace 5 days]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renewable {
    /// How long after the end a renewal still counts.
    pub grace: Option<Spanned<Length>>,
}

/// `revocable at once` or `revocable after 30 days [, sparing derivatives] [, winding down train within 36 hours]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revocable {
    /// The notice; none: `at once`.
    pub after: Option<Spanned<Length>>,
    /// `sparing derivatives`
    pub sparing_derivatives: bool,
    /// `winding down train within 36 hours`
    pub winding_down: Option<WindDown>,
}

/// `winding down <actions> within <length>`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WindDown {
    /// The acts that may run on.
    pub actions: Spanned<Names>,
    /// How long.
    pub within: Spanned<Length>,
}

/// `renews each month from grant while paid [, grace 5 days [for infer]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Renews {
    /// The period's window.
    pub each: Name,
    /// Its anchor.
    pub from: Spanned<Anchor>,
    /// The grace after a missed payment.
    pub grace: Option<Grace>,
}

/// `grace 5 days [for infer]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grace {
    /// How long.
    pub length: Spanned<Length>,
    /// The acts that stay permitted (none: all).
    pub actions: Option<Spanned<Names>>,
}

/// `grant`, `release`, or `first use`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// Whether `first` stood before it.
    pub first: bool,
    /// The event or act.
    pub event: Name,
}

/// `30 days`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Length {
    /// How many.
    pub count: Spanned<Int>,
    /// Of what.
    pub unit: Name,
}
