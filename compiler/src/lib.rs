//! From a Licit syntax tree to the core calculus and policy bytecode.
pub mod core;
pub mod zone;
