//! Express executions in Lambda: in the memory of one invocation of the `api` function, which has the five minutes that
//! they may take. A synchronous one is run by the invocation that answers its caller; an asynchronous one by another
//! invocation, which the first one asks for (Lambda repeats those that break down: at least once, as on AWS).

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde::Serialize;
use serde_json::{Value, json};

use super::world::{World, unavailable};
use super::{Failed, failure};
use crate::local::clock::SystemClock;
use crate::local::pump::{OffSeat, Pump};
use crate::log::{Log, Sink};
use crate::queue;
use crate::queue::embedded::EmbeddedQueue;
use crate::queue::offers::EmbeddedOffers;
use crate::store::memory::MemoryStore;
use crate::store::{Execution, Status};
use crate::task::Performer;
use crate::task::own::StepFunctions;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::turn::express::{self, Ends, Launcher};
use crate::turn::{Config, Engine, Error, Parts};

/// Express executions of this process.
pub(super) struct Express {
    engine: Arc<Engine>,
    ends: Ends,
    log: Arc<Log>,
    _pump: Pump,
}

impl Express {
    /// An engine in memory, at work.
    ///
    /// # Errors
    /// None that are known.
    pub(super) async fn open(
        config: Config,
        tasks: Arc<dyn Performer>,
        sink: Arc<dyn Sink>,
        (metrics, traces): (Arc<Metrics>, Option<Arc<Traces>>),
    ) -> Result<Express, Error> {
        let ends = Ends::default();
        let parts = Parts {
            store: Arc::new(MemoryStore::keeping(KEPT)),
            queue: Arc::new(EmbeddedQueue::new()),
            offers: Arc::new(EmbeddedOffers::new()),
            tasks: Arc::new(OffSeat(tasks)),
            clock: Arc::new(SystemClock::default()),
            observer: Some(ends.observer()),
        };
        let config = Config { states_per_turn: STATES_PER_TURN, claim_seconds: 1e9, ..config };
        let log = Arc::new(Log::new(parts.store.clone(), sink));
        let engine = Engine::open(parts, config).await?;
        let engine = engine.with_metrics(metrics).with_traces(traces).with_log(Some(log.clone()));
        let engine = Arc::new(engine);
        Ok(Express { log, _pump: Pump::start(engine.clone()), engine, ends })
    }

    /// Tells where this engine's own API is.
    pub(super) fn attach(&self, own: Arc<dyn StepFunctions>) {
        self.engine.tasks.attach(own);
    }

    /// Delivers what is to be logged.
    pub(super) async fn flush(&self) {
        if self.log.flush().await > 0 {
            tracing::error!("some events of Express executions could not be logged");
        }
    }

    /// As the API uses them, with asynchronous ones started elsewhere.
    pub(super) fn starting_through(&self, launcher: Arc<dyn Launcher>) -> express::Express {
        express::Express::new(self.engine.clone(), self.ends.clone()).starting_through(launcher)
    }
}

/// Runs an execution, given as JSON, that another invocation has started.
///
/// # Errors
/// It is none, or the store is not available.
pub(super) async fn run(world: &World, execution: &str) -> Result<Value, Failed> {
    let execution: Execution = serde_json::from_str(execution)
        .map_err(|error| failure("Stepwright.InvalidEvent", error.to_string()))?;
    let home = world.express().await?;
    let express = express::Express::new(home.engine.clone(), home.ends.clone());
    // A repeated event is a repeated execution; the one before lives in another process, if at all.
    let end = express.run(&execution, &*world.store).await.map_err(unavailable)?;
    tracing::info!(execution_arn = %execution.arn, status = Status::of(&end.outcome).as_str(), "an Express execution has ended");
    Ok(json!({"executionArn": &*execution.arn}))
}

/// Starts executions in invocations of their own.
pub(super) struct Elsewhere {
    client: aws_sdk_lambda::Client,
    function: String,
}

impl Elsewhere {
    /// In invocations of this function.
    pub(super) fn new(client: aws_sdk_lambda::Client, function: &str) -> Elsewhere {
        Elsewhere { client, function: function.to_owned() }
    }
}

#[async_trait]
impl Launcher for Elsewhere {
    async fn launch(&self, execution: &Execution) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Event<'a> {
            express: &'a Execution,
        }
        let failed = |why: String| Error::Queue(queue::Error(why));
        let payload =
            serde_json::to_vec(&Event { express: execution }).map_err(|e| failed(e.to_string()))?;
        let sent = self
            .client
            .invoke()
            .function_name(&self.function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload))
            .send();
        match Box::pin(sent).await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(error.into_service_error().to_string())),
        }
    }
}

/// Executions that stay in memory after their end; nobody asks for them.
const KEPT: usize = 1;
/// States that one turn may enter before others get theirs.
const STATES_PER_TURN: u32 = 10_000;
