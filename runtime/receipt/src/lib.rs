//! Metered Unit receipts: canonical bytes, hashes, signatures, the transparency tree.
