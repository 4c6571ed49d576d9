//! Redrive: where an execution goes on. What ended well keeps its result; of a fork only the lanes that had not ended
//! well run again, each from the state that it was stopped in (AWS: RedriveExecution).
//!
//! Lanes get frames of their own under the new fork, so nothing that was written before changes; the fork remembers the
//! earlier ones whose lanes hold the results that count. What a lane wrote after its fork had been cancelled is no part
//! of the history, and so no part of this either.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::Draft;
use super::map_run::{LANES, MapRun};
use super::{
    EarlierFork, EventRef, Fork, Frame, FrameId, Item, NextIndex, Outcome, Phase, Record, Resumed,
    Visit,
};
use crate::event::EventKind;
use crate::event::failure::name;
use crate::expr::Document;
use crate::time::Timestamp;

/// How a frame goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Resumption {
    /// With the state that it was about to enter.
    Enter,
    /// With another attempt of the state that it was in.
    Attempt,
    /// With the unfinished lanes of the state that it was in.
    Lanes(Box<Fork>),
    /// From the beginning, as an Express child of a Map Run does (AWS starts it anew).
    Restart,
}

/// How the root frame of an execution that ended badly goes on, from all records of the execution.
pub fn resumption(records: &[(FrameId, Arc<Record>)]) -> Resumption {
    let mut frames: BTreeMap<&FrameId, Vec<&Record>> = BTreeMap::new();
    for (frame, record) in records {
        frames.entry(frame).or_default().push(record);
    }
    let journals = Journals(frames);
    let root = FrameId::root();
    journals.resumption(&root, &journals.shown(&root, None), None)
}

/// The state that the execution ended in is attempted again, like after a retrier's pause, with all its retries; or what
/// is left of its fork is; or it is entered, if that had not happened yet.
pub(super) fn redriven(draft: &mut Draft<'_>, count: u32, resumption: Resumption) {
    let mut event = draft.push(EventKind::ExecutionRedriven { redrive_count: u64::from(count) });
    if let Resumption::Lanes(fork) = &resumption
        && let Some(run) = &fork.run
    {
        let map_run_arn = run.arn.clone();
        let redrive_count = u64::from(run.redriven.map_or(1, |(before, _)| before + 1));
        event = draft.push(EventKind::MapRunRedriven { map_run_arn, redrive_count });
    }
    let now = draft.set.now;
    let events = draft.next_event_id() - 1;
    let execution = draft.set.execution;
    let first = draft.set.machine.flow(execution.flow).map(|flow| flow.start_at.clone());
    let frame = draft.frame();
    refresh(&mut frame.visit);
    frame.phase = match resumption {
        Resumption::Restart => {
            frame.flow = execution.flow;
            frame.state = first.unwrap_or_default();
            frame.input = execution.input.clone();
            (frame.variables, frame.visit) = (None, Visit::default());
            Phase::Ready
        }
        Resumption::Enter => Phase::Ready,
        Resumption::Attempt => Phase::Backoff { until: now },
        Resumption::Lanes(fork) => {
            let redriven = Redriven { since: &event, events, at: now };
            Phase::Forked(placed(*fork, redriven))
        }
    };
}

/// Where and when a redrive was made.
#[derive(Clone, Copy)]
struct Redriven<'a> {
    /// The event that says so.
    since: &'a EventRef,
    /// Events up to it.
    events: u64,
    /// When it was made.
    at: Timestamp,
}

/// A fork as a record at a new place has it: its lanes follow from the event that says so.
fn placed(mut fork: Fork, redriven: Redriven<'_>) -> Fork {
    let Redriven { since, events: events_before, at } = redriven;
    fork.started = since.clone();
    if let Some(run) = &mut fork.run {
        run.started = since.clone();
        run.redriven = Some((run.redriven.map_or(1, |(before, _)| before + 1), at));
    }
    for frame in fork.resumed.iter_mut().flat_map(|resumed| &mut resumed.begun) {
        frame.last = Some(since.clone());
        frame.events_before = events_before;
        if let Phase::Forked(inner) = &frame.phase {
            frame.phase = Phase::Forked(placed(inner.clone(), redriven));
        }
    }
    fork
}

/// A state is attempted as if for the first time: with all its retries.
fn refresh(visit: &mut Visit) {
    visit.attempts.fill(0);
    visit.retry_count = 0;
}

/// A Map Run goes through its units again: children that succeeded are not run again, those that did not are redriven.
fn run_again(run: &MapRun) -> Resumption {
    let Some(units) = run.units.as_ref().filter(|units| units.count > 0) else {
        return Resumption::Attempt;
    };
    let (lanes, started) = (run.bounds.lanes(units.count, LANES), run.started.clone());
    let run = Some(Box::new(MapRun { failure: None, progress: None, ..run.clone() }));
    let input = Document::empty_object();
    let fork = Fork { lanes, input, items: None, started, run, resumed: None };
    Resumption::Lanes(Box::new(fork))
}

/// The records of each frame, in the order of slots.
struct Journals<'a>(BTreeMap<&'a FrameId, Vec<&'a Record>>);

impl<'a> Journals<'a> {
    /// The records of a frame that count: those that were made before what cancelled it.
    fn shown(&self, frame: &FrameId, until: Option<Timestamp>) -> Vec<&'a Record> {
        let records = self.0.get(frame).map(Vec::as_slice).unwrap_or_default();
        let counts = |record: &&Record| {
            record.frame.phase != Phase::Sealed && until.is_none_or(|until| record.time < until)
        };
        records.iter().copied().filter(counts).collect()
    }

    /// How a frame goes on whose records count up to a time.
    fn resumption(
        &self,
        frame: &FrameId,
        shown: &[&Record],
        until: Option<Timestamp>,
    ) -> Resumption {
        let mut newest = shown.iter().rev();
        let Some(last) = newest.next() else { return Resumption::Enter };
        let outcome = match &last.frame.phase {
            Phase::Ready => return Resumption::Enter,
            Phase::Forked(fork) => return self.again(frame, (last, fork), until, false),
            Phase::Writing(run) => return run_again(run),
            Phase::Done(outcome) => outcome,
            _ => return Resumption::Attempt,
        };
        let failed = matches!(outcome, Outcome::Failed(_));
        match newest.next().map(|before| (before, &before.frame.phase)) {
            Some((before, Phase::Forked(fork))) if same_visit(before, last) => {
                let whole = matches!(outcome, Outcome::Failed(failure) if failure.error.as_deref() == Some(name::DATA_LIMIT_EXCEEDED));
                if whole {
                    return Resumption::Attempt;
                }
                self.again(frame, (before, fork), Some(last.time), failed)
            }
            Some((before, Phase::Writing(run))) if same_visit(before, last) => run_again(run),
            // What fails, fails in a state; what is stopped may be just before one.
            Some((_, Phase::Ready)) | None if !failed => Resumption::Enter,
            _ => Resumption::Attempt,
        }
    }

    /// A fork again, without the lanes that ended well. `failed`: the state as a whole has failed; if all its lanes ended
    /// well, then because of their results, and all are run again.
    fn again(
        &self,
        frame: &FrameId,
        (record, fork): (&Record, &Fork),
        until: Option<Timestamp>,
        failed: bool,
    ) -> Resumption {
        if let Some(run) = &fork.run {
            return run_again(run);
        }
        let lanes = self.lanes((frame, record.slot), fork, until);
        if lanes.todo.is_empty() && failed {
            return Resumption::Attempt;
        }
        Resumption::Lanes(Box::new(
            lanes.fork(fork, EarlierFork { frame: frame.clone(), slot: record.slot }),
        ))
    }

    /// What has become of the lanes of a fork.
    fn lanes(
        &self,
        (frame, slot): (&FrameId, u64),
        fork: &Fork,
        until: Option<Timestamp>,
    ) -> Unfinished {
        let total = fork.total();
        let known = fork.resumed.as_ref();
        let mut todo: BTreeSet<u64> =
            known.map_or_else(|| (0..total).collect(), |r| r.todo.iter().copied().collect());
        let mut begun = BTreeMap::new();
        for lane in 0..fork.lanes {
            let child = frame.child(slot, lane);
            let shown = self.shown(&child, until);
            for (index, _) in shown.iter().flat_map(|record| &record.results) {
                todo.remove(index);
            }
            let Some(last) = shown.last() else {
                // Not a record of it: it begins as it was to begin.
                let start = known.and_then(|resumed| resumed.begun.get(lane as usize));
                begun.extend(start.map(|start| (place(start), start.clone())));
                continue;
            };
            match &last.frame.phase {
                Phase::Asking => {}
                Phase::Done(Outcome::Succeeded(_)) => {
                    todo.remove(&place(&last.frame));
                }
                _ => {
                    let frame = self.frame(&child, &shown, (last, until));
                    begun.insert(place(&frame), frame);
                }
            }
        }
        begun.retain(|place, _| todo.contains(place));
        Unfinished { total, todo, begun }
    }

    /// The frame with which a lane goes on.
    fn frame(
        &self,
        id: &FrameId,
        shown: &[&Record],
        (last, until): (&Record, Option<Timestamp>),
    ) -> Frame {
        let mut frame = last.frame.clone();
        refresh(&mut frame.visit);
        frame.phase = match self.resumption(id, shown, until) {
            Resumption::Enter | Resumption::Restart => Phase::Ready,
            Resumption::Attempt => Phase::Backoff { until: Timestamp::default() },
            Resumption::Lanes(fork) => Phase::Forked(*fork),
        };
        frame
    }
}

/// What is left of a fork.
struct Unfinished {
    total: u64,
    /// Branches or items without a result.
    todo: BTreeSet<u64>,
    /// Of these, those that had begun.
    begun: BTreeMap<u64, Frame>,
}

impl Unfinished {
    fn fork(self, before: &Fork, at: EarlierFork) -> Fork {
        let lanes = before.lanes.min(u32::try_from(self.todo.len()).unwrap_or(u32::MAX));
        let rest = self.todo.iter().filter(|place| !self.begun.contains_key(place));
        let todo: Vec<u64> = self.begun.keys().chain(rest).copied().collect();
        let next = next_index(lanes, todo.len());
        let begun = self.begun.into_values().enumerate();
        let begun = begun.map(|(number, mut frame)| {
            if let Some(lane) = &mut frame.lane {
                lane.branch = lane.item.is_none().then(|| place_of(lane.branch, lane.number));
                lane.number = number as u32;
                lane.of = lanes;
                lane.item = lane.item.take().map(|item| Item { next, ..item });
            }
            frame
        });
        let mut kept = before.resumed.as_ref().map(|r| r.kept.clone()).unwrap_or_default();
        kept.push(at);
        let resumed = Resumed { todo, begun: begun.collect(), kept, of: self.total };
        Fork { lanes, resumed: Some(Box::new(resumed)), ..before.clone() }
    }
}

/// How the lanes of a resumed Map find their next items.
pub(super) fn next_index(lanes: u32, todo: usize) -> NextIndex {
    if lanes as usize >= todo { NextIndex::None } else { NextIndex::Dispensed }
}

/// Which branch or item a lane is at.
fn place(frame: &Frame) -> u64 {
    let Some(lane) = &frame.lane else { return 0 };
    match &lane.item {
        Some(item) => item.index,
        None => u64::from(place_of(lane.branch, lane.number)),
    }
}

fn place_of(branch: Option<u32>, number: u32) -> u32 {
    branch.unwrap_or(number)
}

/// Whether two records of a frame are of the same visit of a state.
fn same_visit(one: &Record, other: &Record) -> bool {
    let visit = |record: &Record| (record.frame.visit.entered_event, record.frame.visit.entered_at);
    one.frame.state == other.frame.state && visit(one) == visit(other)
}
