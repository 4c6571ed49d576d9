//! Refusals, in AWS's types, statuses and words. (Recorded texts where there are recordings; elsewhere the same pattern.)

use std::fmt::Display;

use super::auth::Refusal;
use super::output::Object;
use crate::{store, turn};

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: &'static str,
    status: u16,
    message: String,
    /// A further member beside the message, such as `reason`.
    detail: Option<(&'static str, String)>,
}

impl Error {
    /// AWS's name of the error.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> String {
        let mut body = Object::new();
        body.text("__type", self.kind).text("message", &self.message);
        if let Some((name, value)) = &self.detail {
            body.text(name, value);
        }
        body.finish()
    }

    fn new(kind: &'static str, message: impl Into<String>) -> Error {
        Error { kind, status: 400, message: message.into(), detail: None }
    }

    fn with_status(self, status: u16) -> Error {
        Error { status, ..self }
    }

    fn with_detail(self, name: &'static str, value: impl Into<String>) -> Error {
        Error { detail: Some((name, value.into())), ..self }
    }
}

/// The request as such.
impl Error {
    pub(super) fn serialization(message: impl Into<String>) -> Error {
        Error::new("SerializationException", message)
    }

    pub(super) fn unknown_operation(message: impl Into<String>) -> Error {
        Error::new("UnknownOperationException", message)
    }

    pub(super) fn too_large(limit: usize) -> Error {
        let message = format!("HTTP content length exceeded {limit} bytes.");
        Error::new("RequestEntityTooLargeException", message).with_status(413)
    }

    pub(super) fn validation(message: impl Into<String>) -> Error {
        Error::new("ValidationException", message)
    }

    pub(super) fn labelled_arn(arn: &str) -> Error {
        Error::validation(format!("This operation does not support ARNs with a label: '{arn}'"))
            .with_detail("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS")
    }

    pub(super) fn missing_parameter(message: impl Into<String>) -> Error {
        Error::new("MissingRequiredParameter", message)
    }

    pub(super) fn missing_reason(message: impl Into<String>) -> Error {
        Error::validation(message).with_detail("reason", "MISSING_REQUIRED_PARAMETER")
    }

    pub(super) fn invalid_page_token() -> Error {
        Error::new("InvalidToken", "Invalid Token: 'Invalid token'")
    }
}

/// Names and ARNs.
impl Error {
    pub(super) fn invalid_name(name: &str) -> Error {
        Error::new("InvalidName", format!("Invalid Name: '{name}'"))
    }

    pub(super) fn invalid_arn(why: impl Display) -> Error {
        Error::new("InvalidArn", format!("Invalid Arn: '{why}'"))
    }

    pub(super) fn invalid_role(arn: &str) -> Error {
        Error::new("InvalidArn", format!("Invalid Role Arn: '{arn}'"))
    }

    pub(super) fn resource_not_found(arn: &str) -> Error {
        Error::new("ResourceNotFound", format!("Resource not found: '{arn}'"))
            .with_detail("resourceName", arn)
    }
}

/// State machines.
impl Error {
    pub(super) fn no_machine(arn: &str) -> Error {
        Error::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
    }

    pub(super) fn machine_exists(arn: &str) -> Error {
        Error::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'"))
    }

    pub(super) fn machine_limit() -> Error {
        Error::new(
            "StateMachineLimitExceeded",
            "The maximum number of state machines has been reached. Existing state machines must be deleted before a new state machine can be created.",
        )
    }

    pub(super) fn machine_deleting(arn: &str) -> Error {
        Error::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"))
    }

    pub(super) fn machine_type() -> Error {
        Error::new(
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine",
        )
    }

    pub(super) fn definition(why: impl Display) -> Error {
        Error::new("InvalidDefinition", format!("Invalid State Machine Definition: '{why}'"))
    }

    /// A definition that TestState cannot try.
    pub(super) fn test_unsupported(why: &str) -> Error {
        Error::new("InvalidDefinition", why)
    }

    pub(super) fn logging(why: &str) -> Error {
        Error::new("InvalidLoggingConfiguration", format!("Invalid Logging Configuration: {why}"))
    }

    pub(super) fn tracing() -> Error {
        let message = "Invalid Tracing Configuration: enabled has not been set to true or false.";
        Error::new("InvalidTracingConfiguration", message)
    }

    pub(super) fn encryption(why: &str) -> Error {
        Error::new(
            "InvalidEncryptionConfiguration",
            format!("Invalid Encryption Configuration: {why}"),
        )
    }

    pub(super) fn too_many_tags(arn: &str) -> Error {
        Error::new("TooManyTags", format!("Too many tags: '{arn}'"))
            .with_detail("resourceName", arn)
    }

    /// AWS's words for aliases that are not there (recorded).
    pub(super) fn no_such_resource(arn: &str) -> Error {
        Error::new("ResourceNotFound", "Request references a resource that does not exist.")
            .with_detail("resourceName", arn)
    }

    pub(super) fn routing(message: impl Into<String>) -> Error {
        Error::validation(message).with_detail("reason", "INVALID_ROUTING_CONFIGURATION")
    }

    pub(super) fn quota(message: impl Into<String>) -> Error {
        Error::new("ServiceQuotaExceededException", message).with_status(402)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Error {
        Error::new("ConflictException", message).with_status(409)
    }
}

/// Executions, activities and tasks.
impl Error {
    pub(super) fn no_execution(arn: &str) -> Error {
        Error::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
    }

    pub(super) fn execution_exists(arn: &str) -> Error {
        Error::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'"))
    }

    pub(super) fn execution_limit() -> Error {
        Error::new(
            "ExecutionLimitExceeded",
            "The maximum number of running executions has been reached. Running executions must end or be stopped before a new execution can be started.",
        )
    }

    pub(super) fn activity_limit() -> Error {
        Error::new(
            "ActivityLimitExceeded",
            "The maximum number of activities has been reached. Existing activities must be deleted before a new activity can be created.",
        )
    }

    pub(super) fn worker_limit() -> Error {
        Error::new(
            "ActivityWorkerLimitExceeded",
            "The maximum number of workers concurrently polling for activity tasks has been reached.",
        )
    }

    pub(super) fn not_redrivable(why: impl Display) -> Error {
        Error::new("ExecutionNotRedrivable", format!("Execution Not Redrivable: '{why}'"))
    }

    pub(super) fn input(why: impl Display) -> Error {
        Error::new(
            "InvalidExecutionInput",
            format!("Invalid State Machine Execution Input: '{why}'"),
        )
    }

    pub(super) fn output(why: impl Display) -> Error {
        Error::new("InvalidOutput", format!("Invalid Output: '{why}'"))
    }

    pub(super) fn no_activity(arn: &str) -> Error {
        Error::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
    }

    pub(super) fn activity_exists(arn: &str) -> Error {
        Error::new("ActivityAlreadyExists", format!("Activity Already Exists: '{arn}'"))
    }

    pub(super) fn token(why: turn::TokenError) -> Error {
        match why {
            turn::TokenError::Invalid => Error::invalid_page_token(),
            turn::TokenError::TimedOut => {
                Error::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            }
            turn::TokenError::DoesNotExist => Error::new(
                "TaskDoesNotExist",
                "Task Does Not Exist: 'Provided task does not exist'",
            ),
        }
    }
}

/// What is not the caller's fault.
impl Error {
    pub(super) fn unavailable(why: impl Display) -> Error {
        Error::new("ServiceUnavailable", why.to_string()).with_status(503)
    }

    pub(super) fn internal(why: impl Display) -> Error {
        Error::new("InternalFailure", why.to_string()).with_status(500)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let error = Error::new(refusal.kind(), refusal.to_string());
        match refusal {
            Refusal::Unavailable(_) => error.with_status(503),
            _ => error,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::Unavailable(_) => Error::unavailable(error),
            // What the caller sent is larger than what this home can keep; operations that know better say what it is.
            store::Error::TooLarge(_) => Error::new("ValidationException", error.to_string()),
            store::Error::Damaged(_) => Error::internal(error),
        }
    }
}

impl From<turn::Error> for Error {
    fn from(error: turn::Error) -> Error {
        match error {
            turn::Error::Store(error) => error.into(),
            turn::Error::Queue(error) => Error::unavailable(error),
            turn::Error::Busy => Error::unavailable(error),
            turn::Error::Definition(..) => Error::internal(error),
        }
    }
}
