//! The Lambda API, through the official SDK.

use std::sync::Arc;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use stepwright_core::engine::{Failure, TaskCall};

use super::reply::Reply;
use super::request::Request;
use crate::task::aws::{Aws, Clients, credentials_failure};
use crate::task::naming::Names;
use crate::task::wire::Wire;

/// Calls functions on AWS, or wherever the endpoint is.
pub(super) struct Remote {
    clients: Clients<Client>,
}

impl Remote {
    /// Nothing is looked up yet.
    pub(super) fn new(aws: Arc<Aws>) -> Remote {
        Remote { clients: Clients::new(aws, "Lambda", Client::new) }
    }

    /// Calls a function, once.
    pub(super) async fn call(&self, request: &Request, call: &TaskCall) -> Result<Reply, Failure> {
        let role = call.credentials.as_ref();
        let client = self
            .clients
            .client(request.region(), role)
            .await
            .map_err(|failure| hinted(failure, request))?;
        let wire = Wire::default();
        let sent = client
            .invoke()
            .function_name(&request.function)
            .set_qualifier(request.qualifier.clone())
            .invocation_type(InvocationType::from(request.kind.as_str()))
            .set_client_context(request.client_context.clone())
            .set_log_type(request.log_tail.then_some(LogType::Tail))
            .set_payload(request.payload.clone().map(Blob::new))
            .customize()
            .interceptor(wire.clone())
            .send();
        match Box::pin(sent).await {
            Ok(output) => Ok(Reply {
                status: u16::try_from(output.status_code()).unwrap_or(200),
                headers: wire.headers(),
                failed: output.function_error().is_some(),
                payload: output.payload.map_or_else(String::new, text),
            }),
            Err(error) => Err(match credentials_failure(&error, None).filter(|_| role.is_none()) {
                Some(failure) => hinted(failure, request),
                None => failure(&error, &wire, call),
            }),
        }
    }
}

fn text(payload: Blob) -> String {
    String::from_utf8(payload.into_inner())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// What to do about a configuration that does not reach AWS, for who does not mean to.
fn hinted(failure: Failure, request: &Request) -> Failure {
    let (cause, (name, _)) = (failure.cause.as_deref().unwrap_or_default(), request.name());
    let cause = format!("{cause} Or run the function on this machine: --function {name}=COMMAND");
    Failure { cause: Some(cause.into()), ..failure }
}

/// The error name and cause that Step Functions gives for a call that did not reach the function.
fn failure(error: &SdkError<InvokeError, HttpResponse>, wire: &Wire, call: &TaskCall) -> Failure {
    if let SdkError::ServiceError(context) = error
        && let Some(class) = modeled(context.err())
    {
        let (meta, status) = (context.err().meta(), context.raw().status().as_u16());
        let said = (meta.code(), meta.message());
        return NAMES.of_class(class, (status, meta.request_id()), said);
    }
    wire.failure(error, &NAMES, call)
}

/// The code of an error that the API's model knows; all others have one name in common.
fn modeled(error: &InvokeError) -> Option<&str> {
    #[expect(deprecated, reason = "there is no other way to ask whether an error is modeled")]
    let unknown = matches!(error, InvokeError::Unhandled(_));
    error.code().filter(|_| !unknown)
}

const NAMES: Names =
    Names { prefix: "Lambda", service: "AWSLambda", base: "AWSLambdaException", classes: &[] };
