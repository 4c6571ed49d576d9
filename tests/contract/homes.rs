//! The implementations under contract.

use std::sync::Arc;

use stepwright::queue::Queue;
use stepwright::queue::embedded::EmbeddedQueue;
use stepwright::store::Store;
use stepwright::store::embedded::EmbeddedStore;
use stepwright::store::memory::MemoryStore;
use stepwright::turn::Clock;
use stepwright_core::time::Timestamp;
use tempfile::TempDir;

use crate::support::clock::VirtualClock;
use crate::support::fault::Faults;
use crate::support::queue::{FaultyQueue, Habits};
use crate::support::store::FaultyStore;

/// A store under contract and the place where it lives.
pub(crate) struct StoreHome {
    pub(crate) store: Arc<dyn Store>,
    _directory: Option<TempDir>,
}

impl StoreHome {
    pub(crate) fn memory() -> StoreHome {
        StoreHome { store: Arc::new(MemoryStore::new()), _directory: None }
    }

    pub(crate) fn embedded() -> StoreHome {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(directory.path()).unwrap();
        StoreHome { store: Arc::new(store), _directory: Some(directory) }
    }

    /// Without faults, the store that fails on purpose keeps the contract too.
    pub(crate) fn wrapped() -> StoreHome {
        let inner = Arc::new(MemoryStore::new());
        StoreHome { store: Arc::new(FaultyStore::around(inner, Faults::never())), _directory: None }
    }
}

/// A queue under contract and its time.
pub(crate) struct QueueHome {
    pub(crate) queue: Arc<dyn Queue>,
    clock: Option<Arc<VirtualClock>>,
}

impl QueueHome {
    pub(crate) fn embedded() -> QueueHome {
        QueueHome { queue: Arc::new(EmbeddedQueue::new()), clock: None }
    }

    pub(crate) fn embedded_with_visibility() -> QueueHome {
        QueueHome { queue: Arc::new(EmbeddedQueue::with_visibility(30.0)), clock: None }
    }

    pub(crate) fn well_behaved() -> QueueHome {
        QueueHome::with(Habits::GOOD)
    }

    pub(crate) fn badly_behaved() -> QueueHome {
        QueueHome::with(Habits::BAD)
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
        crate::contract::homes::on_every_home! { StoreHome: memory embedded wrapped; $($test)* }
    };
}

/// Runs each test function of the calling module on each queue.
macro_rules! on_every_queue {
    ($($test:ident)*) => {
        crate::contract::homes::on_every_home! {
            QueueHome: embedded embedded_with_visibility well_behaved badly_behaved; $($test)*
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
                    super::$test(&crate::contract::homes::$type::$home()).await;
                }
            )*
        }
        crate::contract::homes::on_every_home! { $type: $($more)*; $($test)* }
    };
}

pub(crate) use {on_every_home, on_every_queue, on_every_store};
