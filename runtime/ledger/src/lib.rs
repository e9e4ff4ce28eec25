//! The pure ledger: step decides, fold replays, audit runs both again.
