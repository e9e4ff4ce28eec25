//! The reference interpreter of the Licit core calculus.
