//! A loaded policy with its money data made ready, and where policies and openings are found.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use licit_receipt::{Hash, Receipt};
use licit_vm::{LoadError, Manifest, Policy, Window};

use crate::content::Content;
use crate::kept::Kept;
use crate::money::{Fraction, Rounding, Scale};
use crate::parts::parties;

/// A policy as the ledger uses it.
#[derive(Debug)]
pub struct Licence {
    policy: Policy,
    money: Option<Money>,
}

/// How a licence's charges become payable and shared.
#[derive(Clone, Debug)]
pub struct Money {
    /// Code, as `EUR`.
    pub currency: String,
    /// Exact amounts to minor units.
    pub scale: Scale,
    /// The settlement window.
    pub settled: Window,
    /// Who shares what falls due.
    pub sharing: Option<Sharing>,
}

/// How what falls due is divided.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// The sharing window: its own, or the settlement window.
    pub window: Window,
    /// Handles, without `@`, by part: first cuts, royalties, shares, or the licensor (`spec/core-wider.md`, section 6).
    pub payees: Vec<String>,
    /// Their parts, in the same order; they sum to 1.
    pub shares: Vec<Fraction>,
}

impl Licence {
    /// Verifies a module and prepares it.
    pub fn load(bytes: &[u8]) -> Result<Licence, LoadError> {
        Ok(Self::new(Policy::load(bytes)?))
    }

    /// Prepares a policy.
    pub fn new(policy: Policy) -> Licence {
        let money = money(policy.manifest());
        Licence { policy, money }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its names and data.
    pub fn manifest(&self) -> &Manifest {
        self.policy.manifest()
    }

    /// Its money; none in a licence that charges nothing.
    pub fn money(&self) -> Option<&Money> {
        self.money.as_ref()
    }

    /// The index of a unit.
    pub(crate) fn unit(&self, name: &str) -> Option<u32> {
        let found = self.manifest().units.binary_search_by(|unit| unit.name.as_str().cmp(name));
        found.ok().map(|index| index as u32)
    }
}

fn money(manifest: &Manifest) -> Option<Money> {
    let money = manifest.money.as_ref()?;
    let minor = Fraction { numerator: money.minor_num, denominator: money.minor_den };
    // Rounding and window are matched by number: their types belong to the module format.
    let rounding = match money.rounding as u8 {
        1 => Rounding::HalfEven,
        2 => Rounding::HalfUp,
        3 => Rounding::Down,
        _ => Rounding::Up,
    };
    // Where nobody else has a part there is nothing to share: all of it is the licensor's.
    let sharing = (!manifest.parts.is_empty()).then(|| {
        let parties = parties(manifest);
        Sharing {
            window: manifest.split.as_ref().and_then(|split| split.window).unwrap_or(money.settled),
            payees: parties.iter().map(|party| party.handle.clone()).collect(),
            shares: parties.iter().map(|party| party.fraction).collect(),
        }
    });
    Some(Money {
        currency: money.currency.clone(),
        scale: Scale::new(manifest.grain, minor, rounding)?,
        settled: money.settled,
        sharing,
    })
}

impl Money {
    /// Whether what falls due is shared in buckets of their own, not in the settlement buckets.
    pub fn shares_apart(&self) -> Option<&Sharing> {
        self.sharing
            .as_ref()
            .filter(|sharing| sharing.window != self.settled || sharing.window == Window::Call)
    }
}

/// Where policies are found.
pub trait Policies {
    /// The policy with this module id.
    fn licence(&self, module: &Hash) -> Option<&Licence>;

    /// A policy of this licence: any of its modules.
    fn of_licence(&self, licence: &Hash) -> Option<&Licence>;
}

impl Policies for BTreeMap<Hash, Licence> {
    fn licence(&self, module: &Hash) -> Option<&Licence> {
        self.get(module)
    }

    fn of_licence(&self, licence: &Hash) -> Option<&Licence> {
        self.values().find(|loaded| loaded.policy.licence_id() == licence)
    }
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The leaf.
    pub receipt: Receipt,
    /// The kept part.
    pub kept: Kept,
    /// The erasable part; none once it is erased.
    pub content: Option<Content>,
}

/// Where earlier events are found.
pub trait Openings {
    /// The event at a leaf, as the leaf commits to it; none where it cannot be found.
    fn past(&self, leaf: u64) -> Option<Past>;
}

impl Openings for BTreeMap<u64, Past> {
    fn past(&self, leaf: u64) -> Option<Past> {
        self.get(&leaf).cloned()
    }
}
