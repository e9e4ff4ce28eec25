//! What the loader proves.
