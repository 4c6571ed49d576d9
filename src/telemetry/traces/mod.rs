//! Traces: an execution is a trace, or part of the one whose header it was started with; see [`spans`]. They are told to a
//! collector of OpenTelemetry if the environment names one, and else nothing is noted.
//!
//! OTLP is one JSON document in one request, so it is written here: OpenTelemetry's own crates would bring a second HTTP
//! client and a runtime for spans that begin and end in one process, which ours do not.

pub mod ids;
pub mod otlp;
pub mod spans;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::engine::{Frame, Record};
use stepwright_core::event::Cursor;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::metrics::process;
use spans::{Span, Subject};

/// Takes spans.
#[async_trait]
pub trait Collector: Send + Sync {
    /// Delivers a document of OTLP in JSON.
    ///
    /// # Errors
    /// It did not take it, and why.
    async fn deliver(&self, document: String) -> Result<(), Refused>;
}

/// A collector did not take spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why, without anything that was sent.
    pub why: String,
    /// Whether another try may help.
    pub passing: bool,
}

/// Spans on their way to a collector.
pub struct Traces {
    collector: Box<dyn Collector>,
    service: String,
    waiting: Mutex<Vec<Span>>,
    woken: Notify,
}

/// Delivers spans in the background, until it is dropped.
pub struct Courier(AbortHandle);

impl Drop for Courier {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Traces {
    /// To this collector, which knows us by the name of the service.
    pub fn to(collector: Box<dyn Collector>, service: &str) -> Traces {
        let service = service.to_owned();
        Traces { collector, service, waiting: Mutex::default(), woken: Notify::new() }
    }

    /// Notes what ended by a record that was just committed. Never waits.
    pub fn note(
        &self,
        subject: &Subject,
        before: Option<&Frame>,
        (here, record): (&Cursor, &Record),
    ) {
        if !subject.trace.sampled {
            return;
        }
        let spans = spans::of(subject, before, here, record);
        if spans.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        let room = MOST_WAITING.saturating_sub(waiting.len());
        process::spans_dropped(spans.len().saturating_sub(room));
        waiting.extend(spans.into_iter().take(room));
        drop(waiting);
        self.woken.notify_one();
    }

    /// Delivers all that is waiting; what the collector does not take, even after some more tries, is dropped.
    pub async fn flush(&self) {
        loop {
            let batch: Vec<Span> = {
                let mut waiting = self.waiting();
                let count = waiting.len().min(BATCH);
                waiting.drain(..count).collect()
            };
            if batch.is_empty() {
                return;
            }
            self.deliver(&batch).await;
        }
    }

    /// Starts delivering in the background.
    pub fn start(self: &Arc<Traces>) -> Courier {
        let traces = self.clone();
        let task = tokio::spawn(async move {
            loop {
                traces.woken.notified().await;
                tokio::time::sleep(PERIOD).await;
                traces.flush().await;
            }
        });
        Courier(task.abort_handle())
    }

    async fn deliver(&self, batch: &[Span]) {
        let document = otlp::document(&self.service, batch).to_string();
        let mut pauses = AGAIN.iter();
        loop {
            let Err(refused) = self.collector.deliver(document.clone()).await else { return };
            let pause = pauses.next().filter(|_| refused.passing);
            let Some(pause) = pause else {
                process::spans_dropped(batch.len());
                tracing::warn!(
                    why = refused.why,
                    lost = batch.len(),
                    "the collector takes no spans"
                );
                return;
            };
            tokio::time::sleep(*pause).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Span>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spans in one request.
const BATCH: usize = 512;
/// Spans in memory; beyond it they are dropped.
const MOST_WAITING: usize = 20_000;
/// How long spans are gathered before they are sent together.
const PERIOD: Duration = Duration::from_secs(1);
/// Pauses before a request that failed is made again.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
