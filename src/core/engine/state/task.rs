//! Task: work done elsewhere. A request is claimed in a record before it is performed, so that it is performed once; an
//! activity or a `.waitForTaskToken` integration then waits for whoever holds the token.

use std::sync::Arc;

use super::super::context::Sight;
use super::super::data_flow::plain;
use super::super::decide::{Broken, Step, too_large, within_bounds};
use super::super::draft::Draft;
use super::super::{ActivityTask, Answer, Claim, Failure, Job, Pending, Phase, TaskOutcome};
use crate::asl::model::{Kind, Pattern, Resource, State, Task};
use crate::event::failure::{located, name};
use crate::event::{EventKind, Service};
use crate::expr::{Document, Error};
use crate::time::Timestamp;

/// Schedules an attempt.
pub(crate) fn schedule(draft: &mut Draft<'_>, state: &State, task: &Task) -> Result<Step, Error> {
    let input = draft.effective_input(state)?;
    let token = hands_out_token(&task.resource).then(|| (draft.set.token)(draft.set.cursor));
    let sight = Sight { token: token.as_deref(), ..Draft::sight(state) };
    let parameters = draft.arguments(state, &input, sight)?;
    let look = plain(&input, sight);
    let timeout = seconds(draft.number(&task.timeout, look, "TimeoutSeconds")?);
    let heartbeat = seconds(draft.number(&task.heartbeat, look, "HeartbeatSeconds")?);
    let credentials = credentials(draft, task, &input)?;
    if let Err(failure) = within_bounds(draft, &state.name, &parameters) {
        return Ok(Step::Fail(Broken::from(failure)));
    }
    if let Resource::Service(service) = &task.resource {
        super::parameters::check(service, &parameters)?;
    }
    if let Resource::Activity(arn) = &task.resource {
        if !(draft.set.activity_exists)(arn) {
            return Err(Error::runtime(format!("The activity {arn} does not exist.")));
        }
        return Ok(schedule_activity(draft, arn, Attempt { parameters, timeout, heartbeat }));
    }
    let (ticket, since) = (draft.set.cursor.slot, draft.set.now);
    scheduled(
        draft,
        &task.resource,
        &Attempt { parameters: parameters.clone(), timeout, heartbeat },
        credentials.clone(),
    );
    Ok(Step::Stay(Phase::Claimed(Claim {
        ticket,
        parameters,
        timeout_seconds: timeout,
        heartbeat_seconds: heartbeat,
        credentials,
        since,
        holder: Arc::default(),
        until: since,
    })))
}

struct Attempt {
    parameters: Document,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
}

fn hands_out_token(resource: &Resource) -> bool {
    match resource {
        Resource::Activity(_) => true,
        Resource::LambdaFunction(_) => false,
        Resource::Service(service) => service.pattern == Pattern::WaitForTaskToken,
    }
}

fn seconds(n: Option<f64>) -> Option<u64> {
    n.map(|n| n.max(0.0) as u64)
}

fn credentials(
    draft: &Draft<'_>,
    task: &Task,
    input: &Document,
) -> Result<Option<Arc<str>>, Error> {
    let Some(template) = &task.credentials else { return Ok(None) };
    let rendered = draft.render(template, plain(input, Sight::default()), "Credentials")?;
    Ok(rendered.value().get("RoleArn").and_then(|role| role.as_str()).map(Arc::from))
}

fn schedule_activity(draft: &mut Draft<'_>, arn: &Arc<str>, attempt: Attempt) -> Step {
    let Attempt { parameters, timeout, heartbeat } = attempt;
    draft.push(EventKind::ActivityScheduled {
        resource: arn.clone(),
        input: parameters.clone(),
        timeout,
        heartbeat,
    });
    let since = draft.set.now;
    Step::Stay(Phase::Pending(Pending {
        ticket: draft.set.cursor.slot,
        activity: Some(ActivityTask {
            arn: arn.clone(),
            input: parameters,
            started: false,
            timeout_seconds: timeout,
        }),
        deadline: None,
        heartbeat_seconds: heartbeat,
        since,
    }))
}

fn scheduled(
    draft: &mut Draft<'_>,
    resource: &Resource,
    attempt: &Attempt,
    credentials: Option<Arc<str>>,
) {
    let Attempt { parameters, timeout, heartbeat } = attempt;
    let (timeout, heartbeat) = (*timeout, *heartbeat);
    match resource {
        Resource::Service(named) => {
            let service = service(named);
            let (region, parameters) = (draft.set.execution.region.clone(), parameters.clone());
            draft.push(EventKind::TaskScheduled {
                service: service.clone(),
                region,
                parameters,
                timeout,
                heartbeat,
                credentials,
            });
            draft.push(EventKind::TaskStarted { service });
        }
        Resource::LambdaFunction(arn) | Resource::Activity(arn) => {
            let (resource, input) = (arn.clone(), parameters.clone());
            draft.push(EventKind::LambdaFunctionScheduled {
                resource,
                input,
                timeout,
                credentials,
            });
            draft.push(EventKind::LambdaFunctionStarted);
        }
    }
}

fn service(resource: &crate::asl::model::ServiceResource) -> Service {
    Service { resource_type: resource.resource_type.clone(), resource: resource.shown() }
}

/// The claimed request has come to an end.
pub(crate) fn performed(
    draft: &mut Draft<'_>,
    state: &State,
    claim: &Claim,
    outcome: TaskOutcome,
) -> Step {
    let Kind::Task(task) = &state.kind else { return Step::Die(misplaced(state)) };
    match outcome {
        TaskOutcome::Submitted { output, handle } => {
            let job = Job {
                ticket: claim.ticket,
                state: state.name.clone(),
                handle,
                credentials: claim.credentials.clone(),
                deadline: deadline(claim),
                since: draft.set.now,
            };
            submitted(draft, task, output, Phase::Polling(job))
        }
        TaskOutcome::Succeeded(output) if hands_out_token(&task.resource) => {
            let pending = Pending {
                ticket: claim.ticket,
                activity: None,
                deadline: deadline(claim),
                heartbeat_seconds: claim.heartbeat_seconds,
                // For a request that took its time, the heartbeat clock starts when it was answered (AWS: integration
                // patterns).
                since: draft.set.now,
            };
            submitted(draft, task, output, Phase::Pending(pending))
        }
        TaskOutcome::Succeeded(output) => succeeded(draft, state, &output),
        TaskOutcome::Failed(failure) => {
            let failure = placed(draft, failure);
            broken(draft, task, failure)
        }
        TaskOutcome::TimedOut => timed_out(draft, state, false),
    }
}

/// A runtime error that an integration found says in which state, as those that the engine finds do.
fn placed(draft: &Draft<'_>, failure: Failure) -> Failure {
    if failure.error.as_deref() != Some(name::RUNTIME) {
        return failure;
    }
    let frame = &draft.made.frame;
    let detail = failure.cause.as_deref().unwrap_or_default();
    Failure::new(name::RUNTIME, located(&frame.state, frame.visit.entered_event, detail))
}

/// The service has taken the request; now the token's holder has the word, or the job takes its course.
fn submitted(draft: &mut Draft<'_>, task: &Task, output: Document, phase: Phase) -> Step {
    if let Resource::Service(named) = &task.resource {
        draft.push(EventKind::TaskSubmitted { service: service(named), output });
    }
    Step::Stay(phase)
}

fn deadline(claim: &Claim) -> Option<Timestamp> {
    claim.timeout_seconds.map(|seconds| claim.since.plus_seconds(seconds as f64))
}

/// The job has come to its end.
pub(crate) fn job_ended(draft: &mut Draft<'_>, state: &State, outcome: TaskOutcome) -> Step {
    let Kind::Task(task) = &state.kind else { return Step::Die(misplaced(state)) };
    match outcome {
        TaskOutcome::Succeeded(output) => succeeded(draft, state, &output),
        TaskOutcome::Submitted { output, .. } => succeeded(draft, state, &output),
        TaskOutcome::Failed(failure) => broken(draft, task, failure),
        TaskOutcome::TimedOut => timed_out(draft, state, false),
    }
}

/// A worker took the activity's task.
pub(crate) fn activity_started(
    draft: &mut Draft<'_>,
    pending: &Pending,
    worker_name: Option<Arc<str>>,
) -> Option<Phase> {
    let task = pending.activity.clone().filter(|task| !task.started)?;
    draft.push(EventKind::ActivityStarted { worker_name });
    let since = draft.set.now;
    let deadline = task.timeout_seconds.map(|s| since.plus_seconds(s as f64));
    let activity = Some(ActivityTask { started: true, ..task });
    Some(Phase::Pending(Pending { activity, deadline, since, ..pending.clone() }))
}

/// SendTaskSuccess or SendTaskFailure.
pub(crate) fn answer(draft: &mut Draft<'_>, state: &State, answer: Answer) -> Step {
    let Kind::Task(task) = &state.kind else { return Step::Die(misplaced(state)) };
    match answer {
        Answer::Success(output) => succeeded(draft, state, &output),
        Answer::Failure(failure) => broken(draft, task, failure),
    }
}

fn succeeded(draft: &mut Draft<'_>, state: &State, output: &Document) -> Step {
    let Kind::Task(task) = &state.kind else { return Step::Die(misplaced(state)) };
    if output.text().len() > draft.set.limits.payload {
        return broken(draft, task, too_large(&state.name));
    }
    let shown = output.clone();
    draft.push(match &task.resource {
        Resource::Service(named) => {
            EventKind::TaskSucceeded { service: service(named), output: shown }
        }
        Resource::LambdaFunction(_) => EventKind::LambdaFunctionSucceeded { output: shown },
        Resource::Activity(_) => EventKind::ActivitySucceeded { output: shown },
    });
    draft.note("result", output);
    match draft.leave_with_result(state, output) {
        Ok(leaving) => Step::Leave { leaving, next: state.next.clone() },
        Err(error) => super::failed(draft, &error),
    }
}

fn broken(draft: &mut Draft<'_>, task: &Task, failure: Failure) -> Step {
    let shown = failure.clone();
    draft.push(match &task.resource {
        Resource::Service(named) => {
            EventKind::TaskFailed { service: service(named), failure: shown }
        }
        Resource::LambdaFunction(_) => EventKind::LambdaFunctionFailed(shown),
        Resource::Activity(_) => EventKind::ActivityFailed(shown),
    });
    Step::Fail(Broken::from(failure))
}

/// The attempt took too long, or its heartbeat stayed away.
pub(crate) fn timed_out(draft: &mut Draft<'_>, state: &State, heartbeat: bool) -> Step {
    let Kind::Task(task) = &state.kind else { return Step::Die(misplaced(state)) };
    let failure = Failure::timeout();
    let shown = failure.clone();
    draft.push(match &task.resource {
        Resource::Service(named) => {
            EventKind::TaskTimedOut { service: service(named), failure: shown }
        }
        Resource::LambdaFunction(_) => EventKind::LambdaFunctionTimedOut(shown),
        Resource::Activity(_) => EventKind::ActivityTimedOut(shown),
    });
    Step::Fail(Broken { failure, heartbeat, closing: None })
}

/// Only a definition that was changed behind the engine's back can have another state in a task's place.
fn misplaced(state: &State) -> Failure {
    let cause = format!(
        "The state '{}' is not a Task in the definition that the execution runs on.",
        state.name
    );
    Failure::new(name::RUNTIME, cause)
}
