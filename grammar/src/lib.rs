//! The Licit language's tokens, grammar, syntax tree and formatter.
