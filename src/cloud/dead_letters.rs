//! Dead letters: messages that Lambda has given up on (50 deliveries), and those that are none of this engine's.
//!
//! A message of the engine is sent again, three times at most: what stood in its way (a table that was throttled, a
//! permission that was missing) may be gone. After that its execution fails with `Stepwright.Undeliverable`, rather than
//! being left running for ever; it can be redriven. Anything else stays where it is, for somebody to look at; the alarm on the queue tells.

use aws_sdk_sqs::types::{Message as SqsMessage, MessageAttributeValue};
use stepwright_core::engine::Failure;

use super::Failed;
use super::world::{World, unavailable};
use crate::queue::sqs::SqsQueue;
use crate::turn::Engine;

/// Moves a message that cannot be handled to the dead letters; whether that could be done.
pub(super) async fn bury(world: &World, body: &str, why: &str) -> bool {
    let Some(url) = &world.settings.dead_letter_url else { return false };
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(why).build();
    let sent = world
        .clients
        .sqs
        .send_message()
        .queue_url(url)
        // SQS takes no empty body.
        .message_body(if body.is_empty() { " " } else { body })
        .set_message_attributes(attribute.ok().map(|why| [(WHY.to_owned(), why)].into()))
        .send();
    match Box::pin(sent).await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(error = %error.into_service_error(), "a message could not be moved");
            false
        }
    }
}

/// Sends dead letters again, or ends what they belong to; how many there were.
///
/// # Errors
/// SQS is not available.
pub(super) async fn redrive(world: &World, engine: &Engine) -> Result<usize, Failed> {
    let Some(url) = &world.settings.dead_letter_url else { return Ok(0) };
    let mut found = 0;
    for _ in 0..BATCHES {
        let received = world
            .clients
            .sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .visibility_timeout(VISIBILITY_SECONDS)
            .message_attribute_names("All")
            .send();
        let received = Box::pin(received).await.map_err(|e| unavailable(e.into_service_error()))?;
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            if once_more(world, engine, url, &message).await? {
                found += 1;
            }
        }
    }
    Ok(found)
}

/// One dead letter; whether it was dealt with.
async fn once_more(
    world: &World,
    engine: &Engine,
    url: &str,
    message: &SqsMessage,
) -> Result<bool, Failed> {
    let body = message.body.clone().unwrap_or_default();
    let record = record(&body, message.message_id.as_deref());
    let Ok(delivery) = SqsQueue::delivery(&record) else { return Ok(false) };
    let before = redrives(message);
    let execution = &delivery.message.cursor.execution;
    if before >= REDRIVES {
        tracing::error!(execution_id = %execution, "an execution is ended: its message could not be handled");
        if let Some(row) = engine.store.execution(execution).await.map_err(unavailable)? {
            engine.fail(&row, undeliverable()).await.map_err(unavailable)?;
        }
    } else {
        tracing::warn!(execution_id = %execution, redrive = before + 1, "a dead letter is sent again");
        send_again(world, body, before + 1).await?;
    }
    let receipt = message.receipt_handle.clone();
    let deleted = world.clients.sqs.delete_message().queue_url(url).set_receipt_handle(receipt);
    Box::pin(deleted.send()).await.map_err(|error| unavailable(error.into_service_error()))?;
    Ok(true)
}

async fn send_again(world: &World, body: String, redrives: u32) -> Result<(), Failed> {
    let count =
        MessageAttributeValue::builder().data_type("Number").string_value(redrives.to_string());
    let sent = world
        .clients
        .sqs
        .send_message()
        .queue_url(&*world.settings.queue_url)
        .message_body(body)
        .message_attributes(COUNT, count.build().map_err(unavailable)?)
        .send();
    Box::pin(sent).await.map_err(|error| unavailable(error.into_service_error()))?;
    Ok(())
}

/// The message as a worker would see it.
fn record(body: &str, id: Option<&str>) -> aws_lambda_events::event::sqs::SqsMessage {
    let mut record = aws_lambda_events::event::sqs::SqsMessage::default();
    record.message_id = id.map(str::to_owned);
    record.receipt_handle = Some(String::new());
    record.body = Some(body.to_owned());
    record.attributes.insert("ApproximateReceiveCount".to_owned(), "1".to_owned());
    record
}

fn redrives(message: &SqsMessage) -> u32 {
    let attributes = message.message_attributes.as_ref();
    let count = attributes.and_then(|all| all.get(COUNT)?.string_value.clone());
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn undeliverable() -> Failure {
    Failure::new(
        "Stepwright.Undeliverable",
        "A message of this execution could not be handled in 200 deliveries. The log of the worker says why.",
    )
}

/// Message attribute: how often a message was sent again.
const COUNT: &str = "redrives";
/// Message attribute: why a message was moved.
const WHY: &str = "why";
const REDRIVES: u32 = 3;
/// Ten messages each.
const BATCHES: usize = 20;
const VISIBILITY_SECONDS: i32 = 55;
