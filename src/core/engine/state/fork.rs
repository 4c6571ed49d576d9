//! What Parallel and Map share: lanes that run side by side, and what becomes of the state when they end.

use super::super::decide::{Broken, Step, too_large};
use super::super::draft::{Draft, class};
use super::super::{EventRef, Fork, Frame, LaneFailure, Lanes, Phase};
use crate::asl::model::State;
use crate::event::failure::name;
use crate::event::{EventKind, StateClass};
use crate::expr::{Document, Error};

/// The phase of a state that has forked.
pub(crate) fn phase(
    lanes: u32,
    input: Document,
    items: Option<Document>,
    started: EventRef,
) -> Step {
    let fork = Fork { lanes, input, items, started, run: None, resumed: None };
    Step::Stay(Phase::Forked(fork))
}

/// All lanes have ended well.
pub(crate) fn joined(draft: &mut Draft<'_>, state: &State, lanes: &Lanes) -> Step {
    let frame = draft.frame();
    frame.events_before += lanes.events;
    frame.last = Some(lanes.last.clone());
    let outputs: Vec<&str> = lanes.outputs.iter().map(Document::text).collect();
    let size: usize = outputs.iter().map(|output| output.len() + 1).sum();
    if size > draft.set.limits.payload {
        let failure = too_large(&state.name);
        return Step::Fail(Broken { failure, heartbeat: false, closing: Some(closing(state)) });
    }
    succeeded(draft, state, &Document::from_trusted_text(format!("[{}]", outputs.join(","))))
}

/// The state as a whole has this result. The event that says so does not become the previous one of the exit (recorded).
pub(crate) fn succeeded(draft: &mut Draft<'_>, state: &State, result: &Document) -> Step {
    let kind = match class(state) {
        StateClass::Map => EventKind::MapStateSucceeded,
        _ => EventKind::ParallelStateSucceeded,
    };
    let previous = draft.made.frame.last.clone();
    draft.push_aside(kind, previous);
    match draft.leave_with_result(state, result) {
        Ok(leaving) => Step::Leave { leaving, next: state.next.clone() },
        Err(error) => super::failed(draft, &error),
    }
}

/// A lane failed; the others are cancelled.
pub(crate) fn failed(draft: &mut Draft<'_>, state: &State, lane: &LaneFailure) -> Step {
    let frame = draft.frame();
    frame.events_before += lane.events;
    frame.last.clone_from(&lane.lane.last);
    for cancelled in &lane.unfinished {
        if let Some(kind) = aborted(draft, cancelled) {
            let previous = draft.made.frame.last.clone();
            draft.push_aside(kind, previous);
        }
    }
    let failure = lane.failure.clone();
    Step::Fail(Broken { failure, heartbeat: false, closing: Some(closing(state)) })
}

/// What comes before the lanes cannot be evaluated: the state has failed as a whole (recorded for a Map's items), unless
/// nothing can catch it.
pub(super) fn refused(draft: &mut Draft<'_>, state: &State, error: &Error) -> Step {
    let failure = draft.evaluation_failed(error);
    let closing = (failure.error.as_deref() != Some(name::RUNTIME)).then(|| closing(state));
    Step::Fail(Broken { failure, heartbeat: false, closing })
}

/// The event that closes a state which has failed as a whole.
pub(crate) fn closing(state: &State) -> EventKind {
    match class(state) {
        StateClass::Map => EventKind::MapStateFailed,
        _ => EventKind::ParallelStateFailed,
    }
}

/// What history says of a cancelled frame: the state it was in, if that is one that takes time.
fn aborted(draft: &Draft<'_>, frame: &Frame) -> Option<EventKind> {
    // A lane of a Map Run is in no state: those that it waits for are in a child's history.
    if matches!(frame.phase, Phase::Ready | Phase::Asking | Phase::Awaiting { .. }) {
        return None;
    }
    let state = draft.set.machine.state(frame.flow, &frame.state)?;
    let class = class(state);
    matches!(class, StateClass::Task | StateClass::Wait | StateClass::Parallel | StateClass::Map)
        .then_some(EventKind::StateAborted { class })
}
