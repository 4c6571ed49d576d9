//! The child executions of a Map Run: each lane starts one, waits for its end, and asks for the next.
//!
//! - Ids of children follow from run and unit, so starting one twice is starting it once.
//! - A child that has closed tells the lane that waits for it. If that gets lost, whoever looks after the lane's record
//!   (the sweep) tells it again.
//! - A run that is cancelled stops its children; a child that was started at that very moment looks, before it begins,
//!   whether somebody still waits for it. One of the two sees the other: the child's row is written before it looks, and
//!   the cancelling record before the rows are looked at.

use std::sync::Arc;

use stepwright_core::asl::model::ExecutionType;
use stepwright_core::engine::map_run::{Bounds, LANES};
use stepwright_core::engine::{
    Cursor, ExecutionId, Failure, Frame, MapRun, Message, MessageKind, Phase, Record, Stimulus,
    failure,
};
use stepwright_core::expr::Entropy;
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::store::{Asking, Creation, Execution, ListQuery, Parent, Status, execution_id};
use crate::turn::express::LONGEST_SECONDS;
use crate::turn::join::Settled;

impl Engine {
    /// What a lane of a Map Run that asks does next.
    pub(in crate::turn) async fn next_unit(
        &self,
        cursor: &Cursor,
        frame: &Frame,
    ) -> Result<Stimulus, Error> {
        let Some((at, number, fork)) = self.open_fork(cursor).await? else {
            return Ok(Stimulus::Unit(None));
        };
        let Phase::Forked(fork) = &fork.frame.phase else { return Ok(Stimulus::Unit(None)) };
        let Some((run, units)) = fork.run.as_deref().and_then(|r| Some((r, r.units.as_ref()?)))
        else {
            return Ok(Stimulus::Unit(None));
        };
        if number >= self.bounds_of_lanes(&at, run).await?.lanes(units.count, LANES) {
            let until = self.clock.now().plus_seconds(REST_SECONDS);
            return Ok(Stimulus::Park { until });
        }
        let done = frame.lane.as_ref().and_then(|lane| lane.done).unwrap_or_default();
        // One dispenser, whatever the number of lanes: those that rest must not keep items back.
        let asking = Asking {
            lane: number,
            lanes: 1,
            finished: done,
            recorded: done,
            slot: cursor.slot,
            first: 0,
        };
        let unit = self.store.dispense(&at, asking).await?;
        let granted = (unit < units.count).then(|| (unit, child_id(run, unit)));
        Ok(Stimulus::Unit(granted))
    }

    /// The fork that a lane belongs to, and which of its lanes it is; `None` if it has gone on.
    async fn open_fork(&self, lane: &Cursor) -> Result<Option<(Cursor, u32, Arc<Record>)>, Error> {
        let Some((parent, slot, number)) = lane.frame.fork() else { return Ok(None) };
        let at = Cursor { execution: lane.execution.clone(), frame: parent, slot };
        let tail = self.store.tail(&at.execution, &at.frame).await?;
        let tail = tail.filter(|tail| tail.slot == slot);
        Ok(tail.map(|tail| (at, number, tail)))
    }

    /// Starts the child that the lane's record at `by` waits for, unless that was done; one that has ended is reported.
    pub(in crate::turn) async fn spawn(
        &self,
        loaded: &Loaded,
        by: &Cursor,
        (unit, since): (u64, Timestamp),
    ) -> Result<(), Error> {
        let Some((_, _, fork)) = self.open_fork(by).await? else { return Ok(()) };
        let Some(run) = super::run_of(&fork) else { return Ok(()) };
        let Some(child) = self.child(loaded, run, (by, unit)).await? else { return Ok(()) };
        let child = Execution { started: child.started.max(since), ..child };
        match self.store.create(child.clone()).await? {
            Creation::Created => self.start(&child).await,
            Creation::Exists(child) if child.closing.is_none() => self.start(&child).await,
            Creation::Exists(child) => match self.to_redrive(run, &child) {
                true => Box::pin(self.redrive_after(&child, since)).await.map(drop),
                false => self.tell(by.next()).await,
            },
        }
    }

    /// The bounds of a run whose fork is at `began`. That the run was redriven is noted here if whoever redrove it did not
    /// come to that.
    async fn bounds_of_lanes(&self, began: &Cursor, run: &MapRun) -> Result<Bounds, Error> {
        let Some((registered, _)) = self.registered(&run.arn).await? else {
            return Ok(run.bounds);
        };
        if registered.redriven != run.redriven {
            self.note_redriven(began, run).await?;
        }
        Ok(registered.bounds)
    }

    /// The row of a child.
    async fn child(
        &self,
        loaded: &Loaded,
        run: &MapRun,
        (by, unit): (&Cursor, u64),
    ) -> Result<Option<Execution>, Error> {
        let Some(units) = &run.units else { return Ok(None) };
        let Some((items, input)) = self.unit(units, unit).await? else {
            let lost = format!("unit {unit} of {}", run.arn);
            return Err(crate::store::Error::Damaged(lost).into());
        };
        let name = child_name(run, unit);
        let started = self.clock.now();
        let express = run.kind == ExecutionType::Express;
        let arn = match express {
            true => {
                let id = Entropy::of(&run.arn, "", unit, "express").uuid();
                format!("{}:{name}:{id}", run.machine.replacen(":stateMachine:", ":express:", 1))
            }
            false => {
                format!("{}:{name}", run.machine.replacen(":stateMachine:", ":execution:", 1))
            }
        };
        let parent = Parent { run: run.arn.clone(), lane: by.next(), flow: run.flow, items };
        Ok(Some(Execution {
            id: child_id(run, unit),
            arn: arn.into(),
            name: name.into(),
            machine: run.machine.clone(),
            revision: loaded.execution.revision.clone(),
            role: loaded.execution.role.clone(),
            input,
            started,
            deadline: express.then(|| started.plus_seconds(LONGEST_SECONDS)),
            trace_header: None,
            version: None,
            alias: None,
            redriven: None,
            parent: Some(Box::new(parent)),
            closing: None,
        }))
    }

    /// Whether a child that has ended is to be run again: it failed before its run was redriven.
    fn to_redrive(&self, run: &MapRun, child: &Execution) -> bool {
        run.redriven.is_some_and(|(_, since)| self.awaits_redrive(child, since))
    }

    /// Tells the lane that waits for a child that the child has ended.
    pub(in crate::turn) async fn poke(
        &self,
        child: &Execution,
        (status, failure): (Status, &Failure),
    ) -> Result<(), Error> {
        let Some(parent) = &child.parent else { return Ok(()) };
        if failure.is_full_history() {
            self.note(&parent.run, |registered| registered.worn_out = true).await?;
        }
        let other = child.redriven.is_some()
            || (status != Status::Succeeded && self.cancelled(&parent.lane).await?);
        if !other {
            return self.tell(parent.lane.clone()).await;
        }
        // After a redrive of its run, whoever waits for a child is another one than at its start.
        match self.waiting_lane(child, &parent.run).await? {
            Some(lane) => self.tell(lane).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, lane: Cursor) -> Result<(), Error> {
        let message = Message { cursor: lane, kind: MessageKind::Child };
        Ok(self.queue.send(vec![(message, None)]).await?)
    }

    /// The next slot of the lane that waits for a child.
    async fn waiting_lane(
        &self,
        child: &Execution,
        run: &Arc<str>,
    ) -> Result<Option<Cursor>, Error> {
        let Some((registered, _)) = self.registered(run).await? else { return Ok(None) };
        let Cursor { execution, frame, .. } = registered.began;
        let Some(tail) = self.store.tail(&execution, &frame).await? else { return Ok(None) };
        let lanes = self.store.tails(&execution, &frame, Some(tail.slot)).await?;
        let waits = |record: &Record| matches!(&record.frame.phase, Phase::Awaiting { child: id, .. } if *id == child.id);
        let found = lanes.into_iter().find(|(_, record)| waits(record));
        Ok(found.map(|(frame, record)| Cursor { execution, frame, slot: record.slot + 1 }))
    }

    /// What the end of the child that a lane waits for means to it; `None` while the child runs.
    pub(in crate::turn) async fn child_ended(
        &self,
        here: &Cursor,
        child: &ExecutionId,
    ) -> Result<Option<Stimulus>, Error> {
        let row = self.store.execution(child).await?;
        let Some(row) = row.filter(|row| row.closing.is_some()) else { return Ok(None) };
        if row.status() == Status::Succeeded {
            return Ok(Some(Stimulus::ChildEnded(None)));
        }
        let Some((_, _, fork)) = self.open_fork(here).await? else { return Ok(None) };
        let Some(run) = super::run_of(&fork) else { return Ok(None) };
        // That is the end which it came to before its run was redriven: whoever looks after the lane redrives it.
        if self.to_redrive(run, &row) {
            return Ok(None);
        }
        let exceeded = self.exceeded(run).await?;
        Ok(Some(Stimulus::ChildEnded(exceeded.then(too_many_failures))))
    }

    /// Whether more has failed than the run tolerates. Where nothing is tolerated, one is enough, and nothing is counted.
    async fn exceeded(&self, run: &MapRun) -> Result<bool, Error> {
        let bounds = self.bounds(run).await?;
        let items = run.units.as_ref().map_or(0, |units| units.items);
        if bounds.exceeded(1, items.max(1)) && bounds.failures == 0 && bounds.percentage == 0.0 {
            return Ok(true);
        }
        let failed = match run.redriven {
            None => self.store.tally(&run.arn).await?.failed_items(),
            Some((_, since)) => self.failed_for_good(&run.arn, since).await?,
        };
        Ok(bounds.exceeded(failed, items))
    }

    /// When the last of the children of a run ended.
    pub(in crate::turn) async fn last_ended(&self, run: &MapRun) -> Result<Timestamp, Error> {
        let mut last = Timestamp::default();
        for status in Status::ALL {
            let (machine, status) = (run.arn.clone(), Some(status));
            let query = ListQuery { machine, status, after: None, limit: 1 };
            let newest = self.store.list(&query).await?.first().map(|row| row.listed_at());
            last = last.max(newest.unwrap_or_default());
        }
        Ok(last)
    }

    /// What has become of the lanes of a Map Run; `None` while it waits for more of them.
    pub(in crate::turn) async fn settled_lanes(
        &self,
        here: &Cursor,
        run: &MapRun,
    ) -> Result<Option<Settled>, Error> {
        let tails = self.store.tails(&here.execution, &here.frame, Some(here.slot)).await?;
        let units = run.units.as_ref().map_or(0, |units| units.count);
        let done: u64 =
            tails.iter().filter_map(|(_, record)| record.frame.lane.as_ref()?.done).sum();
        Ok(Settled::of_run(&tails, done >= units))
    }

    /// How many lanes have to end before it is worth a look whether the run has.
    pub(in crate::turn) async fn lanes_due(&self, fork: &Cursor, lanes: u32) -> Result<u32, Error> {
        let tail = self.store.tail(&fork.execution, &fork.frame).await?;
        let Some(run) = tail.as_deref().and_then(super::run_of) else { return Ok(lanes) };
        let units = run.units.as_ref().map_or(0, |units| units.count);
        Ok(self.bounds(run).await?.lanes(units, LANES).min(lanes))
    }

    /// Stops a child of a run that was cancelled.
    pub(in crate::turn) async fn stop_child(&self, child: &ExecutionId) -> Result<(), Error> {
        match self.store.execution(child).await? {
            Some(row) if row.closing.is_none() => {
                Box::pin(self.stop(&row, Failure::default())).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Stops the child that a cancelled lane waited for at last: an earlier turn of this message may have run it again after
    /// whoever cancelled the lane had seen that it had ended.
    pub(in crate::turn) async fn stop_forsaken(&self, lane: &Cursor) -> Result<(), Error> {
        let records = self.store.records(&lane.execution, &lane.frame, None).await?;
        let own = records.iter().rev().filter(|(frame, _)| *frame == lane.frame);
        let last = own.map(|(_, record)| &record.frame.phase).find_map(|phase| match phase {
            Phase::Awaiting { child, .. } => Some(child),
            _ => None,
        });
        let Some(row) = (match last {
            Some(child) => self.store.execution(child).await?,
            None => None,
        }) else {
            return Ok(());
        };
        if self.orphaned(&row).await? { self.stop_child(&row.id).await } else { Ok(()) }
    }

    /// Whether an execution is a child that nobody waits for any more.
    pub(in crate::turn) async fn orphaned(&self, execution: &Execution) -> Result<bool, Error> {
        match &execution.parent {
            Some(parent) if self.cancelled(&parent.lane).await? => {
                match self.waiting_lane(execution, &parent.run).await? {
                    Some(lane) => self.cancelled(&lane).await,
                    None => Ok(true),
                }
            }
            _ => Ok(false),
        }
    }
}

/// Name of the child of a unit: another one in each run, the same whenever it is asked for.
fn child_name(run: &MapRun, unit: u64) -> String {
    Entropy::of(&run.arn, "", unit, "child").uuid()
}

/// Id of the child of a unit.
pub(super) fn child_id(run: &MapRun, unit: u64) -> ExecutionId {
    execution_id(&run.machine, &child_name(run, unit), 0)
}

/// Recorded on AWS.
fn too_many_failures() -> Failure {
    let cause = "The specified tolerated failure threshold was exceeded";
    Failure::new(failure::name::EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
}

/// How long a lane that is one too many rests before it asks again.
const REST_SECONDS: f64 = 5.0;
