//! AWS JSON 1.0 without HTTP: the target that names an operation, bytes in, status and bytes out. A server and a Lambda
//! function wrap the same call.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use stepwright_core::expr::Value;
use uuid::Uuid;

use super::Api;
use super::auth::Refusal;
use super::error::Error;
use super::input::Input;
use super::operation::{self, Operation};
use super::shape;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `x-amzn-ErrorType`
    pub error_type: Option<&'static str>,
    /// `x-amzn-RequestId`
    pub request_id: String,
    /// JSON.
    pub body: String,
}

/// `Content-Type` of every answer.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The largest body of a request in bytes that AWS takes; with larger payloads see [`Api::max_body`].
pub const MAX_BODY: usize = 1_049_600;

/// The operation that an `X-Amz-Target` header names; `None` if it is for another service.
pub fn operation(target: &str) -> Option<&str> {
    target.strip_prefix("AWSStepFunctions.")
}

impl Response {
    /// The refusal of a request with a body over a limit, see [`Api::max_body`].
    pub fn too_large(limit: usize) -> Response {
        Response::of(Err(Error::too_large(limit)))
    }

    /// The answer for a request whose operation broke down (a defect of ours).
    pub fn failed() -> Response {
        Response::of(Err(Error::internal("The operation broke down")))
    }

    /// The refusal of a request that names no operation.
    pub fn no_operation() -> Response {
        Response::of(Err(Error::unknown_operation("The request names no operation")))
    }

    /// The answer that this error is.
    pub fn from_error(error: Error) -> Response {
        Response::of(Err(error))
    }

    /// The answer with this output of an operation, in JSON.
    pub fn of_body(body: String) -> Response {
        Response::of(Ok(body))
    }

    /// The refusal of a request that is not to be believed.
    pub(super) fn refused(refusal: Refusal) -> Response {
        Response::of(Err(refusal.into()))
    }

    fn of(result: Result<String, Error>) -> Response {
        Response::to(Uuid::new_v4().to_string(), result)
    }

    fn to(request_id: String, result: Result<String, Error>) -> Response {
        match result {
            Ok(body) => Response { status: 200, error_type: None, request_id, body },
            Err(error) => Response {
                status: error.status(),
                error_type: Some(error.kind()),
                request_id,
                body: error.body(),
            },
        }
    }
}

/// Does one request. Whatever it holds, this returns an answer.
pub(super) async fn respond(api: &Api, operation: &str, body: &[u8]) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let result = match read(api, operation, body) {
        Ok((operation, input)) => guarded((operation.run)(api, input)).await,
        Err(error) => Err(error),
    };
    // What there is no operation of could be named in endless ways.
    let operation = operation::find(operation).map_or("-", |operation| operation.name);
    let error = result.as_ref().err();
    api.engine.metrics().request(operation, error.map(Error::kind));
    tracing::debug!(
        operation,
        request_id,
        error = error.map(Error::kind),
        "a request was answered"
    );
    if let Some(error) = error.filter(|error| error.status() >= 500) {
        let error = error.message();
        tracing::error!(operation, request_id, error, "a request could not be done");
    }
    Response::to(request_id, result)
}

fn read(api: &Api, name: &str, body: &[u8]) -> Result<(&'static Operation, Input), Error> {
    if body.len() > api.max_body() {
        return Err(Error::too_large(api.max_body()));
    }
    let Some(shape) = shape::of(name) else {
        return Err(Error::unknown_operation(format!("There is no operation {name}")));
    };
    let value = if body.is_empty() { Value::object::<&str>([]) } else { parse(body)? };
    shape::check(shape, &value, api.engine.config.limits.payload)?;
    let operation = operation::find(name).ok_or_else(|| {
        Error::unknown_operation(format!("The operation {name} is not available yet"))
    })?;
    Ok((operation, Input::new(value)))
}

fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| Error::serialization(error.to_string()))
}

/// A bug in one operation is an answer, not the end of the connection.
async fn guarded(work: impl Future<Output = Result<String, Error>>) -> Result<String, Error> {
    let mut work = pin!(work);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(Error::internal("an internal error occurred"))))
    })
    .await
}
