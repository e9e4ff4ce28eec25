//! Caps on what a module may hold. A module beyond one of them is refused before anything large is built.

/// Bytes of a module.
pub const MODULE: usize = 4 << 20;
/// Steps that deciding one request may take at most; see [`crate::verify::Verified::cost`].
pub const COST: u64 = 1 << 23;
/// Clauses of a licence.
pub const CLAUSES: usize = 4096;
/// Terms of one axis.
pub const TERMS: usize = 4096;
/// Facts.
pub const FACTS: usize = 1024;
/// Units.
pub const UNITS: usize = 1024;
/// Counters: limits of all kinds, graduated cases, fees, prepaid credit and charges at close together.
pub const COUNTERS: usize = 1024;
/// Parties of a split, first cuts, royalties: of each.
pub const SHARES: usize = 64;
/// Bands of a charge at close.
pub const BANDS: usize = 256;
/// Tiers of a price.
pub const TIERS: usize = 256;
/// Cases of a charge.
pub const CASES: usize = 256;
/// Clock changes in a zone table.
pub const TRANSITIONS: usize = 4096;
/// How deep instructions may stand on one another: 64 levels of conditions and a definition at each, with room.
pub const DEPTH: u16 = 160;
/// Bytes of a name, a label or a constant text.
pub const TEXT: usize = 65_535;
/// Largest natural number: 2^127 - 1.
pub const NAT: u128 = (1 << 127) - 1;
/// Largest clock offset, in seconds either way.
pub const OFFSET: i32 = 26 * 3600;
