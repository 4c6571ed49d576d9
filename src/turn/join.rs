//! Forks from the forking frame's side: what its lanes brought, and which item a lane gets next.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, EarlierFork, Failure, Fork, Frame, FrameId, Item, LaneFailure, Lanes, MapRun,
    NextIndex, Outcome, Phase, Record, Stimulus, failure, failure_of, item,
};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::store::{Asking, Stored};

impl Engine {
    /// What has become of the lanes of the fork made at `here`, and the time of their latest record; `None` while it
    /// waits for more of them.
    pub(crate) async fn lanes(
        &self,
        here: &Cursor,
        fork: &Fork,
    ) -> Result<Option<(Stimulus, Timestamp)>, Error> {
        if let Some(run) = &fork.run {
            let settled = self.settled_lanes(here, run).await?;
            return Ok(settled.map(|settled| settled.stimulus(run)));
        }
        let records = self.store.records(&here.execution, &here.frame, Some(here.slot)).await?;
        let events = records.iter().map(|(_, record)| record.events.len() as u64).sum();
        let latest = records.iter().map(|(_, record)| record.time).max().unwrap_or_default();
        let tails = tails(&records);
        if let Some((_, failed)) = first_failed(here, &tails) {
            let failure = failure_of(&failed.frame).unwrap_or_default();
            let unfinished =
                tails.values().filter(|r| !r.frame.phase.over()).map(|r| r.frame.clone()).collect();
            let lane = failed.frame.clone();
            let failure = LaneFailure { failure, lane, unfinished, events };
            return Ok(Some((Stimulus::LaneFailed(Box::new(failure)), latest)));
        }
        let lanes: Vec<_> = tails.iter().filter(|(frame, _)| is_lane(here, frame)).collect();
        let done = lanes.iter().filter(|(_, record)| record.frame.phase.over()).count();
        if done < fork.lanes as usize {
            return Ok(None);
        }
        let last = lanes.iter().max_by_key(|(frame, record)| (record.time, (*frame).clone()));
        let last = last.map(|(_, record)| &record.frame);
        let outputs = self.outputs(here, fork, &records).await?;
        if let (Some(failure), Some(lane)) = (incomplete(fork, outputs.len()), last) {
            let cause = failure.cause.as_deref();
            tracing::error!(execution_id = %here.execution, frame = %here.frame, why = cause, "a fork is not complete");
            let lane = lane.clone();
            let failure = LaneFailure { failure, lane, unfinished: Vec::new(), events };
            return Ok(Some((Stimulus::LaneFailed(Box::new(failure)), latest)));
        }
        let last = match last {
            Some(lane) => lane.last.clone(),
            None => Some(fork.started.clone()),
        };
        Ok(last.map(|last| (Stimulus::Joined(Lanes { outputs, last, events }), latest)))
    }

    /// Outputs in the order of branches or items, with those that forks before a redrive have brought.
    async fn outputs(
        &self,
        here: &Cursor,
        fork: &Fork,
        records: &[Stored],
    ) -> Result<Vec<Document>, Error> {
        let mut ordered = BTreeMap::new();
        for earlier in fork.resumed.iter().flat_map(|resumed| &resumed.kept) {
            let EarlierFork { frame, slot } = earlier.clone();
            let fork = Cursor { execution: here.execution.clone(), frame, slot };
            let records = self.store.records(&fork.execution, &fork.frame, Some(fork.slot)).await?;
            ordered.extend(brought(&fork, &records));
        }
        // What was done again counts, not what was done too late for the history.
        ordered.extend(brought(here, records));
        Ok(ordered.into_values().collect())
    }

    /// The next item for a lane of a Map that has finished one; `None` when there are no more.
    pub(crate) async fn grant(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        lane: &Frame,
        now: Timestamp,
        recorded: u64,
    ) -> Result<Option<(Item, Document)>, Error> {
        let Some((parent, slot, number)) = cursor.frame.fork() else { return Ok(None) };
        let Some(held) = lane.lane.as_ref().and_then(|lane| lane.item.as_ref()) else {
            return Ok(None);
        };
        let at = Cursor { execution: cursor.execution.clone(), frame: parent, slot };
        let index = match held.next {
            NextIndex::None => return Ok(None),
            NextIndex::Following => held.index + 1,
            NextIndex::Dispensed => {
                // One index for each item that the lane finishes: the item in hand tells the askings apart.
                let lanes = lane.lane.as_ref().map_or(0, |lane| lane.of);
                let asking = Asking {
                    lane: number,
                    lanes,
                    finished: held.index,
                    recorded,
                    slot: cursor.slot,
                    first: u64::from(lanes),
                };
                self.store.dispense(&at, asking).await?
            }
        };
        let began = loaded.execution.started;
        let Some(made) = self.fork(&at, began).await? else { return Ok(None) };
        let Phase::Forked(fork) = &made.frame.phase else { return Ok(None) };
        let Some(index) = fork.place(index) else { return Ok(None) };
        Ok(self.with_setting(loaded, &at, now, 0, |set| item(set, &made, fork, index)))
    }

    /// The record that made a fork, remembered for a while: it has all items of a Map in it, and each of its lanes needs
    /// it again and again. `None` if its frame has gone on. What is remembered of before `began` is of an execution that was
    /// removed since, and had the same name.
    async fn fork(&self, at: &Cursor, began: Timestamp) -> Result<Option<Arc<Record>>, Error> {
        let mut forks = self.forks.lock().await;
        if let Some((_, known)) =
            forks.iter().find(|(place, made)| place == at && made.time >= began)
        {
            return Ok(Some(known.clone()));
        }
        forks.retain(|(place, _)| place != at);
        let tail = self.store.tail(&at.execution, &at.frame).await?;
        let Some(made) = tail.filter(|tail| tail.slot == at.slot) else { return Ok(None) };
        if forks.len() >= FORKS {
            forks.pop_front();
        }
        forks.push_back((at.clone(), made.clone()));
        Ok(Some(made))
    }
}

/// The lanes of a Map Run, when there is something to be done about them.
pub(super) struct Settled {
    failed: Option<(Failure, Frame)>,
    latest: Timestamp,
}

impl Settled {
    /// `None` while no lane has failed and not all is done.
    pub(super) fn of_run(tails: &[Stored], done: bool) -> Option<Settled> {
        let latest = tails.iter().map(|(_, record)| record.time).max().unwrap_or_default();
        let failed = tails
            .iter()
            .filter_map(|(_, record)| Some((failure_of(&record.frame)?, record)))
            .min_by_key(|(_, record)| record.time)
            .map(|(failure, record)| (failure, record.frame.clone()));
        (failed.is_some() || done).then_some(Settled { failed, latest })
    }

    fn stimulus(self, run: &MapRun) -> (Stimulus, Timestamp) {
        let stimulus = match self.failed {
            Some((failure, lane)) => {
                let unfinished = Vec::new();
                Stimulus::LaneFailed(Box::new(LaneFailure { failure, lane, unfinished, events: 0 }))
            }
            None => {
                let last = run.started.clone();
                Stimulus::Joined(Lanes { outputs: Vec::new(), last, events: 0 })
            }
        };
        (stimulus, self.latest)
    }
}

/// Forks that are remembered. Each may have a few hundred kilobytes of items.
const FORKS: usize = 32;

/// The last record of each frame.
fn tails(records: &[Stored]) -> BTreeMap<FrameId, Arc<Record>> {
    records.iter().map(|(frame, record)| (frame.clone(), record.clone())).collect()
}

fn is_lane(fork: &Cursor, frame: &FrameId) -> bool {
    frame.fork().is_some_and(|(parent, slot, _)| parent == fork.frame && slot == fork.slot)
}

/// Of the lanes that failed the one that failed first; of those that failed at the same time the first one.
fn first_failed<'a>(
    fork: &Cursor,
    tails: &'a BTreeMap<FrameId, Arc<Record>>,
) -> Option<(&'a FrameId, &'a Arc<Record>)> {
    let failed = |record: &Record| matches!(&record.frame.phase, Phase::Done(outcome) if !matches!(outcome, Outcome::Succeeded(_)));
    tails.iter().filter(|(frame, record)| is_lane(fork, frame) && failed(record)).min_by_key(
        |(_, record)| (record.time, record.frame.lane.as_ref().map_or(0, |lane| lane.number)),
    )
}

/// The failure of a fork whose lanes have all ended well and which has not exactly one output for each branch or item.
/// It never comes to that unless a store breaks its word; but a result that lacks items must not pass for a whole one.
fn incomplete(fork: &Fork, outputs: usize) -> Option<Failure> {
    let due = fork.total();
    (outputs as u64 != due).then(|| {
        let cause = format!("The state brought {outputs} results where {due} were due.");
        Failure::new(failure::name::RUNTIME, cause)
    })
}

/// What the lanes of a fork brought, by branch or item.
fn brought(fork: &Cursor, records: &[Stored]) -> BTreeMap<u64, Document> {
    let mut ordered = BTreeMap::new();
    for (_, record) in records.iter().filter(|(frame, _)| is_lane(fork, frame)) {
        ordered.extend(record.results.iter().cloned());
        let Some(lane) = record.frame.lane.as_ref().filter(|lane| lane.item.is_none()) else {
            continue;
        };
        if let Phase::Done(Outcome::Succeeded(output)) = &record.frame.phase {
            ordered.insert(u64::from(lane.branch.unwrap_or(lane.number)), output.clone());
        }
    }
    ordered
}
