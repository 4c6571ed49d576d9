//! What a run is doing, on standard error: live on a terminal, as a plain log elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use stepwright_core::engine::{Cursor, ExecutionId, Frame, FrameId, Phase, Record};
use stepwright_core::event::EventKind;
use stepwright_core::time::Timestamp;

use crate::telemetry::lines::escape;

/// Shows states as they are entered, worked on and left.
pub(super) struct Progress {
    screen: Option<MultiProgress>,
    active: Mutex<BTreeMap<Place, Active>>,
}

/// A frame of one of the executions: children of distributed Maps are shown as well.
type Place = (ExecutionId, FrameId);

/// A state that a frame is in.
struct Active {
    label: String,
    since: Timestamp,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Live if standard error is a terminal.
    pub(super) fn new() -> Progress {
        let screen = std::io::stderr().is_terminal().then(MultiProgress::new);
        Progress { screen, active: Mutex::default() }
    }

    /// Shows what happened in a record and what its frame does now.
    pub(super) fn record(&self, cursor: &Cursor, record: &Record) {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (cursor.execution.clone(), cursor.frame.clone());
        for event in &record.events {
            match &event.kind {
                EventKind::StateEntered { name, .. } => {
                    let state = Active {
                        label: label(&cursor.frame, &record.frame, name),
                        since: record.time,
                        bar: None,
                    };
                    active.insert(place.clone(), state);
                }
                EventKind::StateExited { .. } => self.left(active.remove(&place), "✓", record.time),
                EventKind::ExecutionFailed(_) | EventKind::MapIterationFailed { .. } => {
                    self.left(active.remove(&place), "✗", record.time);
                }
                _ => {}
            }
            if let (Some(failure), Some(state)) = (failure(&event.kind), active.get(&place)) {
                let error = failure.error.as_deref().unwrap_or("no error name");
                self.line(&format!(
                    "! {}: {error}{}",
                    state.label,
                    next_try(&record.frame.phase, record.time)
                ));
            }
        }
        match (&record.frame.phase, active.get_mut(&place)) {
            (Phase::Sealed, _) => {
                active.remove(&place);
            }
            (phase, Some(state)) => self.waits(state, phase, record.time),
            _ => {}
        }
    }

    /// A line that is not about a state.
    pub(super) fn line(&self, text: &str) {
        // Names of states and errors, and what functions print, may hold anything.
        let mut line = String::new();
        escape(&mut line, text, false);
        match &self.screen {
            Some(screen) => {
                let _ = screen.println(line);
            }
            // Nobody may be there to read it; that is no reason to stop.
            None => {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    }

    /// Takes everything live off the screen.
    pub(super) fn finish(&self) {
        if let Some(screen) = &self.screen {
            let _ = screen.clear();
        }
    }

    fn left(&self, state: Option<Active>, mark: &str, at: Timestamp) {
        let Some(state) = state else { return };
        if let Some(bar) = &state.bar {
            bar.finish_and_clear();
        }
        self.line(&format!("{mark} {} ({:.2} s)", state.label, at.seconds_since(state.since)));
    }

    /// The state takes time: on a terminal it is shown while it does.
    fn waits(&self, state: &mut Active, phase: &Phase, now: Timestamp) {
        let what = match phase {
            Phase::Claimed(_) => "working",
            Phase::Pending(pending) if pending.activity.is_some() => "waiting for a worker",
            Phase::Pending(_) => "waiting for its task token",
            Phase::Polling(_) => "waiting for its job",
            Phase::Forked(_) => "running its lanes",
            Phase::Reading(_) => "reading its items",
            Phase::Writing(_) => "writing its results",
            Phase::Waiting { until } | Phase::Backoff { until } => {
                &*format!("waiting {:.0} s", until.seconds_since(now))
            }
            Phase::Ready
            | Phase::Asking
            | Phase::Awaiting { .. }
            | Phase::Parked { .. }
            | Phase::Done(_)
            | Phase::Sealed => return,
        };
        let text = format!("{} … {what}", state.label);
        let Some(screen) = &self.screen else {
            if !matches!(phase, Phase::Claimed(_)) {
                self.line(&format!("· {text}"));
            }
            return;
        };
        let bar = state.bar.get_or_insert_with(|| {
            let bar = screen.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(text);
    }
}

/// The state's name, below the states that enclose it: `ReserveStock[2] › Reserve`.
fn label(id: &FrameId, frame: &Frame, name: &str) -> String {
    let depth = id.fork().map_or(0, |_| id.0.matches('/').count() + 1);
    let indent = "  ".repeat(depth);
    match &frame.lane {
        None => format!("{indent}{name}"),
        Some(lane) => {
            let number = lane.item.as_ref().map_or(u64::from(lane.number), |item| item.index);
            format!("{indent}{}[{number}] › {name}", lane.state)
        }
    }
}

fn failure(kind: &EventKind) -> Option<&stepwright_core::engine::Failure> {
    match kind {
        EventKind::LambdaFunctionFailed(failure)
        | EventKind::LambdaFunctionTimedOut(failure)
        | EventKind::ActivityFailed(failure)
        | EventKind::ActivityTimedOut(failure)
        | EventKind::TaskFailed { failure, .. }
        | EventKind::TaskTimedOut { failure, .. }
        | EventKind::EvaluationFailed { failure, .. } => Some(failure),
        _ => None,
    }
}

fn next_try(phase: &Phase, now: Timestamp) -> String {
    match phase {
        Phase::Backoff { until } => format!(", next attempt in {:.1} s", until.seconds_since(now)),
        _ => String::new(),
    }
}
