//! The one place where this room meets the language: accepting a definition.

use stepwright_core::asl::diagnostic::{Code, Diagnostic, Severity};
use stepwright_core::expr::json_error;

use super::error::Error;

/// What is remembered of a definition beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Top-level `TimeoutSeconds`.
    pub(super) timeout_seconds: Option<u64>,
}

/// Accepts a definition for machines of a type.
///
/// # Errors
/// `InvalidDefinition` with all its mistakes.
pub(super) fn accept(definition: &str, express: bool) -> Result<Accepted, Error> {
    parse(definition, express).map_err(|found| {
        let errors = found.iter().filter(|d| d.severity == Severity::Error);
        Error::definition(errors.map(ToString::to_string).collect::<Vec<_>>().join(", "))
    })
}

/// Stand-in for the parser of definitions: JSON, and the two members without which there is no machine.
fn parse(definition: &str, _express: bool) -> Result<Accepted, Vec<Diagnostic>> {
    let finding = |code, message: String| {
        vec![Diagnostic { severity: Severity::Error, code, message, location: "/".to_owned() }]
    };
    let value = match json_error::read(definition) {
        Ok(value) => value.unwrap_or_default(),
        Err(error) => return Err(finding(Code::InvalidJsonDescription, error.message)),
    };
    let missing: Vec<&str> =
        ["States", "StartAt"].into_iter().filter(|field| value.get(field).is_none()).collect();
    if !missing.is_empty() {
        let message = format!("These fields are required: [{}]", missing.join(", "));
        return Err(finding(Code::SchemaValidationFailed, message));
    }
    let timeout = value.get("TimeoutSeconds").and_then(|t| t.as_i64());
    Ok(Accepted { timeout_seconds: timeout.and_then(|t| u64::try_from(t).ok()) })
}
