//! The database: what is known of the texts, and what has been concluded from them. *Invariant:* this file and
//! `queries` alone name salsa.

use std::sync::{Arc, Mutex};

/// A set of source texts and everything that was concluded from them.
#[salsa::db]
#[derive(Clone)]
pub struct Database {
    storage: salsa::Storage<Self>,
    log: Arc<Mutex<Option<Vec<String>>>>,
}

#[salsa::db]
impl salsa::Database for Database {}

impl Default for Database {
    fn default() -> Self {
        let log: Arc<Mutex<Option<Vec<String>>>> = Arc::default();
        let listener = Arc::clone(&log);
        let storage = salsa::Storage::new(Some(Box::new(move |event: salsa::Event| {
            if let salsa::EventKind::WillExecute { database_key } = event.kind
                && let Ok(mut log) = listener.lock()
                && let Some(log) = log.as_mut()
            {
                log.push(format!("{database_key:?}"));
            }
        })));
        Self { storage, log }
    }
}

impl Database {
    /// Begins to note which queries run. For tests of reuse.
    pub fn start_log(&self) {
        if let Ok(mut log) = self.log.lock() {
            *log = Some(Vec::new());
        }
    }

    /// The queries that ran since the log was started, in order; ends the log.
    pub fn take_log(&self) -> Vec<String> {
        self.log.lock().ok().and_then(|mut log| log.take()).unwrap_or_default()
    }
}

pub use inputs::{SourceFile, Workspace};

mod inputs {
    #![allow(missing_docs, reason = "salsa writes constructors and setters without any")]

    /// A source text.
    #[salsa::input(debug)]
    pub struct SourceFile {
        /// Its path, as the host names it.
        #[returns(deref)]
        pub path: String,
        /// Its content.
        #[returns(deref)]
        pub text: String,
    }

    /// All source texts among which imports are looked up.
    #[salsa::input(singleton, debug)]
    pub struct Workspace {
        /// In an order of the host's choosing: of two equal modules the first is taken.
        #[returns(deref)]
        pub files: Vec<SourceFile>,
    }
}
