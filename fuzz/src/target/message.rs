//! What the queue brings: messages of SQS as Lambda hands them over, read and handled by an engine with executions in it.

use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::{Value, json};
use stepwright::queue::sqs::SqsQueue;
use stepwright_core::engine::{Cursor, Frame, Message, MessageKind, Phase, Visit};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::api::Scene;
use crate::home::{Home, START, block_on};

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let event: SqsEvent = match serde_json::from_str(&text) {
        Ok(event) => event,
        Err(_) => serde_json::from_value(event(&text)).expect("an event"),
    };
    let deliveries: Vec<_> = event
        .records
        .iter()
        .take(10)
        .filter_map(|record| SqsQueue::delivery(record).ok())
        .collect();
    if deliveries.is_empty() {
        return;
    }
    block_on(async {
        let home = Home::new().await;
        Scene::set(&home).await;
        for delivery in deliveries {
            home.engine.handle(&delivery).await;
        }
        home.idle().await;
    });
}

fn event(body: &str) -> Value {
    json!({"Records": [{
        "messageId": "m", "receiptHandle": "r", "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:WorkQueue",
    }]})
}

/// Bodies for executions that are there and for others.
pub(super) fn bodies() -> Vec<Vec<u8>> {
    let frame = Frame {
        flow: 0,
        lane: None,
        state: "A".into(),
        input: Document::from_trusted_text("{\"a\":1}"),
        variables: None,
        visit: Visit::default(),
        last: None,
        events_before: 0,
        phase: Phase::Ready,
    };
    let kinds = [
        MessageKind::Start,
        MessageKind::Advance,
        MessageKind::Timer { due: START },
        MessageKind::Timer { due: Timestamp(i64::MAX) },
        MessageKind::Join,
        MessageKind::Child,
        MessageKind::Deadline { due: Timestamp(0) },
        MessageKind::Fork(Box::new(frame)),
    ];
    let ids = block_on(async {
        let home = Home::new().await;
        Scene::set(&home).await.executions
    });
    let mut found = Vec::new();
    for id in &ids {
        for kind in &kinds {
            for slot in [0, 1, 2, u64::MAX] {
                let message =
                    Message { cursor: Cursor::root(id.clone(), slot), kind: kind.clone() };
                found.push(json!({"v": 1, "m": message}).to_string().into_bytes());
            }
        }
    }
    found.push(event("{\"v\":1,\"z\":\"KLUv/QQAaQAAeyJ2IjoxfQ==\"}").to_string().into_bytes());
    found
}
