//! A loaded licence.

use crate::{BindError, Bound, Outcome, Request, State};
use alloc::string::String;
use licit_bytecode::{LoadError, Manifest};

/// A licence that was verified and prepared; immutable, shared freely between threads.
#[derive(Clone, Debug)]
pub struct Policy {
    manifest: Manifest,
    module_id: [u8; 32],
}

impl Policy {
    /// Verifies a module and prepares it.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let (_, _) = licit_bytecode::decode(bytes)?;
        Err(LoadError::bad(0, "the verifier is being written"))
    }

    /// SHA-256 of the licence's canonical core.
    pub fn licence_id(&self) -> &[u8; 32] {
        &self.manifest.licence
    }

    /// SHA-256 over the module's executable sections.
    pub fn module_id(&self) -> &[u8; 32] {
        &self.module_id
    }

    /// Names for the numbers in outcomes, and the money data.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Translates a request into the policy's numbers.
    pub fn bind(&self, request: &Request<'_>) -> Result<Bound, BindError> {
        let mut bound = Bound::default();
        self.bind_into(request, &mut bound)?;
        Ok(bound)
    }

    /// As [`Policy::bind`], into a binding that is reused: no allocation.
    pub fn bind_into(&self, _request: &Request<'_>, _bound: &mut Bound) -> Result<(), BindError> {
        Err(BindError::UsedAt)
    }

    /// An outcome with room for whatever this policy can answer.
    pub fn outcome(&self) -> Outcome {
        Outcome::default()
    }

    /// Decides. Pure; allocates nothing if `outcome` came from [`Policy::outcome`]; cannot fail. A binding of another
    /// policy is denied with `range:*`.
    pub fn evaluate(&self, _bound: &Bound, _state: &State<'_>, outcome: &mut Outcome) {
        outcome.clear();
    }

    /// Prices a use that was permitted before: steps 1 and 7 only, for a commit. Lines, and the deltas of price counters;
    /// or the reasons of these steps, with neither.
    pub fn price(&self, _bound: &Bound, _state: &State<'_>, outcome: &mut Outcome) {
        outcome.clear();
    }

    /// The canonical text of an outcome (`spec/core.md` section 12).
    pub fn text(&self, _outcome: &Outcome) -> String {
        String::new()
    }
}
