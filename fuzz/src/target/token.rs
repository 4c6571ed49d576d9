//! Task tokens: whatever is sent as one, an answer is refused as AWS does, or ends the one task that waits.

use serde_json::{Value, json};

use super::api::{Scene, is_aws};
use crate::home::{Home, block_on};

pub(super) fn run(input: &[u8]) {
    let token = String::from_utf8_lossy(input);
    block_on(async {
        let home = Home::new().await;
        Scene::set(&home).await;
        for (operation, body) in [
            ("SendTaskHeartbeat", json!({"taskToken": token})),
            ("SendTaskFailure", json!({"taskToken": token, "error": "E"})),
            ("SendTaskSuccess", json!({"taskToken": token, "output": "1"})),
        ] {
            let response = home.call(operation, body.to_string().as_bytes()).await;
            is_aws(operation, &response.expect("an answer"));
        }
        home.idle().await;
    });
}

/// Tokens of tasks of the home, which always has the same key, and things that are none.
pub(super) fn tokens() -> Vec<Vec<u8>> {
    block_on(async {
        let home = Home::new().await;
        let scene = Scene::set(&home).await;
        let mut found: Vec<Vec<u8>> =
            scene.tokens.iter().map(|token| token.clone().into_bytes()).collect();
        found.extend(
            ["", "AQ", "a b", "AQ====", "\u{1F4A5}", "-_-_", "null"]
                .map(|text| text.as_bytes().to_vec()),
        );
        found.push(Value::from("x".repeat(2_000)).to_string().into_bytes());
        found
    })
}
