//! The simulator: the real engine over a store, a queue and a clock that do to it what the world may do, by seed.
//!
//! Many turns are under way at once and interleave at every await. The queue delivers out of order, late and more than
//! once; a turn can die at any await (its message comes again after the visibility timeout), or be overtaken by that
//! timeout while it is still alive; a write can take effect and its reply get lost. Time is virtual: it moves when
//! nothing is due. The same seed is the same run.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use stepwright::queue::Delivery;
use stepwright::store::memory::MemoryStore;
use stepwright::store::{Execution, Journal, Kind, Registry, Status};
use stepwright::turn::{Clock, Config, Definitions, Engine, Parts, Verdict, definition_key};
use stepwright_core::asl::model::ExecutionType;
use stepwright_core::engine::{ExecutionId, Limits};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use crate::support::build::{START, execution};
use crate::support::clock::VirtualClock;
use crate::support::fault::{Fault, Faults, Plan};
use crate::support::offers::PlainOffers;
use crate::support::queue::{FaultyQueue, Habits, VISIBILITY};
use crate::support::random::Random;
use crate::support::store::FaultyStore;
use crate::support::tasks::ScriptedTasks;

/// What may go wrong, and how likely it is at each opportunity.
#[derive(Clone, Copy, Debug)]
pub struct Risks {
    /// A turn dies at an await.
    pub crash: f64,
    /// A worker dies at an await, with all its turns; another one takes its place.
    pub kill: f64,
    /// A turn stands still for half the visibility timeout.
    pub pause: f64,
    /// Workers, each a process of its own.
    pub workers: usize,
    /// How far their clocks go wrong, in seconds.
    pub skew: f64,
    /// Turns at a time.
    pub turns: usize,
    /// How long a claim holds, in seconds.
    pub claim: f64,
    /// No crash while a task is being performed, so that outcomes do not depend on the faults.
    pub spare_tasks: bool,
    /// What the queue does with messages.
    pub habits: Habits,
    /// What fails in store and queue.
    pub plan: Plan,
}

impl Risks {
    /// A world without faults, one turn at a time.
    pub const NONE: Risks = Risks {
        crash: 0.0,
        kill: 0.0,
        pause: 0.0,
        workers: 1,
        skew: 0.0,
        turns: 1,
        claim: VISIBILITY,
        spare_tasks: true,
        habits: Habits::GOOD,
        plan: Plan::Never,
    };

    /// Everything at once, and often.
    pub const ALL: Risks = Risks {
        crash: 0.02,
        kill: 0.0,
        pause: 0.005,
        workers: 1,
        skew: 0.0,
        turns: 4,
        claim: VISIBILITY,
        spare_tasks: true,
        habits: Habits::BAD,
        plan: Plan::Random { before: 0.03, after: 0.03 },
    };
}

/// A world with an engine in it.
pub struct Sim {
    /// Time.
    pub clock: Arc<VirtualClock>,
    /// The engine, as it runs in a home: in the first worker, and wherever somebody from outside asks for something.
    pub engine: Arc<Engine>,
    /// Its messages.
    pub queue: Arc<FaultyQueue>,
    /// Its store, faults included.
    pub store: Arc<FaultyStore>,
    /// Its tasks.
    pub tasks: Arc<ScriptedTasks>,
    /// Its activity tasks on offer.
    pub offers: Arc<PlainOffers>,
    /// What fails in store and queue; they are not struck before the first execution is started.
    pub faults: Arc<Faults>,
    /// When somebody outside wants to do something: time does not pass beyond that.
    pub alarm: Option<Timestamp>,
    random: Random,
    risks: Risks,
    config: Config,
    definitions: Arc<Definitions>,
    workers: Vec<Arc<Engine>>,
    deaths: usize,
    /// Steps of turns until one dies, and from there until the next one does.
    doomed: VecDeque<usize>,
    turns: Vec<Turn>,
}

struct Turn {
    worker: usize,
    delivery: Delivery,
    future: Pin<Box<dyn Future<Output = Verdict>>>,
}

/// The clock of a worker, which is wrong by so many microseconds.
struct Skewed(Arc<VirtualClock>, i64);

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now().0 + self.1)
    }
}

impl Sim {
    /// A world in which one turn enters at most so many states.
    pub fn new(states_per_turn: u32, seed: u64, risks: Risks) -> Sim {
        Sim::knowing(Arc::default(), states_per_turn, seed, risks)
    }

    /// The same, where some definitions are known that were parsed in other worlds.
    pub fn knowing(
        definitions: Arc<Definitions>,
        states_per_turn: u32,
        seed: u64,
        risks: Risks,
    ) -> Sim {
        let clock = Arc::new(VirtualClock::default());
        let faults = Faults::new(seed ^ 0x570e, Plan::Never);
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), faults.clone());
        let queue =
            FaultyQueue::new(seed ^ 0x00de_1a75, risks.habits, clock.clone(), faults.clone());
        let (store, queue) = (Arc::new(store), Arc::new(queue));
        let tasks = Arc::new(ScriptedTasks::new(clock.clone()));
        let offers = Arc::new(PlainOffers::default());
        let parts = Parts {
            store: store.clone(),
            queue: queue.clone(),
            offers: offers.clone(),
            tasks: tasks.clone(),
            clock: clock.clone(),
            observer: None,
        };
        let config = config(states_per_turn, seed, risks.claim);
        let key = "\"c2VlZGVkIGtleSBvZiBhbGwgdGFzayB0b2tlbnMuLi4\"";
        block_on(store.put(Kind::Secret, "task-token-1", key.into(), None)).unwrap();
        let engine = block_on(Engine::open(parts, config.clone())).unwrap();
        let engine = Arc::new(engine.with_definitions(definitions.clone()));
        let random = Random::seeded(seed ^ 0x5eed);
        let (workers, turns) = (vec![engine.clone()], Vec::new());
        let (alarm, deaths) = (None, 0);
        let mut sim = Sim {
            clock,
            engine,
            queue,
            store,
            tasks,
            offers,
            faults,
            alarm,
            random,
            risks,
            config,
            definitions,
            workers,
            deaths,
            doomed: VecDeque::new(),
            turns,
        };
        for _ in 1..risks.workers {
            let worker = sim.worker();
            sim.workers.push(worker);
        }
        sim.calm();
        sim
    }

    /// A process of its own, with a clock of its own.
    fn worker(&mut self) -> Arc<Engine> {
        self.deaths += 1;
        let skew = (self.random.unit() * 2.0 - 1.0) * self.risks.skew * 1e6;
        let parts = Parts {
            store: self.store.clone(),
            queue: self.queue.clone(),
            offers: self.offers.clone(),
            tasks: self.tasks.clone(),
            clock: Arc::new(Skewed(self.clock.clone(), skew as i64)),
            observer: None,
        };
        let holder = format!("{}-{}", self.config.holder, self.deaths).into();
        let config = Config { holder, ..self.config.clone() };
        self.faults.plan(Plan::Never);
        let engine = block_on(Engine::open(parts, config)).unwrap();
        self.faults.plan(self.risks.plan);
        Arc::new(engine.with_definitions(self.definitions.clone()))
    }

    /// Creates a machine and starts an execution of it.
    pub fn start(&self, definition: &str, input: &str) -> ExecutionId {
        let parsed = stepwright_core::asl::parse(definition, ExecutionType::Standard)
            .unwrap_or_else(|found| panic!("{found:#?}"));
        let execution = Execution {
            machine: MACHINE.into(),
            input: Document::parse(input).unwrap(),
            deadline: parsed.timeout_seconds.map(|s| START.plus_seconds(s as f64)),
            ..execution("run", START)
        };
        self.calm();
        let key = definition_key(MACHINE, &execution.revision);
        block_on(self.store.put(Kind::Definition, &key, definition.to_owned(), None)).unwrap();
        block_on(self.store.create(execution.clone())).unwrap();
        self.faults.plan(self.risks.plan);
        // A caller who gets no answer asks again.
        while block_on(self.engine.start(&execution)).is_err() {}
        execution.id
    }

    /// From now on this engine is the one worker.
    pub fn work_with(&mut self, engine: Engine) {
        self.engine = Arc::new(engine);
        self.workers = vec![self.engine.clone()];
    }

    /// From now on nothing fails in store and queue (for setting a scene, and for looking at it).
    pub fn calm(&self) {
        self.faults.plan(Plan::Never);
    }

    /// The execution as it is stored; calm from now on.
    pub fn execution(&self, id: &ExecutionId) -> Arc<Execution> {
        self.calm();
        block_on(self.store.execution(id)).unwrap().expect("the execution is there")
    }

    /// RedriveExecution, by a caller who asks until the execution runs again, and may be cut off each time; nothing if it
    /// has succeeded.
    pub fn redrive(&mut self, id: &ExecutionId) {
        loop {
            let execution = self.execution(id);
            if execution.status() == Status::Succeeded {
                return;
            }
            if execution.closing.is_none() {
                // What was cut off is found by the sweep, sooner or later.
                block_on(self.engine.sweep()).unwrap();
                self.faults.plan(self.risks.plan);
                return;
            }
            self.faults.plan(self.risks.plan);
            let engine = self.engine.clone();
            let mut redrive = Box::pin(async move { engine.redrive(&execution).await });
            let mut context = Context::from_waker(Waker::noop());
            while !(self.random.chance(self.risks.crash) && self.faults.happens(Fault::HungUp)) {
                if redrive.as_mut().poll(&mut context).is_ready() {
                    break;
                }
            }
        }
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

    /// A turn dies instead of making this step, counted over all turns; or, if it is performing a task by then, the first
    /// one after that which is not. Then another one dies at the next of these steps, counted from there, and so on.
    pub fn dies_at(&mut self, steps: &[usize]) {
        self.doomed = steps.iter().copied().collect();
    }

    /// Nothing fails any more; whether all turns have died that were to.
    pub fn calm_after_death(&mut self) -> bool {
        self.calm();
        std::mem::take(&mut self.doomed).is_empty()
    }

    /// How many turns are under way.
    pub fn turns(&self) -> usize {
        self.turns.len()
    }

    /// One thing happens: a message is delivered, a turn makes a step or dies, or time passes. `false` if there is nothing
    /// to happen before the alarm.
    pub fn step(&mut self) -> bool {
        let deliver = self.turns.is_empty()
            || (self.turns.len() < self.risks.turns && self.random.chance(0.3));
        let lost = self.faults.count(Fault::Lost);
        let delivery = if deliver { self.queue.take() } else { None };
        if delivery.is_none() && self.faults.count(Fault::Lost) > lost {
            return true;
        }
        if let Some(delivery) = delivery {
            let worker =
                if self.workers.len() > 1 { self.random.below(self.workers.len()) } else { 0 };
            let (engine, own) = (self.workers[worker].clone(), delivery.clone());
            let future = Box::pin(async move { engine.handle(&own).await });
            self.turns.push(Turn { worker, delivery, future });
            return true;
        }
        if self.turns.is_empty() {
            return self.queue.next_due().is_some_and(|at| self.pass(at));
        }
        let chosen = self.random.below(self.turns.len());
        let spared = self.risks.spare_tasks && self.store.claimed();
        match self.doomed.front_mut() {
            Some(0) if spared => {}
            Some(0) => {
                self.doomed.pop_front();
                self.turns.swap_remove(chosen);
                return true;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if self.random.chance(self.risks.crash) && !spared && self.faults.happens(Fault::Crash) {
            self.turns.swap_remove(chosen);
            return true;
        }
        if self.random.chance(self.risks.kill) && !spared && self.faults.happens(Fault::Kill) {
            let worker = self.turns[chosen].worker;
            self.turns.retain(|turn| turn.worker != worker);
            self.workers[worker] = self.worker();
            return true;
        }
        if self.random.chance(self.risks.pause) && !spared && self.faults.happens(Fault::Pause) {
            self.clock.advance(VISIBILITY / 2.0);
        }
        self.poll(chosen);
        true
    }

    /// Time passes, but not beyond the alarm; whether it could.
    fn pass(&self, to: Timestamp) -> bool {
        let now = self.clock.now();
        let to = self.alarm.map_or(to, |alarm| alarm.min(to));
        self.clock.advance_to(to);
        self.clock.now() > now
    }

    fn poll(&mut self, chosen: usize) {
        let turn = &mut self.turns[chosen];
        let mut context = Context::from_waker(Waker::noop());
        match turn.future.as_mut().poll(&mut context) {
            Poll::Pending => {
                let idle = self.tasks.busy() >= self.turns.len();
                if let Some(at) = self.tasks.wakes_at().filter(|_| idle) {
                    // What is due before must wait if no further turn can take it.
                    let free = self.turns.len() < self.risks.turns;
                    let due = self.queue.next_due().filter(|_| free);
                    self.pass(due.map_or(at, |due| due.min(at)));
                }
            }
            Poll::Ready(verdict) => {
                let turn = self.turns.swap_remove(chosen);
                self.queue.settle(&turn.delivery.receipt, verdict);
                // What comes too early by a clock that is slow comes again until it is not: each time a little later.
                if self.risks.skew > 0.0 {
                    self.pass(self.clock.now().plus_seconds(TURN_SECONDS));
                }
            }
        }
    }
}

/// Runs a future that waits for nothing but our own awaits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// How the engine runs here.
fn config(states_per_turn: u32, seed: u64, claim_seconds: f64) -> Config {
    Config {
        states_per_turn,
        holder: format!("sim-{seed}").into(),
        sole: false,
        claim_seconds,
        visibility_seconds: VISIBILITY,
        region: "us-east-1".into(),
        account: "123456789012".into(),
        limits: Limits::AWS,
    }
}

/// How long a turn takes at least where clocks differ, in seconds.
const TURN_SECONDS: f64 = 0.002;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
