//! What must follow from a record. Everything is computed from the record itself, so it can be done again at any time;
//! doing it twice is harmless.

use super::decide::within_bounds;
use super::draft::{Decision, Draft};
use super::{
    Cursor, Effect, Failure, Fork, Frame, Item, Lane, MapRun, Message, MessageKind, NextIndex,
    Offer, Origin, Outcome, Phase, Record, Setting, TaskCall, Visit, redrive, state,
};
use crate::asl::model::{Kind, Map, Resource, State};
use crate::expr::Document;
use crate::time::Timestamp;

/// The effects of a record; `set.cursor` is the record's own place.
pub fn effects(set: &Setting<'_>, record: &Record) -> Vec<Effect> {
    let here = set.cursor;
    let mut effects = Vec::new();
    let abandoned = record.abandons.as_ref().and_then(|job| job.call(set, &record.frame));
    effects.extend(abandoned.map(Effect::StopJob));
    if record.cancels {
        let (fork, lanes) = (record.slot.saturating_sub(1), record.lanes);
        effects.push(Effect::Cancel { by: here.clone(), fork, lanes });
    }
    match &record.frame.phase {
        Phase::Ready | Phase::Asking => effects.push(send(here.next(), MessageKind::Advance, None)),
        Phase::Claimed(_) | Phase::Reading(_) | Phase::Writing(_) | Phase::Sealed => {}
        Phase::Awaiting { unit, .. } => {
            let (by, since) = (here.clone(), record.time);
            effects.push(Effect::Spawn { by, unit: *unit, since });
        }
        Phase::Waiting { until } | Phase::Backoff { until } | Phase::Parked { until } => {
            effects.push(timer(here, *until));
        }
        Phase::Pending(pending) => {
            if let Some(task) = pending.activity.as_ref().filter(|task| !task.started) {
                let offer = Offer { cursor: here.next(), ticket: pending.ticket };
                effects.push(Effect::Offer { activity: task.arn.clone(), offer });
            }
            effects.extend(pending.due(None).map(|(due, _)| timer(here, due)));
        }
        Phase::Polling(job) => effects.push(timer(here, job.due(None))),
        Phase::Forked(fork) => {
            if fork.lanes == 0 {
                effects.push(send(here.next(), MessageKind::Join, None));
            }
            let lanes = (0..fork.lanes).filter_map(|number| lane(set, record, fork, number));
            effects.extend(lanes.map(|message| Effect::Send { message, at: None }));
        }
        Phase::Done(outcome) => effects.extend(ended(here, record, outcome)),
    }
    effects
}

/// What follows from the end of a frame: the root closes its execution, a lane reports to its fork.
fn ended(here: &Cursor, record: &Record, outcome: &Outcome) -> Vec<Effect> {
    let execution = here.execution.clone();
    match here.frame.fork() {
        None => vec![Effect::Close { execution, outcome: outcome.clone(), at: record.time }],
        Some((frame, slot, lane)) => vec![Effect::Join {
            fork: Cursor { execution, frame, slot },
            lane,
            lanes: record.frame.lane.as_ref().map_or(0, |lane| lane.of),
            failed: !matches!(outcome, Outcome::Succeeded(_)),
            of_run: record.frame.lane.as_ref().is_some_and(|lane| lane.done.is_some()),
        }],
    }
}

fn send(cursor: Cursor, kind: MessageKind, at: Option<Timestamp>) -> Effect {
    Effect::Send { message: Message { cursor, kind }, at }
}

fn timer(here: &Cursor, due: Timestamp) -> Effect {
    send(here.next(), MessageKind::Timer { due }, Some(due))
}

/// The message that begins lane `number` of a fork; `set.cursor` is the fork's own place. `None` past the last item.
pub fn lane(set: &Setting<'_>, record: &Record, fork: &Fork, number: u32) -> Option<Message> {
    let here = set.cursor;
    let frame = lane_frame(set, record, fork, number)?;
    let frame_id = here.frame.child(record.slot, number);
    let cursor = Cursor { execution: here.execution.clone(), frame: frame_id, slot: 0 };
    Some(Message { cursor, kind: MessageKind::Fork(Box::new(frame)) })
}

/// The frame with which a lane of a fork begins.
fn lane_frame(set: &Setting<'_>, record: &Record, fork: &Fork, number: u32) -> Option<Frame> {
    let state = set.machine.state(record.frame.flow, &record.frame.state)?;
    let begin = |lane: Lane, flow, input: Document| Frame {
        flow,
        lane: Some(lane),
        state: set.machine.flow(flow).map(|f| f.start_at.clone()).unwrap_or_default(),
        input,
        variables: record.frame.variables.clone(),
        visit: Visit { entered_at: record.time, ..Visit::default() },
        last: Some(fork.started.clone()),
        events_before: record.frame_after().events_before,
        phase: Phase::Ready,
    };
    let begun = fork.resumed.as_ref().map(|resumed| resumed.begun.as_slice()).unwrap_or_default();
    if let Some(frame) = begun.get(number as usize) {
        return Some(resumed(frame, record.time));
    }
    let lane = Lane {
        state: state.name.clone(),
        number,
        of: fork.lanes,
        item: None,
        branch: None,
        resumed: None,
        done: None,
    };
    match &state.kind {
        Kind::Map(map) if fork.run.is_some() => {
            let lane = Lane { done: Some(0), ..lane };
            let frame = begin(lane, map.processor, Document::empty_object());
            Some(Frame { variables: None, phase: Phase::Asking, ..frame })
        }
        Kind::Parallel(parallel) => {
            let place = fork.place(u64::from(number))?;
            let flow = *parallel.branches.get(usize::try_from(place).ok()?)?;
            let branch = fork.resumed.is_some().then_some(place as u32);
            Some(begin(Lane { branch, ..lane }, flow, fork.input.clone()))
        }
        Kind::Map(map) => {
            let (item, input) = item(set, record, fork, fork.place(u64::from(number))?)?;
            Some(begin(Lane { item: Some(item), ..lane }, map.processor, input))
        }
        _ => None,
    }
}

/// The frame with which a lane of a resumed fork goes on.
fn resumed(begun: &Frame, forked: Timestamp) -> Frame {
    let lane = begun.lane.clone().map(|lane| Lane { resumed: Some(forked), ..lane });
    Frame { lane, ..begun.clone() }
}

/// Item `index` of a Map that has forked, with the input of its iteration. `None` past the last item.
pub fn item(
    set: &Setting<'_>,
    record: &Record,
    fork: &Fork,
    index: u64,
) -> Option<(Item, Document)> {
    let (state, map) = map_of(set, record)?;
    let all = fork.items.as_ref()?.value().as_array()?;
    let value = all.get(usize::try_from(index).ok()?)?;
    let next = match (&fork.resumed, fork.lanes) {
        (Some(resumed), lanes) => redrive::next_index(lanes, resumed.todo.len()),
        (None, lanes) if lanes as usize >= all.len() => NextIndex::None,
        (None, 1) => NextIndex::Following,
        (None, _) => NextIndex::Dispensed,
    };
    let value = Document::from(value.clone());
    let item = Item { index, of: all.len() as u64, next, value, key: None, source: None };
    // Each item draws its own random numbers.
    let made = Decision::from(record.frame.clone());
    let draft = Draft::seeded(set, made, &format!("item.{index}"));
    // The selector was evaluated for every item before the fork; the same data gives the same value.
    let input = state::map::item_input(&draft, state, map, &fork.input, &item)
        .unwrap_or_else(|_| item.value.clone());
    Some((item, input))
}

/// What ItemSelector makes of an item of a distributed Map, or the item; `record` is the one that reads the items.
///
/// # Errors
/// What the Map fails with: the selector cannot be evaluated, or makes too much of the item.
pub fn unit_input(
    set: &Setting<'_>,
    record: &Record,
    run: &MapRun,
    item: &Item,
) -> Result<Document, Failure> {
    let Some((state, map)) = map_of(set, record) else { return Ok(item.value.clone()) };
    let made = Decision::from(record.frame.clone());
    let draft = Draft::seeded(set, made, &format!("item.{}", item.index));
    let entered = record.frame.visit.entered_event;
    let input = state::map::item_input(&draft, state, map, &run.input, item)
        .map_err(|error| Failure::of_expression(&error, &state.name, entered))?;
    within_bounds(&draft, &state.name, &input)?;
    Ok(input)
}

fn map_of<'m>(set: &Setting<'m>, record: &Record) -> Option<(&'m State, &'m Map)> {
    let state = set.machine.state(record.frame.flow, &record.frame.state)?;
    if let Kind::Map(map) = &state.kind { Some((state, map)) } else { None }
}

/// The call that a claim stands for; `None` if the frame is not claimed.
pub fn task_call(set: &Setting<'_>, record: &Record) -> Option<TaskCall> {
    frame_call(set, &record.frame)
}

/// The call that a frame's claim stands for.
pub(crate) fn frame_call(set: &Setting<'_>, frame: &Frame) -> Option<TaskCall> {
    let Phase::Claimed(claim) = &frame.phase else { return None };
    let state = set.machine.state(frame.flow, &frame.state)?;
    let Kind::Task(task) = &state.kind else { return None };
    let cursor = Cursor { slot: claim.ticket, ..set.cursor.clone() };
    let mut token =
        crate::expr::Entropy::of(&cursor.execution.0, &cursor.frame.0, cursor.slot, "idempotency");
    Some(TaskCall {
        resource: task.resource.clone(),
        parameters: claim.parameters.clone(),
        timeout_seconds: claim.timeout_seconds,
        credentials: claim.credentials.clone(),
        idempotency_token: token.uuid(),
        origin: Origin::of(set, frame, &state.name),
        cursor,
    })
}

/// Activities that a definition names.
pub fn activities(
    machine: &crate::asl::model::Machine,
) -> impl Iterator<Item = &std::sync::Arc<str>> {
    machine.flows.iter().flat_map(|flow| flow.states.values()).filter_map(|state| {
        match &state.kind {
            Kind::Task(task) => match &task.resource {
                Resource::Activity(arn) => Some(arn),
                _ => None,
            },
            _ => None,
        }
    })
}

/// The failure with which a frame ended, if it ended with one.
pub fn failure_of(frame: &Frame) -> Option<Failure> {
    match &frame.phase {
        Phase::Done(Outcome::Failed(f) | Outcome::TimedOut(f) | Outcome::Aborted(f)) => {
            Some(f.clone())
        }
        _ => None,
    }
}
