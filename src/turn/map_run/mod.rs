//! Map Runs, from outside of the decisions: their items are read (`read`) and kept (`shelf`), their children started and
//! waited for (`child`), their results collected (`collect`). What outlasts a turn goes on in the next one.
//!
//! A run has an item of its own in the registry: what UpdateMapRun changes, and what DescribeMapRun still knows when the
//! run is over. How many children there are of which status is counted when somebody asks; no counter is written by all
//! of them.

mod child;
mod collect;
mod files;
mod read;
mod redriven;
mod shelf;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwright_core::asl::model::ExecutionType;
use stepwright_core::engine::map_run::{Bounds, LANES};
use stepwright_core::engine::{Cursor, ExecutionId, MapRun, Phase, Record, lane};
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::store::{self, Kind, Status};
pub use redriven::Counts;

/// What the registry keeps of a Map Run, by its ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// `executionArn` of the execution that it belongs to.
    pub execution: Arc<str>,
    /// The record with which the run began.
    pub began: Cursor,
    /// ARN of the children's state machine: with the label.
    pub machine: Arc<str>,
    /// The children's type.
    pub kind: ExecutionType,
    /// `startDate`
    pub started: Timestamp,
    /// What UpdateMapRun changes.
    pub bounds: Bounds,
    /// Items and units, once they are known.
    pub found: Option<(u64, u64)>,
    /// `redriveCount` and `redriveDate`
    pub redriven: Option<(u32, Timestamp)>,
    /// How it ended, unless it was cut short with its execution.
    pub closed: Option<Closed>,
    /// Whether a child has ended because its history was full.
    #[serde(default)]
    pub worn_out: bool,
}

/// How a Map Run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Succeeded, failed or aborted.
    pub status: Status,
    /// `stopDate`
    pub stopped: Timestamp,
    /// Children whose results were written to S3.
    pub written: u64,
}

/// A Map Run as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// What the registry keeps.
    pub registered: Registered,
    /// How it ended; `None` while it runs.
    pub closed: Option<Closed>,
}

impl Engine {
    /// A Map Run as it is now; `None` if there is none with this ARN.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn map_run(&self, arn: &Arc<str>) -> Result<Option<Described>, Error> {
        let Some((registered, _)) = self.registered(arn).await? else { return Ok(None) };
        let closed = match registered.closed {
            Some(closed) => Some(closed),
            None => self.cut_short(arn, &registered).await?,
        };
        Ok(Some(Described { registered, closed }))
    }

    /// The end of a run that did not come to its own: its frame has gone on, or ended, without it.
    async fn cut_short(
        &self,
        arn: &Arc<str>,
        registered: &Registered,
    ) -> Result<Option<Closed>, Error> {
        let began = &registered.began;
        let tail = self.store.tail(&began.execution, &began.frame).await?;
        let Some(tail) = tail.filter(|tail| run_of(tail).is_none_or(|run| run.arn != *arn)) else {
            return Ok(None);
        };
        let row = self.store.execution(&began.execution).await?;
        let closing = row.and_then(|row| row.closing.as_ref().map(|closing| closing.stopped));
        let stopped = closing.unwrap_or(tail.time);
        Ok(Some(Closed { status: Status::Aborted, stopped, written: 0 }))
    }

    /// Changes the bounds of a run; `false` if there is no such run. What is more room for lanes is used at once.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn update_map_run(
        &self,
        arn: &Arc<str>,
        change: impl Fn(&mut Bounds) + Send + Sync,
    ) -> Result<bool, Error> {
        let changed = self.note(arn, |registered| change(&mut registered.bounds)).await?;
        let Some(registered) = changed else { return Ok(false) };
        let began = &registered.began;
        let tail = self.store.tail(&began.execution, &began.frame).await?;
        let loaded = self.load(&began.execution).await?;
        if let (Some(tail), Some(loaded)) = (tail, loaded) {
            self.widen(&loaded, began, &tail, &registered.bounds).await?;
        }
        Ok(true)
    }

    /// Begins the lanes that the fork did not, as far as there is room for them.
    async fn widen(
        &self,
        loaded: &Loaded,
        began: &Cursor,
        tail: &Record,
        bounds: &Bounds,
    ) -> Result<(), Error> {
        let Phase::Forked(fork) = &tail.frame.phase else { return Ok(()) };
        let units = fork.run.as_ref().and_then(|run| run.units.as_ref());
        let Some(units) = units else { return Ok(()) };
        let here = super::cursor_of(began, tail);
        let lanes = fork.lanes..bounds.lanes(units.count, LANES);
        let messages: Vec<_> = self.with_setting(loaded, &here, tail.time, 0, |set| {
            lanes.filter_map(|number| Some((lane(set, tail, fork, number)?, None))).collect()
        });
        if messages.is_empty() { Ok(()) } else { Ok(self.queue.send(messages).await?) }
    }

    /// The bounds of a run as they are now.
    pub(super) async fn bounds(&self, run: &MapRun) -> Result<Bounds, Error> {
        let registered = self.registered(&run.arn).await?;
        Ok(registered.map_or(run.bounds, |(registered, _)| registered.bounds))
    }

    /// Asks the store, and asks again while it is not available for a moment: what takes a thousand questions would
    /// hardly ever come to its end otherwise.
    async fn patiently<T, F: Future<Output = Result<T, store::Error>> + Send>(
        &self,
        ask: impl Fn() -> F + Send + Sync,
    ) -> Result<T, Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match ask().await {
                Err(store::Error::Unavailable(_)) => self.clock.sleep(pause).await,
                answer => return Ok(answer?),
            }
            pause = f64::min(pause * 2.0, LONGEST_PAUSE);
        }
        Ok(ask().await?)
    }

    async fn registered(&self, arn: &str) -> Result<Option<(Registered, u64)>, Error> {
        let Some(item) = self.store.item(Kind::MapRun, arn).await? else { return Ok(None) };
        let read = serde_json::from_str(&item.body);
        let read = read.map_err(|why| crate::store::Error::Damaged(format!("{arn}: {why}")))?;
        Ok(Some((read, item.version)))
    }

    /// Writes something about a run; what is written then, or `None` if there is no such run.
    async fn note(
        &self,
        arn: &str,
        change: impl Fn(&mut Registered) + Send + Sync,
    ) -> Result<Option<Registered>, Error> {
        for _ in 0..TRIES {
            let Some((mut registered, version)) = self.registered(arn).await? else {
                return Ok(None);
            };
            let before = registered.clone();
            change(&mut registered);
            if before == registered {
                return Ok(Some(registered));
            }
            if self.store.put(Kind::MapRun, arn, text(&registered), Some(version)).await? {
                return Ok(Some(registered));
            }
        }
        Err(Error::Busy)
    }

    /// Registers a run that has just begun; a run that is read again is registered already.
    async fn register(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Record,
        run: &MapRun,
    ) -> Result<(), Error> {
        let registered = Registered {
            execution: loaded.execution.arn.clone(),
            began: here.clone(),
            machine: run.machine.clone(),
            kind: run.kind,
            started: record.time,
            bounds: run.bounds,
            found: None,
            redriven: None,
            closed: None,
            worn_out: false,
        };
        self.store.put(Kind::MapRun, &run.arn, text(&registered), None).await?;
        // The list of an execution's runs: keys in the order in which it is shown.
        let age = i64::MAX - record.time.0;
        let key = format!("{}/{age:020} {}", here.execution, run.arn);
        self.store.put(Kind::MapRun, &key, "null".to_owned(), None).await?;
        Ok(())
    }

    /// ARNs of the Map Runs of an execution, newest first, with their places in the list; those after `after`.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn map_runs(
        &self,
        execution: &ExecutionId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Arc<str>)>, Error> {
        let prefix = format!("{execution}/");
        let found = self.store.items(Kind::MapRun, &prefix, after, limit).await?;
        let arn = |key: &str| key.rsplit(' ').next().map(Arc::from);
        Ok(found.into_iter().filter_map(|(key, _)| Some((key.clone(), arn(&key)?))).collect())
    }
}

/// The run that a record's frame is in.
pub(super) fn run_of(record: &Record) -> Option<&MapRun> {
    match &record.frame.phase {
        Phase::Reading(run) | Phase::Writing(run) => Some(run),
        Phase::Forked(fork) => fork.run.as_deref(),
        _ => None,
    }
}

fn text(registered: &Registered) -> String {
    // Nothing in it can fail to become text.
    serde_json::to_string(registered).unwrap_or_default()
}

/// How often a note is tried against others, and a question while the store is not available.
const TRIES: u32 = 10;
/// Pauses between such questions, in seconds.
const FIRST_PAUSE: f64 = 0.01;
const LONGEST_PAUSE: f64 = 1.0;
