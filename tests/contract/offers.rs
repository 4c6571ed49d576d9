//! Activity tasks on offer.

use std::sync::Arc;

use stepwright::queue::Offers;
use stepwright::queue::offers::EmbeddedOffers;
use stepwright_core::engine::Offer;

use crate::support::build::cursor;

fn offer(ticket: u64) -> Offer {
    Offer { cursor: cursor("execution", "", ticket + 1), ticket }
}

async fn tickets(offers: &EmbeddedOffers, activity: &str) -> Vec<u64> {
    let mut found = Vec::new();
    while let Some(offer) = offers.take(activity, 0.0).await.unwrap() {
        found.push(offer.ticket);
    }
    found
}

/// A worker that waits; it is in the line when this returns.
async fn worker(
    offers: &Arc<EmbeddedOffers>,
    seconds: f64,
) -> tokio::task::JoinHandle<Option<u64>> {
    let offers = offers.clone();
    let task =
        tokio::spawn(
            async move { offers.take("a", seconds).await.unwrap().map(|offer| offer.ticket) },
        );
    tokio::task::yield_now().await;
    task
}

#[tokio::test]
async fn the_oldest_offer_of_the_activity_comes_first() {
    let offers = EmbeddedOffers::new();
    for (activity, ticket) in [("a", 1), ("b", 2), ("a", 3), ("a", 4)] {
        offers.offer(activity, offer(ticket)).await.unwrap();
    }
    assert_eq!(tickets(&offers, "a").await, [1, 3, 4]);
    assert_eq!(tickets(&offers, "b").await, [2]);
    assert_eq!(tickets(&offers, "c").await, [0; 0]);
}

#[tokio::test]
async fn the_worker_that_waited_longest_comes_first() {
    let offers = Arc::new(EmbeddedOffers::new());
    let workers = [worker(&offers, 60.0).await, worker(&offers, 60.0).await];
    for ticket in [1, 2, 3] {
        offers.offer("a", offer(ticket)).await.unwrap();
    }
    for (worker, expected) in workers.into_iter().zip([1, 2]) {
        assert_eq!(worker.await.unwrap(), Some(expected));
    }
    assert_eq!(tickets(&offers, "a").await, [3]);
}

#[tokio::test]
async fn a_worker_waits_no_longer_than_it_said() {
    let offers = Arc::new(EmbeddedOffers::new());
    assert_eq!(worker(&offers, 0.01).await.await.unwrap(), None);
    offers.offer("a", offer(1)).await.unwrap();
    assert_eq!(tickets(&offers, "a").await, [1], "not handed to the worker that left");
}

#[tokio::test]
async fn a_task_offered_again_while_it_waits_is_on_offer_once() {
    let offers = EmbeddedOffers::new();
    for ticket in [1, 1, 2, 1] {
        offers.offer("a", offer(ticket)).await.unwrap();
    }
    assert_eq!(offers.take("a", 0.0).await.unwrap(), Some(offer(1)));
    offers.offer("a", offer(1)).await.unwrap();
    assert_eq!(tickets(&offers, "a").await, [2, 1], "but once taken it can be offered again");
}

#[tokio::test]
async fn a_worker_that_goes_away_takes_no_offer_with_it() {
    let offers = Arc::new(EmbeddedOffers::new());
    let (first, second) = (worker(&offers, 60.0).await, worker(&offers, 60.0).await);
    // The offer is on its way to the first worker when that is gone.
    offers.offer("a", offer(1)).await.unwrap();
    first.abort();
    assert!(first.await.is_err());
    assert_eq!(second.await.unwrap(), Some(1));
}
