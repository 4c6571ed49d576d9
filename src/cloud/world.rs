//! The parts of the world that a deployed function works with, put together when the first event needs them.

use std::io::Write as _;
use std::sync::Arc;

use lambda_runtime::Context;
use stepwright_core::engine::Limits;
use stepwright_core::time::Timestamp;
use tokio::sync::OnceCell;

use super::bucket::Bucket;
use super::clients::Clients;
use super::collector;
use super::express::{Elsewhere, Express};
use super::keys::RegistryKeys;
use super::notices::Notices;
use super::settings::Settings;
use super::{Failed, failure};
use crate::api::Api;
use crate::local::clock::SystemClock;
use crate::log::cloudwatch::CloudWatch;
use crate::log::{Log, Sink};
use crate::queue::dynamodb::{DynamoOffers, Timers};
use crate::queue::sqs::{Queues, SqsQueue};
use crate::store::Store;
use crate::store::dynamodb::{DynamoStore, Tables};
use crate::task::function::Functions;
use crate::task::object::{self, Objects};
use crate::task::own::{self, StepFunctions};
use crate::task::{self, Tasks};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::emf::Teller;
use crate::telemetry::traces::Traces;
use crate::turn::{Clock as _, Config, Engine, Invocation, Parts, Routing};

/// A deployed function's world.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) clients: Clients,
    pub(super) store: Arc<dyn Store>,
    pub(super) objects: Arc<dyn Objects>,
    pub(super) queue: Arc<SqsQueue>,
    pub(super) keys: Arc<RegistryKeys>,
    notices: Option<Notices>,
    sink: Arc<dyn Sink>,
    log: Arc<Log>,
    metrics: Arc<Metrics>,
    teller: Option<Teller>,
    traces: Option<Arc<Traces>>,
    patient: bool,
    engine: OnceCell<Arc<Engine>>,
    express: OnceCell<Arc<Express>>,
    api: OnceCell<Arc<Api>>,
}

impl World {
    /// Nothing is read or connected yet. `patient`: the function has time for long tasks.
    pub(super) fn new(settings: Settings, patient: bool) -> World {
        let clients = Clients::new(&settings);
        let store = DynamoStore::new(clients.dynamodb.clone(), Tables::named(&settings.table));
        let objects = object::s3(task::Settings::default());
        let store: Arc<dyn Store> = match &settings.bucket {
            Some(name) => {
                Arc::new(store.with_blobs(Arc::new(Bucket::named(name, objects.clone()))))
            }
            None => Arc::new(store),
        };
        let queues = Queues {
            url: settings.queue_url.clone(),
            slow_url: Some(settings.slow_queue_url.clone()),
        };
        let longest = settings.longest_delay_seconds;
        let timers = Timers::new(clients.dynamodb.clone(), &settings.timers_table);
        let queue = SqsQueue::new(clients.sqs.clone(), queues).delaying_up_to(longest);
        let queue = queue.with_timers(timers.for_delays_up_to(longest));
        let queue = Arc::new(if patient { queue.at_slow() } else { queue });
        let sink: Arc<dyn Sink> = Arc::new(CloudWatch::new(task::Settings::default()));
        let notices = Notices::of(&settings);
        let teller = settings.metrics.as_deref().map(Teller::of);
        let keys = Arc::new(RegistryKeys::of(store.clone()));
        World {
            settings,
            clients,
            store: store.clone(),
            objects,
            queue,
            keys,
            notices,
            log: Arc::new(Log::shared(store, sink.clone())),
            sink,
            metrics: Arc::default(),
            teller,
            traces: collector::traces().map(Arc::new),
            patient,
            engine: OnceCell::new(),
            express: OnceCell::new(),
            api: OnceCell::new(),
        }
    }

    /// The engine of this process.
    ///
    /// # Errors
    /// The store is not available.
    pub(super) async fn engine(&self) -> Result<&Arc<Engine>, Failed> {
        self.engine.get_or_try_init(|| self.open()).await
    }

    /// The engine for one invocation.
    ///
    /// # Errors
    /// The store is not available.
    pub(super) async fn engine_for(&self, context: &Context) -> Result<Arc<Engine>, Failed> {
        let invocation = Invocation {
            holder: uuid::Uuid::new_v4().simple().to_string().into(),
            deadline: deadline(context),
            grace_seconds: GRACE_SECONDS,
            margin_seconds: MARGIN_SECONDS,
        };
        Ok(Arc::new(self.engine().await?.for_invocation(&invocation)))
    }

    /// Express executions.
    ///
    /// # Errors
    /// None that are known: they live in memory.
    pub(super) async fn express(&self) -> Result<&Arc<Express>, Failed> {
        let open = || async {
            let config = Config { sole: true, ..self.config() };
            let sink = self.sink.clone();
            let watched = (self.metrics.clone(), self.traces.clone());
            Express::open(config, tasks(), sink, watched).await.map(Arc::new).map_err(unavailable)
        };
        self.express.get_or_try_init(open).await
    }

    /// The API.
    ///
    /// # Errors
    /// The store is not available.
    pub(super) async fn api(&self) -> Result<&Arc<Api>, Failed> {
        let open = || async {
            let launcher = Elsewhere::new(self.clients.lambda.clone(), &self.settings.api_function);
            let express = self.express().await?.starting_through(Arc::new(launcher));
            let api = Api::new(self.engine().await?.clone()).with_express(Arc::new(express));
            let api = match self.settings.keys {
                true => api.with_keys(self.keys.clone()),
                false => api,
            };
            let api = Arc::new(api);
            let own: Arc<dyn StepFunctions> = api.clone();
            // Nested executions are executions of this engine.
            self.engine().await?.tasks.attach(own::loosely(&own));
            self.express().await?.attach(own::loosely(&own));
            Ok(api)
        };
        self.api.get_or_try_init(open).await
    }

    /// Tells who wants to know what this invocation has done: execution logs, status changes,
    /// traces, metrics.
    pub(super) async fn tell(&self) {
        if self.log.flush().await > 0 {
            tracing::error!("some events of executions could not be logged");
        }
        if let Some(express) = self.express.get() {
            express.flush().await;
        }
        if let Some(notices) = &self.notices {
            notices.tell(&*self.store).await;
        }
        if let Some(traces) = &self.traces {
            traces.flush().await;
        }
        let line = |teller: &Teller| teller.line(&self.metrics, SystemClock::default().now());
        if let Some(mut line) = self.teller.as_ref().and_then(line) {
            line.push('\n');
            // In one piece, past the log's level. Nobody may be there to read it.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }

    async fn open(&self) -> Result<Arc<Engine>, Failed> {
        let parts = Parts {
            store: self.store.clone(),
            queue: self.queue.clone(),
            offers: Arc::new(DynamoOffers::new(
                self.clients.dynamodb.clone(),
                &self.settings.timers_table,
            )),
            tasks: tasks(),
            clock: Arc::new(SystemClock::default()),
            observer: self.notices.as_ref().map(Notices::observer),
        };
        let engine = Engine::open(parts, self.config()).await.map_err(unavailable)?;
        let quick_seconds = Some(self.settings.quick_task_seconds);
        let engine = engine.with_metrics(self.metrics.clone()).with_traces(self.traces.clone());
        let engine = engine.with_log(Some(self.log.clone()));
        Ok(Arc::new(engine.routed(Routing { quick_seconds, patient: self.patient })))
    }

    fn config(&self) -> Config {
        Config {
            states_per_turn: self.settings.states_per_turn,
            holder: uuid::Uuid::new_v4().simple().to_string().into(),
            sole: false,
            claim_seconds: 900.0 + GRACE_SECONDS,
            visibility_seconds: self.settings.visibility_seconds,
            region: self.settings.region.as_str().into(),
            account: self.settings.account.as_str().into(),
            limits: Limits::EXTENDED,
        }
    }
}

/// When an invocation is killed if it is not done.
pub(super) fn deadline(context: &Context) -> Timestamp {
    Timestamp(i64::try_from(context.deadline).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
}

/// The store or the queue gave way; who sent the event sends it again.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn unavailable(error: impl ToString) -> Failed {
    failure("Stepwright.Unavailable", error.to_string())
}

fn tasks() -> Arc<dyn task::Performer> {
    Arc::new(Tasks::new(Functions::default(), task::Settings::default()))
}

/// How long after its deadline an invocation is dead for sure: clocks differ.
const GRACE_SECONDS: f64 = 5.0;
/// What is kept of an invocation's time for writing down what came of a task.
const MARGIN_SECONDS: f64 = 4.0;
