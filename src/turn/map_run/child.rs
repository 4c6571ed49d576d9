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
use stepwright_core::engine::map_run::LANES;
use stepwright_core::engine::{
    Cursor, ExecutionId, Failure, Frame, MapRun, Message, MessageKind, Phase, Record, Stimulus,
    failure,
};
use stepwright_core::expr::Entropy;
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::store::{Creation, Execution, Parent, Status, execution_id};
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
        if number >= self.bounds(run).await?.lanes(units.count, LANES) {
            let until = self.clock.now().plus_seconds(REST_SECONDS);
            return Ok(Stimulus::Park { until });
        }
        let done = frame.lane.as_ref().and_then(|lane| lane.done).unwrap_or_default();
        let unit = self.store.dispense(&at, number, done, 0).await?;
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
        unit: u64,
    ) -> Result<(), Error> {
        let Some((_, _, fork)) = self.open_fork(by).await? else { return Ok(()) };
        let Some(run) = super::run_of(&fork) else { return Ok(()) };
        let Some(child) = self.child(loaded, run, (by, unit)).await? else { return Ok(()) };
        match self.store.create(child.clone()).await? {
            Creation::Created => self.start(&child).await,
            Creation::Exists(child) if child.closing.is_none() => self.start(&child).await,
            Creation::Exists(child) => match self.to_redrive(run, &child) {
                true => Box::pin(self.redrive(&child)).await.map(drop),
                false => self.poke(&child).await,
            },
        }
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
        let since = run.redriven.map_or(Timestamp(i64::MIN), |(_, at)| at);
        let closing = child.closing.as_ref();
        closing.is_some_and(|end| end.status != Status::Succeeded && end.stopped < since)
    }

    /// Tells the lane that waits for a child that the child has ended.
    pub(in crate::turn) async fn poke(&self, child: &Execution) -> Result<(), Error> {
        let Some(parent) = &child.parent else { return Ok(()) };
        let message = Message { cursor: parent.lane.clone(), kind: MessageKind::Child };
        Ok(self.queue.send(vec![(message, None)]).await?)
    }

    /// What the end of the child that a lane waits for means to it; `None` while the child runs.
    pub(in crate::turn) async fn child_ended(
        &self,
        here: &Cursor,
        child: &ExecutionId,
    ) -> Result<Option<Stimulus>, Error> {
        let row = self.store.execution(child).await?;
        let Some(status) = row.and_then(|row| row.closing.as_ref().map(|end| end.status)) else {
            return Ok(None);
        };
        if status == Status::Succeeded {
            return Ok(Some(Stimulus::ChildEnded(None)));
        }
        let Some((_, _, fork)) = self.open_fork(here).await? else { return Ok(None) };
        let Some(run) = super::run_of(&fork) else { return Ok(None) };
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
        Ok(bounds.exceeded(self.store.tally(&run.arn).await?.failed_items(), items))
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

    /// Whether an execution is a child that nobody waits for any more.
    pub(in crate::turn) async fn orphaned(&self, execution: &Execution) -> Result<bool, Error> {
        match &execution.parent {
            Some(parent) => self.cancelled(&parent.lane).await,
            None => Ok(false),
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
