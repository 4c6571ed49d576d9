//! Map with `Mode: DISTRIBUTED`: its items are read, each (or each batch) becomes a child execution, and what came of them
//! is collected.
//!
//! ```text
//! begin ──▶ Reading ──▶ Forked (lanes: Asking ──▶ Awaiting a child ──▶ Asking …) ──▶ Writing ──▶ left, or failed
//! ```
//! What reads, starts and writes is the turn; here is what it means.

use super::super::decide::{Broken, Step};
use super::super::draft::Draft;
use super::super::map_run::{Batch, Bounds, LANES, Progress, Source};
use super::super::{ExecutionId, Failure, Fork, Lane, MapRun, Outcome, Phase, Units, part};
use super::fork;
use super::map::{self, Refused};
use crate::asl::model::{Distributed, Map, QueryLanguage, State};
use crate::event::failure::{located, name};
use crate::event::{EventKind, StateClass};
use crate::expr::{Document, Entropy, Error, Value};

/// The state is entered: its run starts with the reading of the items.
pub(crate) fn begin(draft: &mut Draft<'_>, state: &State, map: &Map, parts: &Distributed) -> Step {
    match prepare(draft, state, map, parts) {
        Ok(run) => Step::Stay(Phase::Reading(Box::new(run))),
        Err(refused) => map::refuse(draft, state, refused),
    }
}

fn prepare(
    draft: &mut Draft<'_>,
    state: &State,
    map: &Map,
    parts: &Distributed,
) -> Result<MapRun, Refused> {
    let input = draft.effective_input(state)?;
    let items = match &parts.item_reader {
        Some(_) => None,
        None => Some(map::items(draft, state, map, &input)?),
    };
    // What is wrong with the bounds or with a reader shows after this event (recorded for the bounds).
    draft.push(EventKind::MapStateStarted { length: items.as_ref().map_or(0, length) });
    let bounds = bounds(draft, state, map, &input)?;
    let source = source(draft, state, parts, (&input, items))?;
    let batch = batch(draft, state, parts, &input)?;
    let writer = match &parts.result_writer {
        Some(part) => Some(part::computed(draft, state, ("ResultWriter", part), &input)?.into()),
        None => None,
    };
    let (arn, machine) = names(draft, state, parts);
    let started = draft.push(EventKind::MapRunStarted { map_run_arn: arn.as_str().into() });
    Ok(MapRun {
        arn: arn.into(),
        machine: machine.into(),
        flow: map.processor,
        kind: parts.execution_type,
        input,
        source,
        batch,
        writer,
        bounds,
        started,
        units: None,
        failure: None,
        redriven: None,
        progress: None,
    })
}

/// How many items there are, as far as that is known.
fn length(items: &Document) -> u64 {
    match items.value() {
        Value::Object(members) => members.len() as u64,
        value => value.as_array().map_or(0, <[Value]>::len) as u64,
    }
}

/// Where the items come from. A reader goes before ItemsPath (recorded).
fn source(
    draft: &Draft<'_>,
    state: &State,
    parts: &Distributed,
    (input, items): (&Document, Option<Document>),
) -> Result<Option<Source>, Refused> {
    let Some(part) = &parts.item_reader else { return Ok(items.map(Source::Data)) };
    let computed = part::computed(draft, state, ("ItemReader", part), input)?;
    Ok(Some(Source::Reader(computed.into())))
}

fn bounds(
    draft: &Draft<'_>,
    state: &State,
    map: &Map,
    input: &Document,
) -> Result<Bounds, Refused> {
    let asked = map::bounds(draft, state, map, input)?;
    let (count, percentage) =
        (asked.tolerated_count.unwrap_or(0.0), asked.tolerated_percentage.unwrap_or(0.0));
    let wrong = match (count >= 0.0, (0.0..=100.0).contains(&percentage)) {
        (true, true) => None,
        (false, _) => Some("ToleratedFailureCount cannot be negative."),
        (_, false) => Some("ToleratedFailurePercentage must be between 0 and 100."),
    };
    if let Some(wrong) = wrong {
        let cause = located(&state.name, draft.made.frame.visit.entered_event, wrong);
        return Err(Refused::Plain(Failure::new(name::RUNTIME, cause)));
    }
    let concurrency = asked.concurrency.max(0.0) as u64;
    Ok(Bounds { concurrency, failures: count as u64, percentage })
}

fn batch(
    draft: &Draft<'_>,
    state: &State,
    parts: &Distributed,
    input: &Document,
) -> Result<Option<Batch>, Error> {
    let Some(part) = &parts.item_batcher else { return Ok(None) };
    let computed = part::computed(draft, state, ("ItemBatcher", part), input)?;
    Ok(Some(batch_of(&computed)))
}

/// What an ItemBatcher that was computed says.
pub(crate) fn batch_of(computed: &Value) -> Batch {
    let number = |field: &str| {
        let found = computed.get(field).and_then(Value::as_f64);
        found.filter(|most| *most >= 1.0).map(|most| most as u64)
    };
    let common = computed.get("BatchInput").filter(|common| **common != Value::Null);
    Batch {
        items: number("MaxItemsPerBatch"),
        bytes: number("MaxInputBytesPerBatch"),
        common: common.map(|common| common.clone().into()),
    }
}

/// The run's ARN, and `MACHINE/LABEL`. A Map without a label gets one that stays the same.
fn names(draft: &Draft<'_>, state: &State, parts: &Distributed) -> (String, String) {
    let (facts, cursor) = (draft.set.execution, draft.set.cursor);
    let machine = facts.machine_arn.split_once('/').map_or(&*facts.machine_arn, |(base, _)| base);
    let label = match &parts.label {
        Some(label) => label.to_string(),
        None => Entropy::of(machine, &state.name, 0, "label").uuid(),
    };
    let id = Entropy::of(&cursor.execution.0, &cursor.frame.0, cursor.slot, "map run").uuid();
    let run = machine.replacen(":stateMachine:", ":mapRun:", 1);
    (format!("{run}/{label}:{id}"), format!("{machine}/{label}"))
}

/// The items were read: the run forks into lanes, or is over if there are none.
pub(crate) fn read(
    draft: &mut Draft<'_>,
    state: &State,
    run: MapRun,
    read: Result<Units, Failure>,
) -> Step {
    let units = match read {
        Ok(units) => units,
        Err(failure) => return broken(draft, state, failure),
    };
    let count = units.count;
    let started = run.started.clone();
    let run = Box::new(MapRun { source: None, units: Some(units), progress: None, ..run });
    if count == 0 {
        return Step::Stay(Phase::Writing(run));
    }
    let lanes = run.bounds.lanes(count, LANES);
    let input = Document::empty_object();
    let run = Some(run);
    Step::Stay(Phase::Forked(Fork { lanes, input, items: None, started, run, resumed: None }))
}

/// A turn had no time left for all of it; the next one goes on.
pub(crate) fn paused(run: MapRun, progress: Progress) -> Box<MapRun> {
    Box::new(MapRun { progress: Some(progress), ..run })
}

/// What a lane does that was granted a unit, or none.
pub(crate) fn next(unit: Option<(u64, ExecutionId)>) -> Phase {
    match unit {
        Some((unit, child)) => Phase::Awaiting { unit, child },
        None => Phase::Done(Outcome::Succeeded(Document::from_trusted_text("null"))),
    }
}

/// The child that a lane waited for has ended; what the lane does now.
pub(crate) fn child_ended(draft: &mut Draft<'_>, exceeded: Option<Failure>) -> Phase {
    let frame = draft.frame();
    frame.lane =
        frame.lane.take().map(|lane| Lane { done: lane.done.map(|done| done + 1), ..lane });
    match exceeded {
        Some(failure) => Phase::Done(Outcome::Failed(failure)),
        None => Phase::Asking,
    }
}

/// A lane has failed, and so has the run; what there is of results is written.
pub(crate) fn failed(run: MapRun, failure: Failure) -> Step {
    Step::Stay(Phase::Writing(Box::new(MapRun { failure: Some(failure), ..run })))
}

/// The results are there: the run has succeeded, or it fails now that they are written.
pub(crate) fn collected(
    draft: &mut Draft<'_>,
    state: &State,
    run: MapRun,
    result: Result<Document, Failure>,
) -> Step {
    let result = match (run.failure, result) {
        (Some(failure), _) | (None, Err(failure)) => return broken(draft, state, failure),
        (None, Ok(result)) => result,
    };
    let started = Some(run.started);
    let succeeded = draft.push_aside(EventKind::MapRunSucceeded, started.clone());
    draft.push_aside(EventKind::MapStateSucceeded, Some(succeeded.clone()));
    // The exit follows the start of the run, but in an execution's first state its success (all recordings agree).
    let first = draft.made.frame.visit.before.is_none();
    draft.frame().last = if first { Some(succeeded) } else { started };
    match draft.leave_with_result(state, &result) {
        Ok(leaving) => Step::Leave { leaving, next: state.next.clone() },
        Err(error) => super::failed(draft, &error),
    }
}

/// The execution ends while a run is under way.
pub(crate) fn aborted(draft: &mut Draft<'_>, phase: &Phase) {
    let runs = match phase {
        Phase::Forked(fork) => fork.run.is_some(),
        phase => matches!(phase, Phase::Reading(_) | Phase::Writing(_)),
    };
    if runs {
        draft.push(EventKind::MapRunAborted);
        draft.push(EventKind::StateAborted { class: StateClass::Map });
    }
}

fn broken(draft: &mut Draft<'_>, state: &State, failure: Failure) -> Step {
    draft.push(EventKind::MapRunFailed(failure.clone()));
    // What nothing can catch does not close the state (as with an inline Map).
    let fatal = failure.error.as_deref() == Some(name::RUNTIME)
        && state.language == QueryLanguage::JsonPath;
    let closing = (!fatal).then(|| fork::closing(state));
    Step::Fail(Broken { failure, heartbeat: false, closing })
}
