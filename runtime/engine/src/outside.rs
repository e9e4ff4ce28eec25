//! What the engine takes from outside: the clock and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use licit_ledger::receipt::hash::sha256_parts;

/// Tells the time. The ledger never lets it run backwards.
pub trait Clock: Send {
    /// Microseconds since 1970-01-01T00:00Z.
    fn now(&mut self) -> u64;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&mut self) -> u64 {
        // A clock before 1970 is one that was never set.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
    }
}

impl<F: FnMut() -> u64 + Send> Clock for F {
    fn now(&mut self) -> u64 {
        self()
    }
}

/// Randomness is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the system has no randomness to give")
    }
}

impl std::error::Error for NoRandomness {}

/// Gives the random bytes of openings and ids.
pub trait Salts: Send {
    /// Fills `out` with bytes that nobody can guess; `purpose` and `index` are never the same for two uses.
    fn fill(&mut self, purpose: &str, index: u64, out: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The randomness of the operating system, a page at a time.
#[derive(Debug)]
pub struct OsSalts {
    page: [u8; 4096],
    used: usize,
}

impl Default for OsSalts {
    fn default() -> Self {
        OsSalts { page: [0; 4096], used: 4096 }
    }
}

impl Salts for OsSalts {
    fn fill(&mut self, _purpose: &str, _index: u64, out: &mut [u8]) -> Result<(), NoRandomness> {
        if out.len() > self.page.len() {
            return getrandom::fill(out).map_err(|_| NoRandomness);
        }
        let mut end = self.used.saturating_add(out.len());
        if end > self.page.len() {
            getrandom::fill(&mut self.page).map_err(|_| NoRandomness)?;
            (self.used, end) = (0, out.len());
        }
        if let Some(bytes) = self.page.get_mut(self.used..end) {
            out.copy_from_slice(bytes);
            // What was given out is not kept.
            bytes.fill(0);
        }
        self.used = end;
        Ok(())
    }
}

/// Bytes derived from one secret: the same ledger run again makes the same log. The secret must be as well kept as
/// the openings, and never be used for two ledgers.
#[derive(Clone)]
pub struct DerivedSalts {
    secret: [u8; 32],
}

impl DerivedSalts {
    /// From 32 secret bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        DerivedSalts { secret }
    }
}

impl Salts for DerivedSalts {
    fn fill(&mut self, purpose: &str, index: u64, out: &mut [u8]) -> Result<(), NoRandomness> {
        for (block, chunk) in out.chunks_mut(32).enumerate() {
            let numbers =
                [(purpose.len() as u64).to_be_bytes(), index.to_be_bytes(), (block as u64).to_be_bytes()];
            let hash =
                sha256_parts(&[b"licit salt", &self.secret, numbers.as_flattened(), purpose.as_bytes()]);
            for (byte, random) in chunk.iter_mut().zip(hash) {
                *byte = random;
            }
        }
        Ok(())
    }
}
