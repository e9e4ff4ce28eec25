//! The Licit module format: one table, encoder, decoder, verifier, disassembler.
