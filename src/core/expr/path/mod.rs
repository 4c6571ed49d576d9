//! JSONPath.
use super::{Error, Scope, Value};

/// A compiled path: `$…` on the input, `$$…` on the context object, `$name…` on a variable.
#[derive(Clone, Debug)]
pub struct Path {
    source: std::sync::Arc<str>,
}

impl Path {
    /// Compiles a path.
    ///
    /// # Errors
    /// What is wrong with it, for the validator.
    pub fn parse(source: &str) -> Result<Path, String> {
        Ok(Path { source: source.into() })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the path finds. The error text is the path library's (`No results for path: $['x']`), without the wrapping
    /// that the field it stands in gives it.
    ///
    /// # Errors
    /// Nothing found, or an index or filter that does not fit the data.
    pub fn read(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        let _ = scope;
        Err(Error::runtime("not yet"))
    }
}
