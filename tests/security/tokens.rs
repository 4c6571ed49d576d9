//! Task tokens: who does not hold one cannot answer, who used one cannot use it again, and a refusal tells a stranger
//! nothing.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use stepwright::api::Api;
use stepwright::queue::embedded::EmbeddedQueue;
use stepwright::queue::offers::EmbeddedOffers;
use stepwright::store::memory::MemoryStore;
use stepwright::turn::{Config, Engine, Parts, Tokens};
use stepwright_core::engine::Limits;

use crate::support::build::cursor;
use crate::support::clock::VirtualClock;
use crate::support::fault::Faults;
use crate::support::meter::Operation;
use crate::support::store::FaultyStore;
use crate::support::tasks::ScriptedTasks;

const OPERATIONS: [&str; 3] = ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"];

/// An installation with an API, and what counts the requests to its store.
struct Installation {
    api: Api,
    engine: Arc<Engine>,
    faults: Arc<Faults>,
}

impl Installation {
    async fn open() -> Installation {
        let clock = Arc::new(VirtualClock::default());
        let faults = Faults::never();
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), faults.clone());
        let parts = Parts {
            store: Arc::new(store),
            queue: Arc::new(EmbeddedQueue::new()),
            offers: Arc::new(EmbeddedOffers::new()),
            tasks: Arc::new(ScriptedTasks::new(clock.clone())),
            clock,
            observer: None,
        };
        let config = Config {
            states_per_turn: 1,
            holder: "test".into(),
            sole: true,
            claim_seconds: 60.0,
            visibility_seconds: 60.0,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            limits: Limits::AWS,
        };
        let engine = Arc::new(Engine::open(parts, config).await.unwrap());
        Installation { api: Api::new(engine.clone()), engine, faults }
    }

    /// What an operation with this token is answered, and how many requests to the store that took.
    async fn answer(&self, operation: &str, token: &str) -> (Json, u64) {
        let before = self.faults.operations();
        let body = json!({"taskToken": token, "output": "1"});
        let answer = self.api.call(operation, body.to_string().as_bytes()).await;
        let told = json!([answer.status, serde_json::from_str::<Json>(&answer.body).unwrap()]);
        (told, self.faults.operations() - before)
    }

    async fn tokens(&self) -> Tokens {
        Tokens::open(&*self.engine.store).await.unwrap()
    }
}

#[tokio::test]
async fn a_wrong_token_and_one_of_another_installation_are_answered_alike_and_without_a_look_into_the_store()
 {
    let (here, elsewhere) = (Installation::open().await, Installation::open().await);
    let foreign = elsewhere.tokens().await.seal(&cursor("execution", "", 3));
    let own = here.tokens().await.seal(&cursor("execution", "", 3));
    let mut flipped = own.clone().into_bytes();
    let last = flipped.len() - 2;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let cut = own[..own.len() - 4].to_owned();
    for operation in OPERATIONS {
        let mut answers = Vec::new();
        for token in [&*foreign, &*flipped, &*cut, "nonsense", &"A".repeat(2048)] {
            let (told, looks) = here.answer(operation, token).await;
            assert_eq!(looks, 0, "{operation} {token}");
            assert_eq!(told[1]["__type"], "InvalidToken", "{told}");
            answers.push(told);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{operation}: {answers:?}");
    }
    assert_eq!(here.faults.meter.of(&[Operation::Insert, Operation::Beat]), 0);
}

#[tokio::test]
async fn a_token_names_no_execution_and_no_secret() {
    use base64::Engine as _;
    let here = Installation::open().await;
    let token = here.tokens().await.seal(&cursor("an-execution", "7.1", 3));
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&token).unwrap();
    let shown = String::from_utf8_lossy(&bytes);
    assert!(!shown.contains("an-execution") && !shown.contains("7.1"), "{shown}");
    // 16 bytes of authentication code and 12 of nonce beside the version and the place itself.
    assert_eq!(bytes.len(), 1 + 12 + "an-execution\n7.1\n3".len() + 16);
}
