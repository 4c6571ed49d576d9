//! Failures of the user's workflow: data that goes into history, retriers and catchers. Failures of the engine itself
//! are Rust errors elsewhere; the two never share a type.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::expr::{self, ErrorKind, Value};

/// Error names that the States Language predefines.
pub mod name {
    /// Matches every error but those that nothing can catch.
    pub const ALL: &str = "States.ALL";
    /// A task failed; as a wildcard every error but a timeout.
    pub const TASK_FAILED: &str = "States.TaskFailed";
    /// A state or the execution ran too long.
    pub const TIMEOUT: &str = "States.Timeout";
    /// A task missed its heartbeat.
    pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
    /// The definition and the data do not fit; never retried, never caught.
    pub const RUNTIME: &str = "States.Runtime";
    /// A payload is too large; caught only by its own name.
    pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// A JSONata expression failed.
    pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// ResultPath cannot be applied.
    pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
    /// An intrinsic function refused its arguments.
    pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
    /// An ItemReader could not make items of what it read.
    pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
    /// The results of a Map Run could not be written.
    pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
    /// A Map had more failed items than it tolerates.
    pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
}

/// An error and its cause, either of which a worker may leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Error name, at most 256 characters when it comes from outside.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// Cause, at most 32,768 characters when it comes from outside.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
}

impl Failure {
    /// A failure with both parts.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Failure {
        Failure { error: Some(error.into()), cause: Some(cause.into()) }
    }

    /// Of an execution whose history has no room for more than `most` events.
    pub fn full_history(most: u64) -> Failure {
        Failure::new(name::RUNTIME, format!("{FULL_HISTORY} ({most})."))
    }

    /// Whether it is that.
    pub fn is_full_history(&self) -> bool {
        self.error.as_deref() == Some(name::RUNTIME)
            && self.cause.as_deref().is_some_and(|cause| cause.starts_with(FULL_HISTORY))
    }

    /// `States.Timeout` without a cause, as AWS records it.
    pub fn timeout() -> Failure {
        Failure { error: Some(name::TIMEOUT.into()), cause: None }
    }

    /// What a catcher puts into the data: `{"Error": …, "Cause": …}`. What is missing is `null` (recorded on AWS for
    /// SendTaskFailure without an error), but the cause of a timeout is the empty string (recorded as well).
    pub fn output(&self) -> Value {
        let part = |text: &Option<Arc<str>>| text.clone().map_or(Value::Null, Value::String);
        let timeout = self.error.as_deref() == Some(name::TIMEOUT) && self.cause.is_none();
        let cause = if timeout { Value::from("") } else { part(&self.cause) };
        Value::object([("Error", part(&self.error)), ("Cause", cause)])
    }

    /// Whether one of the names in `ErrorEquals` means this failure.
    ///
    /// `States.Runtime` is matched by nothing, `States.DataLimitExceeded` by its own name only, and `States.TaskFailed`
    /// is every error but a timeout (AWS: concepts-error-handling; recorded).
    pub fn matches(&self, error_equals: &[Arc<str>], timed_out_by_heartbeat: bool) -> bool {
        let error = self.error.as_deref().unwrap_or("");
        if error == name::RUNTIME {
            return false;
        }
        error_equals.iter().any(|wanted| match &**wanted {
            name::ALL => error != name::DATA_LIMIT_EXCEEDED,
            name::TASK_FAILED => error != name::TIMEOUT && error != name::DATA_LIMIT_EXCEEDED,
            name::HEARTBEAT_TIMEOUT if timed_out_by_heartbeat => true,
            wanted => wanted == error,
        })
    }

    /// The failure of an evaluation inside a state that was entered at event `entered`.
    pub fn of_expression(error: &expr::Error, state: &str, entered: u64) -> Failure {
        let name = match error.kind {
            ErrorKind::Runtime => name::RUNTIME,
            ErrorKind::QueryEvaluation => name::QUERY_EVALUATION_ERROR,
            ErrorKind::Intrinsic => name::INTRINSIC_FAILURE,
            ErrorKind::ResultPathMatch => name::RESULT_PATH_MATCH_FAILURE,
            ErrorKind::DataLimit => {
                return Failure::new(name::DATA_LIMIT_EXCEEDED, error.detail.as_str());
            }
        };
        Failure::new(name, located(state, entered, &error.detail))
    }
}

/// AWS's wording of where a workflow went wrong.
pub fn located(state: &str, entered: u64, detail: &str) -> String {
    format!(
        "An error occurred while executing the state '{state}' (entered at the event id #{entered}). {detail}"
    )
}

const FULL_HISTORY: &str = "The execution reached the maximum number of history events";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_what_aws_lets_them_match() {
        let table: [(&str, &str, bool); 9] = [
            ("Custom", "Custom", true),
            ("Custom", "States.ALL", true),
            ("Custom", "States.TaskFailed", true),
            ("States.Timeout", "States.TaskFailed", false),
            ("States.Timeout", "States.ALL", true),
            ("States.Runtime", "States.ALL", false),
            ("States.Runtime", "States.Runtime", false),
            ("States.DataLimitExceeded", "States.ALL", false),
            ("States.DataLimitExceeded", "States.DataLimitExceeded", true),
        ];
        for (error, wanted, expected) in table {
            let failure = Failure { error: Some(error.into()), cause: None };
            assert_eq!(failure.matches(&[wanted.into()], false), expected, "{error} by {wanted}");
        }
    }

    #[test]
    fn a_failure_without_a_name_is_caught_by_the_wildcard_and_shows_null() {
        let failure = Failure::default();
        assert!(failure.matches(&[name::ALL.into()], false));
        assert_eq!(failure.output().to_json(), r#"{"Error":null,"Cause":null}"#);
    }
}
