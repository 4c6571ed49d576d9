//! The turn: load, decide, commit, emit. The only place where the four meet.
//!
//! ```text
//! delivery ──▶ load the frame's tail ──▶ decide (pure) ──▶ insert the record ──▶ carry out what follows from it ──▶ delete
//!                    │                                          │ taken by another
//!                    └── slot taken already: redo what follows from a settled tail, or give the message back
//! ```
//!
//! The rules of delivery (design: the journal protocol):
//! - A message whose slot is the next one is driven.
//! - A message whose slot is taken finds either a *settled* tail, whose effects are redone (all are idempotent) and the
//!   message deleted; or a tail that its own crashed turn wrote (same guard, delivered again), which it drives on; or
//!   the work of someone who may be alive, and then it is given back until the visibility timeout has passed.
//! - Never are messages sent again on a first delivery that finds its slot taken: duplicates would multiply.
//! - A message is deleted only when the record it caused is settled or its successor message has been sent.
//! - What is too large for the store fails its execution at once: no repetition would make it smaller.

mod carry;
mod claim;
mod commit;
mod deliver;
mod emit;
pub mod express;
mod held;
mod job;
mod join;
mod live;
mod load;
pub mod map_run;
mod observe;
mod outgrown;
mod outside;
mod redrive;
mod route;
mod seal;
mod sweep;
pub mod token;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stepwright_core::engine::{
    Cursor, Decision, Failure, Limits, Message, MessageKind, Phase, Record, Stimulus,
};
use stepwright_core::time::Timestamp;

use crate::log::Log;
use crate::queue::{self, Delivery, Offers, Queue};
use crate::store::{self, Execution, Store};
use crate::task::Performer;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use carry::Carried;
use commit::{Made, Written};
use deliver::Delivered;
use live::{Live, Performing};
pub use load::{Loaded, definition_key};
pub use outside::ActivityWork;
use route::{Elsewhere, Route};
pub use route::{Invocation, Routing};
pub use token::{TokenError, Tokens};

/// Tells the time, and lets it pass. A seat for virtual time in tests.
#[async_trait::async_trait]
pub trait Clock: Send + Sync {
    /// Now; never earlier than an answer before.
    fn now(&self) -> Timestamp;

    /// Waits so many seconds; virtual time need not.
    async fn sleep(&self, _seconds: f64) {}
}

/// How this home runs turns.
#[derive(Clone, Debug)]
pub struct Config {
    /// States that one turn may enter: 1 as deployed, many in the local binary.
    pub states_per_turn: u32,
    /// Names this process (an invocation, a server's life) in claims; different for each.
    pub holder: Arc<str>,
    /// Whether no other holder can be alive: claims of others are dead at once. True for the embedded store, which only
    /// one process can open.
    pub sole: bool,
    /// How long a claim of this process holds, in seconds: until its own deadline plus 5 s.
    pub claim_seconds: f64,
    /// How long a delivered message stays invisible, in seconds.
    pub visibility_seconds: f64,
    /// AWS region, in ARNs and history.
    pub region: Arc<str>,
    /// AWS account id, 12 digits.
    pub account: Arc<str>,
    /// Limits that workflows run into.
    pub limits: Limits,
}

/// Told of each record right after it was committed; for progress displays.
pub type Observer = Arc<dyn Fn(&Cursor, &Record) + Send + Sync>;

/// The parts of the world that an engine works with.
pub struct Parts {
    /// What must survive.
    pub store: Arc<dyn Store>,
    /// Messages to itself.
    pub queue: Arc<dyn Queue>,
    /// Activity tasks on offer.
    pub offers: Arc<dyn Offers>,
    /// Performs tasks.
    pub tasks: Arc<dyn Performer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Is told of each record.
    pub observer: Option<Observer>,
}

/// The engine in one home.
pub struct Engine {
    /// What must survive.
    pub store: Arc<dyn Store>,
    /// Messages to itself.
    pub queue: Arc<dyn Queue>,
    /// Activity tasks on offer.
    pub offers: Arc<dyn Offers>,
    /// Performs tasks.
    pub tasks: Arc<dyn Performer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How turns are run.
    pub config: Config,
    observer: Option<Observer>,
    log: Option<Arc<Log>>,
    metrics: Arc<Metrics>,
    traces: Option<Arc<Traces>>,
    tokens: Arc<Tokens>,
    definitions: Arc<load::Definitions>,
    forks: Arc<Forks>,
    nonces: AtomicU64,
    live: Live,
    closing: AtomicBool,
    routing: Routing,
    /// When the invocation ends that this engine is for, if it is for one.
    until: Option<Timestamp>,
}

/// Records that made forks, the latest last.
type Forks = tokio::sync::Mutex<VecDeque<(Cursor, Arc<Record>)>>;

/// What becomes of a message after its turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Handled.
    Delete,
    /// To come again, not before so many seconds.
    GiveBack(f64),
}

/// The engine could not do its work; nothing is lost, trying again later is right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// By the store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// By the queue.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// A definition that was accepted cannot be read any more.
    #[error("definition {0} cannot be read: {1}")]
    Definition(String, String),
    /// An execution makes transitions faster than it can be interrupted.
    #[error("the execution is too busy to be interrupted now")]
    Busy,
}

/// What to do with a frame.
pub(crate) struct Drive {
    /// Where the next record goes.
    pub(crate) cursor: Cursor,
    /// Time of the record before; the next one is later.
    pub(crate) after: Timestamp,
    /// The frame to go on from; `None` begins the execution.
    pub(crate) made: Option<Decision>,
    /// Why.
    pub(crate) stimulus: Stimulus,
    /// If the record before has an open fork: how many lanes of it there are to be cancelled.
    pub(crate) forked: Option<u32>,
    /// Whether the record is to follow directly on `after`: what lanes did later than was looked at is not shown.
    pub(crate) pinned: bool,
}

impl Engine {
    /// An engine of these parts. Makes the installation's token key if there is none yet.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn open(parts: Parts, config: Config) -> Result<Engine, Error> {
        let tokens = Arc::new(Tokens::open(&*parts.store).await?);
        let Parts { store, queue, offers, tasks, clock, observer } = parts;
        Ok(Engine {
            store,
            queue,
            offers,
            tasks,
            clock,
            config,
            observer,
            log: None,
            metrics: Arc::default(),
            traces: None,
            tokens,
            definitions: Arc::default(),
            forks: Arc::default(),
            nonces: AtomicU64::new(0),
            live: Live::default(),
            closing: AtomicBool::new(false),
            routing: Routing::default(),
            until: None,
        })
    }

    /// The same, with an execution log.
    pub fn with_log(self, log: Option<Arc<Log>>) -> Engine {
        Engine { log, ..self }
    }

    /// The same, counting here.
    pub fn with_metrics(self, metrics: Arc<Metrics>) -> Engine {
        Engine { metrics, ..self }
    }

    /// The same, telling its spans here.
    pub fn with_traces(self, traces: Option<Arc<Traces>>) -> Engine {
        Engine { traces, ..self }
    }

    /// What it has counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The execution log, if there is one.
    pub fn log(&self) -> Option<&Arc<Log>> {
        self.log.as_ref()
    }

    /// Has turns end with the task that they perform: what comes after it is left to the next start.
    pub fn wind_down(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Handles one delivery. Whatever fails on the way leaves the message to be delivered again.
    pub async fn handle(&self, delivery: &Delivery) -> Verdict {
        let mut about = None;
        let verdict = match self.turn(delivery, &mut about).await {
            Ok(verdict) => verdict,
            Err(Error::Store(store::Error::TooLarge(why))) => self.outgrown(delivery, why).await,
            Err(error) => {
                self.observe_failure(delivery, about.as_deref(), &error);
                Verdict::GiveBack(1.0)
            }
        };
        if matches!(verdict, Verdict::GiveBack(_)) {
            self.metrics.given_back();
        }
        verdict
    }

    /// `about` is told whose turn it is, once that is known.
    async fn turn(
        &self,
        delivery: &Delivery,
        about: &mut Option<Arc<Execution>>,
    ) -> Result<Verdict, Error> {
        let message = &delivery.message;
        let carried = Carried::with(delivery);
        let loaded = match &carried {
            Some(carried) => Some(self.loaded(carried.execution.clone()).await?),
            None => self.load(&message.cursor.execution).await?,
        };
        let Some(loaded) = loaded else { return Ok(Verdict::Delete) };
        *about = Some(loaded.execution.clone());
        if let Some(due) = message.kind.due() {
            let late = self.clock.now().seconds_since(due);
            if late < 0.0 {
                self.send_again(delivery, due).await?;
                return Ok(Verdict::Delete);
            }
            self.metrics.late(late);
        }
        if let Some(closing) = &loaded.execution.closing {
            // Whoever closed it may not have come to that.
            self.poke(&loaded.execution, (closing.status, &closing.failure)).await?;
            return Ok(Verdict::Delete);
        }
        if message.kind == MessageKind::Start && self.orphaned(&loaded.execution).await? {
            self.interrupt(&loaded, Stimulus::Stop(Failure::default())).await?;
            return Ok(Verdict::Delete);
        }
        if self.overdue(&loaded) {
            self.interrupt(&loaded, Stimulus::Deadline).await?;
            return Ok(Verdict::Delete);
        }
        if self.cancelled(&message.cursor).await? {
            if delivery.receive_count > 1 {
                self.stop_forsaken(&message.cursor).await?;
            }
            return Ok(Verdict::Delete);
        }
        let tail = match carried.and_then(|carried| carried.tail_for(&message.kind)) {
            Some(tail) => tail,
            None => self.store.tail(&message.cursor.execution, &message.cursor.frame).await?,
        };
        match self.deliver(&loaded, delivery, tail).await? {
            Delivered::Drive(drive) => self.drive(&loaded, *drive, delivery).await,
            Delivered::Verdict(verdict) => Ok(verdict),
        }
    }

    /// Goes on from a frame until it is settled or the turn's states are used up.
    async fn drive(
        &self,
        loaded: &Loaded,
        mut drive: Drive,
        delivery: &Delivery,
    ) -> Result<Verdict, Error> {
        let mut states = self.config.states_per_turn;
        let mut performing: Option<Performing> = None;
        let mut begun = false;
        let mut looked = self.clock.now();
        loop {
            if self.overdue(loaded) {
                self.interrupt(loaded, Stimulus::Deadline).await?;
                return Ok(Verdict::Delete);
            }
            let (taken_up, stimulus) = (self.clock.now(), drive.stimulus.clone());
            let performed = matches!(stimulus, Stimulus::Task(_));
            let (decision, time) = match self.made(loaded, &drive, states).await? {
                Ok(made) => made,
                Err(verdict) => return Ok(verdict),
            };
            match self.route(loaded, &decision, (states, performed, begun)) {
                Route::Here => {}
                Route::OutcomeOnly => {
                    states = 0;
                    continue;
                }
                Route::Elsewhere(place) => {
                    let delivered = (!begun).then_some(delivery);
                    return self.hand_over(&drive.cursor, delivered, place).await;
                }
            }
            states = states.saturating_sub(decision.entered);
            // Where it cannot be known, the outcome in hand is worth more than a task performed in vain.
            let claims = matches!(decision.frame.phase, Phase::Claimed(_));
            if claims && self.cancelled_since(&drive.cursor, &mut looked).await {
                return Ok(Verdict::Delete);
            }
            let cancels = drive.forked.filter(|_| !matches!(stimulus, Stimulus::Joined(_)));
            let submitted =
                matches!(decision.frame.phase, Phase::Polling(_)).then(|| decision.frame.clone());
            let written = Written { time, guard: delivery.id.clone(), cancels };
            let record = self.record(&drive.cursor, *decision, written);
            let claimed = Performing::of(&self.live, &drive.cursor, &record);
            let committed = self.write(loaded, &drive.cursor, record, performing.is_some()).await;
            if matches!(&committed, Ok(Err(_)) | Err(Error::Store(store::Error::TooLarge(_)))) {
                self.disown(loaded, &drive.cursor, submitted).await;
            }
            let record = match committed? {
                Ok(record) => record,
                Err(other) => {
                    return self.taken(loaded, &drive.cursor, &other, &delivery.id).await;
                }
            };
            self.observe(loaded, &drive, &record, Some(taken_up));
            (performing, begun) = (claimed, true);
            let stimulus = match self.next(loaded, &drive.cursor, &record, states).await? {
                Ok(stimulus) => stimulus,
                Err(verdict) => return Ok(verdict),
            };
            if self.closing.load(Ordering::Relaxed) && matches!(stimulus, Stimulus::Task(_)) {
                states = 0;
            }
            drive = Drive::after(&drive.cursor, &record, stimulus);
        }
    }

    /// The decision on a frame and its time, or what becomes of the message if there is none.
    async fn made(
        &self,
        loaded: &Loaded,
        drive: &Drive,
        states: u32,
    ) -> Result<Result<(Box<Decision>, Timestamp), Verdict>, Error> {
        Ok(match self.decide_surely(loaded, drive, states).await? {
            Made::Commit(decision, time) => Ok((decision, time)),
            Made::NotBefore(at) => {
                let kind = MessageKind::Timer { due: at };
                let message = Message { cursor: drive.cursor.clone(), kind };
                self.queue.send(vec![(message, Some(at))]).await?;
                Err(Verdict::Delete)
            }
            Made::Stale => Err(Verdict::Delete),
        })
    }

    /// What becomes of a message whose slot another one has taken.
    async fn taken(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        other: &Arc<Record>,
        guard: &Arc<str>,
    ) -> Result<Verdict, Error> {
        if other.frame.phase.settled() {
            return self.settled(loaded, cursor, other, guard).await;
        }
        Ok(Verdict::GiveBack(self.config.visibility_seconds))
    }

    /// Emits what follows from a record, and then says why its frame goes on in this turn, or what becomes of the message.
    async fn next(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        record: &Arc<Record>,
        states: u32,
    ) -> Result<Result<Stimulus, Verdict>, Error> {
        let runnable = matches!(record.frame.phase, Phase::Ready | Phase::Asking);
        self.emit(loaded, cursor, record, runnable && states > 0).await?;
        Ok(match &record.frame.phase {
            Phase::Ready | Phase::Asking if states > 0 => Ok(Stimulus::Advance),
            Phase::Reading(_) | Phase::Writing(_) if self.hurried() => {
                return self.hand_over(&cursor.next(), None, Elsewhere::Patient).await.map(Err);
            }
            Phase::Reading(run) => Ok(self.read_items(loaded, cursor, record, run).await?),
            Phase::Writing(run) => Ok(self.collect(record, run).await?),
            Phase::Claimed(_) => match self.perform(loaded, cursor, record).await {
                Some(outcome) => Ok(Stimulus::Task(outcome)),
                None => Err(Verdict::GiveBack(1.0)),
            },
            _ => Err(Verdict::Delete),
        })
    }
}

impl Drive {
    /// On from a record.
    pub(crate) fn after(here: &Cursor, record: &Record, stimulus: Stimulus) -> Drive {
        Drive {
            cursor: here.next(),
            after: record.time,
            made: Some(Decision::from(record.frame_after())),
            stimulus,
            forked: seal::lanes(record),
            pinned: false,
        }
    }
}

/// The place of a record of the same frame.
pub(crate) fn cursor_of(cursor: &Cursor, record: &Record) -> Cursor {
    Cursor { slot: record.slot, ..cursor.clone() }
}
