//! An API over a store in memory, with a clock that stands still and an engine whose executions only move when a test
//! moves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use stepwright::api::{Api, Quotas, Response};
use stepwright::queue::embedded::EmbeddedQueue;
use stepwright::queue::offers::EmbeddedOffers;
use stepwright::store::memory::MemoryStore;
use stepwright::task::Performer;
use stepwright::turn::{Clock, Config, Engine, Parts};
use stepwright_core::engine::{Limits, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/r";
pub(super) const PASS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
pub(super) const FLOW: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:flow";
pub(super) const RUN: &str = "arn:aws:states:us-east-1:123456789012:execution:flow:run";

pub(super) struct World {
    pub(super) api: Arc<Api>,
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<StandingClock>,
}

impl World {
    pub(super) async fn new() -> World {
        let clock = Arc::new(StandingClock(AtomicI64::new(1_700_000_000_123_000)));
        let parts = Parts {
            store: Arc::new(MemoryStore::new()),
            queue: Arc::new(EmbeddedQueue::new()),
            offers: Arc::new(EmbeddedOffers::new()),
            tasks: Arc::new(Nobody),
            clock: clock.clone(),
            observer: None,
        };
        let config = Config {
            states_per_turn: 1,
            holder: "test".into(),
            sole: true,
            claim_seconds: 60.0,
            visibility_seconds: 30.0,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            limits: Limits::AWS,
        };
        let engine = Arc::new(Engine::open(parts, config).await.unwrap());
        World { api: Arc::new(Api::new(engine.clone())), engine, clock }
    }

    /// A world in which an account may not have more than this.
    pub(super) async fn within(quotas: Quotas) -> World {
        let world = World::new().await;
        let api = Api::new(world.engine.clone()).with_quotas(quotas);
        World { api: Arc::new(api), ..world }
    }

    /// A world with the machine `flow` and its execution `run`.
    pub(super) async fn with_run() -> World {
        let world = World::new().await;
        world.create("flow", json!({})).await;
        world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": "run"})).await;
        world
    }

    /// A machine of one Pass state; `more` is added to the request.
    pub(super) async fn create(&self, name: &str, more: Value) -> Value {
        let mut body = json!({"name": name, "definition": PASS, "roleArn": ROLE});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.does("CreateStateMachine", body).await
    }

    /// An operation that succeeds.
    pub(super) async fn does(&self, operation: &str, body: Value) -> Value {
        let response = self.call(operation, &body).await;
        assert_eq!(response.status, 200, "{operation} {body}: {}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }

    /// An operation that is refused: status, type and message.
    pub(super) async fn refuses(&self, operation: &str, body: Value) -> (u16, String, String) {
        refusal(&self.call(operation, &body).await)
    }

    pub(super) async fn call(&self, operation: &str, body: &Value) -> Response {
        self.api.call(operation, body.to_string().as_bytes()).await
    }
}

/// Status, type and message of a refusal. It names its type in the body and beside it, as SDKs look in either place.
pub(super) fn refusal(response: &Response) -> (u16, String, String) {
    let body: Value = serde_json::from_str(&response.body).unwrap();
    let kind = body["__type"].as_str().expect("a refusal").to_owned();
    assert_eq!(response.error_type, Some(kind.as_str()));
    (response.status, kind, body["message"].as_str().expect("a message").to_owned())
}

/// A clock that moves when it is told to.
pub(super) struct StandingClock(AtomicI64);

impl StandingClock {
    pub(super) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Performs tasks that nobody asks for.
pub(super) struct Nobody;

#[async_trait]
impl Performer for Nobody {
    async fn perform(&self, _call: &TaskCall) -> TaskOutcome {
        TaskOutcome::Succeeded(Document::empty_object())
    }
}
