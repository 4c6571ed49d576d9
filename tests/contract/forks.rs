//! Join sets and dispensers.

use std::collections::BTreeSet;

use stepwright::store::{Asking, Joined};
use stepwright_core::engine::Cursor;

use super::homes::{StoreHome, on_every_store};
use crate::support::build::{at, cursor, execution};

on_every_store! {
    a_lane_joins_once_however_often_it_says_so
    forks_are_told_apart
    a_wide_fork_counts_each_of_its_lanes
    a_wide_fork_is_not_complete_while_a_lane_is_missing
    a_dispenser_counts_on_and_repeats_itself_to_the_same_slot
    lanes_that_ask_at_once_get_different_items
    many_lanes_get_each_item_once
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
        assert_eq!(home.store.join(&fork, lane, 8, failed).await.unwrap(), expected);
        assert_eq!(home.store.joined(&fork, 8).await.unwrap(), expected);
    }
}

async fn forks_are_told_apart(home: &StoreHome) {
    let forks = [cursor("a", "", 4), cursor("a", "", 5), cursor("a", "4.0", 4), cursor("b", "", 4)];
    for name in ["a", "b"] {
        home.store.create(execution(name, at(0.0))).await.unwrap();
    }
    for (fork, first) in forks.iter().zip([10, 20, 30, 40]) {
        assert_eq!(home.store.join(fork, 0, 2, false).await.unwrap().finished, 1);
        assert_eq!(home.store.dispense(fork, asking(0, 1, 1, first)).await.unwrap(), first);
    }
}

async fn a_wide_fork_counts_each_of_its_lanes(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    for (slot, lanes) in [(4, 100), (5, 101), (6, 950)] {
        let fork = cursor("a", "", slot);
        let joins = (0..lanes).map(|lane| {
            let (store, fork) = (home.store.clone(), fork.clone());
            tokio::spawn(async move {
                let joined = store.join(&fork, lane, lanes, lane % 400 == 0).await.unwrap();
                assert!(lane % 400 > 0 || joined.failed.contains(&lane), "who fails is told so");
                joined.finished
            })
        });
        let mut counts = Vec::new();
        for join in joins.collect::<Vec<_>>() {
            counts.push(join.await.unwrap());
        }
        let told = counts.iter().filter(|count| **count == lanes).count();
        assert!(told >= 1 && counts.iter().all(|count| *count <= lanes), "of {lanes}: {counts:?}");
        let failed = (0..lanes).filter(|lane| lane % 400 == 0).collect();
        let all = Joined { finished: lanes, failed };
        assert_eq!(home.store.joined(&fork, lanes).await.unwrap(), all);
        let again = home.store.join(&fork, lanes - 1, lanes, false).await.unwrap();
        assert_eq!(again.finished, lanes, "whoever joins a complete set again is told of all");
    }
}

async fn a_wide_fork_is_not_complete_while_a_lane_is_missing(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let (fork, lanes) = (cursor("a", "", 4), 230);
    for missing in [0, 150, 229] {
        let fork = Cursor { slot: u64::from(missing), ..fork.clone() };
        for lane in (0..lanes).filter(|lane| *lane != missing) {
            let joined = home.store.join(&fork, lane, lanes, false).await.unwrap();
            assert!(joined.finished < lanes, "{lane} with {missing} missing");
        }
        let joined = home.store.join(&fork, missing, lanes, false).await.unwrap();
        assert_eq!(joined.finished, lanes);
    }
}

async fn a_dispenser_counts_on_and_repeats_itself_to_the_same_slot(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let fork = cursor("a", "", 4);
    let table = [
        (0, 3, 3, 2, "the first"),
        (1, 5, 5, 3, "the next, for another lane"),
        (0, 3, 3, 2, "the same again"),
        (1, 6, 5, 4, "the next, for a later item"),
        (1, 6, 5, 4, "the same again"),
        (0, 9, 3, 5, "items need not follow each other"),
        (0, 3, 3, 2, "the first again, though a later one was asked for since"),
        (1, 5, 5, 3, "and that of the other lane"),
        (0, 9, 3, 5, "and the last"),
        (0, 10, 3, 6, "the next; nothing was given away in between"),
        (0, 11, 11, 7, "a record was written with a later item in hand"),
        (0, 12, 11, 8, "the next after it"),
        (0, 11, 11, 7, "the same again"),
        (0, 12, 11, 8, "the same again"),
        (1, 6, 5, 4, "the other lane has not gone on"),
    ];
    for (lane, finished, recorded, expected, reason) in table {
        let index = home.store.dispense(&fork, asking(lane, finished, recorded, 2)).await.unwrap();
        assert_eq!(index, expected, "{reason}");
    }
    // After a redrive, items may come in another order.
    let smaller = Asking { slot: 20, ..asking(0, 4, 4, 2) };
    for _ in 0..2 {
        assert_eq!(home.store.dispense(&fork, smaller).await.unwrap(), 9);
    }
}

async fn lanes_that_ask_at_once_get_different_items(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let lanes = (0..40).map(|lane| {
        let store = home.store.clone();
        tokio::spawn(async move {
            let mut items = Vec::new();
            for slot in 1..=10 {
                let asking = asking(lane, slot, slot, 40);
                items.push(store.dispense(&cursor("a", "", 0), asking).await.unwrap());
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

/// Forty lanes share what there is in the order of asking; more than that divide it.
async fn many_lanes_get_each_item_once(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let lanes = 100;
    let mut items = BTreeSet::new();
    for round in 0..3 {
        for lane in 0..lanes {
            let finished = u64::from(lane) + round * 1_000;
            let asking = Asking { lanes, ..asking(lane, finished, finished, 100) };
            let item = home.store.dispense(&cursor("a", "", 0), asking).await.unwrap();
            assert!(items.insert(item), "{item} was granted twice");
        }
    }
    assert!(items.contains(&100) && *items.last().unwrap() < 600, "{items:?}");
}

fn asking(lane: u32, finished: u64, recorded: u64, first: u64) -> Asking {
    Asking { lane, lanes: 40, finished, recorded, slot: recorded, first }
}
