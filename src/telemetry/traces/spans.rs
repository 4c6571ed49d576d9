//! From records to spans: an execution is a span, and so is each visit of a state. The lanes of a fork are gathered in a
//! span of their own below the state that made them, one for each attempt.
//!
//! Nothing but the record and the frame before it is needed, so whoever commits a record tells its spans. A state that was
//! cancelled with its lane has none, since nobody enters or leaves it any more.

use std::sync::Arc;

use stepwright_core::engine::{Frame, Outcome, Phase, Record};
use stepwright_core::event::{Cursor, EventKind, ExecutionId, Failure, StateClass};
use stepwright_core::time::Timestamp;

use super::ids::{self, SpanId, Trace, TraceId};

/// The execution that spans are about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its key.
    pub id: ExecutionId,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Name of its state machine.
    pub machine: Arc<str>,
    /// When it began, or was redriven.
    pub since: Timestamp,
    /// How often it was redriven.
    pub run: u32,
    /// Where it belongs.
    pub trace: Trace,
}

/// Something that took time.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its trace.
    pub trace: TraceId,
    /// Its id.
    pub id: SpanId,
    /// What it is part of.
    pub parent: Option<SpanId>,
    /// Name of the state or state machine.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What else is known.
    pub attributes: Vec<(&'static str, String)>,
    /// Name of the error that it ended with.
    pub error: Option<String>,
}

/// What ended by a record that was written at `here`, after the frame had been like `before`.
pub fn of(subject: &Subject, before: Option<&Frame>, here: &Cursor, record: &Record) -> Vec<Span> {
    let mut work = Work { subject, here, record, spans: Vec::new() };
    let mut open = before.and_then(Visited::of);
    if let (Some(visited), Some(frame)) = (&open, before)
        && matches!(frame.phase, Phase::Forked(_))
    {
        work.lanes(visited);
    }
    let mut error = None;
    for (at, event) in record.events.iter().enumerate() {
        match &event.kind {
            EventKind::StateEntered { class, name, .. } => {
                let entered = record.frame.events_before + at as u64 + 1;
                let name = name.to_string();
                open = Some(Visited {
                    name,
                    class: Some(*class),
                    entered,
                    since: record.time,
                    retries: 0,
                });
            }
            EventKind::StateExited { class, .. } => {
                if let Some(visited) = open.take() {
                    work.visit(Visited { class: Some(*class), ..visited }, None);
                }
            }
            _ => {}
        }
        error = failure(&event.kind).or(error);
    }
    if let Phase::Done(outcome) = &record.frame.phase {
        let error = self::error(outcome).or_else(|| error.filter(|_| open.is_some()));
        if let Some(visited) = open {
            work.visit(visited, error.clone());
        }
        if here.frame.is_root() {
            work.execution(outcome, error);
        }
    }
    work.spans
}

/// The id of the visit that a frame is in.
pub fn visit(id: &ExecutionId, here: &Cursor, frame: &Frame) -> SpanId {
    ids::visit(id, &here.frame, frame.visit.entered_event)
}

/// A state that was entered.
struct Visited {
    name: String,
    class: Option<StateClass>,
    entered: u64,
    since: Timestamp,
    retries: u32,
}

impl Visited {
    /// The state that a frame is in; `None` if it is between two.
    fn of(frame: &Frame) -> Option<Visited> {
        let between = matches!(frame.phase, Phase::Ready | Phase::Asking) || frame.phase.over();
        let visit = &frame.visit;
        (!between && visit.entered_event > 0).then(|| Visited {
            name: frame.state.to_string(),
            class: None,
            entered: visit.entered_event,
            since: visit.entered_at,
            retries: visit.retry_count,
        })
    }
}

struct Work<'a> {
    subject: &'a Subject,
    here: &'a Cursor,
    record: &'a Record,
    spans: Vec<Span>,
}

impl Work<'_> {
    fn visit(&mut self, visited: Visited, error: Option<String>) {
        let Subject { id, run, .. } = self.subject;
        let parent = match self.here.frame.fork() {
            None => ids::execution(id, *run),
            Some((frame, slot, _)) => ids::lanes(id, &frame, slot),
        };
        let mut attributes = Vec::new();
        if let Some(class) = visited.class {
            attributes.push(("stepwright.state.type", format!("{class:?}")));
        }
        if visited.retries > 0 {
            attributes.push(("stepwright.state.retries", visited.retries.to_string()));
        }
        let span = ids::visit(id, &self.here.frame, visited.entered);
        self.add(span, Some(parent), (visited.name, visited.since), (attributes, error));
    }

    fn lanes(&mut self, visited: &Visited) {
        let id = &self.subject.id;
        let fork = self.here.slot.saturating_sub(1);
        let span = ids::lanes(id, &self.here.frame, fork);
        let parent = ids::visit(id, &self.here.frame, visited.entered);
        let name = format!("{} lanes", visited.name);
        self.add(span, Some(parent), (name, visited.since), (Vec::new(), None));
    }

    fn execution(&mut self, outcome: &Outcome, error: Option<String>) {
        let Subject { id, arn, machine, since, run, trace } = self.subject;
        let status = match outcome {
            Outcome::Succeeded(_) => "SUCCEEDED",
            Outcome::Failed(_) => "FAILED",
            Outcome::TimedOut(_) => "TIMED_OUT",
            Outcome::Aborted(_) => "ABORTED",
        };
        let attributes = vec![
            ("stepwright.execution.arn", arn.to_string()),
            ("stepwright.execution.status", status.to_owned()),
        ];
        let span = ids::execution(id, *run);
        self.add(span, trace.parent, (machine.to_string(), *since), (attributes, error));
    }

    fn add(
        &mut self,
        id: SpanId,
        parent: Option<SpanId>,
        (name, start): (String, Timestamp),
        (attributes, error): (Vec<(&'static str, String)>, Option<String>),
    ) {
        let (trace, end) = (self.subject.trace.id, self.record.time);
        self.spans.push(Span { trace, id, parent, name, start, end, attributes, error });
    }
}

/// Name of the error that a state failed with. Causes are data of users.
fn failure(kind: &EventKind) -> Option<String> {
    let failure: &Failure = match kind {
        EventKind::LambdaFunctionFailed(failure)
        | EventKind::LambdaFunctionTimedOut(failure)
        | EventKind::ActivityFailed(failure)
        | EventKind::ActivityTimedOut(failure)
        | EventKind::TaskFailed { failure, .. }
        | EventKind::TaskTimedOut { failure, .. } => failure,
        _ => return None,
    };
    failure.error.as_deref().map(str::to_owned)
}

fn error(outcome: &Outcome) -> Option<String> {
    let (failure, otherwise) = match outcome {
        Outcome::Succeeded(_) => return None,
        Outcome::Failed(failure) => (failure, "FAILED"),
        Outcome::TimedOut(failure) => (failure, "TIMED_OUT"),
        Outcome::Aborted(failure) => (failure, "ABORTED"),
    };
    Some(failure.error.as_deref().unwrap_or(otherwise).to_owned())
}
