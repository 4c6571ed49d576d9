//! Lambda: functions as resources (`arn:aws:lambda:…:function:NAME`) and `lambda:invoke`.
//!
//! A function that is registered locally wins over the Lambda API, whatever account and region the ARN names.

use std::sync::Arc;

use stepwright_core::engine::{TaskCall, TaskOutcome};
use stepwright_core::expr::Document;

use super::aws::Aws;
use super::within;
use crate::task::function::{Functions, Invocation};

mod remote;
mod reply;
mod request;

use remote::Remote;
use reply::Reply;
use request::{Kind, Request};

/// Calls functions.
pub(super) struct Lambda {
    functions: Functions,
    remote: Remote,
}

impl Lambda {
    /// Calls local functions where there is one of the name, and the Lambda API otherwise.
    pub(super) fn new(functions: Functions, aws: Arc<Aws>) -> Lambda {
        Lambda { functions, remote: Remote::new(aws) }
    }

    /// The function as resource: its payload is the output, its error object the cause as it stands.
    pub(super) async fn function(&self, arn: &str, call: &TaskCall) -> TaskOutcome {
        let request = Request::of_function(arn, call.parameters.text());
        let reply = match self.call(&request, call).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        if reply.failed {
            return TaskOutcome::Failed(reply.failure(&reply.payload));
        }
        match Document::parse(reply.payload.as_str()) {
            Ok(output) => TaskOutcome::Succeeded(output),
            Err(_) => TaskOutcome::Failed(reply.no_json()),
        }
    }

    /// `lambda:invoke`: the output wraps payload and metadata, the cause is the error object without white space.
    pub(super) async fn invoke(&self, call: &TaskCall) -> TaskOutcome {
        let request = match Request::of_parameters(&call.parameters) {
            Ok(request) => request,
            Err(failure) => return TaskOutcome::Failed(failure),
        };
        match self.call(&request, call).await {
            Ok(reply) if reply.failed => TaskOutcome::Failed(reply.failure(&reply.compact())),
            Ok(reply) => TaskOutcome::Succeeded(reply.output()),
            Err(outcome) => outcome,
        }
    }

    async fn call(&self, request: &Request, call: &TaskCall) -> Result<Reply, TaskOutcome> {
        let (name, qualifier) = request.name();
        if self.functions.knows(name) {
            let invocation = Invocation {
                name: name.to_owned(),
                qualifier: request.qualifier.clone().or(qualifier.map(str::to_owned)),
                event: request.payload.clone().unwrap_or_else(|| "{}".to_owned()),
                client_context: request.client_context.clone(),
            };
            if let Some(reply) = self.local(invocation, request.kind, call).await {
                return reply;
            }
        }
        // Its state is large, and calls of local functions need none of it.
        let remote = Box::pin(self.remote.call(request, call));
        within(call, remote).await?.map_err(TaskOutcome::Failed)
    }

    async fn local(
        &self,
        invocation: Invocation,
        kind: Kind,
        call: &TaskCall,
    ) -> Option<Result<Reply, TaskOutcome>> {
        match kind {
            Kind::RequestResponse => {
                let place = self.functions.place(&invocation.name).await?;
                let answer = within(call, place.invoke(&invocation)).await;
                Some(answer.map(Reply::of_answer))
            }
            Kind::Event => {
                let functions = self.functions.clone();
                // Nobody waits for the answer of an event; the function's own log has it.
                tokio::spawn(async move { functions.invoke(&invocation).await });
                Some(Ok(Reply::accepted(202)))
            }
            Kind::DryRun => Some(Ok(Reply::accepted(204))),
        }
    }
}
