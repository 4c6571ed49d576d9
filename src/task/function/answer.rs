//! What a function call comes to, in the shapes that Lambda gives it.

use std::time::Duration;

use serde_json::json;

/// A call of a function.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Name of the function, without ARN and qualifier.
    pub name: String,
    /// Version or alias it was called by.
    pub qualifier: Option<String>,
    /// JSON text of the event.
    pub event: String,
    /// `ClientContext`: base64 of a JSON object.
    pub client_context: Option<String>,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Id of the request, a UUID.
    pub request_id: String,
    /// What it returned, or the JSON object that describes its error.
    pub payload: String,
    /// Whether the payload describes an error.
    pub failed: bool,
}

/// Largest response of a function, in bytes (Lambda quota: 6 MB and a little).
pub(super) const LARGEST_RESPONSE: usize = 6_291_556;

impl Answer {
    /// The function returned a value.
    pub(super) fn returned(request_id: &str, payload: String) -> Answer {
        Answer { request_id: request_id.to_owned(), payload, failed: false }
    }

    /// The function described its own error.
    pub(super) fn raised(request_id: &str, payload: String) -> Answer {
        Answer { request_id: request_id.to_owned(), payload, failed: true }
    }

    /// Lambda itself found a fault with the function.
    pub(super) fn fault(request_id: &str, error_type: &str, message: &str) -> Answer {
        let message = format!("RequestId: {request_id} Error: {message}");
        let payload = json!({"errorType": error_type, "errorMessage": message});
        Answer::raised(request_id, payload.to_string())
    }

    /// The function ran longer than it may.
    pub(super) fn timed_out(request_id: &str, after: Duration) -> Answer {
        let message = format!("Task timed out after {:.2} seconds", after.as_secs_f64());
        Answer::fault(request_id, "Sandbox.Timedout", &message)
    }

    /// The function's process ended before it answered.
    pub(super) fn exited(request_id: &str, how: &str) -> Answer {
        Answer::fault(request_id, "Runtime.ExitError", &format!("Runtime exited with error: {how}"))
    }

    /// The function's process could not be started.
    pub(super) fn not_started(request_id: &str, program: &str, error: &std::io::Error) -> Answer {
        let message = format!("cannot start {program}: {error}");
        Answer::fault(request_id, "Runtime.InvalidEntrypoint", &message)
    }

    /// The function returned more than a response may hold.
    pub(super) fn too_large(request_id: &str) -> Answer {
        let message = format!(
            "Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
        );
        let payload =
            json!({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"});
        Answer::raised(request_id, payload.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_worded_as_lambda_words_them() {
        let answer = Answer::timed_out("id", Duration::from_secs(3));
        assert_eq!(
            answer.payload,
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds"}"#
        );
        assert!(answer.failed);
    }
}
