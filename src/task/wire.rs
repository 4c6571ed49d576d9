//! What passes over the wire when a client of the SDK makes one request: the body that is sent, where it goes, and the
//! answer as it came, which histories show more of than the SDK's own types keep.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use stepwright_core::engine::{Failure, TaskCall};

use super::aws::{credentials_failure, deepest, for_machine, trace_header};
use super::naming::Names;
use super::own::Answer;

/// Looks on at one request; put into it as an interceptor.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Passed>>);

#[derive(Debug, Default)]
struct Passed {
    /// What is sent in place of the body that the SDK made.
    body: Option<String>,
    /// Host, and port if it is not the usual one, that the request goes to.
    authority: String,
    answer: Answer,
}

impl Wire {
    /// Sends this body, whatever the SDK thinks of it.
    pub(super) fn sending(body: String) -> Wire {
        Wire(Arc::new(Mutex::new(Passed { body: Some(body), ..Passed::default() })))
    }

    /// The answer, as far as one came.
    pub(super) fn answer(&self) -> Answer {
        self.passed().answer.clone()
    }

    /// The failure of a request, named as AWS names it.
    pub(super) fn failure<E>(
        &self,
        error: &SdkError<E, HttpResponse>,
        names: &Names,
        call: &TaskCall,
    ) -> Failure
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let role = call.credentials.as_ref();
        if let Some(failure) = credentials_failure(error, role) {
            return for_machine(failure, &call.origin.role);
        }
        if let SdkError::ServiceError(context) = error {
            let meta = context.err().meta();
            let status = context.raw().status().as_u16();
            let request_id = meta.extra("aws_request_id");
            return names.failure(status, (meta.code(), meta.message()), request_id);
        }
        let reason = deepest(error);
        if let SdkError::ResponseError(_) = error {
            return names.no_answer(&format!("Unable to unmarshall response: {reason}"));
        }
        names.unreachable(&self.passed().authority, &reason)
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut passed = self.passed();
        let uri = context.request().uri();
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().clone_into(&mut passed.authority);
        if let Some(trace) = trace_header() {
            context.request_mut().headers_mut().insert("x-amzn-trace-id", trace);
        }
        if let Some(body) = passed.body.take() {
            let request = context.request_mut();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let headers = response.headers().iter();
        let body = response.body().bytes().unwrap_or_default();
        self.passed().answer = Answer {
            status: response.status().as_u16(),
            headers: headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        Ok(())
    }
}
