//! ListMapRuns, DescribeMapRun, UpdateMapRun.

use std::sync::Arc;

use stepwright_core::engine::map_run::Bounds;
use stepwright_core::expr::Value;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::List;
use crate::api::{Api, arn, execution};
use crate::store::{Status, Tally};
use crate::turn::map_run::{Closed, Counts, Described};

/// Newest first.
pub(super) async fn list(api: &Api, input: Input) -> Answer {
    let arn = input.required("executionArn")?;
    let execution = execution::require(api, arn).await?;
    let scope = format!("ListMapRuns {arn}");
    let list = List { scope: &scope, now: api.now() };
    let after = match input.text("nextToken") {
        Some(token) => Some(api.pages.open(api.store(), &list, token).await?),
        None => None,
    };
    let size = input.page_size();
    let found = api.engine.map_runs(&execution.id, after.as_deref(), size + 1).await?;
    let page = found.get(..size).unwrap_or(&found);
    let mut rows = Vec::with_capacity(page.len());
    for (_, arn) in page {
        if let Some(run) = api.engine.map_run(arn).await? {
            rows.push(row(arn, &run));
        }
    }
    let mut answer = Object::new();
    answer.list("mapRuns", rows, |out, row| out.push_str(&row));
    if let Some((place, _)) = page.last().filter(|_| found.len() > size) {
        answer.text("nextToken", &api.pages.seal(api.store(), &list, place).await?);
    }
    Ok(answer.finish())
}

fn row(arn: &str, run: &Described) -> String {
    Object::new()
        .text("executionArn", &run.registered.execution)
        .text("mapRunArn", arn)
        .text("stateMachineArn", &run.registered.machine)
        .time("startDate", run.registered.started)
        .optional_time("stopDate", run.closed.map(|closed| closed.stopped))
        .finish()
}

pub(super) async fn describe(api: &Api, input: Input) -> Answer {
    let arn = input.required("mapRunArn")?;
    let run = require(api, arn).await?;
    let counts = api.engine.counts(arn, &run).await?;
    let bounds = &run.registered.bounds;
    let redriven = run.registered.redriven;
    let status = run.closed.map_or(Status::Running, |closed| closed.status);
    Ok(Object::new()
        .text("mapRunArn", arn)
        .text("executionArn", &run.registered.execution)
        .text("status", status.as_str())
        .time("startDate", run.registered.started)
        .optional_time("stopDate", run.closed.map(|closed| closed.stopped))
        .number("maxConcurrency", bounds.concurrency)
        .raw("toleratedFailurePercentage", &Value::Float(bounds.percentage).to_json())
        .number("toleratedFailureCount", bounds.failures)
        .raw("itemCounts", &shown(&run, &counts, Of::Items))
        .raw("executionCounts", &shown(&run, &counts, Of::Executions))
        .number("redriveCount", redriven.map_or(0, |(count, _)| count.into()))
        .optional_time("redriveDate", redriven.map(|(_, at)| at))
        .finish())
}

/// What is counted.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Items,
    Executions,
}

/// A child that waits to be redriven counts as that, and as nothing else.
fn shown(run: &Described, counts: &Counts, of: Of) -> String {
    let count = |tally: &Tally, status| match of {
        Of::Items => tally.items(status),
        Of::Executions => tally.executions(status),
    };
    let all = |tally: &Tally| Status::ALL.into_iter().map(|status| count(tally, status)).sum();
    let (items, units) = run.registered.found.unwrap_or_default();
    let total = if of == Of::Items { items } else { units };
    let begun: u64 = all(&counts.rows);
    let written = match run.closed {
        Some(Closed { written: 0, .. }) | None => 0,
        Some(_) => count(&counts.rows, Status::Succeeded),
    };
    let mut shown = Object::new();
    shown.number("pending", total.saturating_sub(begun));
    for (name, status) in COUNTED {
        let waiting = count(&counts.pending_redrive, status);
        shown.number(name, count(&counts.rows, status).saturating_sub(waiting));
    }
    shown
        .number("total", total.max(begun))
        .number("resultsWritten", written)
        .number("failuresNotRedrivable", all(&counts.not_redrivable))
        .number("pendingRedrive", all(&counts.pending_redrive))
        .finish()
}

const COUNTED: [(&str, Status); 5] = [
    ("running", Status::Running),
    ("succeeded", Status::Succeeded),
    ("failed", Status::Failed),
    ("timedOut", Status::TimedOut),
    ("aborted", Status::Aborted),
];

pub(super) async fn update(api: &Api, input: Input) -> Answer {
    let arn = input.required("mapRunArn")?;
    if require(api, arn).await?.closed.is_some() {
        return Err(Error::validation(format!("The Map Run is not in progress: '{arn}'")));
    }
    let number = |name: &str| input.value(name).and_then(Value::as_f64);
    let [concurrency, failures, percentage] =
        ["maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"].map(number);
    let change = move |bounds: &mut Bounds| {
        bounds.concurrency = concurrency.map_or(bounds.concurrency, |n| n as u64);
        bounds.failures = failures.map_or(bounds.failures, |n| n as u64);
        bounds.percentage = percentage.unwrap_or(bounds.percentage);
    };
    if !api.engine.update_map_run(arn, change).await? {
        return Err(Error::resource_not_found(arn));
    }
    Ok("{}".to_owned())
}

/// The Map Run with this ARN.
///
/// # Errors
/// `InvalidArn`, `ResourceNotFound`
pub(super) async fn require(api: &Api, arn: &Arc<str>) -> Result<Described, Error> {
    arn::check_map_run(arn)?;
    api.engine.map_run(arn).await?.ok_or_else(|| Error::resource_not_found(arn))
}
