//! The simulator: the real engine over a store, a queue and a clock that do to it what the world may do, by seed.
//!
//! Many turns are under way at once and interleave at every await. The queue delivers out of order, late and more than
//! once; a turn can die at any await (its message comes again after the visibility timeout), or be overtaken by that
//! timeout while it is still alive; a write can take effect and its reply get lost. Time is virtual: it moves when
//! nothing is due. The same seed is the same run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use stepwright::queue::Delivery;
use stepwright::store::{Execution, Journal, Kind, Registry, memory::MemoryStore};
use stepwright::turn::{Clock, Config, Engine, Observer, Parts, Verdict, definition_key};
use stepwright_core::engine::{ExecutionId, Limits};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

pub mod faults;
pub mod queue;
pub mod store;
pub mod tasks;

use faults::{Dice, Faults};
use queue::SimQueue;
use store::SimStore;
use tasks::SimTasks;

/// Virtual time in microseconds.
#[derive(Debug)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// Moves time to `at` unless it is there already.
    pub fn advance_to(&self, at: Timestamp) {
        self.0.fetch_max(at.0, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// When every simulation begins.
pub const BEGINNING: Timestamp = Timestamp(1_700_000_000_000_000);

/// How long a delivered message stays invisible.
pub const VISIBILITY: f64 = 60.0;

/// A world with an engine in it.
pub struct Sim {
    /// Time.
    pub clock: Arc<VirtualClock>,
    /// The engine, as it runs in a home.
    pub engine: Arc<Engine>,
    /// Its messages.
    pub queue: Arc<SimQueue>,
    /// Its store, faults included.
    pub store: Arc<SimStore>,
    /// Its tasks.
    pub tasks: Arc<SimTasks>,
    dice: Dice,
    faults: Faults,
    turns: Vec<Turn>,
}

struct Turn {
    delivery: Delivery,
    future: Pin<Box<dyn Future<Output = Verdict>>>,
}

impl Sim {
    /// A world without faults in which one turn enters at most so many states.
    pub fn new(states_per_turn: u32, seed: u64, faults: Faults) -> Sim {
        Sim::observed(states_per_turn, seed, faults, None)
    }

    /// The same, with someone who is told of each record.
    pub fn observed(
        states_per_turn: u32,
        seed: u64,
        faults: Faults,
        observer: Option<Observer>,
    ) -> Sim {
        let clock = Arc::new(VirtualClock(AtomicI64::new(BEGINNING.0)));
        let store = Arc::new(SimStore::new(MemoryStore::new(), seed, faults));
        let queue = Arc::new(SimQueue::new(clock.clone(), seed, faults));
        let tasks = Arc::new(SimTasks::new(clock.clone()));
        let parts = Parts {
            store: store.clone(),
            queue: queue.clone(),
            offers: Arc::new(queue::SimOffers::default()),
            tasks: tasks.clone(),
            clock: clock.clone(),
            observer,
        };
        let config = Config {
            states_per_turn,
            holder: format!("sim-{seed}").into(),
            sole: false,
            claim_seconds: VISIBILITY,
            visibility_seconds: VISIBILITY,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            limits: Limits::AWS,
        };
        store.calm(true);
        let engine = block_on(Engine::open(parts, config)).unwrap();
        store.calm(false);
        let dice = Dice::new(seed ^ 0x5eed);
        Sim {
            clock,
            engine: Arc::new(engine),
            queue,
            store,
            tasks,
            dice,
            faults,
            turns: Vec::new(),
        }
    }

    /// Creates a machine and starts an execution of it.
    pub fn start(&self, definition: &str, input: &str) -> ExecutionId {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
        let parsed = stepwright_core::asl::parse(
            definition,
            stepwright_core::asl::model::ExecutionType::Standard,
        )
        .unwrap_or_else(|found| panic!("{found:#?}"));
        let started = self.clock.now();
        let execution = Execution {
            id: ExecutionId("execution.0".into()),
            arn: "arn:aws:states:us-east-1:123456789012:execution:machine:run".into(),
            name: "run".into(),
            machine: machine.into(),
            revision: "1".into(),
            role: "arn:aws:iam::123456789012:role/role".into(),
            input: Document::parse(input).unwrap(),
            started,
            deadline: parsed.timeout_seconds.map(|s| started.plus_seconds(s as f64)),
            trace_header: None,
            version: None,
            alias: None,
            redriven: None,
            closing: None,
        };
        self.store.calm(true);
        let key = definition_key(machine, "1");
        block_on(self.store.put(Kind::Definition, &key, definition.to_owned(), None)).unwrap();
        block_on(self.store.create(execution.clone())).unwrap();
        self.store.calm(false);
        // A caller who gets no answer asks again.
        while block_on(self.engine.start(&execution)).is_err() {}
        execution.id
    }

    /// Runs until nothing is left to do, or until `done` says so.
    pub fn run_until(&mut self, mut done: impl FnMut(&Sim) -> bool) {
        for _ in 0..2_000_000 {
            if done(self) {
                return;
            }
            if !self.step() {
                return;
            }
        }
        panic!("the simulation does not come to rest");
    }

    /// Runs until nothing is left to do.
    pub fn run(&mut self) {
        self.run_until(|_| false);
    }

    /// One thing happens: a message is delivered, a turn makes a step or dies, or time passes.
    fn step(&mut self) -> bool {
        let deliver = self.turns.is_empty()
            || (self.turns.len() < self.faults.turns && self.dice.chance(0.3));
        if deliver && let Some(delivery) = self.queue.take() {
            let (engine, own) = (self.engine.clone(), delivery.clone());
            let future = Box::pin(async move { engine.handle(&own).await });
            self.turns.push(Turn { delivery, future });
            return true;
        }
        if self.turns.is_empty() {
            return self.queue.next_due().is_some_and(|at| {
                self.clock.advance_to(at);
                true
            });
        }
        let chosen = self.dice.below(self.turns.len() as u64) as usize;
        let spared = self.faults.spare_tasks && self.store.claimed();
        if self.dice.chance(self.faults.crash) && !spared {
            self.turns.swap_remove(chosen);
            return true;
        }
        if self.dice.chance(self.faults.pause) && !spared {
            self.clock.advance_to(self.clock.now().plus_seconds(VISIBILITY / 2.0));
        }
        self.poll(chosen);
        true
    }

    fn poll(&mut self, chosen: usize) {
        let turn = &mut self.turns[chosen];
        let mut context = Context::from_waker(Waker::noop());
        match turn.future.as_mut().poll(&mut context) {
            Poll::Pending => {
                if let Some(at) = self.tasks.wakes_at().filter(|_| self.turns.len() == 1) {
                    let next = self.queue.next_due().map_or(at, |due| due.min(at));
                    self.clock.advance_to(next);
                }
            }
            Poll::Ready(verdict) => {
                let turn = self.turns.swap_remove(chosen);
                self.queue.settle(&turn.delivery, verdict);
            }
        }
    }
}

/// Runs a future that waits for nothing but our own awaits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// An await at which other turns may go on and this one may die.
pub async fn breathe() {
    let mut breathed = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut breathed, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
