//! Everything that may come in, as one enum.

use std::sync::Arc;

use super::map_run::Progress;
use super::{Answer, ExecutionId, Failure, Frame, Item, Resumption, TaskOutcome, Units};
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
    /// The claimed task has come to an end, as far as its request goes; or the job that was waited for has.
    Task(TaskOutcome),
    /// Who had claimed the task is lost, and the service recognises its repetition.
    Reclaim,
    /// A worker took the activity's task.
    ActivityStarted {
        /// `workerName` of GetActivityTask.
        worker_name: Option<Arc<str>>,
    },
    /// SendTaskSuccess or SendTaskFailure.
    Callback(Answer),
    /// The answer to [`Phase::Asking`](super::Phase::Asking): the next item and the iteration's input, or none.
    Granted(Option<(Item, Document)>),
    /// The items of a distributed Map were read, or could not be.
    ItemsRead(Result<Units, Failure>),
    /// Items were read, or results collected, as far as the time of a turn allowed.
    Paused(Progress),
    /// The answer to [`Phase::Asking`](super::Phase::Asking) of a lane of a distributed Map: the next unit and the id of its
    /// child execution, or none.
    Unit(Option<(u64, ExecutionId)>),
    /// The lane is one too many for now.
    Park {
        /// When it may ask again.
        until: Timestamp,
    },
    /// The lane's child execution has ended; with the failure of the whole Map, if it was one failure too many.
    ChildEnded(Option<Failure>),
    /// The results of a Map Run were collected: what the state's result is, or why there is none.
    Collected(Result<Document, Failure>),
    /// The fork's lanes have all ended well.
    Joined(Lanes),
    /// A lane of the fork failed.
    LaneFailed(Box<LaneFailure>),
    /// StopExecution.
    Stop(Failure),
    /// The engine cannot go on: something is too large to be kept, or a message could not be delivered.
    Fail(Failure),
    /// The execution's own `TimeoutSeconds` is over.
    Deadline,
    /// RedriveExecution.
    Redrive {
        /// Which redrive this is, from 1.
        count: u32,
        /// Where the execution goes on.
        resumption: Resumption,
    },
}

/// How a fork came to fail.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneFailure {
    /// The lane's failure.
    pub failure: Failure,
    /// The lane that failed.
    pub lane: Frame,
    /// The frames below the fork that had not ended, in order.
    pub unfinished: Vec<Frame>,
    /// Events of all frames below this one.
    pub events: u64,
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
