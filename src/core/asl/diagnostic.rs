//! What is wrong with a definition, in the words, codes and locations of AWS's ValidateStateMachineDefinition.

use std::fmt;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// `ERROR` refuses the definition, `WARNING` does not.
    pub severity: Severity,
    /// AWS's code.
    pub code: Code,
    /// AWS's text.
    pub message: String,
    /// `/States/Name/Field`, or the parser's source note for text that is no JSON.
    pub location: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted.
    Warning,
}

/// Codes as AWS spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The text is no JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown in its place, or has a value it may not have.
    SchemaValidationFailed,
    /// A `Next`, `Default` or `StartAt` names no state.
    MissingTransitionTarget,
    /// A JSONata expression does not parse.
    InvalidJsonataExpression,
    /// A JSONata expression uses what Step Functions does not offer.
    UnsupportedJsonataExpression,
    /// Any other code that AWS has, by its name.
    Other(&'static str),
}

impl Code {
    /// The code as AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Code::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Code::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Code::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Code::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Code::Other(name) => name,
        }
    }
}

/// As CreateStateMachine quotes it: `CODE: message at location`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == Code::InvalidJsonDescription {
            return write!(f, "{}: {}", self.code.as_str(), self.message);
        }
        write!(f, "{}: {} at {}", self.code.as_str(), self.message, self.location)
    }
}
