//! ListExecutions, newest first: running ones by their start, others by their stop.

use std::sync::Arc;

use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::{Answer, map_run};
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::List;
use crate::api::{Api, target};
use crate::store::{Execution, ListPosition, ListQuery, Status, Store};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let whose = whose(&input)?;
    let status = input.text("statusFilter").map(|status| &**status);
    match whose {
        Whose::Machine(arn) => {
            let target = target::resolve(api.store(), arn, |_| 0).await?;
            if target.machine.express {
                return Err(Error::machine_type());
            }
        }
        Whose::MapRun(run) => map_run::require(api, run).await.map(drop)?,
    }
    if status == Some("PENDING_REDRIVE") && matches!(whose, Whose::Machine(_)) {
        return Err(Error::validation(
            "PENDING_REDRIVE can be used as a statusFilter only together with a mapRunArn",
        ));
    }
    let redriven = input.text("redriveFilter").map(|filter| &**filter == "REDRIVEN");
    let scope = format!("ListExecutions {} {} {redriven:?}", whose.arn(), status.unwrap_or(""));
    let list = List { scope: &scope, now: api.now() };
    let after = match input.text("nextToken") {
        Some(token) => Some(position(&api.pages.open(api.store(), &list, token).await?)?),
        None => None,
    };
    let size = input.page_size();
    let query = ListQuery {
        machine: whose.list().into(),
        status: status.and_then(status_of),
        after,
        limit: size + 1,
    };
    // A child that waits to be redriven still counts as what it was.
    let found = match status {
        Some("PENDING_REDRIVE") => Vec::new(),
        _ => list_of(api.store(), query, whose, redriven).await?,
    };
    let more = found.len() > size;
    let page = found.get(..size).unwrap_or(&found);
    let mut answer = Object::new();
    answer.list("executions", page, |out, execution| out.push_str(&row(execution)));
    if let Some(last) = page.last().filter(|_| more) {
        let place = format!("{} {}", last.listed_at().0, last.id);
        answer.text("nextToken", &api.pages.seal(api.store(), &list, &place).await?);
    }
    Ok(answer.finish())
}

/// Executions of a machine; only those that a version or an alias started, if the ARN names one, and only those that were
/// redriven, or were not.
async fn list_of(
    store: &dyn Store,
    mut query: ListQuery,
    whose: Whose<'_>,
    redriven: Option<bool>,
) -> Result<Vec<Arc<Execution>>, Error> {
    let arn = match whose {
        Whose::Machine(arn) => Some(arn).filter(|arn| arn.qualifier.is_some()),
        Whose::MapRun(_) => None,
    };
    if arn.is_none() && redriven.is_none() {
        return Ok(store.list(&query).await?);
    }
    let wanted = |execution: &Execution| {
        let started_by = |arn: MachineArn<'_>| {
            let named = if arn.version().is_some() { &execution.version } else { &execution.alias };
            named.as_deref() == Some(arn.whole)
        };
        arn.is_none_or(started_by)
            && redriven.is_none_or(|redriven| redriven == execution.redriven.is_some())
    };
    let mut found = Vec::new();
    loop {
        let missing = query.limit.saturating_sub(found.len());
        let rows = store.list(&ListQuery { limit: AT_ONCE, ..query.clone() }).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        query.after = Some(ListPosition { time: last.listed_at(), id: last.id.clone() });
        let end = rows.len() < AT_ONCE;
        found.extend(rows.into_iter().filter(|row| wanted(row)).take(missing));
        if end || found.len() >= query.limit {
            return Ok(found);
        }
    }
}

/// Whose executions are asked for.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Machine(MachineArn<'a>),
    MapRun(&'a Arc<str>),
}

impl<'a> Whose<'a> {
    fn arn(&self) -> &'a str {
        match self {
            Whose::Machine(arn) => arn.whole,
            Whose::MapRun(arn) => arn,
        }
    }

    /// The list that they are on.
    fn list(&self) -> &'a str {
        match self {
            Whose::Machine(arn) => arn.base,
            Whose::MapRun(arn) => arn,
        }
    }
}

/// Exactly one of machine and Map Run must be given.
fn whose(input: &Input) -> Result<Whose<'_>, Error> {
    match (input.text("stateMachineArn"), input.text("mapRunArn")) {
        (Some(arn), None) => MachineArn::parse_unlabelled(arn).map(Whose::Machine),
        (None, Some(run)) => Ok(Whose::MapRun(run)),
        (None, None) => {
            Err(Error::missing_reason("Either stateMachineArn or mapRunArn must be specified"))
        }
        (Some(_), Some(_)) => {
            Err(Error::validation("Only one of stateMachineArn and mapRunArn can be specified"))
        }
    }
}

fn row(execution: &Arc<Execution>) -> String {
    let mut row = Object::new();
    row.text("executionArn", &execution.arn)
        .text("stateMachineArn", &execution.machine)
        .optional("stateMachineVersionArn", execution.version.as_deref())
        .optional("stateMachineAliasArn", execution.alias.as_deref())
        .optional("mapRunArn", execution.parent.as_ref().map(|parent| &*parent.run))
        .text("name", &execution.name)
        .text("status", execution.status().as_str())
        .time("startDate", execution.started);
    if let Some(closing) = &execution.closing {
        row.time("stopDate", closing.stopped);
    }
    if let Some(parent) = &execution.parent {
        row.number("itemCount", parent.items);
    }
    let redriven = execution.redriven;
    row.number("redriveCount", redriven.map_or(0, |redriven| redriven.count.into()))
        .optional_time("redriveDate", redriven.map(|redriven| redriven.at))
        .finish()
}

fn position(text: &str) -> Result<ListPosition, Error> {
    let (time, id) = text.split_once(' ').ok_or_else(Error::invalid_page_token)?;
    let time = time.parse().map_err(|_| Error::invalid_page_token())?;
    Ok(ListPosition { time: Timestamp(time), id: ExecutionId(id.into()) })
}

fn status_of(name: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status.as_str() == name)
}

/// Rows looked through at a time for those of a version or an alias.
const AT_ONCE: usize = 1000;
