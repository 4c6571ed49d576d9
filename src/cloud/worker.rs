//! `worker` and `slow-worker`: a turn for each message of a batch, all at once, for most of a turn is waiting.
//!
//! | what becomes of a message | what Lambda is told |
//! |---|---|
//! | handled | nothing: it deletes it |
//! | given back | it failed; it is visible again when the engine wants it to be |
//! | not done in time, or its turn broke down | it failed; it is visible again after the visibility timeout, or a second |
//! | none of this engine's | nothing: it was moved to the dead letters, where somebody can look at it |
//!
//! Nothing is left running when the answer is given: a function that is frozen goes on in the middle of it minutes later.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::Context;
use serde_json::Value;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::world::{World, deadline, unavailable};
use super::{Failed, dead_letters, failure};
use crate::local::clock::SystemClock;
use crate::queue::sqs::SqsQueue;
use crate::queue::{Delivery, Queue};
use crate::turn::{Clock as _, Engine, Verdict};

/// Handles a batch.
///
/// # Errors
/// The event is no batch of messages, or the engine cannot begin: then all of them come again.
pub(super) async fn work(world: &World, event: Value, context: &Context) -> Result<Value, Failed> {
    let batch: SqsEvent = serde_json::from_value(event).map_err(|error| {
        failure("Stepwright.InvalidEvent", format!("not a batch of SQS messages: {error}"))
    })?;
    // Nested executions go through the API.
    world.api().await?;
    let engine = world.engine_for(context).await?;
    let mut failed = BTreeSet::new();
    let mut deliveries = Vec::new();
    for record in batch.records {
        match SqsQueue::delivery(&record) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => {
                if !bury(world, &record, &error.to_string()).await {
                    failed.insert(error.id);
                }
            }
        }
    }
    let left = deadline(context)
        .plus_seconds(-RESERVED_SECONDS)
        .seconds_since(SystemClock::default().now());
    let until = Instant::now() + Duration::from_secs_f64(left.clamp(0.0, 900.0));
    failed.extend(turns(&engine, &world.queue, deliveries, until).await);
    let failures = failed.into_iter().map(|id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    serde_json::to_value(response).map_err(unavailable)
}

/// Gives each message its turn; the ids of those that are to come again.
async fn turns(
    engine: &Arc<Engine>,
    queue: &Arc<SqsQueue>,
    deliveries: Vec<Delivery>,
    until: Instant,
) -> BTreeSet<String> {
    let mut unfinished: BTreeSet<String> = BTreeSet::new();
    let mut running = JoinSet::new();
    let mut names: Vec<(Id, Delivery)> = Vec::new();
    for delivery in deliveries {
        unfinished.insert(delivery.id.to_string());
        let (engine, queue, mine) = (engine.clone(), queue.clone(), delivery.clone());
        let announced = queue.turn();
        let task = running.spawn(async move {
            let done = turn(&engine, &*queue, &mine).await;
            drop(announced);
            done
        });
        names.push((task.id(), delivery));
    }
    while let Ok(Some(ended)) = tokio::time::timeout_at(until, running.join_next_with_id()).await {
        match ended {
            Ok((id, true)) => {
                let done = names.iter().find(|(task, _)| *task == id);
                done.inspect(|(_, delivery)| _ = unfinished.remove(&*delivery.id));
            }
            Ok((_, false)) => {}
            Err(error) => {
                tracing::error!(%error, "a turn broke down");
                if let Some((_, delivery)) = names.iter().find(|(task, _)| *task == error.id()) {
                    give_back(&**queue, delivery, 1.0).await;
                }
            }
        }
    }
    if !running.is_empty() {
        tracing::warn!(turns = running.len(), "turns were not done in time and are abandoned");
    }
    running.shutdown().await;
    unfinished
}

/// One turn; whether its message is done with.
async fn turn(engine: &Engine, queue: &dyn Queue, delivery: &Delivery) -> bool {
    match engine.handle(delivery).await {
        Verdict::Delete => true,
        Verdict::GiveBack(seconds) => {
            give_back(queue, delivery, seconds).await;
            false
        }
    }
}

async fn give_back(queue: &dyn Queue, delivery: &Delivery, seconds: f64) {
    if let Err(error) = queue.give_back(&delivery.receipt, seconds).await {
        tracing::warn!(%error, "a message comes again only after the visibility timeout");
    }
}

/// Moves a message that no turn can handle out of the way; whether that could be done.
async fn bury(world: &World, record: &SqsMessage, why: &str) -> bool {
    tracing::error!(why, id = record.message_id, "a message is moved to the dead letters");
    let body = record.body.as_deref().unwrap_or_default();
    dead_letters::bury(world, body, why).await
}

/// What is kept of an invocation's time for its answer.
const RESERVED_SECONDS: f64 = 1.0;
