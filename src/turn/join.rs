//! Forks from the forking frame's side: what its lanes brought, and which item a lane gets next.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, Failure, Frame, FrameId, Item, LaneFailure, Lanes, NextIndex, Outcome, Phase, Record,
    Stimulus, failure, failure_of, item,
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
    ) -> Result<Option<(Stimulus, Timestamp)>, Error> {
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
        let of = lanes
            .first()
            .and_then(|(_, record)| record.frame.lane.as_ref())
            .map_or(u32::MAX, |lane| lane.of);
        if done < of as usize {
            return Ok(None);
        }
        let last = lanes.iter().max_by_key(|(frame, record)| (record.time, (*frame).clone()));
        let Some((_, last)) = last else { return Ok(None) };
        let outputs = outputs(here, &records);
        if let Some(failure) = incomplete(&last.frame, outputs.len()) {
            let cause = failure.cause.as_deref();
            tracing::error!(execution = %here.execution, frame = %here.frame, cause, "a fork is not complete");
            let lane = last.frame.clone();
            let failure = LaneFailure { failure, lane, unfinished: Vec::new(), events };
            return Ok(Some((Stimulus::LaneFailed(Box::new(failure)), latest)));
        }
        let last = last.frame.last.clone();
        Ok(last.map(|last| (Stimulus::Joined(Lanes { outputs, last, events }), latest)))
    }

    /// The next item for a lane of a Map that has finished one; `None` when there are no more.
    pub(crate) async fn grant(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        lane: &Frame,
        (now, recorded): (Timestamp, u64),
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
                    first: u64::from(lanes),
                };
                self.store.dispense(&at, asking).await?
            }
        };
        if index >= held.of {
            return Ok(None);
        }
        let Some(tail) = self.store.tail(&at.execution, &at.frame).await? else { return Ok(None) };
        let Phase::Forked(fork) = &tail.frame.phase else { return Ok(None) };
        Ok(self.with_setting(loaded, &at, now, 0, |set| item(set, &tail, fork, index)))
    }
}

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
fn incomplete(lane: &Frame, outputs: usize) -> Option<Failure> {
    let lane = lane.lane.as_ref()?;
    let due = lane.item.as_ref().map_or(u64::from(lane.of), |item| item.of);
    (outputs as u64 != due).then(|| {
        let cause = format!("The state brought {outputs} results where {due} were due.");
        Failure::new(failure::name::RUNTIME, cause)
    })
}

/// Outputs in the order of branches or items.
fn outputs(fork: &Cursor, records: &[Stored]) -> Vec<Document> {
    let mut ordered = BTreeMap::new();
    for (frame, record) in records.iter().filter(|(frame, _)| is_lane(fork, frame)) {
        ordered.extend(record.results.iter().cloned());
        let branch = record.frame.lane.as_ref().is_some_and(|lane| lane.item.is_none());
        if let (true, Phase::Done(Outcome::Succeeded(output)), Some((_, _, lane))) =
            (branch, &record.frame.phase, frame.fork())
        {
            ordered.insert(u64::from(lane), output.clone());
        }
    }
    ordered.into_values().collect()
}
