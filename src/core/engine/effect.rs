//! Everything that may happen outside because of a transition, as data. All of it follows from a stored record, so all of
//! it can be done again; doing it twice is harmless.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, ExecutionId, Frame, FrameId, JobCall, Outcome, Setting};
use crate::asl::model::{Name, Resource};
use crate::expr::Document;
use crate::time::Timestamp;

/// What must be done after a record was committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a message, at once or not before a time.
    Send {
        /// The message.
        message: Message,
        /// Not before this time.
        at: Option<Timestamp>,
    },
    /// Offer an activity task to the workers that poll.
    Offer {
        /// The activity.
        activity: Arc<str>,
        /// Which task.
        offer: Offer,
    },
    /// Add a finished lane to its fork's set, and tell the fork if the set is full or the lane failed.
    Join {
        /// The fork: forking frame and slot.
        fork: Cursor,
        /// The lane.
        lane: u32,
        /// Number of lanes of the fork.
        lanes: u32,
        /// Whether the lane failed.
        failed: bool,
        /// Whether it is a lane of a Map Run, of which fewer may be enough.
        of_run: bool,
    },
    /// Close the execution: the root frame has ended.
    Close {
        /// Which.
        execution: ExecutionId,
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// Start the child execution of a unit of a Map Run, unless that has been done, and look whether it has ended.
    Spawn {
        /// The record of the lane that waits for it.
        by: Cursor,
        /// Which unit.
        unit: u64,
        /// Time of that record: whatever the child does is later.
        since: Timestamp,
    },
    /// Seal all unfinished frames below this one, begun or not: they were cancelled by the record at this cursor.
    Cancel {
        /// The record that cancelled them.
        by: Cursor,
        /// Slot of the fork whose lanes they are or come from.
        fork: u64,
        /// Lanes of that fork that may not have begun.
        lanes: u32,
    },
    /// Stop a job whose end nobody waits for any more.
    StopJob(JobCall),
}

/// An activity task on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Execution and frame of the task, and the slot that starting it would write.
    pub cursor: Cursor,
    /// The slot that the token names.
    pub ticket: u64,
}

/// A message: the wish to write one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What it wants to write.
    pub cursor: Cursor,
    /// Why.
    pub kind: MessageKind,
}

/// Why a slot is to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MessageKind {
    /// Begin the execution (slot 0 of the root frame; its input is in the execution's row).
    Start,
    /// Begin a lane (slot 0 of a child frame).
    Fork(Box<Frame>),
    /// Go on with the next state.
    Advance,
    /// A Wait, a retrier's pause or a token's time is over.
    Timer {
        /// When it is due; earlier deliveries are sent again.
        due: Timestamp,
    },
    /// A fork has all its lanes, or one that failed.
    Join,
    /// The child execution that a lane waits for has ended.
    Child,
    /// The execution's own `TimeoutSeconds` is over. Writes whatever slot of the root comes next.
    Deadline {
        /// When it is due.
        due: Timestamp,
    },
}

impl MessageKind {
    /// When a message is due that must not be handled earlier.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            MessageKind::Timer { due } | MessageKind::Deadline { due } => Some(*due),
            MessageKind::Start
            | MessageKind::Fork(_)
            | MessageKind::Advance
            | MessageKind::Join
            | MessageKind::Child => None,
        }
    }
}

/// A task to be performed, once.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskCall {
    /// Where it was claimed.
    pub cursor: Cursor,
    /// What to call.
    pub resource: Resource,
    /// What to send.
    pub parameters: Document,
    /// Longest time it may take, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Role to be assumed.
    pub credentials: Option<Arc<str>>,
    /// The same for every repetition of this attempt, different for any other.
    pub idempotency_token: String,
    /// Who calls.
    pub origin: Origin,
}

/// On whose behalf something is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// ARN of the execution.
    pub execution: Arc<str>,
    /// ARN of its state machine.
    pub machine: Arc<str>,
    /// ARN of the role of the state machine.
    pub role: Arc<str>,
    /// Name of the state.
    pub state: Name,
    /// Retries of this visit of the state so far.
    pub retries: u32,
}

impl Origin {
    /// A state of a frame.
    pub(crate) fn of(set: &Setting<'_>, frame: &Frame, state: &Name) -> Origin {
        Origin {
            execution: set.execution.arn.clone(),
            machine: set.execution.machine_arn.clone(),
            role: set.execution.role.clone(),
            state: state.clone(),
            retries: frame.visit.retry_count,
        }
    }
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskOutcome {
    /// It answered.
    Succeeded(Document),
    /// It took on a job (`.sync`), which goes on without the caller.
    Submitted {
        /// Its answer, as history shows it.
        output: Document,
        /// What the service knows the job by.
        handle: Document,
    },
    /// It failed, with the error name and cause that history shows.
    Failed(super::Failure),
    /// It took longer than its `TimeoutSeconds`.
    TimedOut,
}

impl Cursor {
    /// The slot after this one.
    pub fn next(&self) -> Cursor {
        Cursor { slot: self.slot.saturating_add(1), ..self.clone() }
    }

    /// A slot of the root frame.
    pub fn root(execution: ExecutionId, slot: u64) -> Cursor {
        Cursor { execution, frame: FrameId::root(), slot }
    }
}
