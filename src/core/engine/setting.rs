//! What a decision may know beside the frame: all of it data, given by the turn.

use std::sync::Arc;

use super::Cursor;
use crate::asl::model::{FlowId, Machine};
use crate::event::EventKind;
use crate::expr::Document;
use crate::time::Timestamp;

/// The setting of one decision.
pub struct Setting<'a> {
    /// The definition that the execution runs on.
    pub machine: &'a Machine,
    /// What does not change while the execution runs.
    pub execution: &'a Facts,
    /// The slot that the decision will be written to.
    pub cursor: &'a Cursor,
    /// Logical time of the decision.
    pub now: Timestamp,
    /// How many states may be entered.
    pub states: u32,
    /// Limits in force.
    pub limits: Limits,
    /// Makes the task token for a slot. The same slot always gives the same token.
    pub token: &'a dyn Fn(&Cursor) -> String,
    /// Whether an activity exists.
    pub activity_exists: &'a dyn Fn(&str) -> bool,
}

/// What does not change while an execution runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `executionArn`
    pub arn: Arc<str>,
    /// `name`
    pub name: Arc<str>,
    /// `roleArn`
    pub role: Arc<str>,
    /// When it started.
    pub started: Timestamp,
    /// Its input.
    pub input: Document,
    /// How often it was redriven, and when last.
    pub redriven: Option<(u32, Timestamp)>,
    /// ARN of the version that it was started by.
    pub version: Option<Arc<str>>,
    /// ARN of the alias that it was started by.
    pub alias: Option<Arc<str>>,
    /// ARN of the state machine.
    pub machine_arn: Arc<str>,
    /// Name of the state machine.
    pub machine_name: Arc<str>,
    /// Region, as history shows it.
    pub region: Arc<str>,
    /// The flow that it runs: 0, or the item processor that a child of a Map Run runs.
    pub flow: FlowId,
}

impl Facts {
    /// The first event of its history.
    pub fn started_event(&self) -> EventKind {
        EventKind::ExecutionStarted {
            input: self.input.clone(),
            role_arn: self.role.clone(),
            state_machine_version_arn: self.version.clone(),
            state_machine_alias_arn: self.alias.clone(),
        }
    }
}

/// Limits that a workflow can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest payload in bytes of UTF-8: input or output of a state, a task, the execution.
    pub payload: usize,
    /// Deepest nesting of a payload that an execution computes; what comes from outside may be nested as deep as it can be
    /// read.
    pub depth: usize,
    /// Most iterations of an inline Map at a time.
    pub inline_concurrency: u32,
    /// Most events of an execution's history; any number if there is none.
    pub events: Option<u64>,
    /// Longest time from the start of an execution to its end, in seconds; any time if there is none.
    pub execution_seconds: Option<u64>,
}

impl Limits {
    /// AWS's own.
    pub const AWS: Limits = Limits {
        payload: 262_144,
        depth: 100,
        inline_concurrency: 40,
        events: Some(25_000),
        execution_seconds: Some(31_536_000),
    };

    /// Stepwright's own: as much as one process can bear.
    pub const EXTENDED: Limits = Limits {
        payload: 4_194_304,
        depth: 100,
        inline_concurrency: 1_000,
        events: None,
        execution_seconds: None,
    };
}
