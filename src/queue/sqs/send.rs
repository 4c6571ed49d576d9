//! Sending: in batches of ten messages or 1 MiB, what failed of a batch again.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use tokio::task::JoinSet;

use super::outbox::{BATCH, Entry};
use crate::queue::Error;
use crate::retry::{Backoff, told, tried};

/// Sends all of it, some batches at a time.
pub(super) async fn send(
    client: &Client,
    url: &Arc<str>,
    entries: Vec<Entry>,
) -> Result<(), Error> {
    let mut batches = batches(entries)?.into_iter();
    let mut sending = JoinSet::new();
    loop {
        while sending.len() < AT_A_TIME
            && let Some(batch) = batches.next()
        {
            let (client, url) = (client.clone(), url.clone());
            sending.spawn(async move { send_batch(&client, &url, batch).await });
        }
        match sending.join_next().await {
            Some(Ok(sent)) => sent?,
            Some(Err(error)) => return Err(Error(error.to_string())),
            None => return Ok(()),
        }
    }
}

async fn send_batch(client: &Client, url: &str, batch: Vec<Entry>) -> Result<(), Error> {
    let mut backoff = Backoff::within(PATIENCE);
    let mut left: Vec<_> = (0..batch.len()).collect();
    loop {
        let mut request = client.send_message_batch().queue_url(url);
        for number in &left {
            let Some(entry) = batch.get(*number) else { continue };
            request = request.entries(written(*number, entry)?);
        }
        let answer = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        let answer = answer.map_err(|error| Error(told(&error)))?;
        if let Some(refused) = answer.failed().iter().find(|failed| failed.sender_fault()) {
            let why = refused.message().unwrap_or_default();
            return Err(Error(format!("a message was refused: {}: {why}", refused.code())));
        }
        left = answer.failed().iter().filter_map(|failed| failed.id().parse().ok()).collect();
        if left.is_empty() {
            return Ok(());
        }
        if !backoff.pause().await {
            return Err(Error("messages of a batch are not taken".into()));
        }
    }
}

fn written(number: usize, entry: &Entry) -> Result<SendMessageBatchRequestEntry, Error> {
    let builder = SendMessageBatchRequestEntry::builder().id(number.to_string());
    let builder = builder.message_body(&entry.body).delay_seconds(entry.delay);
    builder.build().map_err(|error| Error(error.to_string()))
}

/// Cuts messages into what one request takes.
fn batches(entries: Vec<Entry>) -> Result<Vec<Vec<Entry>>, Error> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let own = entry.body.len();
        if own > LARGEST {
            let why = format!("a message of {own} bytes is more than the {LARGEST} that SQS takes");
            return Err(Error(why));
        }
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes + own <= LARGEST => {
                bytes += own;
                batch.push(entry);
            }
            _ => {
                bytes = own;
                batches.push(vec![entry]);
            }
        }
    }
    Ok(batches)
}

/// Of a message, and of all messages of a batch.
const LARGEST: usize = 1_048_576;
const PATIENCE: Duration = Duration::from_secs(8);
const AT_A_TIME: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_ten_messages_and_a_mebibyte() {
        let table: [(&[usize], &[usize]); 5] = [
            (&[], &[]),
            (&[1; 25], &[10, 10, 5]),
            (&[600_000, 400_000, 48_576], &[3]),
            (&[600_000, 400_000, 48_577, 1], &[2, 2]),
            (&[LARGEST, 1, LARGEST], &[1, 1, 1]),
        ];
        for (sizes, expected) in table {
            let entries =
                sizes.iter().map(|size| Entry { body: "x".repeat(*size), delay: 0, slow: false });
            let batches = batches(entries.collect()).unwrap();
            assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
        }
        let refused = batches(vec![Entry { body: "x".repeat(LARGEST + 1), delay: 0, slow: false }]);
        assert!(refused.unwrap_err().to_string().contains("1048577 bytes"));
    }
}
