//! A home in memory that belongs to one input: the real engines, API and stores, a clock that moves when nothing is due,
//! and tasks whose outcomes a script of bytes says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use stepwright::api::{Api, Response};
use stepwright::queue::offers::EmbeddedOffers;
use stepwright::queue::{self, Delivery, Queue, Receipt};
use stepwright::store::memory::MemoryStore;
use stepwright::store::{Kind, Registry, Store};
use stepwright::task::object::{Body, Listed, Listing, Objects, Place, Refused};
use stepwright::task::{Look, Performer};
use stepwright::turn::express::{Ends, Express};
use stepwright::turn::{Clock, Config, Engine, Parts, Verdict};
use stepwright_core::engine::{Failure, JobCall, Limits, Message, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};
use stepwright_core::time::Timestamp;

/// The region and account of the home.
pub(crate) const OWNER: &str = "us-east-1:123456789012";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/r";
/// When its clock starts.
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_123_000);

/// A home.
pub(crate) struct Home {
    pub(crate) api: Arc<Api>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) queue: Arc<Line>,
    express: Arc<Engine>,
    fleeting: Arc<Line>,
    clock: Arc<Hand>,
    tasks: Arc<Scripted>,
}

impl Home {
    /// A home without anything in it.
    pub(crate) async fn new() -> Home {
        Home::within(Limits { payload: 65_536, events: Some(400), ..Limits::AWS }).await
    }

    /// The same, with other limits.
    pub(crate) async fn within(limits: Limits) -> Home {
        let clock = Arc::new(Hand(AtomicI64::new(START.0)));
        let tasks = Arc::new(Scripted::default());
        let (queue, fleeting) = (Arc::new(Line::default()), Arc::new(Line::default()));
        let store = Arc::new(MemoryStore::new());
        let key = format!("\"{}\"", "A".repeat(43));
        store.put(Kind::Secret, "task-token-1", key, None).await.expect("a store in memory");
        let parts = |store: Arc<dyn Store>, queue: &Arc<Line>, observer| Parts {
            store,
            queue: queue.clone(),
            offers: Arc::new(EmbeddedOffers::new()),
            tasks: tasks.clone(),
            clock: clock.clone(),
            observer,
        };
        let ends = Ends::default();
        let express = parts(Arc::new(MemoryStore::new()), &fleeting, Some(ends.observer()));
        let express =
            Arc::new(Engine::open(express, config(limits)).await.expect("a store in memory"));
        let engine = Engine::open(parts(store.clone(), &queue, None), config(limits)).await;
        let engine = Arc::new(engine.expect("a store in memory"));
        let running = Arc::new(Express::new(express.clone(), ends));
        let api = Arc::new(Api::new(engine.clone()).with_express(running));
        // Nobody waits for tasks that do not come.
        api.close();
        Home { api, engine, store, queue, express, fleeting, clock, tasks }
    }

    /// What tasks do from now on, a byte each; when there are none left they answer with their input.
    pub(crate) fn script(&self, bytes: &[u8]) {
        *lock(&self.tasks.script) = bytes.iter().copied().take(1_000).collect();
    }

    /// An operation, with the engines at work beside it; `None` if it waits for what does not come.
    pub(crate) async fn call(&self, operation: &str, body: &[u8]) -> Option<Response> {
        self.beside(self.api.call(operation, body)).await
    }

    /// Does some work, with the engines at work beside it.
    pub(crate) async fn beside<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.idle() => None,
        }
    }

    /// Works until there is nothing left to do, for as many turns as an input may take.
    pub(crate) async fn idle(&self) {
        self.idle_for(TURNS).await;
    }

    /// The same, with so many turns.
    pub(crate) async fn idle_for(&self, turns: usize) {
        let mut quiet = 0;
        for _ in 0..turns {
            if self.step().await {
                quiet = 0;
            } else {
                quiet += 1;
                tokio::task::yield_now().await;
            }
            if quiet > 3 {
                return;
            }
        }
    }

    /// Texts of one line that tasks were given since the home is there, task tokens among them.
    pub(crate) fn tokens(&self) -> Vec<String> {
        lock(&self.tasks.seen).clone()
    }

    /// One message is handled; whether there was one.
    pub(crate) async fn step(&self) -> bool {
        let due = [&self.queue, &self.fleeting].map(|line| line.next_due());
        let express = match due {
            [Some(durable), Some(fleeting)] => fleeting < durable,
            [None, Some(_)] => true,
            [Some(_), None] => false,
            [None, None] => return false,
        };
        let (engine, line) = match express {
            true => (&self.express, &self.fleeting),
            false => (&self.engine, &self.queue),
        };
        let Some((at, entry)) = line.take() else { return false };
        self.clock.0.fetch_max(at.0, Ordering::Relaxed);
        match engine.handle(&entry.delivery()).await {
            Verdict::Delete => {}
            Verdict::GiveBack(seconds) => {
                line.put(self.clock.now().plus_seconds(seconds.max(0.001)), entry);
            }
        }
        true
    }
}

fn config(limits: Limits) -> Config {
    Config {
        states_per_turn: 8,
        holder: "fuzz".into(),
        sole: true,
        claim_seconds: 60.0,
        visibility_seconds: 30.0,
        region: "us-east-1".into(),
        account: "123456789012".into(),
        limits,
    }
}

/// A clock that is moved by hand.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A queue in order of time.
#[derive(Default)]
pub(crate) struct Line(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    sent: u64,
    messages: BTreeMap<(Timestamp, u64), Entry>,
}

struct Entry {
    number: u64,
    count: u32,
    message: Message,
}

impl Entry {
    fn delivery(&self) -> Delivery {
        Delivery {
            message: self.message.clone(),
            id: self.number.to_string().into(),
            receive_count: self.count,
            carried: None,
            receipt: Receipt(self.number.to_string().into()),
        }
    }
}

impl Line {
    fn next_due(&self) -> Option<Timestamp> {
        lock(&self.0).messages.first_key_value().map(|((at, _), _)| *at)
    }

    fn take(&self) -> Option<(Timestamp, Entry)> {
        let ((at, _), mut entry) = lock(&self.0).messages.pop_first()?;
        entry.count += 1;
        Some((at, entry))
    }

    fn put(&self, at: Timestamp, entry: Entry) {
        lock(&self.0).messages.insert((at, entry.number), entry);
    }

    /// Whether nothing waits in it.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).messages.is_empty()
    }
}

#[async_trait]
impl Queue for Line {
    async fn send(&self, messages: Vec<(Message, Option<Timestamp>)>) -> Result<(), queue::Error> {
        let mut waiting = lock(&self.0);
        for (message, at) in messages {
            waiting.sent += 1;
            let number = waiting.sent;
            let entry = Entry { number, count: 0, message };
            waiting.messages.insert((at.unwrap_or_default(), number), entry);
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Delivery, queue::Error> {
        Err(queue::Error("messages are taken otherwise".into()))
    }

    async fn delete(&self, _: &Receipt) -> Result<(), queue::Error> {
        Ok(())
    }

    async fn give_back(&self, _: &Receipt, _: f64) -> Result<(), queue::Error> {
        Ok(())
    }
}

/// Tasks whose outcomes a script says.
#[derive(Default)]
struct Scripted {
    script: Mutex<VecDeque<u8>>,
    seen: Mutex<Vec<String>>,
}

#[async_trait]
impl Performer for Scripted {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let body = call.parameters.value().get("MessageBody").and_then(Value::as_str);
        lock(&self.seen).extend(body.map(str::to_owned));
        let act = lock(&self.script).pop_front();
        match act.map(|act| act % 8) {
            Some(1) => TaskOutcome::Failed(Failure::new("Broken", "It broke")),
            Some(2) => TaskOutcome::TimedOut,
            Some(3) => TaskOutcome::Submitted {
                output: Document::from_trusted_text(r#"{"id":"job"}"#),
                handle: call.parameters.clone(),
            },
            Some(4) => TaskOutcome::Succeeded(Document::from_trusted_text("[1,{\"a\":null}]")),
            Some(5) => TaskOutcome::Failed(Failure::default()),
            Some(6) => {
                let long = format!("\"{}\"", "x".repeat(70_000));
                TaskOutcome::Succeeded(Document::from_trusted_text(long))
            }
            _ => TaskOutcome::Succeeded(call.parameters.clone()),
        }
    }

    fn objects(&self) -> Arc<dyn Objects> {
        let items = br#"[1,{"a":"b"},[2]]"#.to_vec();
        Arc::new(Bucket::with(vec![items.into()]))
    }

    async fn look(&self, job: &JobCall) -> Look {
        match lock(&self.script).pop_front().map(|act| act % 3) {
            Some(1) => Look::Running,
            Some(2) => Look::Failed(Failure::new("Job", "It broke")),
            _ => Look::Succeeded(job.handle.clone()),
        }
    }
}

/// A bucket with the same few objects under every name: the first that is read is the first of them, and so on.
pub(crate) struct Bucket {
    objects: Vec<Bytes>,
    read: Mutex<usize>,
}

impl Bucket {
    pub(crate) fn with(objects: Vec<Bytes>) -> Bucket {
        Bucket { objects, read: Mutex::default() }
    }

    fn last(&self) -> Bytes {
        let read = lock(&self.read).saturating_sub(1);
        self.objects.get(read).or(self.objects.last()).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn list(&self, _: &str, prefix: &str, _: Option<&str>) -> Result<Listing, Refused> {
        let object = |key: String| Listed { key, size: 1, ..Listed::default() };
        let objects = (0..self.objects.len()).map(|n| object(format!("{prefix}{n}"))).collect();
        Ok(Listing { objects, next: None })
    }

    async fn open(&self, _: &Place) -> Result<Box<dyn Body>, Refused> {
        *lock(&self.read) += 1;
        if *lock(&self.read) > 100 {
            return Err(Refused::Unreachable("enough".to_owned()));
        }
        let pieces = self.last().chunks(700).map(Bytes::copy_from_slice).collect();
        Ok(Box::new(Pieces(pieces)))
    }

    async fn size(&self, _: &Place) -> Result<u64, Refused> {
        *lock(&self.read) += 1;
        Ok(self.last().len() as u64)
    }

    async fn range(&self, _: &Place, from: u64, length: u64) -> Result<Bytes, Refused> {
        let all = self.last();
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(all.len());
        Ok(all.slice(at(from)..at(from.saturating_add(length))))
    }

    async fn put(&self, _: &str, _: &str, _: Bytes) -> Result<(), Refused> {
        Ok(())
    }
}

struct Pieces(VecDeque<Bytes>);

#[async_trait]
impl Body for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        Ok(self.0.pop_front())
    }
}

/// Waits for a future on a runtime of this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Most turns for one piece of work.
const TURNS: usize = 1_500;
