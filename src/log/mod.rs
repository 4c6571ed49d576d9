//! Execution logs: a machine's `loggingConfiguration` at work. For Express executions they are the only history.
//!
//! ```text
//! turn: record committed ──note()──▶ buffer ──batcher, flush()──▶ order, ids, level ──▶ sink
//! ```
//!
//! Promises:
//! - A turn never waits for a log: it leaves a note, in memory, and goes on.
//! - What was committed is logged at least once as long as the process is not killed: [`Log::flush`] ends only when all
//!   that was noted is delivered or has been tried, and a record that a killed process left behind is logged again by the
//!   one that takes it up. As at AWS, delivery is best effort beyond that: what a destination does not take for so long
//!   that the buffer is full is dropped, and the program's own log says how much.
//! - Ids are those of the history.

pub mod cloudwatch;
mod render;
mod sink;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use stepwright_core::engine::{FrameId, Record};
use stepwright_core::history::log::{Level, Logging};
use stepwright_core::time::Timestamp;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::store::{Execution, Store};
use crate::telemetry::metrics::process;
use render::Renderer;
pub use sink::{Directory, File, Line, Sink, Stdout};

/// The execution log of one engine.
pub struct Log {
    store: Arc<dyn Store>,
    sink: Arc<dyn Sink>,
    noted: Mutex<Noted>,
    woken: Notify,
    work: tokio::sync::Mutex<Work>,
}

/// What executions of a revision log, from the document that the registry keeps about it; `None` if nothing.
pub fn logging_of(revision: &str) -> Option<Logging> {
    let Revision { settings: Settings { logging } } = serde_json::from_str(revision).ok()?;
    let group = logging.destinations?.into_iter().next()?.cloud_watch_logs_log_group?;
    Some(Logging {
        level: Level::named(&logging.level)?,
        data: logging.include_execution_data,
        group: group.log_group_arn?.into(),
    })
}

/// The part of a revision's document that matters here.
#[derive(Deserialize)]
struct Revision {
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    logging: Configuration,
}

/// `loggingConfiguration`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    destinations: Option<Vec<Destination>>,
    include_execution_data: bool,
    level: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

/// A record that was committed.
struct Note {
    execution: Arc<Execution>,
    logging: Arc<Logging>,
    frame: FrameId,
    record: Arc<Record>,
}

#[derive(Default)]
struct Noted {
    notes: Vec<Note>,
    /// How many of them were there when the batcher looked last.
    seen: usize,
    lost: usize,
}

struct Work {
    renderer: Renderer,
    unsent: Vec<Line>,
}

/// Delivers what a log has, in the background, until it is dropped.
pub struct Batcher(AbortHandle);

impl Drop for Batcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Log {
    /// A log of the only process that writes to this store: it remembers how far each execution has come.
    pub fn new(store: Arc<dyn Store>, sink: Arc<dyn Sink>) -> Log {
        Log::with(store, sink, Renderer::remembering())
    }

    /// A log of one process among many: others may write records of the same execution, so what is not known from the
    /// records at hand is read from the journal each time.
    pub fn shared(store: Arc<dyn Store>, sink: Arc<dyn Sink>) -> Log {
        Log::with(store, sink, Renderer::forgetting())
    }

    fn with(store: Arc<dyn Store>, sink: Arc<dyn Sink>, renderer: Renderer) -> Log {
        let work = Work { renderer, unsent: Vec::new() };
        Log {
            store,
            sink,
            noted: Mutex::default(),
            woken: Notify::new(),
            work: tokio::sync::Mutex::new(work),
        }
    }

    /// Notes a record that was just committed. Never waits.
    pub fn note(
        &self,
        (execution, logging): (&Arc<Execution>, &Arc<Logging>),
        frame: &FrameId,
        record: &Arc<Record>,
    ) {
        let mut noted = self.noted();
        if noted.notes.len() >= MOST_NOTES {
            noted.lost += 1;
            return;
        }
        noted.notes.push(Note {
            execution: execution.clone(),
            logging: logging.clone(),
            frame: frame.clone(),
            record: record.clone(),
        });
        drop(noted);
        self.woken.notify_one();
    }

    /// Whether executions of a machine can log to a group, which is made ready for them. Where that cannot be found out now,
    /// they can.
    pub async fn admits(&self, group: &str, machine: &str, now: Timestamp) -> bool {
        self.sink.admits(group, machine, now).await
    }

    /// Delivers all that has been noted; how many events could not be delivered.
    pub async fn flush(&self) -> usize {
        let mut left = self.deliver(true).await;
        for pause in FLUSH_AGAIN {
            if left == 0 {
                break;
            }
            tokio::time::sleep(pause).await;
            left = self.deliver(true).await;
        }
        left
    }

    /// Starts delivering in the background.
    pub fn start(self: &Arc<Log>) -> Batcher {
        let log = self.clone();
        let task = tokio::spawn(async move {
            loop {
                log.woken.notified().await;
                log.deliver_until_idle().await;
            }
        });
        Batcher(task.abort_handle())
    }

    async fn deliver_until_idle(&self) {
        let mut pause = PERIOD;
        loop {
            tokio::time::sleep(pause).await;
            let unsent = self.deliver(false).await;
            pause = if unsent == 0 { PERIOD } else { (pause * 2).min(LONGEST_PAUSE) };
            if unsent == 0 && self.noted().notes.is_empty() {
                return;
            }
        }
    }

    /// Delivers what is ripe, or all; how many events are left over.
    async fn deliver(&self, all: bool) -> usize {
        let mut work = self.work.lock().await;
        let (notes, lost) = self.take(all);
        if lost > 0 {
            process::log_events_dropped(lost);
            tracing::error!(
                lost,
                "records are missing in the execution log: its destination is too slow"
            );
            work.renderer.forget();
        }
        let lines = work.renderer.lines(&*self.store, notes).await;
        work.unsent.extend(lines);
        let excess = work.unsent.len().saturating_sub(MOST_UNSENT);
        if excess > 0 {
            process::log_events_dropped(excess);
            tracing::error!(
                lost = excess,
                "events are missing in the execution log: its destination takes none"
            );
            work.unsent.drain(..excess);
        }
        if !work.unsent.is_empty() {
            let unsent = std::mem::take(&mut work.unsent);
            work.unsent = self.sink.write(unsent).await;
        }
        work.unsent.len()
    }

    /// Notes that are ripe: before none of them can another one belong. What was noted a period ago is ripe, and whatever
    /// happened before it.
    fn take(&self, all: bool) -> (Vec<Note>, usize) {
        let mut noted = self.noted();
        let horizon = if all {
            Timestamp(i64::MAX)
        } else {
            let seen = noted.notes.iter().take(noted.seen).map(|note| note.record.time);
            seen.max().unwrap_or(Timestamp(i64::MIN))
        };
        let (ripe, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut noted.notes).into_iter().partition(|n| n.record.time <= horizon);
        noted.seen = rest.len();
        noted.notes = rest;
        (ripe, std::mem::take(&mut noted.lost))
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records noted and not yet looked at; beyond it they are dropped.
const MOST_NOTES: usize = 100_000;
/// Events that a destination has not taken yet; beyond it the oldest are dropped.
const MOST_UNSENT: usize = 100_000;
/// How long events are gathered before they are sent together. Longer than any commit takes, so that order is settled.
const PERIOD: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pauses before a flush tries again.
const FLUSH_AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
