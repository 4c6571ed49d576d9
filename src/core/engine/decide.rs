//! The door of the engine: [`decide`].

use super::context::Sight;
use super::data_flow::{Leaving, plain};
use super::draft::Look;
use super::draft::{Decision, Draft, class};
use super::retry::{self, Failed};
use super::{
    Claim, EventRef, Failure, Fork, Frame, Job, Outcome, Phase, Setting, Stimulus, Visit, redrive,
    state,
};
use crate::asl::model::{Catcher, QueryLanguage, State, Transition};
use crate::event::EventKind;
use crate::event::failure::{located, name};
use crate::expr::value::Excess;
use crate::expr::{Document, Error, States, Value};
use crate::time::Timestamp;

/// Most events that one record holds before the frame is committed and goes on in the next one.
pub const EVENTS_PER_RECORD: usize = 500;

/// What a stimulus leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// A transition to be committed.
    Commit(Box<Decision>),
    /// Nothing yet: the time has not come. The timer is to be sent again for then.
    NotBefore(Timestamp),
    /// Nothing: the frame does not wait for this (any more).
    Stale,
}

/// What happens next: the transition that a stimulus makes of a frame, with all states entered that the setting allows.
///
/// Total: whatever is wrong with the workflow is a transition that fails it. The same arguments always give the same
/// answer.
pub fn decide(set: &Setting<'_>, made: Decision, stimulus: Stimulus) -> Decided {
    let mut draft = Draft::new(set, made);
    let last = draft.made.frame.last.clone();
    let job = abandoned(&draft.made.frame.phase, &stimulus);
    match react(&mut draft, stimulus) {
        Reaction::Step(step) => {
            settle(&mut draft, step);
            run(&mut draft);
        }
        Reaction::Run => run(&mut draft),
        Reaction::Over => {}
        Reaction::NotBefore(at) => return Decided::NotBefore(at),
        Reaction::Stale => return Decided::Stale,
    }
    draft.made.abandons = job;
    let submitted = abandoned(&draft.made.frame.phase, &Stimulus::Advance);
    bound_history(&mut draft, last);
    if draft.made.frame.phase.over() && submitted.is_some() {
        draft.made.abandons = submitted;
    }
    Decided::Commit(Box::new(draft.made))
}

/// The job that nobody waits for any more if the frame goes on by this stimulus, which is not the job's own end.
fn abandoned(phase: &Phase, stimulus: &Stimulus) -> Option<Job> {
    match (phase, stimulus) {
        (Phase::Polling(_), Stimulus::Task(_)) => None,
        (Phase::Polling(job), _) => Some(job.clone()),
        _ => None,
    }
}

/// Ends the execution when its history is full: the last event that there is room for says so. Lanes count their own
/// events and those before their fork; what the other lanes did is counted when they are joined.
fn bound_history(draft: &mut Draft<'_>, mut last: Option<EventRef>) {
    let Some(most) = draft.set.limits.events else { return };
    let made = &mut draft.made;
    let events = made.frame.events_before + made.events.len() as u64;
    if events < most || (events == most && made.frame.phase.over()) {
        return;
    }
    let room = most.saturating_sub(1).saturating_sub(made.frame.events_before) as usize;
    made.events.truncate(room);
    if let Some(index) = made.events.len().checked_sub(1) {
        let cursor = draft.set.cursor;
        last =
            Some(EventRef { frame: cursor.frame.clone(), slot: cursor.slot, index: index as u32 });
    }
    made.frame.last = last;
    die(draft, Failure::full_history(most));
}

/// The frame with which an execution begins, and a decision on it.
pub fn begin(set: &Setting<'_>) -> Decided {
    let frame = Frame {
        flow: set.execution.flow,
        lane: None,
        state: set
            .machine
            .flow(set.execution.flow)
            .map(|flow| flow.start_at.clone())
            .unwrap_or_default(),
        input: set.execution.input.clone(),
        variables: None,
        visit: Visit::default(),
        last: None,
        events_before: 0,
        phase: Phase::Ready,
    };
    decide(set, Decision::from(frame), Stimulus::Start)
}

/// What a state does with itself.
pub(crate) enum Step {
    /// It is left.
    Leave {
        /// With this.
        leaving: Leaving,
        /// Whereto.
        next: Transition,
    },
    /// It waits, or works.
    Stay(Phase),
    /// It failed; its retriers and catchers are asked.
    Fail(Broken),
    /// It ends its flow with a failure that its own retriers and catchers do not see.
    Die(Failure),
}

/// A failure of a state.
pub(crate) struct Broken {
    /// The error.
    pub(crate) failure: Failure,
    /// Whether it is a missed heartbeat.
    pub(crate) heartbeat: bool,
    /// The event that says so for the whole state, if it is not retried (`MapStateFailed`, `ParallelStateFailed`).
    pub(crate) closing: Option<EventKind>,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken { failure, heartbeat: false, closing: None }
    }
}

enum Reaction {
    Step(Step),
    Run,
    Over,
    NotBefore(Timestamp),
    Stale,
}

/// What may follow what: one total match of phase and stimulus.
#[expect(clippy::too_many_lines, reason = "one flat table")]
fn react(draft: &mut Draft<'_>, stimulus: Stimulus) -> Reaction {
    let phase = draft.made.frame.phase.clone();
    match (phase, stimulus) {
        (
            Phase::Done(Outcome::Failed(_) | Outcome::TimedOut(_) | Outcome::Aborted(_)),
            Stimulus::Redrive { count, resumption },
        ) if draft.made.frame.lane.is_none() => {
            redrive::redriven(draft, count, resumption);
            Reaction::Over
        }
        (phase, _) if phase.over() => Reaction::Stale,
        (phase, Stimulus::Stop(failure)) => {
            state::distributed::aborted(draft, &phase);
            end(draft, EventKind::ExecutionAborted(failure.clone()), Outcome::Aborted(failure))
        }
        (phase, Stimulus::Fail(failure)) => {
            state::distributed::aborted(draft, &phase);
            end(draft, EventKind::ExecutionFailed(failure.clone()), Outcome::Failed(failure))
        }
        (phase, Stimulus::Deadline) => {
            state::distributed::aborted(draft, &phase);
            let failure = Failure::default();
            end(draft, EventKind::ExecutionTimedOut(failure.clone()), Outcome::TimedOut(failure))
        }
        (Phase::Ready, Stimulus::Start) => {
            let started = draft.set.execution.started_event();
            draft.push_aside(started, None);
            Reaction::Run
        }
        (phase, Stimulus::Fork(_)) => begin_lane(draft, &phase),
        (Phase::Ready, Stimulus::Advance) => Reaction::Run,
        (Phase::Asking, Stimulus::Granted(item)) => {
            state::map::next_item(draft, item);
            Reaction::Run
        }
        (Phase::Asking, Stimulus::Advance) => Reaction::Run,
        (Phase::Claimed(claim), Stimulus::Task(outcome)) => {
            with_state(draft, |d, s| state::task::performed(d, s, &claim, outcome))
        }
        // Whoever claims it next performs it with the same ticket.
        (Phase::Claimed(claim), Stimulus::Reclaim) => {
            let holder = Default::default();
            Reaction::Step(Step::Stay(Phase::Claimed(Claim { holder, ..claim })))
        }
        // The token's holder may be quicker than the service that was asked to hand the token out.
        (Phase::Claimed(_) | Phase::Pending(_), Stimulus::Callback(answer)) => {
            with_state(draft, |d, s| state::task::answer(d, s, answer))
        }
        (Phase::Polling(_), Stimulus::Task(outcome)) => {
            with_state(draft, |d, s| state::task::job_ended(d, s, outcome))
        }
        (Phase::Polling(job), Stimulus::Due { .. }) => match job.deadline {
            Some(deadline) if deadline <= draft.set.now => {
                with_state(draft, |d, s| state::task::timed_out(d, s, false))
            }
            _ => Reaction::NotBefore(job.due(None)),
        },
        (Phase::Pending(pending), Stimulus::ActivityStarted { worker_name }) => {
            state::task::activity_started(draft, &pending, worker_name)
                .map_or(Reaction::Stale, |phase| Reaction::Step(Step::Stay(phase)))
        }
        (Phase::Pending(pending), Stimulus::Due { beat }) => match pending.due(beat) {
            None => Reaction::Stale,
            Some((at, _)) if at > draft.set.now => Reaction::NotBefore(at),
            Some((_, heartbeat)) => {
                with_state(draft, |d, s| state::task::timed_out(d, s, heartbeat))
            }
        },
        (Phase::Waiting { until } | Phase::Backoff { until }, Stimulus::Due { .. })
            if until > draft.set.now =>
        {
            Reaction::NotBefore(until)
        }
        (Phase::Waiting { .. }, Stimulus::Due { .. }) => with_state(draft, state::wait::over),
        (Phase::Backoff { .. }, Stimulus::Due { .. }) => with_state(draft, state::attempt),
        (Phase::Reading(run), Stimulus::ItemsRead(read)) => {
            with_state(draft, |d, s| state::distributed::read(d, s, *run, read))
        }
        (Phase::Reading(run), Stimulus::Paused(progress)) => {
            Reaction::Step(Step::Stay(Phase::Reading(state::distributed::paused(*run, progress))))
        }
        (Phase::Writing(run), Stimulus::Paused(progress)) => {
            Reaction::Step(Step::Stay(Phase::Writing(state::distributed::paused(*run, progress))))
        }
        (Phase::Asking, Stimulus::Unit(unit)) => lane(draft, state::distributed::next(unit)),
        (Phase::Asking, Stimulus::Park { until }) => lane(draft, Phase::Parked { until }),
        (Phase::Parked { until }, Stimulus::Due { .. }) if until > draft.set.now => {
            Reaction::NotBefore(until)
        }
        (Phase::Parked { .. }, Stimulus::Due { .. }) => lane(draft, Phase::Asking),
        (Phase::Awaiting { .. }, Stimulus::ChildEnded(exceeded)) => {
            let phase = state::distributed::child_ended(draft, exceeded);
            lane(draft, phase)
        }
        (Phase::Writing(run), Stimulus::Collected(result)) => {
            with_state(draft, |d, s| state::distributed::collected(d, s, *run, result))
        }
        (Phase::Forked(Fork { run: Some(run), .. }), Stimulus::Joined(_)) => {
            Reaction::Step(Step::Stay(Phase::Writing(run)))
        }
        (Phase::Forked(Fork { run: Some(run), .. }), Stimulus::LaneFailed(lane)) => {
            Reaction::Step(state::distributed::failed(*run, lane.failure))
        }
        (Phase::Forked(_), Stimulus::Joined(lanes)) => {
            with_state(draft, |d, s| state::fork::joined(d, s, &lanes))
        }
        (Phase::Forked(_), Stimulus::LaneFailed(lane)) => {
            with_state(draft, |d, s| state::fork::failed(d, s, &lane))
        }
        _ => Reaction::Stale,
    }
}

/// What a lane of a distributed Map does next: it has no states of its own.
fn lane(draft: &mut Draft<'_>, phase: Phase) -> Reaction {
    draft.frame().phase = phase;
    Reaction::Over
}

fn end(draft: &mut Draft<'_>, kind: EventKind, outcome: Outcome) -> Reaction {
    draft.push(kind);
    draft.frame().phase = Phase::Done(outcome);
    Reaction::Over
}

/// A lane begins, or goes on with what one had begun before a redrive.
fn begin_lane(draft: &mut Draft<'_>, phase: &Phase) -> Reaction {
    match phase {
        Phase::Ready => {
            if draft.made.frame.lane.as_ref().is_none_or(|lane| lane.resumed.is_none()) {
                state::map::begin_lane(draft);
            }
            Reaction::Run
        }
        Phase::Backoff { .. } => with_state(draft, state::attempt),
        Phase::Forked(_) => Reaction::Over,
        _ => Reaction::Stale,
    }
}

fn with_state(
    draft: &mut Draft<'_>,
    then: impl FnOnce(&mut Draft<'_>, &State) -> Step,
) -> Reaction {
    let machine = draft.set.machine;
    let frame = &draft.made.frame;
    match machine.state(frame.flow, &frame.state) {
        Some(state) => Reaction::Step(then(draft, state)),
        None => Reaction::Step(Step::Die(lost_state(&frame.state))),
    }
}

/// Only a definition that was changed behind the engine's back can lack a state that an execution is in.
fn lost_state(state: &str) -> Failure {
    Failure::new(
        name::RUNTIME,
        format!("The state '{state}' is not in the definition that the execution runs on."),
    )
}

/// Enters state after state until one waits, the budget is used up or the record is full.
fn run(draft: &mut Draft<'_>) {
    while draft.made.frame.phase == Phase::Ready
        && draft.made.entered < draft.set.states
        && draft.made.events.len() < EVENTS_PER_RECORD
    {
        draft.made.entered += 1;
        let Reaction::Step(step) = with_state(draft, enter) else { return };
        settle(draft, step);
    }
}

fn enter(draft: &mut Draft<'_>, state: &State) -> Step {
    arrive(draft, state);
    state::attempt(draft, state)
}

/// A new visit of the state begins.
pub(crate) fn arrive(draft: &mut Draft<'_>, state: &State) {
    let visit = Visit {
        entered_event: draft.next_event_id(),
        entered_at: draft.set.now,
        before: draft.made.frame.last.clone(),
        attempts: vec![0; state.retry.len()],
        retry_count: 0,
    };
    let input = draft.made.frame.input.clone();
    draft.frame().visit = visit;
    draft.push(EventKind::StateEntered { class: class(state), name: state.name.clone(), input });
}

/// Carries a step out: leaves the state, waits in it, or looks for a retrier, a catcher, the end.
pub(crate) fn settle(draft: &mut Draft<'_>, step: Step) {
    match step {
        Step::Stay(phase) => draft.frame().phase = phase,
        Step::Leave { leaving, next } => leave(draft, leaving, next),
        Step::Die(failure) => die(draft, failure),
        Step::Fail(broken) => {
            let machine = draft.set.machine;
            let frame = &draft.made.frame;
            match machine.state(frame.flow, &frame.state) {
                Some(state) => handle_failure(draft, state, broken),
                None => die(draft, broken.failure),
            }
        }
    }
}

fn handle_failure(draft: &mut Draft<'_>, state: &State, broken: Broken) {
    let failed = Failed { failure: &broken.failure, heartbeat: broken.heartbeat };
    let pause =
        retry::pause(&state.retry, &mut draft.made.frame.visit, &failed, draft.entropy.get_mut());
    draft.inspect(|notes| {
        notes.retrier = retry::retrier(&state.retry, &failed).map(|(index, _)| index);
        notes.backoff_seconds = pause;
    });
    if let Some(seconds) = pause {
        draft.frame().phase = Phase::Backoff { until: draft.set.now.plus_seconds(seconds) };
        return;
    }
    if let Some(kind) = broken.closing {
        draft.push(kind);
    }
    let Some((index, catcher)) = retry::catcher(&state.catch, &failed) else {
        return die(draft, broken.failure);
    };
    draft.inspect(|notes| notes.catcher = Some(index));
    match caught(draft, state, (index, catcher), &broken.failure) {
        Ok(leaving) => leave(draft, leaving, Transition::Next(catcher.next.clone())),
        Err(error) => {
            let failure = draft.evaluation_failed(&error);
            die(draft, failure);
        }
    }
}

/// What a catcher makes of the input and the error.
fn caught(
    draft: &Draft<'_>,
    state: &State,
    (index, catcher): (usize, &Catcher),
    failure: &Failure,
) -> Result<Leaving, Error> {
    let at = format!("Catch[{index}]/");
    let output = Document::from(failure.output());
    let raw = draft.made.frame.input.clone();
    let sight: Sight<'_> = Draft::sight(state);
    if state.language == QueryLanguage::JsonPath {
        let assigned = draft.assigned(&catcher.assign, plain(&output, sight), &at)?;
        return Ok(Leaving { output: draft.place(&catcher.result_path, &output)?, assigned });
    }
    let states =
        States { input: Some(raw.value()), result: None, error_output: Some(output.value()) };
    let look = Look { input: raw.value(), states, sight };
    let assigned = draft.assigned(&catcher.assign, look, &at)?;
    let output = match &catcher.output {
        Some(template) => draft.render(template, look, &format!("{at}Output"))?,
        None => output.clone(),
    };
    Ok(Leaving { output, assigned })
}

fn leave(draft: &mut Draft<'_>, leaving: Leaving, next: Transition) {
    let machine = draft.set.machine;
    let frame = &draft.made.frame;
    let Some(state) = machine.state(frame.flow, &frame.state) else {
        let failure = lost_state(&frame.state);
        return die(draft, failure);
    };
    let Leaving { output, assigned } = leaving;
    if let Err(failure) = within_bounds(draft, &state.name, &output) {
        return die(draft, failure);
    }
    if let Some(assigned) = &assigned
        && let Err(failure) = draft.assign(assigned, &state.name)
    {
        return die(draft, failure);
    }
    let shown = assigned.map(|value: Value| Document::from(value));
    draft.push(EventKind::StateExited {
        class: class(state),
        name: state.name.clone(),
        output: output.clone(),
        assigned: shown,
    });
    match next {
        Transition::Next(name) => {
            let frame = draft.frame();
            frame.state = name;
            frame.input = output;
            frame.phase = Phase::Ready;
        }
        Transition::End => finish(draft, output),
    }
}

/// Whether a payload that a state computed may leave it.
pub(crate) fn within_bounds(
    draft: &Draft<'_>,
    state: &str,
    payload: &Document,
) -> Result<(), Failure> {
    let limits = draft.set.limits;
    payload.measure(limits.payload, limits.depth).map_err(|excess| match excess {
        Excess::Size => too_large(state),
        Excess::Depth => {
            let detail = format!("A payload is nested deeper than {} levels.", limits.depth);
            Failure::new(
                name::RUNTIME,
                located(state, draft.made.frame.visit.entered_event, &detail),
            )
        }
    })
}

/// AWS's words for a payload over the limit (recorded).
pub fn too_large(state: &str) -> Failure {
    let cause = format!(
        "The state/task '{state}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    Failure::new(name::DATA_LIMIT_EXCEEDED, cause)
}

/// The flow came to its end.
fn finish(draft: &mut Draft<'_>, output: Document) {
    match &draft.made.frame.lane {
        Some(lane) if lane.item.is_some() => state::map::item_done(draft, output),
        Some(_) => draft.frame().phase = Phase::Done(Outcome::Succeeded(output)),
        None => {
            draft.push(EventKind::ExecutionSucceeded { output: output.clone() });
            draft.frame().phase = Phase::Done(Outcome::Succeeded(output));
        }
    }
}

/// The flow ends with a failure that nothing in it handled.
pub(crate) fn die(draft: &mut Draft<'_>, failure: Failure) {
    match &draft.made.frame.lane {
        Some(_) => state::map::item_failed(draft),
        None => {
            draft.push(EventKind::ExecutionFailed(failure.clone()));
        }
    }
    draft.frame().phase = Phase::Done(Outcome::Failed(failure));
}
