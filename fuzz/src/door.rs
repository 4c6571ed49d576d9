//! A home with AWS's limits, to ask things of: for tables of what is answered to what is too much.

use serde_json::Value;
use stepwright_core::engine::Limits;

use crate::home::{Home, block_on};

/// A request: an operation and its body.
pub type Request = (&'static str, Vec<u8>);

/// An answer in brief: `200`, or the error's type and message.
pub type Answer = (Value, String);

/// Asks for one thing after the other, until one is refused; what was started comes to its end before the next is asked
/// for. The last answer.
pub fn ask(requests: &[Request]) -> Answer {
    block_on(async {
        let home = Home::within(Limits::AWS).await;
        let mut last = (Value::Null, String::new());
        for (operation, body) in requests {
            let response = home.call(operation, body).await.expect("an answer");
            home.idle_for(30_000).await;
            crate::target::is_aws(operation, &response);
            let body: Value = serde_json::from_str(&response.body).expect("JSON");
            let brief = match response.error_type {
                None => "200".to_owned(),
                Some(kind) => format!("{kind}: {}", body["message"].as_str().unwrap_or_default()),
            };
            let refused = response.error_type.is_some();
            last = (body, brief);
            if refused {
                break;
            }
        }
        last
    })
}

/// Runs a machine of this definition with this input; how it ends: `SUCCEEDED output`, or `FAILED error: cause`. If it
/// cannot be made or started, why.
pub fn work(definition: &str, input: &str) -> String {
    let create =
        serde_json::json!({"name": "m", "definition": definition, "roleArn": crate::home::ROLE});
    let owner = crate::home::OWNER;
    let start = serde_json::json!({
        "stateMachineArn": format!("arn:aws:states:{owner}:stateMachine:m"), "name": "run", "input": input,
    });
    let describe =
        serde_json::json!({"executionArn": format!("arn:aws:states:{owner}:execution:m:run")});
    let requests = [
        ("CreateStateMachine", create),
        ("StartExecution", start),
        ("DescribeExecution", describe),
    ];
    let requests = requests.map(|(operation, body)| (operation, body.to_string().into_bytes()));
    let (ended, brief) = ask(&requests);
    if brief != "200" {
        return brief;
    }
    let text = |name: &str| ended[name].as_str().unwrap_or_default();
    match text("status") {
        "SUCCEEDED" => format!("SUCCEEDED {}", text("output")),
        status => format!("{status} {}: {}", text("error"), text("cause")),
    }
}
