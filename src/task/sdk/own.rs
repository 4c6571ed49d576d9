//! Calls of the Step Functions API that concern the engine which the tasks run in: it answers them itself.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use super::models::{Operation, Service};
use super::protocol::{Request, Response};

/// The Step Functions API of an engine.
#[async_trait]
pub trait OwnEngine: Send + Sync {
    /// Performs an operation (`StartExecution`) with its parameters as on the wire; `None` if it concerns nothing of this
    /// engine (an ARN of another account or region), so that the request is sent.
    async fn answer(&self, operation: &str, body: &[u8]) -> Option<OwnAnswer>;
}

/// An answer of AWS JSON 1.0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAnswer {
    /// HTTP status.
    pub status: u16,
    /// `x-amzn-ErrorType`
    pub error_type: Option<String>,
    /// `x-amzn-RequestId`
    pub request_id: String,
    /// JSON.
    pub body: String,
}

/// Where an engine is put after its tasks were made.
#[derive(Default)]
pub(super) struct Slot(OnceLock<Arc<dyn OwnEngine>>);

impl Slot {
    /// Puts the engine in, if none is there.
    pub(super) fn set(&self, engine: Arc<dyn OwnEngine>) {
        // A second engine for the same tasks would be a mistake of the program; the first one stays.
        let _ = self.0.set(engine);
    }

    /// The engine's answer, if the request concerns it.
    pub(super) async fn answer(
        &self,
        service: &Service,
        operation: &Operation,
        request: &Request,
    ) -> Option<Response> {
        let engine = self.0.get().filter(|_| service.name == "sfn")?;
        let answer = engine.answer(&operation.name, &request.body).await?;
        let mut headers = vec![("x-amzn-requestid".to_owned(), answer.request_id)];
        headers.extend(answer.error_type.map(|kind| ("x-amzn-errortype".to_owned(), kind)));
        Some(Response { status: answer.status, headers, body: answer.body.into_bytes() })
    }
}
