//! What only the stores and queues on AWS promise: they get over throttling, lost replies and batches done in part; they
//! spread what is wide; and what is due late is parked. On an emulator behind a proxy.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::json;
use stepwright::queue::dynamodb::{DynamoOffers, Timers};
use stepwright::queue::sqs::SqsQueue;
use stepwright::queue::{Offers, Outgoing, Queue};
use stepwright::store::dynamodb::{DynamoStore, Tables};
use stepwright::store::{Creation, Error, Execution, Insertion, Journal, Kind, Registry};
use stepwright_core::engine::{
    Cursor, EventRef, Fork, FrameId, Lane, Message, MessageKind, Offer, Phase, Record,
};
use stepwright_core::expr::Document;

use super::homes::wall_clock;
use crate::support::aws::Aws;
use crate::support::build::{
    at, cursor, execution, failed, id, message, record, record_with, succeeded,
};
use crate::support::proxy::{Fate, Proxy};

/// A store behind a proxy with a plan, and the same store without.
async fn store(
    plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
) -> Option<(Proxy, DynamoStore, DynamoStore)> {
    let aws = Aws::emulated()?;
    let tables = aws.executions_table().await;
    let proxy = Proxy::with(&aws, plan).await;
    let behind = DynamoStore::new(proxy.aws().dynamodb(), tables.clone());
    Some((proxy, behind, DynamoStore::new(aws.dynamodb(), tables)))
}

/// The first tries of each operation meet this fate, the next passes.
fn at_first(times: usize, fate: Fate) -> impl Fn(&str, usize) -> Fate + Send + Sync {
    move |_, before| if before % (times + 1) < times { fate } else { Fate::Pass }
}

#[tokio::test]
async fn throttled_requests_are_made_again() {
    let refusals = [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ];
    for (status, code) in refusals {
        let Some((proxy, store, _)) = store(at_first(2, Fate::Refuse(status, code))).await else {
            return;
        };
        store.create(execution("a", at(0.0))).await.unwrap();
        store.insert(&cursor("a", "", 0), record(0, "n")).await.unwrap();
        assert_eq!(store.join(&cursor("a", "", 0), 3, 4, false).await.unwrap().finished, 1);
        let tail = store.tail(&id("a"), &FrameId::root()).await.unwrap();
        assert_eq!(tail, Some(record(0, "n")), "{code}");
        assert!(store.close(&id("a"), succeeded(at(1.0))).await.unwrap());
        let times = ["PutItem", "UpdateItem", "Query", "GetItem"].map(|name| proxy.times(name));
        assert_eq!(times, [9, 6, 3, 3], "{code}: each was tried three times");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_told_at_once() {
    let plan = |_: &str, _| Fate::Refuse(400, "AccessDeniedException");
    let Some((proxy, store, _)) = store(plan).await else { return };
    let told = store.tail(&id("a"), &FrameId::root()).await.unwrap_err();
    assert_eq!(told.to_string(), "the store is not available: AccessDeniedException: on purpose");
    assert!(matches!(told, Error::Unavailable(_)));
    assert_eq!(proxy.times("Query"), 1);
}

#[tokio::test]
async fn a_write_whose_reply_was_lost_is_known_as_its_own() {
    let Some((_, store, plain)) = store(at_first(1, Fate::LoseReply)).await else { return };
    let created = store.create(execution("a", at(0.0))).await.unwrap();
    assert!(matches!(created, Creation::Created));
    let mine = record(0, "mine");
    let insertion = store.insert(&cursor("a", "", 0), mine.clone()).await.unwrap();
    assert!(
        matches!(insertion, Insertion::Exists(there) if there == mine),
        "the turn knows its nonce"
    );
    assert!(store.put(Kind::Secret, "k", "a".into(), None).await.unwrap());
    assert!(store.put(Kind::Secret, "k", "b".into(), Some(1)).await.unwrap());
    assert!(!plain.put(Kind::Secret, "k", "c".into(), Some(1)).await.unwrap());
    assert_eq!(store.item(Kind::Secret, "k").await.unwrap().unwrap().body, "b");
    for _ in 0..2 {
        assert_eq!(store.join(&cursor("a", "", 0), 3, 4, true).await.unwrap().finished, 1);
    }
    store.close(&id("a"), failed(at(1.0))).await.unwrap();
    let row = store.execution(&id("a")).await.unwrap().unwrap();
    assert_eq!(row.closing, Some(failed(at(1.0))));
}

#[tokio::test]
async fn keys_that_a_batch_leaves_unprocessed_are_asked_for_again() {
    let plan =
        |operation: &str, _| if operation == "BatchGetItem" { Fate::Half } else { Fate::Pass };
    let Some((proxy, store, plain)) = store(plan).await else { return };
    let (fork, lanes) = (cursor("a", "", 4), 900);
    for lane in (0..lanes).step_by(100) {
        plain.join(&fork, lane, lanes, lane == 300).await.unwrap();
    }
    let joined = store.joined(&fork, lanes).await.unwrap();
    assert_eq!((joined.finished, joined.failed), (9, vec![300]));
    assert_eq!(proxy.times("BatchGetItem"), 4, "9 keys: 5, 2, 1 and 1");
}

/// A record of a fork, and one of a lane of it.
fn forked(slot: u64, lanes: u32) -> std::sync::Arc<Record> {
    let started = EventRef { frame: FrameId::root(), slot, index: 0 };
    let input = Document::empty_object();
    let fork = Fork { lanes, input: input.clone(), items: None, started, resumed: None, run: None };
    record_with(slot, "fork", input, Phase::Forked(fork))
}

fn of_lane(number: u32, of: u32) -> std::sync::Arc<Record> {
    let mut record = (*record(0, "lane")).clone();
    record.frame.lane = Some(Lane {
        state: "Each".into(),
        number,
        of,
        branch: None,
        item: None,
        resumed: None,
        done: None,
    });
    record.into()
}

#[tokio::test]
async fn wide_forks_spread_over_partitions_and_are_read_as_a_whole() {
    let Some((proxy, store, _)) = store(|_, _| Fate::Pass).await else { return };
    store.create(execution("a", at(0.0))).await.unwrap();
    let mut expected = vec![FrameId::root(), FrameId::root()];
    store.insert(&cursor("a", "", 0), record(0, "n")).await.unwrap();
    store.insert(&cursor("a", "", 1), forked(1, 350)).await.unwrap();
    for lane in (0..350).step_by(7) {
        let frame = FrameId::root().child(1, lane);
        store.insert(&cursor("a", &frame.0, 0), of_lane(lane, 350)).await.unwrap();
        expected.push(frame);
    }
    let nested = FrameId::root().child(1, 210);
    store.insert(&cursor("a", &nested.0, 1), forked(1, 120)).await.unwrap();
    let inner = nested.child(1, 119);
    store.insert(&cursor("a", &inner.0, 0), of_lane(119, 120)).await.unwrap();
    expected.extend([nested.clone(), inner.clone()]);
    expected.sort();

    let partitions: BTreeSet<_> = proxy
        .calls()
        .iter()
        .filter(|call| call.operation == "PutItem")
        .map(|call| call.request["Item"]["pk"]["S"].to_string())
        .collect();
    assert_eq!(
        partitions.len(),
        1 + 4 + 1,
        "machines, four hundreds of lanes, and those of a lane"
    );

    let frames = |found: Vec<stepwright::store::Stored>| -> Vec<FrameId> {
        found.into_iter().map(|(frame, _)| frame).collect()
    };
    let root = FrameId::root();
    let all = store.records(&id("a"), &root, None).await.unwrap();
    assert_eq!(frames(all), expected);
    let lanes = store.records(&id("a"), &root, Some(1)).await.unwrap();
    assert_eq!(frames(lanes), expected[2..]);
    let below = store.records(&id("a"), &nested, Some(1)).await.unwrap();
    assert_eq!(frames(below), std::slice::from_ref(&inner));
    let tails = store.tails(&id("a"), &nested, None).await.unwrap();
    assert_eq!(frames(tails), [nested, inner]);
}

#[tokio::test]
async fn only_what_is_running_and_of_the_age_that_is_asked_for_is_looked_at() {
    let Some((_, store, _)) = store(|_, _| Fate::Pass).await else { return };
    for (name, started) in [("a", 10.0), ("b", 20.0), ("c", 30.0), ("d", 20.0)] {
        store.create(execution(name, at(started))).await.unwrap();
    }
    store.close(&id("d"), succeeded(at(25.0))).await.unwrap();
    let table =
        [(0.0, 40.0, vec!["a", "b", "c"]), (10.0, 20.0, vec!["a"]), (20.0, 30.0, vec!["b"])];
    for (from, to, expected) in table {
        let found = store.running_since(at(from)..at(to)).await.unwrap();
        assert_eq!(found, expected.into_iter().map(id).collect::<Vec<_>>(), "{from} to {to}");
    }
}

/// A queue behind a proxy with a plan, with a table for timers.
async fn queue(
    plan: impl Fn(&str, usize) -> Fate + Send + Sync + 'static,
) -> Option<(Proxy, SqsQueue, Timers)> {
    let aws = Aws::emulated()?;
    let (queues, timers) = (aws.queue().await, aws.timers_table().await);
    let proxy = Proxy::with(&aws, plan).await;
    let behind = proxy.aws();
    let parked = Timers::new(behind.dynamodb(), &timers);
    let queue = SqsQueue::new(behind.sqs(), queues).with_timers(parked);
    Some((proxy, queue, Timers::new(aws.dynamodb(), &timers)))
}

async fn received(queue: &SqsQueue, count: usize) -> Vec<u64> {
    let mut slots = Vec::new();
    while slots.len() < count {
        let delivery = queue.receive().await.unwrap();
        queue.delete(&delivery.receipt).await.unwrap();
        slots.push(delivery.message.cursor.slot);
    }
    slots.sort_unstable();
    slots
}

#[tokio::test]
async fn messages_go_out_by_tens_and_what_failed_of_a_batch_again() {
    for (fate, requests) in [(Fate::Pass, 3), (Fate::Half, 11)] {
        let plan = move |operation: &str, _| match operation {
            "SendMessageBatch" => fate,
            _ => Fate::Pass,
        };
        let Some((proxy, queue, _)) = queue(plan).await else { return };
        queue.send((0..25).map(|slot| (message(slot), None)).collect()).await.unwrap();
        assert_eq!(proxy.times("SendMessageBatch"), requests, "{fate:?}");
        assert_eq!(received(&queue, 25).await, (0..25).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn throttled_sends_are_made_again() {
    let plan = at_first(2, Fate::Refuse(400, "RequestThrottled"));
    let Some((proxy, queue, _)) = queue(plan).await else { return };
    queue.send(vec![(message(1), None)]).await.unwrap();
    assert_eq!(proxy.times("SendMessageBatch"), 3);
    assert_eq!(received(&queue, 1).await, [1]);
}

#[tokio::test]
async fn turns_that_run_together_send_together() {
    let Some((proxy, queue, _)) = queue(|_, _| Fate::Pass).await else { return };
    let queue = queue.waiting(std::time::Duration::from_secs(60));
    let turns: Vec<_> = (0..10)
        .map(|slot| {
            let (queue, turn) = (queue.clone(), queue.turn());
            tokio::spawn(async move {
                // One turn sends nothing, one sends twice.
                for _ in 0..[1, 0, 2].get(slot).copied().unwrap_or(1) {
                    queue.send(vec![(message(slot as u64), None)]).await.unwrap();
                }
                drop(turn);
            })
        })
        .collect();
    for turn in turns {
        turn.await.unwrap();
    }
    assert_eq!(proxy.times("SendMessageBatch"), 2);
    assert_eq!(received(&queue, 10).await, [0, 2, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn what_is_due_late_is_parked_until_a_sweep_finds_it_near() {
    let Some((proxy, queue, timers)) = queue(|_, _| Fate::Pass).await else { return };
    let now = wall_clock();
    let due = [(1, 890.0), (2, 910.0), (3, 1_000.0), (4, 86_400.0), (5, 31_536_000.0)];
    let due = due.map(|(slot, seconds)| (message(slot), Some(now.plus_seconds(seconds))));
    queue.send(due.to_vec()).await.unwrap();
    let delays = |proxy: &Proxy| -> Vec<i64> {
        let sent = proxy.calls().into_iter().filter(|call| call.operation == "SendMessageBatch");
        let entries = sent.flat_map(|call| call.request["Entries"].as_array().unwrap().clone());
        entries.map(|entry| entry["DelaySeconds"].as_i64().unwrap()).collect()
    };
    let direct = delays(&proxy);
    assert!(matches!(direct[..], [880..=890]), "{direct:?}");

    assert_eq!(queue.send_due(wall_clock()).await.unwrap(), 0, "nothing is near yet");
    let near = timers.due(now.plus_seconds(200.0)).await.unwrap();
    assert_eq!(
        near.messages,
        due[1..3].iter().map(|(m, at)| (m.clone(), at.unwrap())).collect::<Vec<_>>()
    );
    let again = timers.due(now.plus_seconds(200.0)).await.unwrap();
    assert_eq!(again.messages, near.messages, "until somebody says that it was sent");
    timers.sent(&near).await.unwrap();
    assert!(timers.due(now.plus_seconds(210.0)).await.unwrap().messages.is_empty());
    let later = timers.due(now.plus_seconds(90_000.0)).await.unwrap();
    assert_eq!(
        later.messages,
        [(message(4), due[3].1.unwrap())],
        "a sweep that comes late finds it"
    );
}

#[tokio::test]
async fn a_parked_timer_is_kept_once_however_often_it_is_parked() {
    let Some((_, queue, timers)) = queue(|_, _| Fate::Pass).await else { return };
    let due = wall_clock().plus_seconds(2_000.0);
    for _ in 0..3 {
        queue.send(vec![(message(1), Some(due))]).await.unwrap();
    }
    let found = timers.due(due).await.unwrap();
    assert_eq!(found.messages, [(message(1), due)]);
}

#[tokio::test]
async fn a_message_brings_what_it_carries() {
    let Some((_, queue, _)) = queue(|_, _| Fate::Pass).await else { return };
    let carried: std::sync::Arc<str> = "{\"x\":\"\u{FFFF}\u{1}\"}".into();
    let outgoing =
        Outgoing { message: message(1), at: None, carried: Some(carried.clone()), patient: false };
    queue.send_carrying(vec![outgoing]).await.unwrap();
    assert_eq!(queue.receive().await.unwrap().carried, Some(carried));
}

#[test]
fn a_record_of_an_event_is_a_delivery_or_clearly_none() {
    let good = json!({"v": 1, "m": message(3)}).to_string();
    let record = |body: &str| {
        let event = json!({"Records": [{
            "messageId": "m-1", "receiptHandle": "r-1", "body": body,
            "attributes": {"ApproximateReceiveCount": "4", "SentTimestamp": "1700000000000"},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:steps"
        }]});
        let event: SqsEvent = serde_json::from_value(event).unwrap();
        SqsQueue::delivery(&event.records[0])
    };
    let delivery = record(&good).unwrap();
    assert_eq!((delivery.message, delivery.receive_count), (message(3), 4));
    assert_eq!((&*delivery.id, &*delivery.receipt.0), ("m-1", "r-1"));
    let bad = record("hello").unwrap_err().to_string();
    assert_eq!(bad, "SQS message m-1 is none of this engine's: expected value at line 1 column 1");
}

#[tokio::test]
async fn each_offer_is_taken_by_one_worker_the_oldest_first() {
    let Some(aws) = Aws::emulated() else { return };
    let table = aws.timers_table().await;
    let offers = || DynamoOffers::new(aws.dynamodb(), &table);
    let offer = |ticket| Offer { cursor: cursor("execution", "", ticket + 1), ticket };
    for ticket in 0..8 {
        offers().offer("a", offer(ticket)).await.unwrap();
    }
    assert_eq!(offers().take("b", 0.0).await.unwrap(), None);
    assert_eq!(offers().take("a", 0.0).await.unwrap(), Some(offer(0)));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let offers = offers();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(offer) = offers.take("a", 0.0).await.unwrap() {
                    taken.push(offer.ticket);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    taken.sort_unstable();
    // A worker that found only what others were just taking goes away without.
    while let Some(offer) = offers().take("a", 0.0).await.unwrap() {
        taken.push(offer.ticket);
    }
    assert_eq!(taken, (1..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_worker_that_waits_gets_an_offer_that_comes_meanwhile() {
    let Some(aws) = Aws::emulated() else { return };
    let table = aws.timers_table().await;
    let waiting = DynamoOffers::new(aws.dynamodb(), &table);
    let worker = tokio::spawn(async move { waiting.take("a", 60.0).await.unwrap() });
    let offer = Offer { cursor: Cursor::root(id("e"), 1), ticket: 0 };
    DynamoOffers::new(aws.dynamodb(), &table).offer("a", offer.clone()).await.unwrap();
    assert_eq!(worker.await.unwrap(), Some(offer));
}

#[tokio::test]
async fn the_message_of_a_lane_may_be_large() {
    let Some((_, queue, _)) = queue(|_, _| Fate::Pass).await else { return };
    let payload = Document::from_trusted_text(format!("\"{}\"", "x".repeat(2_000_000)));
    let frame = record_with(0, "n", payload, Phase::Ready).frame.clone();
    let kind = MessageKind::Fork(Box::new(frame));
    let sent = Message { cursor: cursor("e", "1.0", 0), kind };
    queue.send(vec![(sent.clone(), None)]).await.unwrap();
    assert_eq!(queue.receive().await.unwrap().message, sent);
}

/// When DynamoDB may remove each item of an execution, in days from now.
async fn days_left(aws: &Aws, table: &str) -> Vec<(String, i64)> {
    let now = wall_clock().0 / 1_000_000;
    let found = aws.dynamodb().scan().table_name(table).send().await.unwrap();
    let mut left: Vec<_> = found
        .items()
        .iter()
        .filter_map(|item| {
            let expiry: i64 = item.get("ttl")?.as_n().unwrap().parse().unwrap();
            let place =
                format!("{} {}", item["pk"].as_s().unwrap(), &item["sk"].as_s().unwrap()[..1]);
            Some((place, (expiry - now) / 86_400))
        })
        .collect();
    left.sort_unstable();
    left
}

#[tokio::test]
async fn what_a_long_execution_wrote_is_kept_as_long_as_it_runs() {
    let Some(aws) = Aws::emulated() else { return };
    let tables = Tables { retention_days: 90, ..aws.executions_table().await };
    let store = DynamoStore::new(aws.dynamodb(), tables.clone());
    let ago = |days: f64| wall_clock().plus_seconds(-86_400.0 * days);
    let old = |days: f64, record: std::sync::Arc<Record>| {
        std::sync::Arc::new(Record { time: ago(days), ..(*record).clone() })
    };
    let input = Document::from_trusted_text(format!("\"{}\"", "x".repeat(5_000)));
    store.create(Execution { input, ..execution("e", ago(40.5)) }).await.unwrap();
    store.insert(&cursor("e", "", 0), old(40.5, forked(0, 300))).await.unwrap();
    store.insert(&cursor("e", "0.7", 0), old(20.5, of_lane(7, 300))).await.unwrap();
    store.insert(&cursor("e", "0.207", 0), old(35.5, of_lane(207, 300))).await.unwrap();
    let places = ["e p", "e r", "e r", "e#/0.2 r"];
    let expected =
        |days: [i64; 4]| places.map(str::to_owned).into_iter().zip(days).collect::<Vec<_>>();
    let left = || days_left(&aws, &tables.executions);
    assert_eq!(
        left().await,
        expected([84, 84, 104, 89]),
        "90 days, and 35 until it must be renewed"
    );

    assert_eq!(store.renew(&id("e"), wall_clock(), 1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(store.renew(&id("e"), wall_clock(), 100).await.unwrap(), 2, "the rest of the old");
    let renewed = left().await;
    let days: Vec<_> = renewed.iter().map(|(_, days)| *days).collect();
    assert!(days.iter().all(|days| [104, 124, 125].contains(days)), "{renewed:?}");
    assert_eq!(days.iter().filter(|days| **days == 104).count(), 1, "{renewed:?}");
    assert_eq!(store.renew(&id("e"), wall_clock(), 100).await.unwrap(), 0, "nothing is due again");
}
