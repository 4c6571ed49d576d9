//! The store that fails on purpose: it must fail as told, or the tests that rest on it prove nothing.

use std::sync::Arc;

use stepwright::store::Journal;
use stepwright::store::memory::MemoryStore;
use stepwright_core::engine::FrameId;

use crate::support::build::{at, cursor, execution, id, record};
use crate::support::fault::{Faults, Manner, Moment, Plan, Strike};
use crate::support::meter::Operation;
use crate::support::store::FaultyStore;

#[tokio::test]
async fn a_strike_comes_before_or_after_the_effect_as_an_error_or_as_the_end() {
    let table = [
        (Moment::Before, Manner::Error, false, Some("injected before Insert")),
        (Moment::After, Manner::Error, true, Some("injected after Insert")),
        (Moment::Before, Manner::Crash, false, None),
        (Moment::After, Manner::Crash, true, None),
    ];
    for (moment, manner, inserted, message) in table {
        let strike = Strike { moment, manner };
        let faults = Faults::new(1, Plan::Once { operation: 1, strike });
        let store = FaultyStore::around(Arc::new(MemoryStore::new()), faults.clone());
        store.create(execution("a", at(0.0))).await.unwrap();
        let insert = async { store.insert(&cursor("a", "", 0), record(0, "n")).await };
        let outcome = faults.until_crash(insert).await;
        let told = outcome.map(|outcome| outcome.unwrap_err().to_string());
        assert_eq!(told.is_some(), message.is_some(), "{strike:?}");
        assert!(told.unwrap_or_default().ends_with(message.unwrap_or_default()), "{strike:?}");
        let tail = store.tail(&id("a"), &FrameId::root()).await.unwrap();
        assert_eq!(tail.is_some(), inserted, "{strike:?}");
        assert_eq!((faults.operations(), faults.strikes()), (3, 1));
    }
}

#[tokio::test]
async fn a_seed_strikes_the_same_operations_again() {
    let struck = async |seed| {
        let plan = Plan::Random { before: 0.2, after: 0.1, crashes: 0.0 };
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
