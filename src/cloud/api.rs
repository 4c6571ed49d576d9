//! `api`: the Step Functions API, as clients reach it.
//!
//! | event | what it is | who may |
//! |---|---|---|
//! | HTTP with `X-Amz-Target` | an operation in AWS JSON 1.0, from any AWS SDK | who signs with a key of this installation, or whom IAM lets in |
//! | HTTP otherwise | a REST route, see [`rest`](super::rest) | the same |
//! | `{"operation": "StartExecution", "input": {…}}` | an operation, by a direct call of the function | whom IAM lets call the function |
//! | `{"keys": "create" \| "list" \| "delete", …}` | access keys of this installation | the same |
//! | `{"express": {…}}` | an Express execution that this function itself has started | the same |

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{self, Request};
use super::world::{World, unavailable};
use super::{Failed, express, failure, rest};
use crate::api::{Api, Response, protocol};

/// Answers an event.
///
/// # Errors
/// It is none of these, or the store is not available.
pub(super) async fn answer(world: &World, event: Value, _: &Context) -> Result<Value, Failed> {
    if let Some(request) = Request::of(&event) {
        let api = world.api().await?;
        return Ok(match request {
            Ok(request) => Box::pin(over_http(world, api, &request)).await,
            Err(why) => http::response(400, &[], &why),
        });
    }
    if let Some(execution) = event.get("express") {
        return Box::pin(express::run(world, &execution.to_string())).await;
    }
    match Direct::deserialize(event) {
        Ok(Direct::Operation(call)) => operate(world.api().await?, call).await,
        Ok(Direct::Keys(action)) => world.keys.act(action).await,
        Err(_) => Err(failure(
            "Stepwright.InvalidEvent",
            "expected an HTTP request, {\"operation\": …, \"input\": …} or {\"keys\": …}",
        )),
    }
}

/// An operation called directly: its output, or a failure with the API's error as its kind.
pub(super) async fn operate(api: &Arc<Api>, call: Call) -> Result<Value, Failed> {
    let input = call.input.unwrap_or_else(|| json!({}));
    let response = api.call(&call.operation, input.to_string().as_bytes()).await;
    let body: Value = serde_json::from_str(&response.body).map_err(unavailable)?;
    match response.error_type {
        None => Ok(body),
        Some(kind) => {
            Err(failure(kind, body.get("message").and_then(Value::as_str).unwrap_or_default()))
        }
    }
}

async fn over_http(world: &World, api: &Arc<Api>, request: &Request) -> Value {
    if request.method == "GET" && matches!(&*request.path, "/health" | "/_stepwright/health") {
        return http::response(
            200,
            &JSON,
            &json!({"status": "ok", "service": "stepwright"}).to_string(),
        );
    }
    if world.settings.keys
        && let Err(refused) = world.keys.prepare(request.header("authorization")).await
    {
        return aws_json(&Response::from_error(refused));
    }
    if let Err(refused) = api.admit(|| request.as_signed()) {
        return aws_json(&refused);
    }
    let Some(target) = request.header("x-amz-target") else {
        return rest::answer(&|machine| world.settings.machine_arn(machine), api, request).await;
    };
    let Some(operation) = protocol::operation(target) else {
        return aws_json(&Response::no_operation());
    };
    aws_json(&within(api, operation, request).await)
}

/// A poll ends, with nothing, before the gateway gives up on it.
async fn within(api: &Arc<Api>, operation: &str, request: &Request) -> Response {
    let call = Box::pin(api.call(operation, &request.body));
    if operation != "GetActivityTask" {
        return call.await;
    }
    match tokio::time::timeout(Duration::from_secs_f64(request.patience_seconds), call).await {
        Ok(response) => response,
        Err(_) => Response::of_body(r#"{"taskToken":null}"#.to_owned()),
    }
}

fn aws_json(response: &Response) -> Value {
    let mut headers = vec![
        ("content-type", protocol::CONTENT_TYPE),
        ("x-amzn-requestid", response.request_id.as_str()),
    ];
    headers.extend(response.error_type.map(|kind| ("x-amzn-errortype", kind)));
    http::response(response.status, &headers, &response.body)
}

/// A direct call.
#[derive(Deserialize)]
#[serde(untagged)]
enum Direct {
    Operation(Call),
    Keys(super::keys::Action),
}

/// An operation of the API and its input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) input: Option<Value>,
}

/// Headers of answers that are not AWS JSON.
pub(super) const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
