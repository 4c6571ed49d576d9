//! An engine as it is deployed, with a proxy between it and AWS, and a loop that does what Lambda's event source mapping
//! does: receive, invoke, delete.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
use serde_json::{Value as Json, json};
use stepwright::queue::Queue;
use stepwright::queue::dynamodb::Due;
use stepwright::queue::dynamodb::{DynamoOffers, Timers};
use stepwright::queue::sqs::{Queues, SqsQueue};
use stepwright::store::dynamodb::DynamoStore;
use stepwright::store::{Execution, Kind, ListQuery, Registry, Stored};
use stepwright::task::Performer;
use stepwright::turn::{Clock, Config, Engine, Parts, Verdict, definition_key};
use stepwright_core::engine::{ExecutionId, Failure, Limits, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;

use crate::contract::homes::wall_clock;
use crate::support::aws::Aws;
use crate::support::bill::Bill;
use crate::support::build::message;
use crate::support::clock::VirtualClock;
use crate::support::proxy::{Call, Fate, Proxy};

/// How a deployment is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    /// `MaxStatesPerInvocation`
    pub(super) states: u32,
    /// `BatchSize`
    pub(super) batch: usize,
}

/// Ten states, five of which are tasks of 50 ms.
pub(super) fn ten_states() -> Json {
    let mut states = serde_json::Map::new();
    for number in 0..10 {
        let mut state = match number % 2 {
            0 => json!({"Type": "Pass"}),
            _ => json!({"Type": "Task", "Resource": WORK}),
        };
        match number {
            9 => state["End"] = json!(true),
            _ => state["Next"] = json!(format!("S{}", number + 1)),
        }
        states.insert(format!("S{number}"), state);
    }
    json!({"StartAt": "S0", "States": states})
}

/// A deployment with one machine in it, its caches warm.
pub(super) struct World {
    mode: Mode,
    proxy: Proxy,
    queues: Queues,
    timers: Timers,
    queue: SqsQueue,
    engine: Arc<Engine>,
    tasks: Arc<Echo>,
    clock: Arc<VirtualClock>,
    started: AtomicU64,
}

impl World {
    pub(super) async fn new(mode: Mode, definition: &Json) -> Option<World> {
        World::with(mode, definition, |_, _| Fate::Pass).await
    }

    /// With a plan for the fate of each request.
    pub(super) async fn with(
        mode: Mode,
        definition: &Json,
        plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
    ) -> Option<World> {
        World::within(Limits::AWS, mode, definition, plan).await
    }

    /// With other limits than AWS's.
    pub(super) async fn within(
        limits: Limits,
        mode: Mode,
        definition: &Json,
        plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
    ) -> Option<World> {
        let aws = Aws::emulated()?;
        let (queues, timers) = (aws.queue().await, aws.timers_table().await);
        let tables = aws.executions_table().await;
        let proxy = Proxy::with(&aws, plan).await;
        let behind = proxy.aws();
        let store = Arc::new(DynamoStore::new(behind.dynamodb(), tables));
        let queue = SqsQueue::new(behind.sqs(), queues.clone())
            .with_timers(Timers::new(behind.dynamodb(), &timers))
            .waiting(Duration::from_secs(60));
        let key = definition_key(MACHINE, "1");
        store.put(Kind::Definition, &key, definition.to_string(), None).await.unwrap();
        let (clock, tasks) = (Arc::new(VirtualClock::default()), Arc::new(Echo::default()));
        // It stands still, so that no count depends on how fast this machine is.
        clock.advance_to(wall_clock());
        let parts = Parts {
            store,
            queue: Arc::new(queue.clone()),
            offers: Arc::new(DynamoOffers::new(behind.dynamodb(), &timers)),
            tasks: tasks.clone(),
            clock: clock.clone(),
            observer: None,
        };
        let engine =
            Arc::new(Engine::open(parts, Config { limits, ..config(mode) }).await.unwrap());
        let world = World {
            mode,
            proxy,
            queues,
            timers: Timers::new(aws.dynamodb(), &timers),
            queue,
            engine,
            tasks,
            clock,
            started: AtomicU64::new(0),
        };
        world.warm_up().await;
        Some(world)
    }

    /// What is done once in the life of a function is not part of an execution's cost: reading the definition, noting
    /// the machine, setting the mark of the timers.
    async fn warm_up(&self) {
        let first = self.execution("{}");
        self.engine.store.create(first.clone()).await.unwrap();
        self.engine.stop(&first, Failure::default()).await.unwrap();
        let far = self.clock.now().plus_seconds(2.0 * YEAR_SECONDS);
        self.queue.send(vec![(message(0), Some(far))]).await.unwrap();
    }

    /// Starts so many executions at once and runs them until nothing is left to do.
    pub(super) async fn run(&self, executions: usize, input: &str) -> Bill {
        self.proxy.calls();
        // Announced together, as the records of one event.
        let turns: Vec<_> = (0..executions).map(|_| self.queue.turn()).collect();
        let starts = turns.into_iter().map(|turn| {
            let (engine, execution) = (self.engine.clone(), self.execution(input));
            tokio::spawn(async move {
                engine.store.create(execution.clone()).await.unwrap();
                engine.start(&execution).await.unwrap();
                drop(turn);
            })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap();
        }
        let starts = executions as f64;
        let functions = Bill {
            invocations: starts,
            gigabyte_seconds: starts * 0.005 * 0.125,
            ..Bill::default()
        };
        functions.and(self.work_off().await)
    }

    /// Rows of all executions that were started by [`World::run`], in the order of their start.
    pub(super) async fn rows(&self) -> Vec<Arc<Execution>> {
        let query = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 1_000 };
        let mut rows = Vec::new();
        for row in self.engine.store.list(&query).await.unwrap() {
            rows.extend(self.engine.store.execution(&row.id).await.unwrap());
        }
        rows.sort_unstable_by_key(|row| row.name.clone());
        rows.remove(0); // The one that warmed things up.
        rows
    }

    pub(super) async fn journal(&self, row: &Execution) -> Vec<Stored> {
        self.engine.journal(row).await.unwrap()
    }

    /// Runs an execution until nothing is left to do; the writes of each item of the tables, by partition and sort key.
    pub(super) async fn writes(&self, input: &str) -> BTreeMap<(String, String), usize> {
        self.proxy.calls();
        let turn = self.queue.turn();
        let execution = self.execution(input);
        self.engine.store.create(execution.clone()).await.unwrap();
        let engine = self.engine.clone();
        let start = tokio::spawn(async move {
            engine.start(&execution).await.unwrap();
            drop(turn);
        });
        start.await.unwrap();
        let mut writes = BTreeMap::new();
        loop {
            for call in self.proxy.calls() {
                let key = match &*call.operation {
                    "PutItem" => &call.request["Item"],
                    "UpdateItem" | "DeleteItem" => &call.request["Key"],
                    _ => continue,
                };
                let text = |name: &str| key[name]["S"].as_str().unwrap().to_owned();
                *writes.entry((text("pk"), text("sk"))).or_default() += 1;
            }
            let records = self.receive().await;
            if records.is_empty() {
                return writes;
            }
            self.invoke(&records).await;
            self.delete(&records).await;
        }
    }

    /// A year later: the sweep finds what was parked. What each sweep reads is not an execution's.
    pub(super) async fn run_parked(&self) -> Bill {
        let before = self.clock.now().plus_seconds(YEAR_SECONDS - 600.0);
        self.timers.sent(&Due { messages: Vec::new(), until: before }).await.unwrap();
        // Records are never at the same time as those before them, so a little more than a year.
        self.clock.advance(YEAR_SECONDS + 1.0);
        assert_eq!(self.queue.send_due(self.clock.now()).await.unwrap(), 1);
        let mut calls = self.proxy.calls();
        calls.retain(|call| call.operation == "SendMessageBatch");
        Bill::of(&calls).and(self.work_off().await)
    }

    /// Does what the event source mapping does, until there are no more messages.
    async fn work_off(&self) -> Bill {
        let mut functions = Bill::default();
        loop {
            let records = self.receive().await;
            if records.is_empty() {
                break;
            }
            self.invoke(&records).await;
            functions.invocations += 1.0;
            let seconds = 0.005 * records.len() as f64 + 0.05 * f64::from(self.tasks.longest());
            functions.gigabyte_seconds += seconds * 0.125;
            self.delete(&records).await;
        }
        let mut calls = self.proxy.calls();
        calls.retain(|call| !received_nothing(call));
        Bill::of(&calls).and(functions)
    }

    async fn receive(&self) -> Vec<SqsMessage> {
        let client = self.proxy.aws().sqs();
        let request = client
            .receive_message()
            .queue_url(&*self.queues.url)
            .max_number_of_messages(self.mode.batch as i32)
            .wait_time_seconds(1)
            .message_system_attribute_names(ApproximateReceiveCount);
        let answer = request.send().await.unwrap();
        let record = |message: &aws_sdk_sqs::types::Message| {
            let count = &message.attributes().unwrap()[&ApproximateReceiveCount];
            let record = json!({
                "messageId": message.message_id(), "receiptHandle": message.receipt_handle(),
                "body": message.body(), "attributes": {"ApproximateReceiveCount": count},
            });
            serde_json::from_value(record).unwrap()
        };
        answer.messages().iter().map(record).collect()
    }

    /// The worker function: all messages of the batch at the same time.
    async fn invoke(&self, records: &[SqsMessage]) {
        let turns: Vec<_> = records.iter().map(|_| self.queue.turn()).collect();
        let handled = records.iter().zip(turns).map(|(record, turn)| {
            let (engine, delivery) = (self.engine.clone(), SqsQueue::delivery(record).unwrap());
            tokio::spawn(async move {
                let verdict = engine.handle(&delivery).await;
                drop(turn);
                verdict
            })
        });
        for handled in handled.collect::<Vec<_>>() {
            assert_eq!(handled.await.unwrap(), Verdict::Delete);
        }
    }

    async fn delete(&self, records: &[SqsMessage]) {
        let client = self.proxy.aws().sqs();
        let mut request = client.delete_message_batch().queue_url(&*self.queues.url);
        for (number, record) in records.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
            let entry = entry.receipt_handle(record.receipt_handle.as_deref().unwrap());
            request = request.entries(entry.build().unwrap());
        }
        request.send().await.unwrap();
    }

    /// A new execution, with names as long as usual ones.
    fn execution(&self, input: &str) -> Execution {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let name = format!("7b2b5d2e-6f3c-4d0e-9d0a-{number:012}");
        Execution {
            id: ExecutionId(format!("abcdefghijklmnopqr{number:08}.0").into()),
            arn: format!("{}:{name}", MACHINE.replace("stateMachine", "execution")).into(),
            name: name.into(),
            machine: MACHINE.into(),
            revision: "1".into(),
            role: "arn:aws:iam::123456789012:role/order-fulfilment-role".into(),
            input: Document::parse(input).unwrap(),
            started: self.clock.now(),
            deadline: None,
            trace_header: None,
            version: None,
            alias: None,
            redriven: None,
            closing: None,
            parent: None,
        }
    }
}

fn received_nothing(call: &Call) -> bool {
    call.operation == "ReceiveMessage"
        && call.answer["Messages"].as_array().is_none_or(|messages| messages.is_empty())
}

/// Functions that return their input.
#[derive(Default)]
struct Echo(Mutex<HashMap<ExecutionId, u32>>);

impl Echo {
    /// The most tasks that one execution had performed since this was asked last.
    fn longest(&self) -> u32 {
        std::mem::take(&mut *self.0.lock().unwrap()).into_values().max().unwrap_or(0)
    }
}

#[async_trait]
impl Performer for Echo {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        *self.0.lock().unwrap().entry(call.cursor.execution.clone()).or_default() += 1;
        TaskOutcome::Succeeded(call.parameters.clone())
    }
}

fn config(mode: Mode) -> Config {
    Config {
        states_per_turn: mode.states,
        // As long as the name of a function's log stream.
        holder: "2026/11/21/[$LATEST]8f3a1c5e7b9d4f60a1b2c3d4e5f60718".into(),
        sole: false,
        claim_seconds: 35.0,
        visibility_seconds: 180.0,
        region: "us-east-1".into(),
        account: "123456789012".into(),
        limits: Limits::AWS,
    }
}

pub(super) const WORK: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:order-fulfilment";
const YEAR_SECONDS: f64 = 31_536_000.0;
