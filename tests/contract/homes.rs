//! The implementations under contract.

use std::sync::Arc;

use stepwright::queue::Queue;
use stepwright::queue::embedded::EmbeddedQueue;
use stepwright::queue::sqs::SqsQueue;
use stepwright::store::Store;
use stepwright::store::dynamodb::DynamoStore;
use stepwright::store::embedded::EmbeddedStore;
use stepwright::store::memory::MemoryStore;
use stepwright::turn::Clock;
use stepwright_core::time::Timestamp;
use tempfile::TempDir;

use crate::support::aws::Aws;
use crate::support::clock::VirtualClock;
use crate::support::fault::Faults;
use crate::support::queue::{FaultyQueue, Habits};
use crate::support::store::FaultyStore;

/// A store under contract and the place where it lives.
pub(crate) struct StoreHome {
    pub(crate) store: Arc<dyn Store>,
    /// Whether it refuses records, lanes and heartbeats of executions that are not there.
    pub(crate) knows_rows: bool,
    _directory: Option<TempDir>,
}

impl StoreHome {
    pub(crate) async fn memory() -> Option<StoreHome> {
        Some(StoreHome::of(Arc::new(MemoryStore::new())))
    }

    pub(crate) async fn embedded() -> Option<StoreHome> {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(directory.path()).unwrap();
        Some(StoreHome { _directory: Some(directory), ..StoreHome::of(Arc::new(store)) })
    }

    /// Without faults, the store that fails on purpose keeps the contract too.
    pub(crate) async fn wrapped() -> Option<StoreHome> {
        let inner = Arc::new(MemoryStore::new());
        Some(StoreHome::of(Arc::new(FaultyStore::around(inner, Faults::never()))))
    }

    /// In a table of its own; `None` where there is no emulator.
    pub(crate) async fn dynamodb() -> Option<StoreHome> {
        let aws = Aws::emulated()?;
        let store = DynamoStore::new(aws.dynamodb(), aws.executions_table().await);
        Some(StoreHome { knows_rows: false, ..StoreHome::of(Arc::new(store)) })
    }

    fn of(store: Arc<dyn Store>) -> StoreHome {
        StoreHome { store, knows_rows: true, _directory: None }
    }
}

/// A queue under contract and its time.
pub(crate) struct QueueHome {
    pub(crate) queue: Arc<dyn Queue>,
    clock: Option<Arc<VirtualClock>>,
}

impl QueueHome {
    pub(crate) async fn embedded() -> Option<QueueHome> {
        Some(QueueHome { queue: Arc::new(EmbeddedQueue::new()), clock: None })
    }

    pub(crate) async fn embedded_with_visibility() -> Option<QueueHome> {
        Some(QueueHome { queue: Arc::new(EmbeddedQueue::with_visibility(30.0)), clock: None })
    }

    pub(crate) async fn well_behaved() -> Option<QueueHome> {
        Some(QueueHome::with(Habits::GOOD))
    }

    pub(crate) async fn badly_behaved() -> Option<QueueHome> {
        Some(QueueHome::with(Habits::BAD))
    }

    /// A queue of its own; `None` where there is no emulator.
    pub(crate) async fn sqs() -> Option<QueueHome> {
        let aws = Aws::emulated()?;
        let queue = SqsQueue::new(aws.sqs(), aws.queue().await);
        Some(QueueHome { queue: Arc::new(queue), clock: None })
    }

    fn with(habits: Habits) -> QueueHome {
        let clock = Arc::new(VirtualClock::default());
        let queue = FaultyQueue::new(11, habits, clock.clone(), Faults::never());
        QueueHome { queue: Arc::new(queue), clock: Some(clock) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &self.clock {
            Some(clock) => clock.now(),
            None => wall_clock(),
        }
    }
}

pub(crate) fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(since.as_micros() as i64)
}

/// Runs each test function of the calling module on each store.
macro_rules! on_every_store {
    ($($test:ident)*) => {
        crate::contract::homes::on_every_home! { StoreHome: memory embedded wrapped dynamodb; $($test)* }
    };
}

/// Runs each test function of the calling module on each queue.
macro_rules! on_every_queue {
    ($($test:ident)*) => {
        crate::contract::homes::on_every_home! {
            QueueHome: embedded embedded_with_visibility well_behaved badly_behaved sqs; $($test)*
        }
    };
}

macro_rules! on_every_home {
    ($type:ident: ; $($test:ident)*) => {};
    ($type:ident: $home:ident $($more:ident)*; $($test:ident)*) => {
        mod $home {
            $(
                #[tokio::test]
                async fn $test() {
                    if let Some(home) = crate::contract::homes::$type::$home().await {
                        super::$test(&home).await;
                    }
                }
            )*
        }
        crate::contract::homes::on_every_home! { $type: $($more)*; $($test)* }
    };
}

pub(crate) use {on_every_home, on_every_queue, on_every_store};
