//! The status row of an execution: what is known of it besides its journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwright_core::asl::model::FlowId;
use stepwright_core::engine::{Cursor, ExecutionId, Failure, Outcome};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

/// The row of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Key of everything that belongs to it.
    pub id: ExecutionId,
    /// `executionArn`
    pub arn: Arc<str>,
    /// `name`
    pub name: Arc<str>,
    /// ARN of its state machine, without version or alias.
    pub machine: Arc<str>,
    /// Revision of the definition that it runs on for its whole life.
    pub revision: Arc<str>,
    /// `roleArn`
    pub role: Arc<str>,
    /// Input.
    pub input: Document,
    /// `startDate`
    pub started: Timestamp,
    /// When the machine's `TimeoutSeconds` ends it.
    pub deadline: Option<Timestamp>,
    /// `traceHeader`
    pub trace_header: Option<Arc<str>>,
    /// `stateMachineVersionArn`, if it was started by a version or an alias.
    #[serde(default)]
    pub version: Option<Arc<str>>,
    /// `stateMachineAliasArn`, if it was started by an alias.
    #[serde(default)]
    pub alias: Option<Arc<str>>,
    /// How often it was redriven, and when last.
    #[serde(default)]
    pub redriven: Option<Redriven>,
    /// For a child execution of a Map Run: whose it is.
    #[serde(default)]
    pub parent: Option<Box<Parent>>,
    /// How it ended; `None` while it runs.
    pub closing: Option<Closing>,
}

/// Where a child execution of a Map Run belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// `mapRunArn`
    pub run: Arc<str>,
    /// What the end of the child writes: the next slot of the lane that waits for it.
    pub lane: Cursor,
    /// The flow of the definition that the child runs.
    pub flow: FlowId,
    /// `itemCount`: the items in its input.
    pub items: u64,
}

/// Redrives of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// `redriveCount`
    pub count: u32,
    /// `redriveDate`: when it was redriven last.
    pub at: Timestamp,
}

impl Execution {
    /// `status`
    pub fn status(&self) -> Status {
        self.closing.as_ref().map_or(Status::Running, |closing| closing.status)
    }

    /// Since when it runs, or ran at last: its start or its last redrive.
    pub fn since(&self) -> Timestamp {
        self.redriven.map_or(self.started, |redriven| redriven.at)
    }

    /// The list that it is on: its Map Run's, or its machine's.
    pub fn list(&self) -> &Arc<str> {
        self.parent.as_ref().map_or(&self.machine, |parent| &parent.run)
    }

    /// Whether it is an Express child of a Map Run.
    pub fn express_child(&self) -> bool {
        self.parent.is_some() && self.arn.contains(":express:")
    }

    /// ARN of the machine whose definition it runs: without the label that the machine of a child of a Map Run has.
    pub fn definition(&self) -> &str {
        self.machine.split_once('/').map_or(&*self.machine, |(base, _)| base)
    }

    /// Its time in the list of executions.
    pub fn listed_at(&self) -> Timestamp {
        self.closing.as_ref().map_or_else(|| self.since(), |closing| closing.stopped)
    }
}

/// `status` of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "AWS's own names, see DescribeExecution")]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] =
        [Status::Running, Status::Succeeded, Status::Failed, Status::TimedOut, Status::Aborted];

    /// Of an execution that ended so.
    pub fn of(outcome: &Outcome) -> Status {
        match outcome {
            Outcome::Succeeded(_) => Status::Succeeded,
            Outcome::Failed(_) => Status::Failed,
            Outcome::TimedOut(_) => Status::TimedOut,
            Outcome::Aborted(_) => Status::Aborted,
        }
    }

    /// As AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
        }
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// Never `Running`.
    pub status: Status,
    /// `stopDate`
    pub stopped: Timestamp,
    /// Output, if it succeeded.
    pub output: Option<Document>,
    /// Error and cause, if it did not.
    pub failure: Failure,
}
