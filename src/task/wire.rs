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

use super::aws::{TRACE_HEADER, credentials_failure, for_machine, reason, trace_header};
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

    /// The headers of the answer, once.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.passed().answer.headers)
    }

    /// The answer with the length that AWS gives to this one, where a server that stands in for AWS has sent it: those lay
    /// answers out in their own ways, and a workflow tried out against them is to see what it will see on AWS. The rule is
    /// that of the services: those of AWS JSON write no white space, SNS writes its XML in lines (its own file says how).
    /// What AWS itself has sent is left as it is.
    pub(super) fn answer_of_length(&self, length: usize) -> Answer {
        let answer = self.answer();
        let host = self.passed().authority.clone();
        let of_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
        match of_aws.iter().any(|domain| host.ends_with(domain)) {
            true => answer,
            false => answer.of_length(length),
        }
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
        let reason = reason(error);
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
            context.request_mut().headers_mut().insert(TRACE_HEADER, trace);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_for_aws_is_measured_anew() {
        for (host, expected) in [
            ("dynamodb.us-east-1.amazonaws.com", "9"),
            ("sqs.cn-north-1.amazonaws.com.cn", "9"),
            ("127.0.0.1:4566", "2"),
            ("amazonaws.com.example.org", "2"),
        ] {
            let wire = Wire::default();
            wire.passed().authority = host.to_owned();
            let headers = vec![("content-length".to_owned(), "9".to_owned())];
            wire.passed().answer = Answer { status: 200, headers, body: String::new() };
            assert_eq!(wire.answer_of_length(2).headers[0].1, expected, "{host}");
        }
    }
}
