//! A trial: one state on its own, as TestState runs it. The state is entered, evaluated and left by the same code as in
//! an execution; only its work may be replaced by a mock, and an inspector looks on.
//!
//! ```text
//!   begin ──▶ Over(Report)
//!         ──▶ Perform(Paused, call) ──▶ (the call is made outside) ──▶ resume ──▶ Report
//!         ──▶ Wait(Paused, until)   ──▶ (time passes outside)      ──▶ resume ──▶ Report
//! ```

mod batch;
mod mocked;

use std::sync::Arc;

use super::draft::{Decision, Draft};
use super::emit::frame_call;
use super::inspector::{Inspector, Notes};
use super::{
    Failure, Frame, Item, NextIndex, Outcome, Phase, Setting, TaskCall, TaskOutcome, Visit, decide,
    state,
};
use crate::asl::model::{FlowId, Kind, Machine, Name, State};
use crate::expr::{Document, Value};
use crate::time::Timestamp;
use decide::{Broken, Step};

/// What is to be tried, and with what.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The flow that the state is in.
    pub flow: FlowId,
    /// The state.
    pub state: Name,
    /// Its input.
    pub input: Document,
    /// Variables in sight, an object.
    pub variables: Option<Document>,
    /// The context object, in place of one that is made up.
    pub context: Option<Value>,
    /// What takes the place of the state's work.
    pub mock: Option<Mock>,
    /// Retries made so far by the retrier that names the error.
    pub retries: u32,
    /// Iterations of a Map that failed.
    pub failed_items: u64,
    /// The data that the ItemReader of a distributed Map has read, as it found it.
    pub items_read: Option<Arc<str>>,
}

/// What a state's work is said to have brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Mock {
    /// A result.
    Result(Document),
    /// An error.
    Failure(Failure),
}

/// How far a trial has come.
#[derive(Debug)]
pub enum Progress {
    /// To its end.
    Over(Box<Report>),
    /// A task is to be performed.
    Perform(Box<Paused>, Box<TaskCall>),
    /// Time has to pass.
    Wait(Box<Paused>, Timestamp),
}

/// A trial that waits for something outside.
#[derive(Clone, Debug)]
pub struct Paused {
    made: Decision,
    notes: Notes,
}

/// What a paused trial goes on with.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The task was performed.
    Performed(TaskOutcome),
    /// The time has passed.
    Waited,
    /// The trial has taken too long.
    Overdue,
}

/// Why there is no trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The definition has no such state.
    NoState,
    /// More iterations of the Map are said to have failed than it has.
    FailedItems,
}

/// How a trial ended (`TestExecutionStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The state was left as its definition wants it.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It failed and would be tried again.
    Retriable,
    /// It failed and a catcher leads on.
    CaughtError,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How it ended.
    pub status: Status,
    /// The state's output, if it was left.
    pub output: Option<Document>,
    /// Where it leads, if it was left for another state.
    pub next: Option<Name>,
    /// The error, unless it succeeded.
    pub failure: Option<Failure>,
    /// Variables after it.
    pub variables: Option<Document>,
    /// What the inspector noted.
    pub notes: Notes,
}

/// Enters the state.
///
/// # Errors
/// What is to be tried does not fit the definition.
pub fn begin(set: &Setting<'_>, trial: &Trial) -> Result<Progress, Refusal> {
    let state = state_of(set, trial)?;
    let mut draft = draft(set, trial, Decision::from(frame(trial)), Notes::default());
    draft.note("input", &trial.input);
    decide::arrive(&mut draft, state);
    draft.made.frame.visit.attempts = vec![trial.retries; state.retry.len()];
    draft.made.frame.visit.retry_count = trial.retries;
    let step = match (&state.kind, &trial.mock) {
        (Kind::Task(_), Some(mock)) => mocked::task(&mut draft, state, mock),
        (Kind::Parallel(parallel), Some(mock)) => {
            mocked::parallel(&mut draft, state, parallel, mock)
        }
        (Kind::Map(map), Some(mock)) => {
            let failed = mocked::Failed { items: trial.failed_items, mock };
            mocked::map(&mut draft, state, map, &failed)?
        }
        _ => state::attempt(&mut draft, state),
    };
    Ok(progress(draft, step))
}

/// Goes on with a trial after what it waited for.
///
/// # Errors
/// It was begun with another definition.
pub fn resume(
    set: &Setting<'_>,
    trial: &Trial,
    paused: Paused,
    event: Event,
) -> Result<Report, Refusal> {
    let state = state_of(set, trial)?;
    let mut draft = draft(set, trial, paused.made, paused.notes);
    let phase = draft.made.frame.phase.clone();
    let step = match (event, phase) {
        (Event::Performed(outcome), Phase::Claimed(claim)) => {
            state::task::performed(&mut draft, state, &claim, outcome)
        }
        (Event::Waited, Phase::Waiting { .. }) => state::wait::over(&mut draft, state),
        _ => Step::Fail(Broken::from(Failure::timeout())),
    };
    Ok(report(draft, step))
}

fn state_of<'m>(set: &Setting<'m>, trial: &Trial) -> Result<&'m State, Refusal> {
    set.machine.state(trial.flow, &trial.state).ok_or(Refusal::NoState)
}

fn frame(trial: &Trial) -> Frame {
    Frame {
        flow: trial.flow,
        lane: None,
        state: trial.state.clone(),
        input: trial.input.clone(),
        variables: trial.variables.clone(),
        visit: Visit::default(),
        last: None,
        // As if the execution's own first event had been there.
        events_before: 1,
        phase: Phase::Ready,
    }
}

fn draft<'a>(set: &'a Setting<'a>, trial: &Trial, made: Decision, notes: Notes) -> Draft<'a> {
    let inspector = Inspector {
        notes: notes.into(),
        context: trial.context.clone(),
        items_read: trial.items_read.clone(),
        item: in_a_map(set.machine, trial.flow).then(|| first_item(trial)),
    };
    Draft { inspector: Some(inspector), ..Draft::new(set, made) }
}

/// Whether a flow is a Map's processor, or lies in one.
fn in_a_map(machine: &Machine, flow: FlowId) -> bool {
    let mut inner = flow;
    loop {
        let encloses = |state: &State| match &state.kind {
            Kind::Map(map) => map.processor == inner,
            Kind::Parallel(parallel) => parallel.branches.contains(&inner),
            _ => false,
        };
        let outer = machine.flows.iter().enumerate().find_map(|(number, flow)| {
            let state = flow.states.values().find(|state| encloses(state))?;
            Some((FlowId::try_from(number).ok()?, matches!(state.kind, Kind::Map(_))))
        });
        match outer {
            Some((_, true)) => return true,
            Some((number, false)) => inner = number,
            None => return false,
        }
    }
}

/// What the context object of a state in a Map shows: the trial's input is the first item (AWS: TestState).
fn first_item(trial: &Trial) -> Item {
    let (value, next) = (trial.input.clone(), NextIndex::None);
    Item { index: 0, of: 1, next, value, key: None, source: None }
}

fn progress(mut draft: Draft<'_>, step: Step) -> Progress {
    let Step::Stay(phase) = step else { return Progress::Over(Box::new(report(draft, step))) };
    draft.made.frame.phase = phase;
    let call = frame_call(draft.set, &draft.made.frame);
    let until = match &draft.made.frame.phase {
        Phase::Waiting { until } => Some(*until),
        _ => None,
    };
    let set = draft.set;
    let paused = Box::new(Paused { made: draft.made, notes: notes(draft.inspector) });
    match (call, until) {
        (Some(call), _) => Progress::Perform(paused, Box::new(call)),
        // What neither calls nor waits for a time (an activity, a fork) cannot be tried without a mock.
        (None, until) => Progress::Wait(paused, until.unwrap_or(set.now)),
    }
}

fn notes(inspector: Option<Inspector>) -> Notes {
    inspector.map(|inspector| inspector.notes.into_inner()).unwrap_or_default()
}

/// Carries the last step out and reads off what became of the state.
fn report(mut draft: Draft<'_>, step: Step) -> Report {
    let own = match &step {
        Step::Fail(broken) => Some(broken.failure.clone()),
        Step::Die(failure) => Some(failure.clone()),
        _ => None,
    };
    decide::settle(&mut draft, step);
    let Decision { frame, .. } = draft.made;
    let mut report = Report {
        status: Status::Succeeded,
        output: None,
        next: None,
        failure: own,
        variables: frame.variables,
        notes: notes(draft.inspector),
    };
    match frame.phase {
        Phase::Backoff { .. } => report.status = Status::Retriable,
        Phase::Ready => {
            let caught = report.failure.is_some();
            report.status = if caught { Status::CaughtError } else { Status::Succeeded };
            report.output = Some(frame.input);
            report.next = Some(frame.state);
        }
        Phase::Done(Outcome::Succeeded(output)) => report.output = Some(output),
        Phase::Done(Outcome::Failed(failure)) => {
            report.status = Status::Failed;
            report.failure = Some(failure);
        }
        _ => report.status = Status::Failed,
    }
    report
}

#[cfg(test)]
mod tests;
