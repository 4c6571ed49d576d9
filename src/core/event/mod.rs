//! What happened, typed: one variant for each history event that AWS knows (states 62 types; those of features that are
//! not built yet are added with them).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::expr::Document;

pub use failure::Failure;
pub use place::{Cursor, EventRef, ExecutionId, FrameId};

pub mod failure;
pub mod place;

/// One history event of a record. Its time is the record's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    #[serde(rename = "k")]
    pub kind: EventKind,
    /// `previousEventId`; `None` is 0.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<EventRef>,
}

/// The type of a state, as event types are prefixed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateClass {
    /// Pass
    Pass,
    /// Task
    Task,
    /// Choice
    Choice,
    /// Wait
    Wait,
    /// Succeed
    Succeed,
    /// Fail
    Fail,
    /// Parallel
    Parallel,
    /// Map
    Map,
}

/// Which service call a Task event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `resourceType`: `lambda`, `sqs`, `aws-sdk:sfn`
    #[serde(rename = "t")]
    pub resource_type: Arc<str>,
    /// `resource`: `invoke`, `sendMessage.waitForTaskToken`
    #[serde(rename = "r")]
    pub resource: Arc<str>,
}

/// What happened. Field names are AWS's; `input`, `output` and `parameters` are JSON documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "variants and fields are AWS's own names, see GetExecutionHistory")]
pub enum EventKind {
    ExecutionStarted {
        input: Document,
        role_arn: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state_machine_version_arn: Option<Arc<str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state_machine_alias_arn: Option<Arc<str>>,
    },
    ExecutionSucceeded {
        output: Document,
    },
    ExecutionFailed(Failure),
    ExecutionTimedOut(Failure),
    ExecutionAborted(Failure),
    ExecutionRedriven {
        redrive_count: u64,
    },
    StateEntered {
        class: StateClass,
        name: Arc<str>,
        input: Document,
    },
    StateExited {
        class: StateClass,
        name: Arc<str>,
        output: Document,
        /// Variables assigned here, each as JSON text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assigned: Option<Document>,
    },
    /// `TaskStateAborted`, `WaitStateAborted`, `ParallelStateAborted`, `MapStateAborted`
    StateAborted {
        class: StateClass,
    },
    LambdaFunctionScheduled {
        resource: Arc<str>,
        input: Document,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credentials: Option<Arc<str>>,
    },
    LambdaFunctionScheduleFailed(Failure),
    LambdaFunctionStarted,
    LambdaFunctionStartFailed(Failure),
    LambdaFunctionSucceeded {
        output: Document,
    },
    LambdaFunctionFailed(Failure),
    LambdaFunctionTimedOut(Failure),
    TaskScheduled {
        service: Service,
        region: Arc<str>,
        parameters: Document,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heartbeat: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credentials: Option<Arc<str>>,
    },
    TaskStarted {
        service: Service,
    },
    TaskStartFailed {
        service: Service,
        failure: Failure,
    },
    TaskSubmitted {
        service: Service,
        output: Document,
    },
    TaskSubmitFailed {
        service: Service,
        failure: Failure,
    },
    TaskSucceeded {
        service: Service,
        output: Document,
    },
    TaskFailed {
        service: Service,
        failure: Failure,
    },
    TaskTimedOut {
        service: Service,
        failure: Failure,
    },
    ActivityScheduled {
        resource: Arc<str>,
        input: Document,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heartbeat: Option<u64>,
    },
    ActivityScheduleFailed(Failure),
    ActivityStarted {
        worker_name: Option<Arc<str>>,
    },
    ActivitySucceeded {
        output: Document,
    },
    ActivityFailed(Failure),
    ActivityTimedOut(Failure),
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted {
        name: Arc<str>,
        index: u64,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u64,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u64,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u64,
    },
    MapRunStarted {
        map_run_arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed(Failure),
    MapRunAborted,
    MapRunRedriven {
        map_run_arn: Arc<str>,
        redrive_count: u64,
    },
    EvaluationFailed {
        state: Arc<str>,
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<Arc<str>>,
    },
}
