//! Map: one run of its processor for each item, in as many lanes as MaxConcurrency allows.

use super::super::context::Sight;
use super::super::data_flow::{plain, unexpected};
use super::super::decide::{Broken, Step, within_bounds};
use super::super::draft::{Draft, Look};
use super::super::{Failure, Item, NextIndex, Outcome, Phase, Visit, reader, state};
use crate::asl::model::{Map, QueryLanguage, State};
use crate::event::EventKind;
use crate::event::failure::name;
use crate::expr::{Document, Error, States, Value};

/// Forks into lanes.
pub(crate) fn fork(draft: &mut Draft<'_>, state: &State, map: &Map) -> Result<Step, Error> {
    if let Some(parts) = &map.distributed {
        return Ok(super::distributed::begin(draft, state, map, parts));
    }
    match prepare(draft, state, map) {
        Ok(Prepared { input, items, lanes }) => {
            let length = items.value().as_array().map_or(0, <[Value]>::len) as u64;
            let started = draft.push(EventKind::MapStateStarted { length });
            if length == 0 {
                return Ok(state::fork::succeeded(
                    draft,
                    state,
                    &Document::from_trusted_text("[]"),
                ));
            }
            Ok(state::fork::phase(lanes, input, Some(items), started))
        }
        Err(refused) => Ok(refuse(draft, state, refused)),
    }
}

/// What a Map came to before its first iteration, for a trial that does not run any.
pub(crate) struct Tried {
    /// Inputs of the iterations; `None` where the items would have to be read first.
    pub(crate) inputs: Option<Vec<Value>>,
    /// ToleratedFailureCount, where it is given.
    pub(crate) tolerated_count: Option<f64>,
    /// ToleratedFailurePercentage, where it is given.
    pub(crate) tolerated_percentage: Option<f64>,
}

/// Everything before the first iteration, or the step that it fails with.
pub(crate) fn prepare_trial(
    draft: &mut Draft<'_>,
    state: &State,
    map: &Map,
) -> Result<Tried, Box<Step>> {
    let try_it = |draft: &Draft<'_>| -> Result<Tried, Refused> {
        let input = draft.effective_input(state)?;
        let items = match map.distributed.as_ref().and_then(|map| map.item_reader.as_ref()) {
            Some(reader) => read_items(draft, reader)?,
            None => Some(items(draft, state, map, &input)?),
        };
        let Bounds { tolerated_count, tolerated_percentage, .. } =
            bounds(draft, state, map, &input)?;
        let Some(items) = items else {
            return Ok(Tried { inputs: None, tolerated_count, tolerated_percentage });
        };
        if state.language == QueryLanguage::JsonPath {
            draft.note("afterItemsPath", &items);
        }
        let all = items.value().as_array().unwrap_or_default();
        let inputs = select(draft, state, map, (&input, all))?;
        let inputs = Some(inputs.unwrap_or_else(|| all.to_vec()));
        Ok(Tried { inputs, tolerated_count, tolerated_percentage })
    };
    let tried = try_it(draft);
    tried.map_err(|refused| Box::new(refuse(draft, state, refused)))
}

/// The items of the data that a trial's reader is said to have read, if it is.
fn read_items(draft: &Draft<'_>, reader: &Value) -> Result<Option<Document>, Refused> {
    let data = draft.inspector.as_ref().and_then(|inspector| inspector.items_read.clone());
    let Some(data) = data else { return Ok(None) };
    let read = reader::read(reader, &data)
        .map_err(|why| Refused::Plain(Failure::new(name::ITEM_READER_FAILED, why)))?;
    if let Some(pointed) = &read.pointed {
        draft.note("afterItemsPointer", pointed);
    }
    Ok(Some(read.all))
}

pub(super) fn refuse(draft: &mut Draft<'_>, state: &State, refused: Refused) -> Step {
    match refused {
        Refused::Expression(error) => state::fork::refused(draft, state, &error),
        Refused::Plain(failure) => Step::Fail(Broken::from(failure)),
    }
}

struct Prepared {
    input: Document,
    items: Document,
    lanes: u32,
}

pub(super) enum Refused {
    Expression(Error),
    Plain(Failure),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Expression(error)
    }
}

/// Everything that can fail before the first iteration: the items, the concurrency, each item's selector.
fn prepare(draft: &Draft<'_>, state: &State, map: &Map) -> Result<Prepared, Refused> {
    let input = draft.effective_input(state)?;
    let items = items(draft, state, map, &input)?;
    let all = items.value().as_array().unwrap_or_default();
    let asked = bounds(draft, state, map, &input)?.concurrency;
    let limit = draft.set.limits.inline_concurrency;
    let most = if asked >= 1.0 { (asked as u32).min(limit) } else { limit };
    let lanes = most.min(u32::try_from(all.len()).unwrap_or(u32::MAX));
    select(draft, state, map, (&input, all))?;
    Ok(Prepared { input, items, lanes })
}

pub(super) struct Bounds {
    pub(super) concurrency: f64,
    pub(super) tolerated_count: Option<f64>,
    pub(super) tolerated_percentage: Option<f64>,
}

pub(super) fn bounds(
    draft: &Draft<'_>,
    state: &State,
    map: &Map,
    input: &Document,
) -> Result<Bounds, Error> {
    let look = plain(input, Draft::sight(state));
    let concurrency =
        draft.number(&map.max_concurrency, look, "MaxConcurrency")?.unwrap_or_default();
    draft.note_number("maxConcurrency", Some(concurrency));
    let count = draft.number(&map.tolerated_failure_count, look, "ToleratedFailureCount")?;
    draft.note_number("toleratedFailureCount", count);
    let percentage =
        draft.number(&map.tolerated_failure_percentage, look, "ToleratedFailurePercentage")?;
    draft.note_number("toleratedFailurePercentage", percentage);
    Ok(Bounds { concurrency, tolerated_count: count, tolerated_percentage: percentage })
}

/// Each item's selector, which is to fail before the first iteration if it fails; what they make is kept for a trial
/// only.
fn select(
    draft: &Draft<'_>,
    state: &State,
    map: &Map,
    (input, all): (&Document, &[Value]),
) -> Result<Option<Vec<Value>>, Refused> {
    if map.item_selector.is_none() {
        return Ok(None);
    }
    let mut inputs = Vec::new();
    for (index, value) in all.iter().enumerate() {
        let item = Item {
            index: index as u64,
            of: all.len() as u64,
            next: NextIndex::None,
            value: value.clone().into(),
            key: None,
            source: None,
        };
        let selected = item_input(draft, state, map, input, &item)?;
        within_bounds(draft, &state.name, &selected).map_err(Refused::Plain)?;
        if draft.inspector.is_some() {
            inputs.push(selected.value().clone());
        }
    }
    if draft.inspector.is_some() {
        draft.note("afterItemSelector", &Document::from(Value::array(inputs.clone())));
    }
    Ok(Some(inputs))
}

pub(super) fn items(
    draft: &Draft<'_>,
    state: &State,
    map: &Map,
    input: &Document,
) -> Result<Document, Refused> {
    let look = plain(input, Draft::sight(state));
    let (items, given) = match (&map.items, &map.items_path) {
        (Some(template), _) => (draft.render(template, look, "Items")?, template.source()),
        (None, Some(path)) => (Document::from(draft.read(path, look)?), None),
        (None, None) => (input.clone(), None),
    };
    let members = map.distributed.is_some() && items.value().as_object().is_some();
    if members || items.value().as_array().is_some() {
        return Ok(items);
    }
    if state.language == QueryLanguage::JsonPath {
        let path = map.items_path.as_ref().map_or("$", |path| path.within());
        return Err(Refused::Plain(Failure::new(
            name::RUNTIME,
            format!("Reference path \"{path}\" must point to array."),
        )));
    }
    let text = items.text();
    Err(Refused::Expression(match given {
        Some(source) => unexpected(Some(source), "Items", "array", items.value()),
        None => Error::query(format!("Map state input must be an array but was: {text}")),
    }))
}

/// The input of an iteration: what ItemSelector makes of the item, or the item.
pub(crate) fn item_input(
    draft: &Draft<'_>,
    state: &State,
    map: &Map,
    input: &Document,
    item: &Item,
) -> Result<Document, Error> {
    let Some(selector) = &map.item_selector else { return Ok(item.value.clone()) };
    let sight = Sight { item: Some(item), ..Draft::sight(state) };
    let states = States { input: Some(input.value()), ..States::default() };
    draft.render(selector, Look { input: input.value(), states, sight }, "ItemSelector")
}

/// A lane begins: for a Map with its first item.
pub(crate) fn begin_lane(draft: &mut Draft<'_>) {
    if let Some(kind) =
        iteration(draft, |name, index| EventKind::MapIterationStarted { name, index })
    {
        draft.push(kind);
    }
}

/// The item in hand is done. Its event does not become the previous one of what follows in this lane (recorded), but it
/// is the lane's last one if nothing follows.
pub(crate) fn item_done(draft: &mut Draft<'_>, output: Document) {
    let Some(kind) =
        iteration(draft, |name, index| EventKind::MapIterationSucceeded { name, index })
    else {
        return;
    };
    let previous = draft.made.frame.last.clone();
    let event = draft.push_aside(kind, previous);
    let Some(item) = draft.made.frame.lane.as_ref().and_then(|lane| lane.item.as_ref()) else {
        return;
    };
    let (index, more) = (
        item.index,
        match item.next {
            NextIndex::None => false,
            NextIndex::Following => item.index + 1 < item.of,
            NextIndex::Dispensed => true,
        },
    );
    draft.made.results.push((index, output));
    let frame = draft.frame();
    if more {
        frame.phase = Phase::Asking;
        return;
    }
    frame.last = Some(event);
    frame.phase = Phase::Done(Outcome::Succeeded(Document::from_trusted_text("null")));
}

/// The lane goes on with the next item, or is done.
pub(crate) fn next_item(draft: &mut Draft<'_>, granted: Option<(Item, Document)>) {
    let start = draft.set.machine.flow(draft.made.frame.flow).map(|flow| flow.start_at.clone());
    let frame = draft.frame();
    let (Some((item, input)), Some(start)) = (granted, start) else {
        frame.phase = Phase::Done(Outcome::Succeeded(Document::from_trusted_text("null")));
        return;
    };
    if let Some(lane) = &mut frame.lane {
        lane.item = Some(item);
    }
    frame.state = start;
    frame.input = input;
    frame.visit = Visit::default();
    frame.phase = Phase::Ready;
    begin_lane(draft);
}

/// A lane ends with a failure.
pub(crate) fn item_failed(draft: &mut Draft<'_>) {
    if let Some(kind) =
        iteration(draft, |name, index| EventKind::MapIterationFailed { name, index })
    {
        let previous = draft.made.frame.last.clone();
        draft.push_aside(kind, previous);
    }
}

fn iteration(
    draft: &Draft<'_>,
    event: impl FnOnce(std::sync::Arc<str>, u64) -> EventKind,
) -> Option<EventKind> {
    let lane = draft.made.frame.lane.as_ref()?;
    let item = lane.item.as_ref()?;
    Some(event(lane.state.clone(), item.index))
}
