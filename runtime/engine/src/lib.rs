//! The shell a gateway embeds: ledger, log file and clock.
