//! Join sets and dispensers.

use std::collections::BTreeSet;

use stepwright::store::Joined;

use super::homes::{StoreHome, on_every_store};
use crate::support::build::{at, cursor, execution};

on_every_store! {
    a_lane_joins_once_however_often_it_says_so
    forks_are_told_apart
    a_wide_fork_counts_each_of_its_lanes
    a_dispenser_counts_on_and_repeats_itself_to_the_same_slot
    lanes_that_ask_at_once_get_different_items
}

async fn a_lane_joins_once_however_often_it_says_so(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let fork = cursor("a", "", 4);
    let table: [(u32, bool, u32, &[u32]); 6] = [
        (7, true, 1, &[7]),
        (0, false, 2, &[7]),
        (7, true, 2, &[7]),
        (2, true, 3, &[2, 7]),
        (0, false, 3, &[2, 7]),
        (3, false, 4, &[2, 7]),
    ];
    for (lane, failed, finished, failures) in table {
        let expected = Joined { finished, failed: failures.to_vec() };
        assert_eq!(home.store.join(&fork, lane, failed).await.unwrap(), expected);
        assert_eq!(home.store.joined(&fork).await.unwrap(), expected);
    }
}

async fn forks_are_told_apart(home: &StoreHome) {
    let forks = [cursor("a", "", 4), cursor("a", "", 5), cursor("a", "4.0", 4), cursor("b", "", 4)];
    for name in ["a", "b"] {
        home.store.create(execution(name, at(0.0))).await.unwrap();
    }
    for (fork, first) in forks.iter().zip([10, 20, 30, 40]) {
        assert_eq!(home.store.join(fork, 0, false).await.unwrap().finished, 1);
        assert_eq!(home.store.dispense(fork, 0, 1, first).await.unwrap(), first);
    }
}

async fn a_wide_fork_counts_each_of_its_lanes(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let fork = cursor("a", "", 4);
    let joins = (0..1_000).map(|lane| {
        let (store, fork) = (home.store.clone(), fork.clone());
        tokio::spawn(async move { store.join(&fork, lane, lane % 400 == 0).await.unwrap() })
    });
    let mut counts = BTreeSet::new();
    for join in joins.collect::<Vec<_>>() {
        counts.insert(join.await.unwrap().finished);
    }
    assert!(counts.into_iter().eq(1..=1_000), "each lane sees a set of its own, the last all");
    let all = Joined { finished: 1_000, failed: vec![0, 400, 800] };
    assert_eq!(home.store.joined(&fork).await.unwrap(), all);
}

async fn a_dispenser_counts_on_and_repeats_itself_to_the_same_slot(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let fork = cursor("a", "", 4);
    let table = [
        (0, 3, 2, "the first"),
        (1, 5, 3, "the next, for another lane"),
        (0, 3, 2, "the same again"),
        (1, 6, 4, "the next, for a later slot"),
        (1, 6, 4, "the same again"),
        (0, 9, 5, "slots need not follow each other"),
        (0, 3, 2, "the first again, though a later slot was asked for since"),
        (1, 5, 3, "and that of the other lane"),
        (0, 9, 5, "and the last"),
        (0, 10, 6, "the next; nothing was given away in between"),
    ];
    for (lane, slot, expected, reason) in table {
        let index = home.store.dispense(&fork, lane, slot, 2).await.unwrap();
        assert_eq!(index, expected, "{reason}");
    }
}

async fn lanes_that_ask_at_once_get_different_items(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let lanes = (0..40).map(|lane| {
        let store = home.store.clone();
        tokio::spawn(async move {
            let mut items = Vec::new();
            for slot in 1..=10 {
                items.push(store.dispense(&cursor("a", "", 0), lane, slot, 40).await.unwrap());
            }
            items
        })
    });
    let mut items = BTreeSet::new();
    for lane in lanes.collect::<Vec<_>>() {
        items.extend(lane.await.unwrap());
    }
    assert!(items.into_iter().eq(40..440));
}
