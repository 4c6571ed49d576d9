//! The one place where this room meets the language: accepting a definition.

use stepwright_core::asl;
use stepwright_core::asl::diagnostic::{Diagnostic, Severity};
use stepwright_core::asl::model::ExecutionType;

use super::error::Error;
use super::integration;

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
    let kind = if express { ExecutionType::Express } else { ExecutionType::Standard };
    let machine = asl::parse(definition, kind).map_err(|found| refusal(&found))?;
    match integration::findings(definition) {
        found if found.is_empty() => Ok(Accepted { timeout_seconds: machine.timeout_seconds }),
        found => Err(refusal(&found)),
    }
}

/// The refusal of a definition with these findings.
pub(super) fn refusal(found: &[Diagnostic]) -> Error {
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    Error::definition(errors.join(", "))
}
