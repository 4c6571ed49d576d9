//! The store and the queue that fail on purpose: they must fail as told, or the tests that rest on them prove nothing.

use std::sync::Arc;
use std::task::{Context, Waker};

use stepwright::queue::Queue;
use stepwright::store::Journal;
use stepwright::store::memory::MemoryStore;
use stepwright_core::engine::FrameId;

use crate::support::build::{at, cursor, execution, id, message, record};
use crate::support::fault::{Faults, Moment, Plan};
use crate::support::meter::Operation;
use crate::support::queue::{FaultyQueue, Habits};
use crate::support::store::FaultyStore;

#[tokio::test]
async fn a_strike_comes_before_or_after_the_effect() {
    for (moment, inserted) in [(Moment::Before, false), (Moment::After, true)] {
        let faults = Faults::new(1, Plan::Once { number: 1, moment });
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), faults.clone());
        store.create(execution("a", at(0.0))).await.unwrap();
        let told = store.insert(&cursor("a", "", 0), record(0, "n")).await.unwrap_err();
        let told = told.to_string();
        assert!(told.ends_with(&format!("injected {moment:?} Insert")), "{told}");
        let tail = store.tail(&id("a"), &FrameId::root()).await.unwrap();
        assert_eq!(tail.is_some(), inserted, "{moment:?}");
        assert_eq!((faults.operations(), faults.strikes()), (3, 1));
    }
}

#[tokio::test]
async fn a_batch_may_be_sent_not_at_all_or_in_part() {
    for (moment, sent) in [(Moment::Before, 0), (Moment::After, 1)] {
        let faults = Faults::new(1, Plan::Once { number: 0, moment });
        let queue = FaultyQueue::new(1, Habits::GOOD, Arc::default(), faults.clone());
        queue.send((0..3).map(|slot| (message(slot), None)).collect()).await.unwrap_err();
        let mut taken = 0;
        while queue.take().is_some() {
            taken += 1;
        }
        assert_eq!(taken, sent, "{moment:?}");
    }
}

#[tokio::test]
async fn whoever_is_dropped_at_an_await_may_have_written_or_not() {
    for (polls, inserted) in [(1, false), (2, true)] {
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), Faults::never());
        store.create(execution("a", at(0.0))).await.unwrap();
        let here = cursor("a", "", 0);
        let mut insert = store.insert(&here, record(0, "n"));
        for _ in 0..polls {
            let mut context = Context::from_waker(Waker::noop());
            assert!(insert.as_mut().poll(&mut context).is_pending());
        }
        drop(insert);
        let tail = store.tail(&id("a"), &FrameId::root()).await.unwrap();
        assert_eq!(tail.is_some(), inserted, "dropped at await {polls}");
    }
}

#[tokio::test]
async fn a_seed_strikes_the_same_operations_again() {
    let struck = async |seed| {
        let plan = Plan::Random { before: 0.2, after: 0.1 };
        let faults = Faults::new(seed, plan);
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), faults.clone());
        let mut struck = Vec::new();
        for n in 0..200 {
            struck.push(store.create(execution(&n.to_string(), at(0.0))).await.is_err());
        }
        let strikes = struck.iter().filter(|struck| **struck).count() as u64;
        assert_eq!((faults.strikes(), faults.meter.of(&[Operation::Create])), (strikes, 200));
        assert!((30..90).contains(&strikes), "{strikes}");
        struck
    };
    assert_eq!(struck(1).await, struck(1).await);
    assert_ne!(struck(1).await, struck(2).await);
}
