//! An engine and its API, on tape, with somebody outside who does what a flow needs of the world.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use stepwright::api::Api;
use stepwright::store::memory::MemoryStore;
use stepwright::turn::{Config, Engine, Parts};
use stepwright_core::engine::Limits;
use tempfile::TempDir;

use super::flows::{Flow, Outside};
use super::queue::TapedQueue;
use super::tape::{Entry, Recorder, Tape, Write, replay};
use super::tasks::Functions;
use crate::support::build::START;
use crate::support::clock::VirtualClock;

const PREFIX: &str = "arn:aws:states:us-east-1:123456789012";
pub(super) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:dig";

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// What was sent and not handled is delivered, as by a queue that outlives the engine. One state per turn.
    Kept,
    /// All messages are lost and the sweep finds what is to be done, as after a start of the local server. Many states.
    Swept,
}

pub(super) struct World {
    engine: Arc<Engine>,
    api: Api,
    queue: Arc<TapedQueue>,
    clock: Arc<VirtualClock>,
    tape: Arc<Tape>,
    outside: Outside,
    tokens: BTreeSet<String>,
    interfered: bool,
    _buckets: TempDir,
}

impl World {
    /// A new world with the flow's machine, and its execution just started.
    pub(super) async fn begin(flow: &Flow) -> World {
        let mut world = World::open(flow.outside, &[], Restart::Kept).await;
        world.does("CreateActivity", json!({"name": "dig"})).await;
        let definition = flow.definition.to_string();
        let body = json!({"name": "flow", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"});
        world.does("CreateStateMachine", body).await;
        let body = json!({"stateMachineArn": format!("{PREFIX}:stateMachine:flow"), "name": "run",
                          "input": flow.input.to_string()});
        world.does("StartExecution", body).await;
        world.interfered = false;
        world
    }

    /// A new engine before what an earlier one has left behind.
    pub(super) async fn open(outside: Outside, left: &[Entry], restart: Restart) -> World {
        let clock = Arc::new(VirtualClock::default());
        clock.advance_to(left.last().map_or(START, |last| last.time));
        let tape = Arc::new(Tape::new(clock.clone()));
        let buckets = tempfile::tempdir().unwrap();
        let bucket = buckets.path().join("bucket");
        fs::create_dir(&bucket).unwrap();
        fs::write(bucket.join("items.csv"), "n\n1\n2\n3\n4\n5\n").unwrap();
        let store = MemoryStore::new();
        let queue = Arc::new(TapedQueue::new(clock.clone(), tape.clone()));
        let mut tokens = BTreeSet::new();
        for Entry { write, .. } in left {
            replay(&store, write).await;
            queue.replay(write);
            if let Write::Token(token) = write {
                tokens.insert(token.clone());
            }
        }
        let parts = Parts {
            store: Arc::new(Recorder { store, tape: tape.clone() }),
            queue: queue.clone(),
            offers: queue.clone(),
            tasks: Arc::new(Functions {
                clock: clock.clone(),
                tape: tape.clone(),
                buckets: buckets.path().to_owned(),
            }),
            clock: clock.clone(),
            observer: None,
        };
        let engine = Arc::new(Engine::open(parts, config(left.len(), restart)).await.unwrap());
        if restart == Restart::Swept {
            queue.lose();
            engine.sweep().await.unwrap();
        }
        let interfered = left.iter().any(|entry| interference(outside, &entry.write));
        World {
            api: Api::new(engine.clone()),
            engine,
            queue,
            clock,
            tape,
            outside,
            tokens,
            interfered,
            _buckets: buckets,
        }
    }

    /// Runs until nothing is left to do. What was lost on the way to the queue is found by the sweep.
    pub(super) async fn run(&mut self) {
        for _ in 0..3 {
            self.run_out().await;
            self.engine.sweep().await.unwrap();
        }
        self.run_out().await;
    }

    async fn run_out(&mut self) {
        for _ in 0..20_000 {
            if let Some(delivery) = self.queue.take() {
                let verdict = self.engine.handle(&delivery).await;
                self.queue.settle(&delivery.receipt, verdict);
            } else if !self.act().await {
                let Some(due) = self.queue.next_due() else { return };
                self.clock.advance_to(due);
            }
        }
        panic!("it does not come to rest");
    }

    /// What the world does when nothing else happens; `false` if that is nothing.
    async fn act(&mut self) -> bool {
        match self.outside {
            Outside::Nothing => false,
            Outside::Answers => self.answer_tokens("SendTaskSuccess").await,
            Outside::Refuses => self.answer_tokens("SendTaskFailure").await,
            Outside::Works => self.work("SendTaskSuccess").await,
            Outside::Botches => self.work("SendTaskFailure").await,
            Outside::Vanishes => self.take().await.is_some(),
            Outside::Stops => {
                let stop = json!({"executionArn": run(), "error": "Stopped", "cause": "by hand"});
                self.once("StopExecution", stop).await
            }
            Outside::Redrives => {
                let failed = self.end().await["status"] == "FAILED";
                failed && self.once("RedriveExecution", json!({"executionArn": run()})).await
            }
            Outside::Slows => {
                let runs = self.does("ListMapRuns", json!({"executionArn": run()})).await;
                let Some(arn) = runs["mapRuns"].get(0).map(|run| run["mapRunArn"].clone()) else {
                    return false;
                };
                self.once("UpdateMapRun", json!({"mapRunArn": arn, "maxConcurrency": 1})).await
            }
        }
    }

    async fn once(&mut self, operation: &str, body: Json) -> bool {
        let first = !self.interfered;
        if first {
            self.interfered = true;
            // It may have ended before, or been answered before.
            self.api.call(operation, body.to_string().as_bytes()).await;
        }
        first
    }

    async fn answer_tokens(&mut self, operation: &str) -> bool {
        for entry in self.tape.entries() {
            if let Write::Token(token) = entry.write {
                self.tokens.insert(token);
            }
        }
        let body = match operation {
            "SendTaskSuccess" => json!({"output": "{\"answer\": 42}"}),
            _ => json!({"error": "No", "cause": "not this time"}),
        };
        let mut answered = false;
        for token in std::mem::take(&mut self.tokens) {
            let mut body = body.clone();
            body["taskToken"] = json!(token);
            let answer = self.api.call(operation, body.to_string().as_bytes()).await;
            answered |= answer.status == 200;
            assert!(
                answer.status == 200 || answer.error_type == Some("TaskTimedOut"),
                "{answer:?}"
            );
        }
        answered
    }

    async fn work(&mut self, answer: &str) -> bool {
        let Some(token) = self.take().await else { return self.answer_tokens(answer).await };
        self.tape.note(Write::Token(token.clone()));
        self.does("SendTaskHeartbeat", json!({"taskToken": token})).await;
        self.tokens.insert(token);
        true
    }

    /// Takes the activity's next task; its token.
    async fn take(&self) -> Option<String> {
        let task = json!({"activityArn": ACTIVITY, "workerName": "w"});
        let work = self.does("GetActivityTask", task).await;
        work["taskToken"].as_str().map(str::to_owned)
    }

    /// How the execution ended: status and output, error and cause.
    pub(super) async fn end(&self) -> Json {
        let told = self.does("DescribeExecution", json!({"executionArn": run()})).await;
        let kept = ["status", "output", "error", "cause"];
        kept.iter().map(|name| ((*name).to_owned(), told[*name].clone())).collect()
    }

    /// The events of the history in alphabetical order, without what depends on their order and on time.
    pub(super) async fn events(&self) -> Vec<String> {
        let body = json!({"executionArn": run(), "maxResults": 1000});
        let told = self.does("GetExecutionHistory", body).await;
        let mut events = told["events"].as_array().unwrap().clone();
        for event in &mut events {
            let event = event.as_object_mut().unwrap();
            for name in ["id", "previousEventId", "timestamp"] {
                event.remove(name);
            }
        }
        let mut lines: Vec<_> = events.iter().map(Json::to_string).collect();
        lines.sort();
        lines
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.tape.entries()
    }

    pub(super) async fn does(&self, operation: &str, body: Json) -> Json {
        let response = self.api.call(operation, body.to_string().as_bytes()).await;
        assert_eq!(response.status, 200, "{operation} {body}: {}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }
}

/// Whether a write shows that the world has done its one deed.
fn interference(outside: Outside, write: &Write) -> bool {
    match (outside, write) {
        (Outside::Redrives, Write::Reopen(..)) => true,
        (Outside::Slows, Write::Put(kind, _, body, Some(_))) => {
            kind == "map-run" && body.contains("\"concurrency\":1")
        }
        _ => false,
    }
}

fn run() -> String {
    format!("{PREFIX}:execution:flow:run")
}

fn config(left: usize, restart: Restart) -> Config {
    Config {
        states_per_turn: if restart == Restart::Kept { 1 } else { 1_000_000 },
        holder: format!("after-{left}").into(),
        sole: true,
        claim_seconds: 60.0,
        visibility_seconds: 60.0,
        region: "us-east-1".into(),
        account: "123456789012".into(),
        limits: Limits::AWS,
    }
}
