//! Any operation of any AWS service, by one client that is driven by AWS's own API models.
//!
//! ```text
//! parameters -- input: checked, converted --> protocol: request --> peculiar, checksum --> send: signed, sent
//!                                                                                              |
//! result     <------------------------------- protocol: output, or failure <------------------ response
//! ```
//!
//! Task states on `aws-sdk:SERVICE:ACTION` are one user; other rooms call by [`Sdk::call`] and [`Sdk::open`].

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use stepwright_core::engine::{TaskCall, TaskOutcome};
use stepwright_core::expr::Value;

use super::aws::{self, Aws, Scope, Settings, endpoint as elsewhere, for_machine};
use super::own::{Answer, StepFunctions};
use super::within;
use crate::retry::Backoff;

mod checksum;
mod endpoint;
mod event_stream;
mod failure;
mod input;
mod models;
mod moment;
mod name;
mod old;
mod own;
mod peculiar;
mod protocol;
mod send;

pub use event_stream::Event;
pub use failure::{OptimizedNames, SdkFailure, ServiceError};
pub(super) use name::pascal;

use models::{Models, Operation, Service};
use protocol::{Request, Response};
use send::Target;

/// Calls AWS services.
pub struct Sdk {
    aws: Arc<Aws>,
    own: own::Slot,
}

/// A call of an operation, with parameters as Step Functions has them.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The service's name in `aws-sdk:NAME:action`.
    pub service: &'a str,
    /// The operation in camel case.
    pub action: &'a str,
    /// Names in Pascal case.
    pub parameters: &'a Value,
    /// Region, if not ours.
    pub region: Option<&'a str>,
    /// Role to be assumed.
    pub role: Option<&'a Arc<str>>,
    /// What fills members that are idempotency tokens.
    pub token: &'a str,
}

/// A result whose body is still to be read.
#[derive(Debug)]
pub struct Opened {
    /// Everything but the body.
    pub head: Value,
    /// The body.
    pub body: ByteStream,
}

impl Sdk {
    /// Nothing is looked up or connected yet.
    pub fn new(settings: Settings) -> Sdk {
        Sdk::over(Arc::new(Aws::new(settings)))
    }

    /// The same, over a way to AWS that others use too.
    pub(super) fn over(aws: Arc<Aws>) -> Sdk {
        Sdk { aws, own: own::Slot::default() }
    }

    /// From now on, calls that concern this engine are answered by it. Only the first engine counts.
    pub fn answer_by(&self, engine: Arc<dyn StepFunctions>) {
        self.own.set(engine);
    }

    /// Whether there is an operation of this name for workflows. One whose input or output is a stream of events is none, as
    /// at AWS: a state has one input and one result.
    pub fn knows(service: &str, action: &str) -> bool {
        let service = Models::shared().service(service);
        service.is_some_and(|s| s.operation(action).is_some_and(|operation| !operation.events))
    }

    /// Names of an operation's parameters, each with whether a workflow must give it.
    pub fn members(service: &str, action: &str) -> Vec<(String, bool)> {
        let Some(service) = Models::shared().service(service) else { return Vec::new() };
        let input = service.operation(action).and_then(|operation| operation.input);
        let members = input.map(|input| service.members(input)).unwrap_or_default().iter();
        members
            .map(|member| {
                (name::pascal(&member.name), member.required && !member.idempotency_token)
            })
            .collect()
    }

    /// Whether an operation has an idempotency token, so that its service recognises a repetition.
    pub fn has_token(service: &str, action: &str) -> bool {
        let Some(service) = Models::shared().service(service) else { return false };
        let input = service.operation(action).and_then(|operation| operation.input);
        let members = input.map(|input| service.members(input)).unwrap_or_default();
        members.iter().any(|member| member.idempotency_token)
    }

    /// A result as the optimized integrations show it: times are milliseconds since 1970.
    pub fn old_form(service: &str, action: &str, result: Value) -> Value {
        old::form(service, action, result)
    }

    /// Performs an operation, once.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn call(&self, call: &Call<'_>) -> Result<Value, SdkFailure> {
        Ok(self.answered(call).await?.0)
    }

    /// Performs an operation of the engine's own, which may be performed twice: again for a while as long as that can help.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn ask(&self, call: &Call<'_>) -> Result<Value, SdkFailure> {
        patiently(call.service, || Box::pin(self.call(call))).await
    }

    /// The same with a body that is no text.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn ask_with(&self, call: &Call<'_>, body: &Bytes) -> Result<Value, SdkFailure> {
        let sent = patiently(call.service, || Box::pin(self.sent(call, Some(body)))).await;
        sent.map(|(told, _)| told)
    }

    /// The same for an operation whose result is a stream.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn ask_for_stream(&self, call: &Call<'_>) -> Result<Opened, SdkFailure> {
        patiently(call.service, || Box::pin(self.open(call))).await
    }

    /// The same, with status and headers of the answer.
    ///
    /// # Errors
    /// Why there is no result.
    pub(super) async fn answered(&self, call: &Call<'_>) -> Result<(Value, Answer), SdkFailure> {
        self.sent(call, None).await
    }

    async fn sent(
        &self,
        call: &Call<'_>,
        body: Option<&Bytes>,
    ) -> Result<(Value, Answer), SdkFailure> {
        let service = known(call.service)?;
        let operation = offered(&service, call.action)?;
        let mut request = request(&service, operation, call)?;
        if let Some(body) = body {
            request.body = body.to_vec();
        }
        let response =
            match self.own.answer(&service, operation, &request, self.sfn_elsewhere()).await {
                Some(response) => response,
                None => {
                    let (request, target) = self.aimed(call, &service, operation, request).await?;
                    let sent = Box::pin(send::open(self.aws.sender(), request, &target)).await;
                    let response = sent.map_err(|reason| client(&service, reason))?;
                    send::read(response).await.map_err(|reason| client(&service, reason))?
                }
            };
        let told = result(&service, operation, &response)?;
        let Response { status, headers, .. } = response;
        Ok((told, Answer { status, headers, body: String::new() }))
    }

    /// Whether we were told where the Step Functions API is that has what this engine does not have.
    fn sfn_elsewhere(&self) -> bool {
        elsewhere::of_service("SFN").is_some()
    }

    /// Performs an operation whose result is a stream (`s3:getObject`), without reading it.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn open(&self, call: &Call<'_>) -> Result<Opened, SdkFailure> {
        let service = known(call.service)?;
        let operation = offered(&service, call.action)?;
        let request = request(&service, operation, call)?;
        let (request, target) = self.aimed(call, &service, operation, request).await?;
        let sent = Box::pin(send::open(self.aws.sender(), request, &target)).await;
        let mut response = sent.map_err(|reason| client(&service, reason))?;
        if !response.status().is_success() {
            let response = send::read(response).await.map_err(|reason| client(&service, reason))?;
            return Err(refusal(&service, operation, &response));
        }
        let body = ByteStream::new(response.take_body());
        let head = result(&service, operation, &aws::head(&response))?;
        Ok(Opened { head, body })
    }

    /// Performs an operation whose result is a stream of events, to its end.
    ///
    /// # Errors
    /// Why there is no result; so if the stream ends with an error.
    pub(super) async fn events(&self, call: &Call<'_>) -> Result<Vec<Event>, SdkFailure> {
        let service = known(call.service)?;
        let operation = known_action(&service, call.action)?;
        let request = request(&service, operation, call)?;
        let (request, target) = self.aimed(call, &service, operation, request).await?;
        let sent = Box::pin(send::open(self.aws.sender(), request, &target)).await;
        let response = sent.map_err(|reason| client(&service, reason))?;
        let response = send::read(response).await.map_err(|reason| client(&service, reason))?;
        if !(200..300).contains(&response.status) {
            return Err(refusal(&service, operation, &response));
        }
        let events = event_stream::events(&response.body);
        let events = events.map_err(|reason| client(&service, reason))?;
        match events.iter().find(|event| event.exception) {
            Some(event) => Err(interrupted(&service, event, &response)),
            None => Ok(events),
        }
    }

    /// The task of an `aws-sdk` resource.
    pub(super) async fn perform(
        &self,
        service: &str,
        action: &str,
        call: &TaskCall,
    ) -> TaskOutcome {
        let wanted = Call {
            service,
            action,
            parameters: call.parameters.value(),
            region: None,
            role: call.credentials.as_ref(),
            token: &call.idempotency_token,
        };
        match within(call, Box::pin(self.call(&wanted))).await {
            Ok(Ok(output)) => TaskOutcome::Succeeded(output.into()),
            Ok(Err(failure)) => {
                let failure = failure.of_sdk(call.parameters.text());
                TaskOutcome::Failed(for_machine(failure, &call.origin.role))
            }
            Err(outcome) => outcome,
        }
    }

    /// Where a request goes, and the request as the service wants it there.
    async fn aimed(
        &self,
        call: &Call<'_>,
        service: &Service,
        operation: &Operation,
        mut request: Request,
    ) -> Result<(Request, Target), SdkFailure> {
        let config = self.aws.config(call.region, call.role).await;
        let config = config.map_err(SdkFailure::Configuration)?;
        let own = config.region().map(ToString::to_string).unwrap_or_default();
        let region = call.region.map_or(own, str::to_owned);
        let elsewhere = self.aws.endpoint(&config, &service.service_id);
        let mut place = endpoint::place(service, operation, &region);
        let (Some(_), false) = (&place, service.bearer) else {
            let reason = format!(
                "The service {} cannot be called: it has no endpoint in {region} that takes signatures.",
                service.name
            );
            return Err(SdkFailure::Unsupported(reason));
        };
        let at_aws = if elsewhere.is_none() { place.as_mut() } else { None };
        peculiar::adapt(service, operation, &mut request, at_aws)
            .and_then(|()| checksum::add(&mut request, operation))
            .map_err(SdkFailure::Unsupported)?;
        let endpoint = match (&elsewhere, &place) {
            (Some(endpoint), _) => endpoint.trim_end_matches('/').to_owned(),
            (None, Some(place)) => format!("https://{}{}", request.host_prefix, place.host),
            (None, None) => String::new(),
        };
        let credentials = match operation.anonymous {
            true => None,
            false => {
                let found = self.aws.credentials(&config, call.role).await;
                Some(found.map_err(SdkFailure::Configuration)?)
            }
        };
        let (region, service) =
            place.map(|place| (place.signing_region, place.signing_name)).unwrap_or_default();
        let scope = Scope { service, region, unsigned_payload: operation.unsigned_payload };
        Ok((request, Target { endpoint, scope, credentials }))
    }
}

/// What comes of a request that nobody but the engine bounds and repeats.
async fn patiently<T, F>(service: &str, request: impl Fn() -> F) -> Result<T, SdkFailure>
where
    F: Future<Output = Result<T, SdkFailure>>,
{
    let prefix = || Models::shared().service(service).map(|service| service.prefix.to_owned());
    let mut backoff = Backoff::within(PATIENCE);
    loop {
        let answer = tokio::time::timeout(LONGEST_ANSWER, request()).await;
        let answer = answer.unwrap_or_else(|_| {
            let reason = "there was no answer in time".to_owned();
            Err(SdkFailure::Client { prefix: prefix().unwrap_or_default(), reason })
        });
        match answer {
            Err(failure) if failure.passes() && backoff.pause().await => {}
            answer => return answer,
        }
    }
}

fn known(service: &str) -> Result<Arc<Service>, SdkFailure> {
    Models::shared().service(service).ok_or_else(|| {
        SdkFailure::Unsupported(format!("There is no AWS service of the name {service}."))
    })
}

fn known_action<'a>(service: &'a Service, action: &str) -> Result<&'a Operation, SdkFailure> {
    let name = service.name;
    service.operation(action).ok_or_else(|| {
        SdkFailure::Unsupported(format!(
            "The service {name} has no API action of the name {action}."
        ))
    })
}

/// An operation that has one result.
fn offered<'a>(service: &'a Service, action: &str) -> Result<&'a Operation, SdkFailure> {
    let operation = known_action(service, action)?;
    if operation.events {
        let name = service.name;
        let reason = format!("The action {name}:{action} is not supported: it streams events.");
        return Err(SdkFailure::Unsupported(reason));
    }
    Ok(operation)
}

fn request(
    service: &Service,
    operation: &Operation,
    call: &Call<'_>,
) -> Result<Request, SdkFailure> {
    let node = input::convert(service, operation, call.parameters, call.token)
        .map_err(SdkFailure::Parameters)?;
    protocol::request(service, operation, &node)
        .map_err(|problem| SdkFailure::Parameters(vec![problem]))
}

fn result(
    service: &Service,
    operation: &Operation,
    response: &Response,
) -> Result<Value, SdkFailure> {
    if !(200..300).contains(&response.status) {
        return Err(refusal(service, operation, response));
    }
    protocol::output(service, operation, response)
        .map_err(|reason| client(service, format!("Unable to unmarshall response: {reason}")))
}

fn refusal(service: &Service, operation: &Operation, response: &Response) -> SdkFailure {
    let mut error = protocol::answered(service, response);
    peculiar::complete(service, operation, &mut error);
    SdkFailure::Service(ServiceError::new(service, error).into())
}

/// The error with which a stream of events ends.
fn interrupted(service: &Service, event: &Event, response: &Response) -> SdkFailure {
    let exception = name::pascal(&event.name);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("x-amzn-requestid");
    let error = ServiceError {
        prefix: service.prefix.to_owned(),
        status: response.status,
        code: Some(exception.clone()),
        exception: Some(exception),
        message: event.payload.get("message").and_then(text),
        request_id: response.headers.iter().find(id).map(|(_, value)| value.clone()),
        extended_request_id: None,
    };
    SdkFailure::Service(error.into())
}

fn client(service: &Service, reason: String) -> SdkFailure {
    SdkFailure::Client { prefix: service.prefix.to_owned(), reason }
}

/// How long a request that can do better later is made again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer may take that no task bounds.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
