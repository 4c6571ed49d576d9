//! REST routes, for callers who know no AWS SDK: webhooks, browsers behind API Gateway, `curl`. `infra/openapi.yaml`
//! describes them. All of them are operations of the API under plainer names, with its error types and messages.
//!
//! | route | is |
//! |---|---|
//! | `POST /executions` | StartExecution; `{"stateMachine": name or ARN, "name": …, "input": any JSON}` |
//! | `POST /executions/sync` | the same, and waits for the end: StartSyncExecution, or for a Standard machine as long as the gateway allows |
//! | `POST /machines/{name}/executions` | StartExecution; the whole body is the input, `Idempotency-Key` the name |
//! | `GET /executions/{arn}`, `GET /executions/{machine}/{name}` | DescribeExecution |
//! | `GET …/history` | GetExecutionHistory, with `maxResults`, `nextToken`, `reverseOrder` |
//! | `POST …/stop` | StopExecution; `{"error": …, "cause": …}` or nothing |

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::api::JSON;
use super::http::{self, Request};
use crate::api::{Api, Response};

/// Makes the ARN of a machine of its name; what is an ARN already stays.
pub type MachineArn<'a> = &'a (dyn Fn(&str) -> String + Sync);

/// Answers an HTTP event by these routes, over any API and without asking who sends it; `None` if it is no HTTP event.
pub async fn respond(api: &Arc<Api>, arn: MachineArn<'_>, event: &Value) -> Option<Value> {
    Some(match Request::of(event)? {
        Ok(request) => answer(arn, api, &request).await,
        Err(why) => http::response(400, &[], &why),
    })
}

/// Answers a request to one of the routes.
pub(super) async fn answer(arn: MachineArn<'_>, api: &Arc<Api>, request: &Request) -> Value {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answered = match (&*request.method, path.as_slice()) {
        ("POST", ["executions"]) => match body(request) {
            Ok(start) => call(api, "StartExecution", start.input(arn)).await,
            Err(refused) => Err(refused),
        },
        ("POST", ["executions", "sync"]) => match body(request) {
            Ok(start) => Box::pin(synchronously(arn, api, &start, request.patience_seconds)).await,
            Err(refused) => Err(refused),
        },
        ("POST", ["machines", machine, "executions"]) => {
            let start = Start {
                state_machine: (*machine).to_owned(),
                name: request.header("idempotency-key").map(str::to_owned),
                input: Some(whole(&request.body)),
            };
            call(api, "StartExecution", start.input(arn)).await
        }
        (method, ["executions", rest @ ..]) => execution(arn, api, (method, rest), request).await,
        _ => Err((404, "NotFound".to_owned(), "there is no such route".to_owned())),
    };
    match answered {
        Ok(answer) => http::response(200, &JSON, &answer.to_string()),
        Err((status, kind, message)) => {
            let body = json!({"error": kind, "message": message}).to_string();
            http::response(status, &JSON, &body)
        }
    }
}

/// Status, AWS's name of the error, message.
type Refused = (u16, String, String);

/// Routes below an execution.
async fn execution(
    machine_arn: MachineArn<'_>,
    api: &Arc<Api>,
    (method, path): (&str, &[&str]),
    request: &Request,
) -> Result<Value, Refused> {
    let (path, action) = match path {
        [path @ .., last @ ("history" | "stop")] if !path.is_empty() => (path, *last),
        path => (path, ""),
    };
    let arn = match path {
        [arn] => (*arn).to_owned(),
        [machine, name] => {
            let machine = machine_arn(machine);
            format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1))
        }
        _ => return Err((404, "NotFound".to_owned(), "there is no such route".to_owned())),
    };
    let mut input = Map::new();
    input.insert("executionArn".to_owned(), arn.into());
    let operation = match (method, action) {
        ("GET", "") => "DescribeExecution",
        ("GET", "history") => {
            let number = request.parameter("maxResults").and_then(|n| n.parse::<u64>().ok());
            input.extend(number.map(|n| ("maxResults".to_owned(), n.into())));
            let token = request.parameter("nextToken");
            input.extend(token.map(|token| ("nextToken".to_owned(), token.into())));
            let reverse = request.parameter("reverseOrder").map(|flag| flag == "true");
            input.extend(reverse.map(|flag| ("reverseOrder".to_owned(), flag.into())));
            "GetExecutionHistory"
        }
        ("POST", "stop") => {
            if let Value::Object(given) = whole(&request.body) {
                input.extend(given.into_iter().filter(|(k, _)| k == "error" || k == "cause"));
            }
            "StopExecution"
        }
        _ => return Err((405, "MethodNotAllowed".to_owned(), "not with this method".to_owned())),
    };
    call(api, operation, input.into()).await
}

/// Starts an execution and waits for its end. A Standard execution may outlast the caller's patience; then the answer says
/// that it is running, and its ARN tells where to ask later.
async fn synchronously(
    arn: MachineArn<'_>,
    api: &Arc<Api>,
    start: &Start,
    patience_seconds: f64,
) -> Result<Value, Refused> {
    match call(api, "StartSyncExecution", start.input(arn)).await {
        Err((_, kind, _)) if kind == "StateMachineTypeNotSupported" => {}
        answered => return answered,
    }
    let started = call(api, "StartExecution", start.input(arn)).await?;
    let arn = json!({"executionArn": started.get("executionArn")});
    let until = Instant::now() + Duration::from_secs_f64(patience_seconds);
    let mut pause = Duration::from_millis(100);
    loop {
        let found = call(api, "DescribeExecution", arn.clone()).await?;
        let running = found.get("status").is_some_and(|status| status == "RUNNING");
        if !running || Instant::now() + pause > until {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(2));
    }
}

async fn call(api: &Arc<Api>, operation: &str, input: Value) -> Result<Value, Refused> {
    let response = Box::pin(api.call(operation, input.to_string().as_bytes())).await;
    let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
    match response.error_type {
        None => Ok(body),
        Some(kind) => {
            let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
            Err((status(kind, &response), kind.to_owned(), message.to_owned()))
        }
    }
}

/// AWS JSON answers 400 to everything; REST can say more.
fn status(kind: &str, response: &Response) -> u16 {
    match kind {
        "ExecutionDoesNotExist" | "StateMachineDoesNotExist" => 404,
        "ExecutionAlreadyExists" => 409,
        _ => response.status,
    }
}

/// What is to be started.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(alias = "stateMachineArn")]
    state_machine: String,
    name: Option<String>,
    input: Option<Value>,
}

impl Start {
    /// Input of StartExecution. JSON is given as it is; AWS's own form, JSON in a string, is understood too.
    fn input(&self, arn: MachineArn<'_>) -> Value {
        let mut input = Map::new();
        let arn = arn(&self.state_machine);
        input.insert("stateMachineArn".to_owned(), arn.into());
        input.extend(self.name.clone().map(|name| ("name".to_owned(), name.into())));
        let text = match &self.input {
            None => None,
            Some(Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => {
                Some(text.clone())
            }
            Some(value) => Some(value.to_string()),
        };
        input.extend(text.map(|text| ("input".to_owned(), text.into())));
        input.into()
    }
}

fn body(request: &Request) -> Result<Start, Refused> {
    serde_json::from_slice(&request.body)
        .map_err(|error| (400, "SerializationException".to_owned(), error.to_string()))
}

/// A body as a JSON value; text that is none is a string, no body is an empty object.
fn whole(body: &[u8]) -> Value {
    if body.is_empty() {
        return json!({});
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
