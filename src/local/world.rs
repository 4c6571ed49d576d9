//! The parts of the world that the local engine works with, put together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use stepwright_core::engine::Limits;
use tokio::time::Instant;

use super::clock::SystemClock;
use super::pump::{OffSeat, Pump};
use crate::api::Api;
use crate::log::{Batcher, Log, Sink};
use crate::queue::embedded::EmbeddedQueue;
use crate::queue::offers::EmbeddedOffers;
use crate::store::embedded::{Durability, EmbeddedStore};
use crate::store::memory::MemoryStore;
use crate::store::{self, Store};
use crate::task::Performer;
use crate::task::own::{self, StepFunctions};
use crate::telemetry::traces::{Courier, Traces};
use crate::turn::express::{Ends, Express};
use crate::turn::{self, Config, Engine, Observer, Parts};

/// States that one turn enters before it looks up: enough that a turn is not felt, few enough that an endless loop lets
/// others in.
const STATES_PER_TURN: u32 = 10_000;

/// Pause before another try to resume what was running.
const RESUME_AGAIN: Duration = Duration::from_secs(5);
/// The longest pause between tries to resume an execution that cannot be resumed.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How long the last execution logs may take beside all else.
const LOG_TIME: Duration = Duration::from_secs(3);

/// Express executions that stay in memory after their end, for their logs.
const EXPRESS_KEPT: usize = 1_000;

/// Where executions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In a directory; they survive the process.
    Directory(PathBuf),
    /// In memory; they end with the process.
    Memory,
}

impl Home {
    /// The directory, if it is one.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Home::Directory(path) => Some(path),
            Home::Memory => None,
        }
    }

    /// Opens its store.
    ///
    /// # Errors
    /// Another process has it, or it cannot be read or written.
    pub fn store(&self, durability: Durability) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Home::Directory(path) => Arc::new(EmbeddedStore::open_with(path, durability)?),
            Home::Memory => Arc::new(MemoryStore::new()),
        })
    }
}

/// What ARNs of this home contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// AWS region.
    pub region: String,
    /// AWS account id, 12 digits.
    pub account: String,
}

/// The home could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// By its store.
    #[error(transparent)]
    Store(#[from] store::embedded::OpenError),
    /// By its engine.
    #[error(transparent)]
    Engine(#[from] turn::Error),
}

/// A home in which the engine is at work.
pub struct World {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Express executions.
    pub express: Arc<Express>,
    /// For the tasks of this home, which only know of it.
    #[expect(dead_code, reason = "held for those who have a weak reference")]
    api: Arc<dyn StepFunctions>,
    pumps: [Pump; 2],
    logs: Vec<Arc<Log>>,
    traces: Option<Arc<Traces>>,
    _batchers: Vec<Batcher>,
    _courier: Option<Courier>,
}

/// Who is told of what executions do.
#[derive(Default)]
pub struct Watchers {
    /// Is told of each record.
    pub observer: Option<Observer>,
    /// Takes execution logs.
    pub logs: Option<Arc<dyn Sink>>,
    /// Takes spans.
    pub traces: Option<Arc<Traces>>,
}

impl World {
    /// Opens a home, starts the engine in it, with these names and limits, and resumes what was running.
    ///
    /// # Errors
    /// The home cannot be opened: another process has it, or it cannot be read.
    pub async fn open(
        home: &Home,
        names: (Place, Limits),
        tasks: Arc<dyn Performer>,
        watchers: Watchers,
    ) -> Result<World, Error> {
        World::over(home.store(Durability::Full)?, names, tasks, watchers).await
    }

    /// The same over a store that is open.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn over(
        store: Arc<dyn Store>,
        (place, limits): (Place, Limits),
        tasks: Arc<dyn Performer>,
        watchers: Watchers,
    ) -> Result<World, Error> {
        let Watchers { observer, logs, traces } = watchers;
        let tasks: Arc<dyn Performer> = Arc::new(OffSeat(tasks));
        let clock = Arc::new(SystemClock::default());
        let performer = tasks.clone();
        let parts = |store, tasks, observer| Parts {
            store,
            queue: Arc::new(EmbeddedQueue::new()),
            offers: Arc::new(EmbeddedOffers::new()),
            tasks,
            clock: clock.clone(),
            observer,
        };
        let ends = Ends::default();
        let fleeting: Arc<dyn Store> = Arc::new(MemoryStore::keeping(EXPRESS_KEPT));
        let express = parts(fleeting, tasks.clone(), Some(ends.observer()));
        let log = |store: &Arc<dyn Store>| {
            logs.clone().map(|sink| Arc::new(Log::new(store.clone(), sink)))
        };
        let express = Engine::open(express, config(&place, limits)).await?;
        let metrics = express.metrics().clone();
        let express_log = log(&express.store);
        let express = express.with_traces(traces.clone()).with_log(express_log.clone());
        let express = Arc::new(express);
        let engine = Engine::open(parts(store, tasks, observer), config(&place, limits)).await?;
        let engine_log = log(&engine.store);
        let engine = engine.with_metrics(metrics).with_traces(traces.clone());
        let engine = Arc::new(engine.with_log(engine_log.clone()));
        let courier = traces.as_ref().map(Traces::start);
        let logs: Vec<_> = engine_log.into_iter().chain(express_log).collect();
        let batchers = logs.iter().map(Log::start).collect();
        let express = Arc::new(Express::new(express, ends));
        let api: Arc<dyn StepFunctions> =
            Arc::new(Api::new(engine.clone()).with_express(express.clone()));
        performer.attach(own::loosely(&api));
        // In the background: those who start now need not wait until all that was running is found again.
        tokio::spawn(resume(engine.clone()));
        let pumps = [Pump::start(engine.clone()), Pump::start(express.engine().clone())];
        Ok(World {
            engine,
            express,
            api,
            pumps,
            logs,
            traces,
            _batchers: batchers,
            _courier: courier,
        })
    }

    /// Begins nothing more: turns under way go on to the end of the task that they perform. Express executions go on as
    /// long as somebody can wait for them, for they end with the process.
    pub fn close(&self) {
        self.engine.wind_down();
        let [standard, _] = &self.pumps;
        standard.close();
    }

    /// Lets the turns under way end, but not beyond the deadline, and abandons those that are left, which commit nothing
    /// more; how many those are. Then execution logs are delivered, for which there is always a moment.
    pub async fn stop(self, deadline: Instant) -> usize {
        self.close();
        let [standard, express] = self.pumps;
        let (standard, express) = tokio::join!(standard.stop(deadline), express.stop(deadline));
        let deliver = async {
            let mut left = 0;
            for log in &self.logs {
                left += log.flush().await;
            }
            left
        };
        let last = deadline.max(Instant::now() + LOG_TIME);
        if let Some(traces) = &self.traces {
            let _ = tokio::time::timeout_at(last, traces.flush()).await;
        }
        if tokio::time::timeout_at(last, deliver).await != Ok(0) {
            tracing::error!("the execution log could not be delivered whole");
        }
        standard + express
    }
}

async fn resume(engine: Arc<Engine>) {
    let swept = loop {
        match engine.sweep().await {
            Ok(swept) => break swept,
            Err(error) => tracing::error!(%error, "executions cannot be resumed, trying again"),
        }
        tokio::time::sleep(RESUME_AGAIN).await;
    };
    if swept.running > 0 {
        tracing::info!(running = swept.running, "executions go on where they were");
    }
    let (mut left, mut pause) = (swept.failed, RESUME_AGAIN);
    while !left.is_empty() {
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        left = engine.resume_all(left).await;
    }
}

fn config(place: &Place, limits: Limits) -> Config {
    Config {
        states_per_turn: STATES_PER_TURN,
        holder: uuid::Uuid::new_v4().simple().to_string().into(),
        sole: true,
        // Nobody else can open the store while this process lives, so its claims need no end.
        claim_seconds: 1e9,
        visibility_seconds: 30.0,
        region: place.region.as_str().into(),
        account: place.account.as_str().into(),
        limits,
    }
}
