//! The Amazon States Language: text in, typed [`Machine`] or [`Diagnostic`]s out.
//!
//! ```text
//! parse/       text to Machine: one walk that builds and finds fault at once
//! validate/    what the walk holds a definition against: field tables, timestamps, the graph of transitions
//! model        the Machine
//! diagnostic   what is wrong, in AWS's words, codes and locations
//! ```
//!
//! ```
//! use stepwright_core::asl::{model::ExecutionType, parse};
//!
//! let text = r#"{"StartAt": "Greet", "States": {"Greet": {"Type": "Pass", "Next": "Bye"}}}"#;
//! let found = parse(text, ExecutionType::Standard).unwrap_err();
//! assert_eq!(
//!     found[0].to_string(),
//!     "MISSING_TRANSITION_TARGET: Missing 'Next' target: Bye at /States/Greet/Next"
//! );
//!
//! let machine = parse(&text.replace(r#""Next": "Bye""#, r#""End": true"#), ExecutionType::Standard).unwrap();
//! assert_eq!(&*machine.flows[0].start_at, "Greet");
//! ```

pub mod diagnostic;
pub mod model;
mod parse;
mod validate;

use diagnostic::{Code, Diagnostic, Severity};
use model::{ExecutionType, Machine};
pub use parse::actions;

use crate::expr::json_error::{self, JsonError, source_note};
use crate::expr::value::{Map, Value};

/// Parses a definition for a state machine of the given type.
///
/// # Errors
/// Everything that [`validate`] finds, if any of it is an error.
pub fn parse(text: &str, kind: ExecutionType) -> Result<Machine, Vec<Diagnostic>> {
    let definition = object(text).map_err(|found| vec![found])?;
    accepted(parse::machine(&definition, kind))
}

/// Parses a single state, as TestState takes it. It becomes the machine's only state, named `StateName`; where it
/// leads is not looked at, so its `Next`, `Default` and catchers may name states that do not exist.
///
/// # Errors
/// What is wrong with the state; locations begin with `/States/StateName`.
pub fn parse_state(text: &str, kind: ExecutionType) -> Result<Machine, Vec<Diagnostic>> {
    let state = object(text).map_err(|found| vec![found])?;
    accepted(parse::single_state(state, kind))
}

/// All that is wrong with a definition, as ValidateStateMachineDefinition lists it: faults of fields in the order of
/// the text, then faults of transitions. Text that is no JSON has one finding.
pub fn validate(text: &str, kind: ExecutionType) -> Vec<Diagnostic> {
    match object(text) {
        Ok(definition) => parse::machine(&definition, kind).1,
        Err(found) => vec![found],
    }
}

fn accepted((machine, found): (Machine, Vec<Diagnostic>)) -> Result<Machine, Vec<Diagnostic>> {
    let refused = found.iter().any(|finding| finding.severity == Severity::Error);
    if refused { Err(found) } else { Ok(machine) }
}

fn object(text: &str) -> Result<Map, Diagnostic> {
    if text.len() > MAX_BYTES {
        return Err(of_schema(format!(
            "Definition is larger than the maximum of {MAX_BYTES} bytes"
        )));
    }
    match json_error::read_unique(text) {
        Ok(Some(Value::Object(members))) => Ok(std::sync::Arc::unwrap_or_clone(members)),
        Ok(_) => Err(of_schema("Expected value of type Object".to_owned())),
        Err(mistake) => Err(no_json(text, &mistake)),
    }
}

fn no_json(text: &str, mistake: &JsonError) -> Diagnostic {
    let location = source_note(text, mistake.line, mistake.column);
    Diagnostic {
        severity: Severity::Error,
        code: Code::InvalidJsonDescription,
        message: format!("{mistake}\n at {location}"),
        location,
    }
}

fn of_schema(message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: Code::SchemaValidationFailed,
        message,
        location: "/".to_owned(),
    }
}

/// Quota of the service.
const MAX_BYTES: usize = 1_048_576;

#[cfg(test)]
mod tests;
