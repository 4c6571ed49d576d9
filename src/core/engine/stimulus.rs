//! Everything that may come in, as one enum.

use std::sync::Arc;

use super::{Answer, Failure, Frame, TaskOutcome};
use crate::expr::Document;
use crate::time::Timestamp;

/// Why a frame is to make its next transition.
#[derive(Clone, Debug, PartialEq)]
pub enum Stimulus {
    /// The execution begins.
    Start,
    /// A lane begins, as this frame.
    Fork(Box<Frame>),
    /// The frame is ready; go on.
    Advance,
    /// The time of a Wait, a pause or a token is over; `beat` is the last heartbeat of the token.
    Due {
        /// When the last heartbeat came, if one did.
        beat: Option<Timestamp>,
    },
    /// The claimed task has come to an end, as far as its request goes.
    Task(TaskOutcome),
    /// A worker took the activity's task.
    ActivityStarted {
        /// `workerName` of GetActivityTask.
        worker_name: Option<Arc<str>>,
    },
    /// SendTaskSuccess or SendTaskFailure.
    Callback(Answer),
    /// The dispenser's answer to [`Phase::Asking`](super::Phase::Asking): the next item, or none.
    Granted(Option<(u64, Document)>),
    /// The fork's lanes have all ended well.
    Joined(Lanes),
    /// A lane of the fork failed.
    LaneFailed {
        /// The lane's failure.
        failure: Failure,
        /// The lane that failed.
        lane: Frame,
        /// The last record's frames of the lanes that had not ended, below them first, in lane order.
        unfinished: Vec<Frame>,
        /// Events of all frames below this one.
        events: u64,
    },
    /// StopExecution.
    Stop(Failure),
    /// The execution's own `TimeoutSeconds` is over.
    Deadline,
}

/// What the lanes of a fork brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Lanes {
    /// Outputs in the order of branches or items.
    pub outputs: Vec<Document>,
    /// The last event of the lane that ended last.
    pub last: super::EventRef,
    /// Events of all frames below this one.
    pub events: u64,
}
