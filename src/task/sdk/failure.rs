//! How calls of services fail, and how Step Functions names it: by the exceptions of the AWS SDK for Java, of which the
//! `aws-sdk` integrations have version 2 and the optimized ones version 1.

use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use stepwright_core::expr::Value;

use super::models::Service;
use super::protocol::Answered;
use crate::task::naming;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq)]
pub enum SdkFailure {
    /// No request can be made of the parameters; what is wrong with them.
    Parameters(Vec<String>),
    /// The service, the action or this use of it is not supported; in words.
    Unsupported(String),
    /// There is no region, or there are no credentials; as it is shown.
    Configuration(Failure),
    /// The service answered with an error.
    Service(Box<ServiceError>),
    /// There was no answer, or none that could be read; in words.
    Client {
        /// What the service's errors begin with, `DynamoDb`.
        prefix: String,
        /// What went wrong.
        reason: String,
    },
}

/// An error that a service answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceError {
    /// What the service's errors begin with, `DynamoDb`.
    pub prefix: String,
    /// HTTP status.
    pub status: u16,
    /// Code on the wire, without namespace.
    pub code: Option<String>,
    /// The exception for the code, `ResourceNotFoundException`, if the service's model has it.
    pub exception: Option<String>,
    /// What the service says.
    pub message: Option<String>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// S3's second id.
    pub extended_request_id: Option<String>,
}

/// A service's names in version 1 of the AWS SDK for Java.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptimizedNames {
    /// What errors begin with, `Batch`.
    pub prefix: &'static str,
    /// The service in causes, `AWSBatch`.
    pub service: &'static str,
    /// The exception for codes that the model does not have, `AWSBatchException`.
    pub base: &'static str,
}

impl SdkFailure {
    /// The failure of an `aws-sdk` integration with these parameters.
    pub fn of_sdk(&self, parameters: &str) -> Failure {
        match self {
            SdkFailure::Service(error) => Failure::new(error.name(), error.cause()),
            SdkFailure::Client { prefix, reason } => {
                Failure::new(format!("{prefix}.SdkClientException"), reason.as_str())
            }
            other => other.before(parameters),
        }
    }

    /// The failure of an optimized integration with these parameters.
    pub fn of_optimized(&self, names: &OptimizedNames, parameters: &str) -> Failure {
        let prefix = names.prefix;
        match self {
            SdkFailure::Service(error) => {
                let kind = error.exception.as_ref().and(error.code.as_deref());
                let kind = kind.map_or_else(|| names.base.to_owned(), old_name);
                Failure::new(format!("{prefix}.{kind}"), error.old_cause(names.service))
            }
            SdkFailure::Client { reason, .. } => {
                Failure::new(format!("{prefix}.SdkClientException"), reason.as_str())
            }
            other => other.before(parameters),
        }
    }

    /// A failure before anything was sent.
    fn before(&self, parameters: &str) -> Failure {
        match self {
            SdkFailure::Parameters(problems) => {
                let cause = format!(
                    "The Parameters '{parameters}' could not be used to start the Task: [{}]",
                    problems.join(", ")
                );
                Failure::new(name::RUNTIME, cause)
            }
            SdkFailure::Unsupported(reason) => Failure::new(name::TASK_FAILED, reason.as_str()),
            SdkFailure::Configuration(failure) => failure.clone(),
            SdkFailure::Service(_) | SdkFailure::Client { .. } => Failure::default(),
        }
    }

    /// Whether the same call may succeed later: nothing came back, the service is busy or broken.
    pub fn passes(&self) -> bool {
        match self {
            SdkFailure::Client { .. } => true,
            SdkFailure::Service(error) => {
                let code = error.code.as_deref().unwrap_or_default();
                error.status >= 500
                    || error.status == 429
                    || ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"]
                        .iter()
                        .any(|part| code.contains(part))
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for SdkFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SdkFailure::Service(error) => {
                let code = error.code.as_deref().unwrap_or("null");
                write!(f, "{code}: {}", error.message.as_deref().unwrap_or("null"))
            }
            SdkFailure::Client { reason, .. } | SdkFailure::Unsupported(reason) => {
                f.write_str(reason)
            }
            SdkFailure::Parameters(problems) => f.write_str(&problems.join(", ")),
            SdkFailure::Configuration(failure) => {
                f.write_str(failure.cause.as_deref().unwrap_or_default())
            }
        }
    }
}

impl ServiceError {
    pub(super) fn new(service: &Service, error: Answered) -> ServiceError {
        ServiceError {
            prefix: service.prefix.to_owned(),
            status: error.status,
            code: error.code,
            exception: error.exception,
            message: error.message,
            request_id: error.request_id,
            extended_request_id: error.extended_request_id,
        }
    }

    /// `DynamoDb.ResourceNotFoundException`; codes that the model does not have share one name (recorded:
    /// `DynamoDb.DynamoDbException` for `ValidationException`).
    fn name(&self) -> String {
        let prefix = &self.prefix;
        match &self.exception {
            Some(exception) => format!("{prefix}.{exception}"),
            None => format!("{prefix}.{prefix}Exception"),
        }
    }

    /// Recorded: `… (Service: S3, Status Code: 404, Request ID: …, Extended Request ID: …)`, and of the newest
    /// recordings, which are Step Functions' own, ` (SDK Attempt Count: 1)` behind it.
    fn cause(&self) -> String {
        let text = |text: &Option<String>| text.as_deref().unwrap_or("null").to_owned();
        let extended = self.extended_request_id.as_ref();
        let extended = extended.map(|id| format!(", Extended Request ID: {id}"));
        format!(
            "{} (Service: {}, Status Code: {}, Request ID: {}{}){}",
            text(&self.message),
            self.prefix,
            self.status,
            text(&self.request_id),
            extended.unwrap_or_default(),
            if COUNTS_ATTEMPTS.contains(&&*self.prefix) { " (SDK Attempt Count: 1)" } else { "" },
        )
    }

    fn old_cause(&self, service: &str) -> String {
        let sent = (self.status, self.request_id.as_deref());
        naming::cause(service, sent, (self.code.as_deref(), self.message.as_deref()))
    }

    /// As JSON, for logs and for who polls.
    pub fn document(&self) -> Value {
        Value::object([("Error", Value::from(self.name())), ("Cause", Value::from(self.cause()))])
    }
}

/// The exception of version 1 for a code: always with the suffix.
fn old_name(code: &str) -> String {
    if code.ends_with("Exception") { code.to_owned() } else { format!("{code}Exception") }
}

/// Services whose causes were recorded with the number of attempts. AWS's SDK for Java writes it since early 2025; Step
/// Functions is the only service with a recording that new, and those of the others (2023) lack it. Each service keeps
/// the form in which it was last seen; who sees a newer one adds the service here.
const COUNTS_ATTEMPTS: [&str; 1] = ["Sfn"];

#[cfg(test)]
mod tests {
    use super::*;

    fn error(prefix: &str, code: &str, exception: Option<&str>) -> ServiceError {
        ServiceError {
            prefix: prefix.into(),
            status: 400,
            code: Some(code.into()),
            exception: exception.map(str::to_owned),
            message: Some("No.".into()),
            request_id: Some("id".into()),
            extended_request_id: None,
        }
    }

    #[test]
    fn errors_have_the_names_and_causes_that_were_recorded() {
        let known = Some("ResourceNotFoundException");
        let s3 = ServiceError {
            extended_request_id: Some("more".into()),
            ..error("S3", "NoSuchBucket", Some("NoSuchBucketException"))
        };
        let table = [
            (
                error("DynamoDb", "ResourceNotFoundException", known),
                "DynamoDb.ResourceNotFoundException",
                "No. (Service: DynamoDb, Status Code: 400, Request ID: id)",
            ),
            (
                error("DynamoDb", "ValidationException", None),
                "DynamoDb.DynamoDbException",
                "No. (Service: DynamoDb, Status Code: 400, Request ID: id)",
            ),
            (
                s3,
                "S3.NoSuchBucketException",
                "No. (Service: S3, Status Code: 400, Request ID: id, Extended Request ID: more)",
            ),
            (
                error("Sfn", "InvalidToken", Some("InvalidTokenException")),
                "Sfn.InvalidTokenException",
                "No. (Service: Sfn, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)",
            ),
        ];
        for (error, name, cause) in table {
            assert_eq!(SdkFailure::Service(error.into()).of_sdk("{}"), Failure::new(name, cause));
        }
    }

    #[test]
    fn optimized_integrations_keep_the_old_names() {
        let names =
            OptimizedNames { prefix: "Batch", service: "AWSBatch", base: "AWSBatchException" };
        let table = [
            (Some("ClientException"), "ClientException", "Batch.ClientException"),
            (None, "AccessDeniedException", "Batch.AWSBatchException"),
        ];
        for (exception, code, expected) in table {
            let failure = SdkFailure::Service(error("Batch", code, exception).into());
            let cause = format!(
                "No. (Service: AWSBatch; Status Code: 400; Error Code: {code}; Request ID: id; Proxy: null)"
            );
            assert_eq!(failure.of_optimized(&names, "{}"), Failure::new(expected, cause));
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let status = |status| ServiceError { status, ..error("Ecs", "ServerException", None) };
        let table = [
            (SdkFailure::Client { prefix: "Ecs".into(), reason: String::new() }, true),
            (SdkFailure::Service(status(503).into()), true),
            (SdkFailure::Service(error("Ecs", "ThrottlingException", None).into()), true),
            (SdkFailure::Service(error("Ecs", "ClientException", None).into()), false),
            (SdkFailure::Parameters(Vec::new()), false),
        ];
        for (failure, expected) in table {
            assert_eq!(failure.passes(), expected, "{failure:?}");
        }
    }
}
