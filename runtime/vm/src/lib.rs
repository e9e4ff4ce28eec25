//! The Licit policy VM: binds a request and decides it.
