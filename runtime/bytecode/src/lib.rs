//! The Licit module format `.lbc`: one table, encoder, decoder, verifier, disassembler, assembler.
//!
//! A module is what a licence compiles to: condition code, tables of clauses, prices and duties, the zone data they
//! were built with, and what people read about them. `spec/bytecode.md` is generated from [`table`].
//!
//! Reading order: [`table`] (every section, entry and instruction), [`field`] (how a field is laid out), [`file`]
//! (header, directory, hashes), [`verify`] (what the loader proves), [`manifest`] (what people and ledgers read),
//! [`parts`] (who has what of a charge), [`text`] (the text form).
//!
//! *Invariant:* `no_std`, no unsafe, nothing of the compiler or the VM.
//! *Invariant:* a module has exactly one encoding: `decode(b)` succeeds only if `encode(decode(b)) == b`.
//! *Invariant:* no input panics, recurses without bound or allocates more than a small multiple of its length.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

extern crate alloc;

mod declare;
pub mod error;
mod exact;
pub mod field;
pub mod file;
pub mod limits;
pub mod manifest;
pub mod parts;
pub mod table;
pub mod text;
pub mod verify;

pub use declare::{FIRST_NOTE, FieldRow, GroupRow, MemberRow, SectionRow};
pub use error::{LoadError, LoadErrorKind};
pub use field::{AsmError, Bits, Digest};
pub use file::{Loaded, decode, encode, load, module_id, seal};
pub use manifest::Manifest;
pub use table::*;
pub use verify::{Verified, verify};
