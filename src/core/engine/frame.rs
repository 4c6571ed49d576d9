//! A frame: one sequential thread of control. Each record of its journal holds the frame as that transition left it, so
//! the last record alone is enough to go on from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::map_run::MapRun;
use super::{EventRef, ExecutionId, Failure, FrameId, Job};
use crate::asl::model::{FlowId, Name};
use crate::expr::Document;
use crate::time::Timestamp;

/// The state of one thread of control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The set of states it moves in.
    #[serde(rename = "fl")]
    pub flow: FlowId,
    /// For a lane of a fork: which one, and what it is working on.
    #[serde(rename = "ln", default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// The state it is in, or about to enter.
    #[serde(rename = "st")]
    pub state: Name,
    /// Input of that state, as it was handed on by the one before.
    #[serde(rename = "in")]
    pub input: Document,
    /// Variables in sight (own ones over those of the enclosing scopes), as one object.
    #[serde(rename = "va", default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Document>,
    /// The current visit of the state.
    #[serde(rename = "vi")]
    pub visit: Visit,
    /// What `previousEventId` of the next event will be.
    #[serde(rename = "la", default, skip_serializing_if = "Option::is_none")]
    pub last: Option<EventRef>,
    /// Events of the execution before this frame's next one, as far as this frame knows: exact while the execution has
    /// one thread of control.
    #[serde(rename = "n")]
    pub events_before: u64,
    /// What it waits for or is about to do.
    #[serde(rename = "ph")]
    pub phase: Phase,
}

impl Frame {
    /// Whether its counts are such as an execution can come to. Others, in a damaged record or message, would overflow
    /// where they are added to, or have an army of lanes begin.
    pub fn sound(&self) -> bool {
        let visit = &self.visit;
        let retries = visit.attempts.iter().chain([&visit.retry_count]);
        let item = self.lane.as_ref().and_then(|lane| lane.item.as_ref());
        let far = [
            Some(self.events_before),
            Some(visit.entered_event),
            item.map(|item| item.index),
            item.map(|item| item.of),
            self.lane.as_ref().and_then(|lane| lane.done),
        ];
        let (lanes, run) = match &self.phase {
            Phase::Forked(fork) => (fork.lanes, fork.run.as_ref()),
            Phase::Reading(run) | Phase::Writing(run) => (0, Some(run)),
            _ => (0, None),
        };
        let redrives = run.and_then(|run| run.redriven).map_or(0, |(count, _)| count);
        far.into_iter().flatten().all(|count| count < FAR)
            && retries.chain([&redrives]).all(|count| *count < u32::MAX / 2)
            && lanes <= MOST_LANES
    }
}

/// One visit of a state: from its entry to its exit, retries included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Id of the entry event, as causes quote it.
    #[serde(rename = "e")]
    pub entered_event: u64,
    /// When the state was entered.
    #[serde(rename = "t")]
    pub entered_at: Timestamp,
    /// The event before the entry, which EvaluationFailed names as its previous one (recorded on AWS).
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EventRef>,
    /// Attempts made so far by each retrier, in their order.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<u32>,
    /// Retries of this visit by whichever retrier: `$$.State.RetryCount`.
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    pub retry_count: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What makes a frame a lane: a Parallel branch is a lane with one run, a lane of a Map runs iteration after iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Name of the forking state.
    #[serde(rename = "s")]
    pub state: Name,
    /// Which lane.
    #[serde(rename = "l")]
    pub number: u32,
    /// Out of how many.
    #[serde(rename = "o")]
    pub of: u32,
    /// For a Map: the item in hand.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// For a distributed Map: how many child executions it has seen to their end.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Of a Parallel: which branch, where that is not the lane's number.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    /// For a lane that goes on with what one had begun before a redrive: the time of the fork that it now belongs to.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Timestamp>,
}

/// The item that an iteration works on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Zero-based position in the Map's items.
    #[serde(rename = "i")]
    pub index: u64,
    /// Number of items of the Map.
    #[serde(rename = "n")]
    pub of: u64,
    /// How the next index is found when this one is done.
    #[serde(rename = "x")]
    pub next: NextIndex,
    /// The item, for `$$.Map.Item.Value`.
    #[serde(rename = "v")]
    pub value: Document,
    /// For the members of an object: the name, for `$$.Map.Item.Key`.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// For a distributed Map: where it comes from, for `$$.Map.Item.Source`.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
}

/// How a lane of a Map finds its next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextIndex {
    /// As many lanes as items: each lane has just one.
    None,
    /// One lane for all items (`MaxConcurrency: 1`): the following one.
    Following,
    /// Several lanes for more items: the dispenser says.
    Dispensed,
}

/// More than there are slots, events or items of an execution.
pub const FAR: u64 = 1 << 48;
/// More lanes than branches fit into a definition, or than any limit of concurrency allows.
const MOST_LANES: u32 = 100_000;

/// What a frame waits for, or is about to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// About to enter `state` with `input`. Runnable.
    Ready,
    /// A task was claimed by whoever inserted the record, and is being performed. Runnable by the claimer.
    Claimed(Claim),
    /// A Wait state, until then.
    Waiting {
        /// When it ends.
        until: Timestamp,
    },
    /// A retrier's pause.
    Backoff {
        /// When the next attempt is due.
        until: Timestamp,
    },
    /// A token is out: an activity or a `.waitForTaskToken` integration.
    Pending(Pending),
    /// A job is under way, and looked at from time to time.
    Polling(Job),
    /// Waits for the lanes of the fork made at this record's slot.
    Forked(Fork),
    /// A lane of a Map has finished an item and needs to know the next one. Runnable.
    Asking,
    /// The items of a distributed Map are to be read and made into inputs of child executions. Runnable, and whoever
    /// has the frame does it.
    Reading(Box<MapRun>),
    /// A lane of a distributed Map waits for the child execution of this unit of work.
    Awaiting {
        /// Which unit.
        unit: u64,
        /// The child.
        child: ExecutionId,
    },
    /// A lane of a distributed Map rests, for the concurrency was lowered.
    Parked {
        /// When it asks again.
        until: Timestamp,
    },
    /// The results of a Map Run are to be collected and written. Runnable, like reading.
    Writing(Box<MapRun>),
    /// The frame has ended.
    Done(Outcome),
    /// The frame was cancelled by its fork or by the end of the execution. Nothing follows.
    Sealed,
}

impl Phase {
    /// Whether nothing goes on before something outside happens (timer, token, lanes), or at all.
    pub fn settled(&self) -> bool {
        !matches!(
            self,
            Phase::Ready
                | Phase::Claimed(_)
                | Phase::Asking
                | Phase::Reading(_)
                | Phase::Writing(_)
        )
    }

    /// Whether the frame has ended.
    pub fn over(&self) -> bool {
        matches!(self, Phase::Done(_) | Phase::Sealed)
    }
}

/// A task that is being performed: at most once for each attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Slot of the claim: the task token's and the idempotency token's anchor.
    #[serde(rename = "k")]
    pub ticket: u64,
    /// What is sent to the service.
    #[serde(rename = "p")]
    pub parameters: Document,
    /// `TimeoutSeconds` of this attempt.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// `HeartbeatSeconds` of this attempt.
    #[serde(rename = "hb", default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
    /// Role to be assumed.
    #[serde(rename = "cr", default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Arc<str>>,
    /// When the attempt was scheduled: its timeout counts from here.
    #[serde(rename = "t")]
    pub since: Timestamp,
    /// Who performs it; written by the turn.
    #[serde(rename = "h", default)]
    pub holder: Arc<str>,
    /// When the holder is dead for sure; written by the turn.
    #[serde(rename = "u", default)]
    pub until: Timestamp,
}

/// A token that is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Slot that the token names.
    #[serde(rename = "k")]
    pub ticket: u64,
    /// For an activity: its task.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityTask>,
    /// When the task times out.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Longest time between two heartbeats.
    #[serde(rename = "hb", default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_seconds: Option<u64>,
    /// When the heartbeat clock started.
    #[serde(rename = "t")]
    pub since: Timestamp,
}

impl Pending {
    /// When this token times out if no heartbeat comes after `beat`, and whether that would be a missed heartbeat.
    pub fn due(&self, beat: Option<Timestamp>) -> Option<(Timestamp, bool)> {
        if self.activity.as_ref().is_some_and(|task| !task.started) {
            return None;
        }
        let heartbeat = self
            .heartbeat_seconds
            .map(|s| self.since.max(beat.unwrap_or(self.since)).plus_seconds(s as f64));
        match (self.deadline, heartbeat) {
            (Some(deadline), Some(heartbeat)) if heartbeat < deadline => Some((heartbeat, true)),
            (Some(deadline), _) => Some((deadline, false)),
            (None, heartbeat) => heartbeat.map(|at| (at, true)),
        }
    }
}

/// An activity's task, to be handed to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityTask {
    /// The activity.
    #[serde(rename = "r")]
    pub arn: Arc<str>,
    /// What the worker gets.
    #[serde(rename = "i")]
    pub input: Document,
    /// Whether a worker has it. Its clocks run from then on (AWS: Task state, TimeoutSeconds).
    #[serde(rename = "s", default)]
    pub started: bool,
    /// `TimeoutSeconds`, counted from when a worker takes it.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// A fork that was made at the record's slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    /// Number of lanes; at least 1, or none where all had ended before a redrive.
    #[serde(rename = "l")]
    pub lanes: u32,
    /// What each branch gets, or what an item selector sees as `$`.
    #[serde(rename = "i")]
    pub input: Document,
    /// For a Map: its items, an array.
    #[serde(rename = "it", default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Document>,
    /// The event that the lanes' first events name as their previous one.
    #[serde(rename = "e")]
    pub started: EventRef,
    /// For a distributed Map: its run.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<MapRun>>,
    /// After a redrive: what is left to do.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Box<Resumed>>,
}

impl Fork {
    /// The branch or item that is the `nth` to be taken; `None` past the last one. Without a redrive that is itself.
    pub fn place(&self, nth: u64) -> Option<u64> {
        match &self.resumed {
            None => Some(nth),
            Some(resumed) => resumed.todo.get(usize::try_from(nth).ok()?).copied(),
        }
    }

    /// Number of branches or items, finished ones included.
    pub fn total(&self) -> u64 {
        match (&self.items, &self.resumed) {
            (Some(items), _) => items.value().as_array().map_or(0, |items| items.len() as u64),
            (None, Some(resumed)) => resumed.of,
            (None, None) => u64::from(self.lanes),
        }
    }
}

/// What a redrive left of a fork.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// Branches or items without a result, in the order in which lanes take them.
    #[serde(rename = "t")]
    pub todo: Vec<u64>,
    /// The frames with which the first lanes go on: those of the first in `todo`. The others begin anew.
    #[serde(rename = "b")]
    pub begun: Vec<Frame>,
    /// Where the results of all others are, oldest first.
    #[serde(rename = "k")]
    pub kept: Vec<EarlierFork>,
    /// Number of branches or items, finished ones included.
    #[serde(rename = "n")]
    pub of: u64,
}

/// A fork that was made before a redrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierFork {
    /// The frame that forked.
    #[serde(rename = "f")]
    pub frame: FrameId,
    /// Slot of the fork.
    #[serde(rename = "s")]
    pub slot: u64,
}

/// How a frame ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Well. A lane of a Map has its results in its records instead.
    Succeeded(Document),
    /// With an error.
    Failed(Failure),
    /// The execution ran longer than its `TimeoutSeconds`.
    TimedOut(Failure),
    /// StopExecution.
    Aborted(Failure),
}

/// What a worker or callback answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// SendTaskSuccess.
    Success(Document),
    /// SendTaskFailure.
    Failure(Failure),
}
