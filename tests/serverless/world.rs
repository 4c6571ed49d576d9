//! An engine as it is deployed, with a proxy between it and AWS, and a loop that does what Lambda's event source mapping
//! does: receive, invoke, delete.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
use serde_json::{Value as Json, json};
use stepwright::queue::dynamodb::Due;
use stepwright::queue::dynamodb::{DynamoOffers, Timers};
use stepwright::queue::sqs::{Queues, SqsQueue};
use stepwright::queue::{Delivery, Queue};
use stepwright::store::dynamodb::DynamoStore;
use stepwright::store::{Execution, Kind, ListQuery, Registry, Stored};
use stepwright::task::Performer;
use stepwright::turn::{Clock, Config, Engine, Parts, Routing, Verdict, definition_key};
use stepwright_core::engine::{ExecutionId, Failure, Limits, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::template::Functions;
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
    ten_states_with(&json!({"Type": "Task", "Resource": WORK}))
}

/// The same with tasks like this one.
pub(super) fn ten_states_with(task: &Json) -> Json {
    let mut states = serde_json::Map::new();
    for number in 0..10 {
        let mut state = match number % 2 {
            0 => json!({"Type": "Pass"}),
            _ => task.clone(),
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
    timers_table: String,
    quick: Worker,
    /// Who has the time for long tasks, if somebody has.
    slow: Option<Worker>,
    functions: Functions,
    tasks: Arc<Echo>,
    clock: Arc<VirtualClock>,
    started: AtomicU64,
}

/// A function that messages wake.
#[derive(Clone)]
struct Worker {
    queue: SqsQueue,
    url: Arc<str>,
    engine: Arc<Engine>,
    gigabytes: f64,
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

    /// With a slow worker beside the quick one, as the template has it.
    pub(super) async fn routed(mode: Mode, definition: &Json) -> Option<World> {
        let mut world = World::new(mode, definition).await?;
        let slow = Aws::emulated()?.queue().await.url;
        let queues = Queues { slow_url: Some(slow.clone()), ..world.queues.clone() };
        let quick = world.worker(mode, (queues.clone(), false)).await;
        let patient = world.worker(mode, (queues, true)).await;
        (world.quick, world.slow) = (quick, Some(patient));
        Some(world)
    }

    /// A worker that tells long tasks from quick ones.
    async fn worker(&self, mode: Mode, (queues, patient): (Queues, bool)) -> Worker {
        let known = &self.quick.engine;
        let queue = SqsQueue::new(self.proxy.aws().sqs(), queues.clone())
            .with_timers(Timers::new(self.proxy.aws().dynamodb(), &self.timers_table))
            .waiting(Duration::from_secs(60));
        let queue = if patient { queue.at_slow() } else { queue };
        let parts = Parts {
            store: known.store.clone(),
            queue: Arc::new(queue.clone()),
            offers: known.offers.clone(),
            tasks: self.tasks.clone(),
            clock: self.clock.clone(),
            observer: None,
        };
        let engine = Engine::open(parts, config(mode)).await.unwrap();
        let engine = engine.routed(Routing { quick_seconds: Some(45.0), patient });
        let (url, gigabytes) = match patient {
            true => (queues.slow_url.unwrap(), self.functions.slow_worker),
            false => (queues.url, self.functions.worker),
        };
        let worker = Worker { queue, url, engine: Arc::new(engine), gigabytes };
        // What it reads once in its life.
        let first = self.execution("{}");
        worker.engine.store.create(first.clone()).await.unwrap();
        worker.engine.stop(&first, Failure::default()).await.unwrap();
        let far = self.clock.now().plus_seconds(2.0 * YEAR_SECONDS);
        worker.queue.send(vec![(message(0), Some(far))]).await.unwrap();
        worker
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
        let functions = Functions::by_default();
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
        let (url, gigabytes) = (queues.url.clone(), functions.worker);
        let world = World {
            mode,
            proxy,
            queues,
            timers: Timers::new(aws.dynamodb(), &timers),
            timers_table: timers,
            quick: Worker { queue, url, engine, gigabytes },
            slow: None,
            functions,
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
        self.quick.engine.store.create(first.clone()).await.unwrap();
        self.quick.engine.stop(&first, Failure::default()).await.unwrap();
        let far = self.clock.now().plus_seconds(2.0 * YEAR_SECONDS);
        self.quick.queue.send(vec![(message(0), Some(far))]).await.unwrap();
    }

    /// Starts so many executions at once and runs them until nothing is left to do.
    pub(super) async fn run(&self, executions: usize, input: &str) -> Bill {
        self.start(executions, input).await;
        let starts = executions as f64;
        let functions = Bill {
            invocations: starts,
            compute: starts * MESSAGE_SECONDS * self.functions.api * self.functions.gigabyte_second,
            ..Bill::default()
        };
        functions.and(self.work_off().await)
    }

    /// The same until nothing is left to do but to wait; the bodies and delays of all messages.
    pub(super) async fn run_to_their_wait(&self, executions: usize) -> Vec<(String, f64)> {
        self.start(executions, "{}").await;
        while let Some((worker, records)) = self.next().await {
            worker.invoke(&records).await;
            self.delete(worker, &records).await;
        }
        self.sent()
    }

    async fn start(&self, executions: usize, input: &str) {
        self.proxy.calls();
        // Announced together, as the records of one event.
        let turns: Vec<_> = (0..executions).map(|_| self.quick.queue.turn()).collect();
        let starts = turns.into_iter().map(|turn| {
            let (engine, execution) = (self.quick.engine.clone(), self.execution(input));
            tokio::spawn(async move {
                engine.store.create(execution.clone()).await.unwrap();
                engine.start(&execution).await.unwrap();
                drop(turn);
            })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap();
        }
    }

    /// Rows of all executions that were started by [`World::run`], in the order of their start.
    pub(super) async fn rows(&self) -> Vec<Arc<Execution>> {
        let query = ListQuery { machine: MACHINE.into(), status: None, after: None, limit: 1_000 };
        let mut rows = Vec::new();
        for row in self.quick.engine.store.list(&query).await.unwrap() {
            rows.extend(self.quick.engine.store.execution(&row.id).await.unwrap());
        }
        rows.sort_unstable_by_key(|row| row.name.clone());
        rows.remove(0); // The one that warmed things up.
        rows
    }

    pub(super) async fn journal(&self, row: &Execution) -> Vec<Stored> {
        self.quick.engine.journal(row).await.unwrap()
    }

    /// Runs an execution until nothing is left to do; the writes of each item of the tables, by partition and sort key.
    pub(super) async fn writes(&self, input: &str) -> BTreeMap<(String, String), usize> {
        self.proxy.calls();
        let turn = self.quick.queue.turn();
        let execution = self.execution(input);
        self.quick.engine.store.create(execution.clone()).await.unwrap();
        let engine = self.quick.engine.clone();
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
            let Some((worker, records)) = self.next().await else { return writes };
            worker.invoke(&records).await;
            self.delete(worker, &records).await;
        }
    }

    /// What is parked: when it is due, and what will be sent.
    pub(super) async fn parked(&self) -> Vec<(Timestamp, String)> {
        let request = Aws::emulated().unwrap().dynamodb().scan().table_name(&self.timers_table);
        let items = request.send().await.unwrap().items.unwrap_or_default();
        let text =
            |item: &HashMap<_, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
        let timers = items.iter().filter(|item| item.contains_key("b"));
        let due = |sort: String| Timestamp(sort.split('#').next().unwrap().parse().unwrap());
        let mut timers: Vec<_> =
            timers.map(|item| (due(text(item, "sk")), text(item, "b"))).collect();
        // The one that warmed things up.
        timers.retain(|(at, _)| at.seconds_since(self.clock.now()) < YEAR_SECONDS);
        timers
    }

    /// A sweep, so many seconds after what was before: the bodies and delays that it sends.
    pub(super) async fn sweep_after(&self, seconds: f64) -> Vec<(String, f64)> {
        self.clock.advance(seconds);
        self.proxy.calls();
        self.quick.queue.send_due(self.clock.now()).await.unwrap();
        self.sent()
    }

    /// Bodies and delays of the messages that were sent since this was asked last.
    pub(super) fn sent(&self) -> Vec<(String, f64)> {
        let calls = self.proxy.calls().into_iter().filter(|c| c.operation == "SendMessageBatch");
        let entries = calls.flat_map(|call| call.request["Entries"].as_array().unwrap().clone());
        let delay = |entry: &Json| entry["DelaySeconds"].as_f64().unwrap_or(0.0);
        entries
            .map(|entry| (entry["MessageBody"].as_str().unwrap().to_owned(), delay(&entry)))
            .collect()
    }

    pub(super) fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.quick.engine
    }

    /// The task tokens of all executions.
    pub(super) fn tokens(&self) -> HashMap<ExecutionId, String> {
        self.tasks.tokens.lock().unwrap().clone()
    }

    /// A year later: the sweep finds what was parked. What each sweep reads is not an execution's.
    pub(super) async fn run_parked(&self) -> Bill {
        let before = self.clock.now().plus_seconds(YEAR_SECONDS - 600.0);
        self.timers.sent(&Due { messages: Vec::new(), until: before }).await.unwrap();
        // Records are never at the same time as those before them, so a little more than a year.
        self.clock.advance(YEAR_SECONDS + 1.0);
        assert_eq!(self.quick.queue.send_due(self.clock.now()).await.unwrap(), 1);
        let mut calls = self.proxy.calls();
        calls.retain(|call| call.operation == "SendMessageBatch");
        Bill::of(&calls).and(self.work_off().await)
    }

    /// Does what the event source mapping does, until there are no more messages.
    pub(super) async fn work_off(&self) -> Bill {
        let mut functions = Bill::default();
        while let Some((worker, records)) = self.next().await {
            worker.invoke(&records).await;
            functions.invocations += 1.0;
            let seconds = MESSAGE_SECONDS * records.len() as f64
                + TASK_SECONDS * f64::from(self.tasks.longest());
            functions.compute += seconds * worker.gigabytes * self.functions.gigabyte_second;
            self.delete(worker, &records).await;
        }
        let mut calls = self.proxy.calls();
        calls.retain(|call| !received_nothing(call));
        Bill::of(&calls).and(functions)
    }

    /// The next batch, and whose it is.
    async fn next(&self) -> Option<(&Worker, Vec<SqsMessage>)> {
        // A second is long enough for what was sent before.
        let waits = if self.slow.is_some() { &[0, 1][..] } else { &[1] };
        for wait in waits {
            for worker in [Some(&self.quick), self.slow.as_ref()].into_iter().flatten() {
                let records = self.receive(worker, *wait).await;
                if !records.is_empty() {
                    return Some((worker, records));
                }
            }
        }
        None
    }

    async fn receive(&self, worker: &Worker, wait: i32) -> Vec<SqsMessage> {
        let client = self.proxy.aws().sqs();
        let request = client
            .receive_message()
            .queue_url(&*worker.url)
            .max_number_of_messages(self.mode.batch as i32)
            .wait_time_seconds(wait)
            .message_system_attribute_names(ApproximateReceiveCount);
        let answer = request.send().await.unwrap();
        let record = |message: &aws_sdk_sqs::types::Message| {
            let count = &message.attributes().unwrap()[&ApproximateReceiveCount];
            let names = (message.message_id().unwrap(), message.receipt_handle().unwrap());
            event(names, count, message.body().unwrap())
        };
        answer.messages().iter().map(record).collect()
    }

    async fn delete(&self, worker: &Worker, records: &[SqsMessage]) {
        let client = self.proxy.aws().sqs();
        let mut request = client.delete_message_batch().queue_url(&*worker.url);
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

impl Worker {
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
}

/// A message as Lambda's event has it.
fn event((id, receipt): (&str, &str), count: &str, body: &str) -> SqsMessage {
    let record = json!({
        "messageId": id, "receiptHandle": receipt, "body": body,
        "attributes": {"ApproximateReceiveCount": count},
    });
    serde_json::from_value(record).unwrap()
}

/// A message that was sent, as it is delivered in the end.
pub(super) fn delivered(body: &str) -> Delivery {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let id = format!("by-hand-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    SqsQueue::delivery(&event((&id, "receipt"), "1", body)).unwrap()
}

fn received_nothing(call: &Call) -> bool {
    call.operation == "ReceiveMessage"
        && call.answer["Messages"].as_array().is_none_or(|messages| messages.is_empty())
}

/// Functions that return their input. With `failOnce` in it, they fail the first time that an execution calls them; a
/// `token` is kept.
#[derive(Default)]
struct Echo {
    performed: Mutex<HashMap<ExecutionId, u32>>,
    failed: Mutex<HashSet<ExecutionId>>,
    tokens: Mutex<HashMap<ExecutionId, String>>,
}

impl Echo {
    /// The most tasks that one execution had performed since this was asked last.
    fn longest(&self) -> u32 {
        std::mem::take(&mut *self.performed.lock().unwrap()).into_values().max().unwrap_or(0)
    }
}

#[async_trait]
impl Performer for Echo {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let (execution, input) = (&call.cursor.execution, call.parameters.value());
        *self.performed.lock().unwrap().entry(execution.clone()).or_default() += 1;
        if let Some(token) = input.get("Payload").and_then(|p| p.get("token")?.as_str()) {
            self.tokens.lock().unwrap().insert(execution.clone(), token.to_owned());
        }
        if input.get("failOnce").is_some() && self.failed.lock().unwrap().insert(execution.clone())
        {
            return TaskOutcome::Failed(Failure::new("TryLater", "not now"));
        }
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
/// What a message takes, besides the tasks that are performed for it.
pub(super) const MESSAGE_SECONDS: f64 = 0.005;
pub(super) const TASK_SECONDS: f64 = 0.05;
const YEAR_SECONDS: f64 = 31_536_000.0;
