//! Queues. What a queue may do (deliver again, late, out of order) the suite must bear; what it must do is tested.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use stepwright::queue::embedded::EmbeddedQueue;
use stepwright::queue::{Delivery, Queue};
use stepwright::turn::Clock;
use stepwright_core::engine::{FrameId, MessageKind};
use stepwright_core::time::Timestamp;

use tokio::task::JoinHandle;

use super::homes::{QueueHome, on_every_queue, wall_clock};
use crate::support::build::{START, message, record};
use crate::support::clock::VirtualClock;
use crate::support::fault::Faults;
use crate::support::queue::{FaultyQueue, Habits, LONGEST_DELAY, VISIBILITY};

on_every_queue! {
    every_message_comes_as_it_was_sent
    no_message_comes_before_its_time
    a_message_given_back_comes_again_with_its_id_and_a_higher_count
    a_message_given_back_for_later_does_not_come_before
    messages_have_ids_of_their_own
    those_who_wait_are_woken_by_messages
    one_who_waits_is_woken_by_a_message_given_back
    one_who_waits_is_woken_by_a_timer_that_is_set_meanwhile
}

/// Bounds a test that would hang otherwise.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("nobody was woken")
}

/// Somebody who waits for a message; already in the line when this returns.
async fn receiver(home: &QueueHome) -> JoinHandle<u64> {
    let queue = home.queue.clone();
    let receiver = tokio::spawn(async move { queue.receive().await.unwrap().message.cursor.slot });
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    receiver
}

/// Receives and deletes until each of these slots has come.
async fn receive_all(home: &QueueHome, slots: impl IntoIterator<Item = u64>) -> Vec<Delivery> {
    let mut missing: BTreeSet<u64> = slots.into_iter().collect();
    let mut received = Vec::new();
    while !missing.is_empty() {
        let delivery = home.queue.receive().await.unwrap();
        home.queue.delete(&delivery.receipt).await.unwrap();
        missing.remove(&delivery.message.cursor.slot);
        received.push(delivery);
    }
    received
}

async fn every_message_comes_as_it_was_sent(home: &QueueHome) {
    let mut child = message(100);
    child.cursor.frame = FrameId::root().child(99, 3);
    child.kind = MessageKind::Fork(Box::new(record(0, "n").frame.clone()));
    let messages: Vec<_> = (0..100).map(message).chain([child]).collect();
    for batch in messages.chunks(10) {
        home.queue.send(batch.iter().cloned().map(|m| (m, None)).collect()).await.unwrap();
    }
    for delivery in receive_all(home, 0..=100).await {
        assert_eq!(delivery.message, messages[delivery.message.cursor.slot as usize]);
    }
}

async fn no_message_comes_before_its_time(home: &QueueHome) {
    let start = home.now();
    let due = |slot: u64| start.plus_seconds([0.03, 0.0, 0.02, -5.0, 0.01][slot as usize]);
    let timed = (0..5).map(|slot| (message(slot), Some(due(slot)))).collect();
    home.queue.send(timed).await.unwrap();
    home.queue.send(vec![(message(9), None)]).await.unwrap();
    let mut missing: BTreeSet<u64> = [0, 1, 2, 3, 4, 9].into();
    while !missing.is_empty() {
        let delivery = home.queue.receive().await.unwrap();
        let slot = delivery.message.cursor.slot;
        assert!(slot == 9 || home.now() >= due(slot), "slot {slot}");
        home.queue.delete(&delivery.receipt).await.unwrap();
        missing.remove(&slot);
    }
}

async fn a_message_given_back_comes_again_with_its_id_and_a_higher_count(home: &QueueHome) {
    home.queue.send(vec![(message(1), None)]).await.unwrap();
    let first = home.queue.receive().await.unwrap();
    assert_eq!(first.receive_count, 1);
    home.queue.give_back(&first.receipt, 0.0).await.unwrap();
    let mut highest = 1;
    while highest < 4 {
        let again = home.queue.receive().await.unwrap();
        assert_eq!((&again.id, &again.message), (&first.id, &first.message));
        highest = highest.max(again.receive_count);
        home.queue.give_back(&again.receipt, 0.0).await.unwrap();
    }
}

async fn a_message_given_back_for_later_does_not_come_before(home: &QueueHome) {
    home.queue.send(vec![(message(1), None)]).await.unwrap();
    let mut count = 0;
    let mut earliest = home.now();
    while count < 3 {
        let delivery = home.queue.receive().await.unwrap();
        // A duplicate is another delivery that knows nothing of the pause.
        if delivery.receive_count > count {
            assert!(home.now() >= earliest);
            count = delivery.receive_count;
            earliest = home.now().plus_seconds(0.02);
            home.queue.give_back(&delivery.receipt, 0.02).await.unwrap();
        } else {
            home.queue.delete(&delivery.receipt).await.unwrap();
        }
    }
}

async fn messages_have_ids_of_their_own(home: &QueueHome) {
    home.queue.send((0..20).map(|_| (message(1), None)).collect()).await.unwrap();
    let mut ids = BTreeSet::new();
    while ids.len() < 20 {
        let delivery = home.queue.receive().await.unwrap();
        ids.insert(delivery.id);
    }
}

async fn those_who_wait_are_woken_by_messages(home: &QueueHome) {
    let mut receivers = Vec::new();
    for _ in 0..5 {
        receivers.push(receiver(home).await);
    }
    for slot in 0..5 {
        home.queue.send(vec![(message(slot), None)]).await.unwrap();
    }
    for receiver in receivers {
        assert!(soon(receiver).await.unwrap() < 5);
    }
}

async fn one_who_waits_is_woken_by_a_message_given_back(home: &QueueHome) {
    for pause in [0.0, 0.02] {
        home.queue.send(vec![(message(1), None)]).await.unwrap();
        let delivery = home.queue.receive().await.unwrap();
        let receiver = receiver(home).await;
        home.queue.give_back(&delivery.receipt, pause).await.unwrap();
        assert_eq!(soon(receiver).await.unwrap(), 1);
    }
}

async fn one_who_waits_is_woken_by_a_timer_that_is_set_meanwhile(home: &QueueHome) {
    let receiver = receiver(home).await;
    for (slot, seconds) in [(1, 3600.0), (2, 0.02)] {
        let due = home.now().plus_seconds(seconds);
        home.queue.send(vec![(message(slot), Some(due))]).await.unwrap();
    }
    soon(receiver).await.unwrap();
}

#[tokio::test]
async fn a_busy_embedded_queue_does_not_forget_its_timers() {
    let queue = EmbeddedQueue::new();
    let due = wall_clock().plus_seconds(0.005);
    queue.send(vec![(message(1), None), (message(2), Some(due))]).await.unwrap();
    while wall_clock() < due {
        tokio::task::yield_now().await;
    }
    for expected in 1..=3 {
        assert_eq!(queue.receive().await.unwrap().message.cursor.slot, expected);
        queue.send(vec![(message(expected + 2), None)]).await.unwrap();
    }
}

#[tokio::test]
async fn the_embedded_queue_delivers_in_order_and_once() {
    let queue = EmbeddedQueue::new();
    let now = wall_clock();
    let timed = |slot, seconds| (message(slot), Some(now.plus_seconds(seconds)));
    queue.send(vec![timed(3, 0.03), timed(1, -1.0), timed(2, 0.02), timed(4, 0.04)]).await.unwrap();
    for expected in 1..=4 {
        let delivery = queue.receive().await.unwrap();
        assert_eq!((delivery.message.cursor.slot, delivery.receive_count), (expected, 1));
        queue.delete(&delivery.receipt).await.unwrap();
    }
    queue.send(vec![timed(9, 0.05)]).await.unwrap();
    assert_eq!(queue.receive().await.unwrap().message.cursor.slot, 9, "and nothing before it");
}

#[tokio::test]
async fn a_receiver_that_goes_away_takes_no_message_with_it() {
    let queue = Arc::new(EmbeddedQueue::new());
    for slot in 0..20 {
        let receiver = tokio::spawn({
            let queue = queue.clone();
            async move { queue.receive().await }
        });
        tokio::task::yield_now().await;
        receiver.abort();
        queue.send(vec![(message(slot), None)]).await.unwrap();
        match receiver.await {
            Ok(delivery) => assert_eq!(delivery.unwrap().message.cursor.slot, slot),
            Err(_) => {
                assert_eq!(queue.receive().await.unwrap().message.cursor.slot, slot);
            }
        }
    }
}

#[tokio::test]
async fn with_a_visibility_timeout_an_unanswered_delivery_is_repeated() {
    let queue = EmbeddedQueue::with_visibility(0.01);
    queue.send(vec![(message(1), None)]).await.unwrap();
    let first = queue.receive().await.unwrap();
    let second = queue.receive().await.unwrap();
    assert_eq!((second.id, second.receive_count), (first.id, 2));
    queue.delete(&first.receipt).await.unwrap();
    let third = queue.receive().await.unwrap();
    assert_eq!(third.receive_count, 3, "an old receipt deletes nothing");
    queue.delete(&third.receipt).await.unwrap();
    queue.send(vec![(message(2), Some(wall_clock().plus_seconds(0.03)))]).await.unwrap();
    assert_eq!(queue.receive().await.unwrap().message.cursor.slot, 2, "deleted is deleted");
}

#[tokio::test]
async fn many_waiting_timers_come_in_order() {
    let queue = EmbeddedQueue::new();
    let start = wall_clock().plus_seconds(0.5);
    let due = |slot: u64| Some(Timestamp(start.0 + slot as i64));
    let slots = (0..20_000u64).map(|n| n * 7919 % 20_000);
    queue.send(slots.map(|slot| (message(slot), due(slot))).collect()).await.unwrap();
    for expected in 0..20_000 {
        let delivery = queue.receive().await.unwrap();
        queue.delete(&delivery.receipt).await.unwrap();
        assert_eq!(delivery.message.cursor.slot, expected);
    }
}

/// What a queue delivered while it was slowly worked off: slot, count and time of each delivery, in order.
async fn transcript(seed: u64) -> Vec<(u64, u32, i64)> {
    let clock = Arc::new(VirtualClock::default());
    let queue = FaultyQueue::new(seed, Habits::BAD, clock.clone(), Faults::never());
    queue.send((0..200).map(|slot| (message(slot), None)).collect()).await.unwrap();
    let (mut told, mut handled) = (Vec::new(), VecDeque::new());
    while let Some(delivery) = queue.take_next() {
        told.push((delivery.message.cursor.slot, delivery.receive_count, clock.now().0));
        handled.push_back(delivery.receipt);
        if handled.len() > 9 {
            queue.delete(&handled.pop_front().unwrap()).await.unwrap();
        }
    }
    told
}

#[tokio::test]
async fn the_bad_queue_is_bad_and_its_seed_says_how() {
    let told = transcript(1).await;
    assert_eq!(told, transcript(1).await);
    assert_ne!(told, transcript(2).await);
    let mut times = BTreeMap::<u64, u32>::new();
    for (slot, ..) in &told {
        *times.entry(*slot).or_default() += 1;
    }
    assert!(times.keys().copied().eq(0..200), "nothing is lost");
    assert!(times.values().any(|times| *times > 1), "something comes twice");
    assert!(told.windows(2).any(|pair| pair[0].0 > pair[1].0), "something comes out of order");
    assert!(told.last().unwrap().2 > told[0].2, "something comes late");
}

#[tokio::test]
async fn virtual_time_jumps_to_what_is_due_next_and_a_far_timer_comes_early() {
    let year = 31_536_000.0;
    for (seconds, expected) in [(-5.0, 0.0), (7.0, 7.0), (year, year - LONGEST_DELAY)] {
        let clock = Arc::new(VirtualClock::default());
        let queue = FaultyQueue::new(1, Habits::GOOD, clock.clone(), Faults::never());
        let due = clock.now().plus_seconds(seconds);
        queue.send(vec![(message(1), Some(due))]).await.unwrap();
        assert!(queue.take_next().is_some());
        assert_eq!(clock.now(), START.plus_seconds(expected), "due after {seconds} s");
    }
}

#[tokio::test]
async fn a_delivery_that_nobody_ends_is_repeated_when_its_visibility_timeout_is_over() {
    let clock = Arc::new(VirtualClock::default());
    let queue = FaultyQueue::new(1, Habits::GOOD, clock.clone(), Faults::never());
    queue.send(vec![(message(1), None)]).await.unwrap();
    let first = queue.take().unwrap();
    assert!(queue.take().is_none());
    let second = queue.take_next().unwrap();
    assert_eq!((second.id, second.receive_count), (first.id, 2));
    assert_eq!(clock.now(), START.plus_seconds(VISIBILITY));
}
