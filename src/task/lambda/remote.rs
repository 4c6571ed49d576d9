//! The Lambda API, through the official SDK.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_lambda::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_lambda::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use stepwright_core::engine::{Failure, TaskCall};

use super::reply::Reply;
use super::request::Request;
use crate::task::aws::{
    Aws, Settings, TRACE_HEADER, credentials_failure, deepest, endpoint_override, for_machine,
    service_cause, trace_header,
};

/// Calls functions on AWS, or wherever the endpoint is.
pub(super) struct Remote {
    aws: Aws,
    clients: Mutex<HashMap<Key, Client>>,
}

/// What clients differ in: the region that a function's ARN names, and the role.
type Key = (Option<String>, Option<Arc<str>>);

impl Remote {
    /// Nothing is looked up yet.
    pub(super) fn new(settings: Settings) -> Remote {
        Remote { aws: Aws::new(settings), clients: Mutex::default() }
    }

    /// Calls a function, once.
    pub(super) async fn call(&self, request: &Request, call: &TaskCall) -> Result<Reply, Failure> {
        let role = call.credentials.as_ref();
        let client = self
            .client(request.region(), role)
            .await
            .map_err(|failure| hinted(failure, request))?;
        let seen = Seen::default();
        let sent = client
            .invoke()
            .function_name(&request.function)
            .set_qualifier(request.qualifier.clone())
            .invocation_type(InvocationType::from(request.kind.as_str()))
            .set_client_context(request.client_context.clone())
            .set_log_type(request.log_tail.then_some(LogType::Tail))
            .set_payload(request.payload.clone().map(Blob::new))
            .customize()
            .interceptor(seen.clone())
            .send();
        match Box::pin(sent).await {
            Ok(output) => Ok(Reply {
                status: u16::try_from(output.status_code()).unwrap_or(200),
                headers: std::mem::take(&mut seen.exchange().headers),
                failed: output.function_error().is_some(),
                payload: output.payload.map_or_else(String::new, text),
            }),
            Err(error) => Err(match credentials_failure(&error, role) {
                Some(failure) if role.is_some() => for_machine(failure, &call.origin.role),
                Some(failure) => hinted(failure, request),
                None => failure(&error, &seen.exchange().authority),
            }),
        }
    }

    async fn client(
        &self,
        region: Option<&str>,
        role: Option<&Arc<str>>,
    ) -> Result<Client, Failure> {
        let key = (region.map(str::to_owned), role.cloned());
        if let Some(client) = self.clients().get(&key) {
            return Ok(client.clone());
        }
        let config = self.aws.config(region, role).await?;
        let mut builder = aws_sdk_lambda::config::Builder::from(&config);
        let given = self.aws.settings().lambda_endpoint.clone();
        if let Some(endpoint) = given.or_else(|| endpoint_override(&config, "Lambda")) {
            builder = builder.endpoint_url(endpoint);
        }
        let client = Client::from_conf(builder.build());
        self.clients().insert(key, client.clone());
        Ok(client)
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Key, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
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
fn failure(error: &SdkError<InvokeError, HttpResponse>, authority: &str) -> Failure {
    if let SdkError::ServiceError(context) = error {
        let (error, status) = (context.err(), context.raw().status().as_u16());
        let name = match error.code() {
            Some(code) if is_modeled(error) => format!("Lambda.{code}"),
            _ => "Lambda.AWSLambdaException".to_owned(),
        };
        let cause = service_cause("AWSLambda", status, error.meta(), error.meta().request_id());
        return Failure::new(name, cause);
    }
    let reason = deepest(error);
    let reason = reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
    let cause = match error {
        SdkError::ResponseError(_) => format!("Unable to unmarshall response: {reason}"),
        _ if authority.is_empty() => format!("Unable to execute HTTP request: {reason}"),
        _ => format!("Unable to execute HTTP request: {authority}: {reason}"),
    };
    Failure::new("Lambda.SdkClientException", cause)
}

/// Whether the API's model knows the error; all others have one name in common.
fn is_modeled(error: &InvokeError) -> bool {
    #[expect(deprecated, reason = "there is no other way to ask whether an error is modeled")]
    let unknown = matches!(error, InvokeError::Unhandled(_));
    !unknown
}

/// Sees what the SDK keeps to itself, and cuts our own chain of invocations.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<Exchange>>);

#[derive(Debug, Default)]
struct Exchange {
    /// Host, and port if it is not the usual one, that the request goes to.
    authority: String,
    /// Headers of the response.
    headers: Vec<(String, String)>,
}

impl Seen {
    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "Seen"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().clone_into(&mut self.exchange().authority);
        if let Some(trace) = trace_header() {
            context.request_mut().headers_mut().insert(TRACE_HEADER, trace);
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers().iter();
        self.exchange().headers =
            headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(())
    }
}
