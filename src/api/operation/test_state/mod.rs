//! TestState: one state on its own. A Task without a mock is really performed, a Wait really waits; both for five minutes
//! at most (AWS: TestState).

mod answer;
mod context;
mod request;

use std::sync::Arc;
use std::time::Duration;

use stepwright_core::asl::model::Machine;
use stepwright_core::engine::trial::{self, Event, Paused, Progress, Refusal, Report};
use stepwright_core::engine::{Cursor, ExecutionId, Facts, Limits, Setting, TaskCall, TaskOutcome};
use stepwright_core::time::Timestamp;
use uuid::Uuid;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::{Api, arn};
use crate::task::http::Exchange;
use answer::Shown;
use request::Request;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let request = Request::read(&input)?;
    let bench = Bench::new(api, &request);
    let mut exchange = None;
    let report = match bench.begin(&request, api.now()).map_err(refusal)? {
        Progress::Over(report) => *report,
        Progress::Perform(paused, call) => {
            let (outcome, traced) = perform(api, &call).await?;
            exchange = traced.filter(|_| request.traces);
            let event = Event::Performed(outcome);
            bench.resume(&request, api.now(), (*paused, event)).map_err(refusal)?
        }
        Progress::Wait(paused, until) => {
            let event = wait(api, until).await?;
            let now = api.now().max(until);
            bench.resume(&request, now, (*paused, event)).map_err(refusal)?
        }
    };
    let Request { inspects, secrets, .. } = request;
    Ok(answer::write(&report, &Shown { inspects, exchange: exchange.as_ref(), secrets }))
}

async fn perform(api: &Api, call: &TaskCall) -> Result<(TaskOutcome, Option<Exchange>), Error> {
    tokio::select! {
        outcome = tokio::time::timeout(LONGEST, api.engine.tasks.trace(call)) => {
            Ok(outcome.unwrap_or((TaskOutcome::TimedOut, None)))
        }
        () = api.closed() => Err(closing()),
    }
}

async fn wait(api: &Api, until: Timestamp) -> Result<Event, Error> {
    let left = Duration::from_secs_f64(until.seconds_since(api.now()).clamp(0.0, 1e9));
    tokio::select! {
        () = tokio::time::sleep(left.min(LONGEST)) => {}
        () = api.closed() => return Err(closing()),
    }
    Ok(if left > LONGEST { Event::Overdue } else { Event::Waited })
}

fn closing() -> Error {
    Error::unavailable("The server is stopping")
}

fn refusal(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NoState => request::no_state(),
        Refusal::FailedItems => Error::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ),
    }
}

/// Where the state is tried: an Express execution that does not exist (recorded: its ARN has no id behind the name).
struct Bench {
    machine: Arc<Machine>,
    facts: Facts,
    cursor: Cursor,
    limits: Limits,
}

impl Bench {
    fn new(api: &Api, request: &Request) -> Bench {
        let [name, machine_name] = [Uuid::new_v4(), Uuid::new_v4()].map(|id| id.to_string());
        let config = &api.engine.config;
        let facts = Facts {
            arn: format!("{}{machine_name}:{name}", arn::prefix(config, "express")).into(),
            machine_arn: format!("{}{machine_name}", arn::prefix(config, "stateMachine")).into(),
            role: request.role.clone().unwrap_or_default(),
            started: api.now(),
            input: request.trial.input.clone(),
            region: config.region.clone(),
            redriven: None,
            version: None,
            alias: None,
            name: name.into(),
            machine_name: machine_name.into(),
        };
        let cursor = Cursor::root(ExecutionId(facts.name.clone()), 1);
        Bench { machine: request.machine.clone(), facts, cursor, limits: config.limits }
    }

    fn begin(&self, request: &Request, now: Timestamp) -> Result<Progress, Refusal> {
        self.set(&self.cursor, now, |set| trial::begin(set, &request.trial))
    }

    fn resume(
        &self,
        request: &Request,
        now: Timestamp,
        (paused, event): (Paused, Event),
    ) -> Result<Report, Refusal> {
        let cursor = self.cursor.next();
        self.set(&cursor, now, |set| trial::resume(set, &request.trial, paused, event))
    }

    fn set<T>(&self, cursor: &Cursor, now: Timestamp, with: impl FnOnce(&Setting<'_>) -> T) -> T {
        with(&Setting {
            machine: &self.machine,
            execution: &self.facts,
            cursor,
            now,
            states: 1,
            limits: self.limits,
            // Whoever holds such a token finds no task by it, as there is none.
            token: &|cursor| format!("{}", cursor.execution),
            activity_exists: &|_| true,
        })
    }
}

/// How long a trial may take.
const LONGEST: Duration = Duration::from_secs(300);
