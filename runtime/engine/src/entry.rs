//! A leaf with its opening, taken apart; names behind salted ids; proofs.

use std::collections::BTreeMap;

use licit_ledger::receipt::{Hash, Opening, Receipt, leaf_hash};
use licit_ledger::{Content, Failure, Id, Kept, Request, Who};

use crate::archive::Archive;
use crate::error::Error;

/// A leaf and everything that lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The receipt's id: its leaf hash.
    pub id: Hash,
    /// The leaf's bytes.
    pub payload: Vec<u8>,
    /// The same, decoded.
    pub receipt: Receipt,
    /// What it commits to; the commitment holds.
    pub opening: Opening,
    /// The kept part.
    pub kept: Kept,
    /// The erasable part; none once it is erased.
    pub content: Option<Content>,
}

impl Entry {
    /// Takes a leaf and its opening apart, and checks that they belong together.
    pub fn decode(payload: Vec<u8>, opening: &[u8]) -> Result<Entry, Failure> {
        let receipt = Receipt::decode(&payload).map_err(Failure::Receipt)?;
        let opening = Opening::decode(opening).map_err(Failure::Opening)?;
        if opening.commitment() != receipt.opening {
            return Err(Failure::Commitment);
        }
        let kept = Kept::decode(receipt.kind, &opening.kept).map_err(Failure::Kept)?;
        let content = opening.content().map(Content::decode).transpose().map_err(Failure::Content)?;
        Ok(Entry { id: leaf_hash(&payload), payload, receipt, opening, kept, content })
    }

    /// A durable leaf.
    pub(crate) fn read(archive: &Archive, leaf: u64) -> Result<Entry, Error> {
        let payload = archive.leaf(leaf)?.ok_or(Error::NoLeaf(leaf))?;
        let opening = archive.opening(leaf)?.ok_or(Error::NoOpening(leaf))?;
        Self::of(leaf, payload, &opening)
    }

    pub(crate) fn of(leaf: u64, payload: Vec<u8>, opening: &[u8]) -> Result<Entry, Error> {
        let entry = Entry::decode(payload, opening).map_err(|failure| Error::Leaf { leaf, failure })?;
        if entry.receipt.seq == leaf { Ok(entry) } else { Err(Error::NoLeaf(leaf)) }
    }

    pub(crate) fn id(archive: &Archive, leaf: u64) -> Result<Hash, Error> {
        Ok(leaf_hash(&archive.leaf(leaf)?.ok_or(Error::NoLeaf(leaf))?))
    }
}

/// The proof that a leaf is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's index.
    pub leaf: u64,
    /// The size of the tree under the checkpoint.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The audit path, from the leaf upwards.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// The names behind salted ids, as far as openings remember them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    names: BTreeMap<Id, String>,
}

impl Names {
    /// The name of a user or an organisation.
    pub fn get(&self, id: &Id) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// All names, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&Id, &str)> {
        self.names.iter().map(|(id, name)| (id, name.as_str()))
    }

    pub(crate) fn learn(&mut self, kept: &Kept, request: &Request) {
        let Some(who) = kept.who() else { return };
        let Who { user, organisation } = *who;
        for (id, name) in [(user, &request.user), (organisation, &request.organisation)] {
            if let (Some(id), Some(name)) = (id, name)
                && !self.names.contains_key(&id)
            {
                self.names.insert(id, name.clone());
            }
        }
    }
}
