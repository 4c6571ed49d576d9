//! Requests to AWS, made again as long as that can help: when the service throttles or is not well, when a reply is lost.
//! The SDK's own retries are to be switched off: two who retry multiply.

mod backoff;

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub(crate) use self::backoff::Backoff;
use crate::telemetry::metrics::process;

/// Makes a request until it is answered, or for so long. The inner error is the service's answer.
///
/// # Errors
/// There was no answer, in words.
pub(crate) async fn tried<T, E, F>(
    patience: Duration,
    request: impl Fn() -> F,
) -> Result<Result<T, E>, String>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
{
    let mut backoff = Backoff::within(patience);
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(Ok(answer)),
            Err(error) => error,
        };
        let passing = passing(&error);
        if throttled(&error) {
            process::throttled();
        }
        let told = causes(&error);
        match error {
            SdkError::ServiceError(answer) if !passing => return Ok(Err(answer.into_err())),
            _ if passing && backoff.pause().await => {}
            _ => return Err(told),
        }
    }
}

/// An error and what it came from, in words: without requests and answers, which hold data of users.
fn causes(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<_> = sources.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

/// Whether the service says that there were too many requests.
fn throttled<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    let busy = answer.raw().status().as_u16() == 429;
    busy || answer.err().code().is_some_and(|code| THROTTLES.contains(&code))
}

/// A service's answer in words.
pub(crate) fn told<E: ProvideErrorMetadata + std::error::Error>(error: &E) -> String {
    let message = error.message().map_or_else(|| error.to_string(), str::to_owned);
    error.code().map_or_else(|| message.clone(), |code| format!("{code}: {message}"))
}

/// Whether the same request may do better later.
fn passing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(answer) => {
            answer.raw().status().as_u16() >= 500
                || throttled(error)
                || answer.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        _ => false,
    }
}

/// Codes of answers below 500 that pass, beside [`THROTTLES`].
const PASSING: &[&str] = &["LimitExceededException", "TransactionConflictException"];
/// Codes of answers that say that there were too many requests.
const THROTTLES: &[&str] = &[
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::operation::query::QueryError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("hush"))
    }

    fn refused(status: u16, code: &str) -> SdkError<QueryError, HttpResponse> {
        let metadata = ErrorMetadata::builder().code(code).message("why").build();
        SdkError::service_error(QueryError::generic(metadata), answer(status))
    }

    #[test]
    fn what_is_said_of_an_error_is_nothing_of_what_was_sent_or_answered() {
        let unreadable = SdkError::<QueryError, _>::response_error("no JSON", answer(200));
        for error in [unreadable, refused(500, "InternalServerError")] {
            let words = causes(&error);
            assert!(!words.contains("hush") && words.len() > 10, "{words}");
        }
    }

    #[test]
    fn requests_that_are_too_many_are_told_from_others() {
        let table = [
            (400, "ProvisionedThroughputExceededException", true),
            (400, "ThrottlingException", true),
            (429, "Whatever", true),
            (400, "TransactionConflictException", false),
            (400, "ConditionalCheckFailedException", false),
            (500, "InternalServerError", false),
        ];
        for (status, code, expected) in table {
            assert_eq!(throttled(&refused(status, code)), expected, "{status} {code}");
        }
    }
}
