//! Counting steps, where someone asks.

/// Told of every step of an evaluation.
pub(crate) trait Meter {
    /// One step.
    fn step(&mut self);
    /// Several.
    fn steps(&mut self, n: usize);
}

/// Counts nothing and costs nothing.
pub(crate) struct Unmetered;

impl Meter for Unmetered {
    fn step(&mut self) {}
    fn steps(&mut self, _: usize) {}
}

/// Counts.
pub(crate) struct Steps(pub(crate) u64);

impl Meter for Steps {
    fn step(&mut self) {
        self.0 += 1;
    }
    fn steps(&mut self, n: usize) {
        self.0 += n as u64;
    }
}
