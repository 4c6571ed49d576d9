//! The REST routes, as events of API Gateway and function URLs.

use serde_json::{Value, json};
use stepwright::cloud::rest;

use super::api::Scene;
use crate::home::{Home, OWNER, block_on};

pub(super) fn run(input: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(input) else { return };
    block_on(async {
        let home = Home::new().await;
        Scene::set(&home).await;
        let arn = |machine: &str| match machine.starts_with("arn:") {
            true => machine.to_owned(),
            false => format!("arn:aws:states:{OWNER}:stateMachine:{machine}"),
        };
        let Some(Some(answer)) = home.beside(rest::respond(&home.api, &arn, &event)).await else {
            return;
        };
        let status = answer["statusCode"].as_u64().expect("a status");
        assert!((200..500).contains(&status), "{answer}");
        let body = answer["body"].as_str().expect("a body");
        if status != 400 {
            serde_json::from_str::<Value>(body).expect("JSON");
        }
    });
}

/// Events of every route in every form.
pub(super) fn events() -> Vec<Vec<u8>> {
    let routes = [
        ("POST", "/executions", "", r#"{"stateMachine":"flow","name":"n","input":{"a":1}}"#),
        (
            "POST",
            "/executions",
            "",
            r#"{"stateMachineArn":"arn:aws:states:OWNER:stateMachine:flow","input":"{}"}"#,
        ),
        ("POST", "/executions/sync", "", r#"{"stateMachine":"quick","input":[1,2]}"#),
        ("POST", "/executions/sync", "", r#"{"stateMachine":"flow"}"#),
        ("POST", "/machines/flow/executions", "", r#"{"any":"thing"}"#),
        ("GET", "/executions/flow/run", "", ""),
        ("GET", "/executions/arn%3Aaws%3Astates%3AOWNER%3Aexecution%3Aflow%3Arun", "", ""),
        ("GET", "/executions/flow/run/history", "maxResults=2&reverseOrder=true&nextToken=t", ""),
        ("POST", "/executions/waits/run/stop", "", r#"{"error":"E","cause":"c"}"#),
        ("DELETE", "/executions", "", ""),
    ];
    let mut found = Vec::new();
    for (method, path, query, body) in routes {
        let (path, body) = (path.replace("OWNER", OWNER), body.replace("OWNER", OWNER));
        let second = json!({
            "version": "2.0", "rawPath": format!("/prod{path}"), "rawQueryString": query,
            "headers": {"host": "a.lambda-url.us-east-1.on.aws", "idempotency-key": "k"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "prod", "domainName": "a.lambda-url.us-east-1.on.aws"},
            "body": body, "isBase64Encoded": false,
        });
        let first = json!({
            "resource": path, "path": path, "httpMethod": method,
            "multiValueHeaders": {"Host": ["a"], "Idempotency-Key": ["k", "l"]},
            "multiValueQueryStringParameters": {"maxResults": ["1"]},
            "requestContext": {"path": format!("/prod{path}"), "stage": "prod", "httpMethod": method},
            "body": body,
        });
        found.extend([second, first].map(|event| event.to_string().into_bytes()));
    }
    found
}
