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
    let since = match whose {
        Whose::Machine(arn) => {
            let target = target::resolve(api.store(), arn, |_| 0).await?;
            if target.machine.express {
                return Err(Error::machine_type());
            }
            None
        }
        Whose::MapRun(run) => map_run::require(api, run).await?.redriven_since(),
    };
    if status == Some(PENDING_REDRIVE) && matches!(whose, Whose::Machine(_)) {
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
    let waits = |execution: &Execution| {
        since.is_some_and(|since| api.engine.awaits_redrive(execution, since))
    };
    let pending = (status.is_some() && (since.is_some() || status == Some(PENDING_REDRIVE)))
        .then_some(status == Some(PENDING_REDRIVE));
    let wanted = |execution: &Execution| {
        redriven.is_none_or(|redriven| redriven == execution.redriven.is_some())
            && pending.is_none_or(|pending| pending == waits(execution))
            && whose.started(execution)
    };
    let all = redriven.is_none() && pending.is_none() && whose.qualifier().is_none();
    let found = match all {
        true => api.store().list(&query).await?,
        false => list_of(api.store(), query, wanted).await?,
    };
    let more = found.len() > size;
    let page = found.get(..size).unwrap_or(&found);
    let mut answer = Object::new();
    answer.list("executions", page, |out, execution| {
        out.push_str(&row(execution, waits(execution)));
    });
    if let Some(last) = page.last().filter(|_| more) {
        let place = format!("{} {}", last.listed_at().0, last.id);
        answer.text("nextToken", &api.pages.seal(api.store(), &list, &place).await?);
    }
    Ok(answer.finish())
}

/// The executions of a list that are wanted.
async fn list_of(
    store: &dyn Store,
    mut query: ListQuery,
    wanted: impl Fn(&Execution) -> bool,
) -> Result<Vec<Arc<Execution>>, Error> {
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

    /// The version or the alias that the ARN names.
    fn qualifier(self) -> Option<MachineArn<'a>> {
        match self {
            Whose::Machine(arn) => Some(arn).filter(|arn| arn.qualifier.is_some()),
            Whose::MapRun(_) => None,
        }
    }

    /// Whether an execution of the list was started by the version or the alias that the ARN names, if it names one.
    fn started(self, execution: &Execution) -> bool {
        self.qualifier().is_none_or(|arn| {
            let named = if arn.version().is_some() { &execution.version } else { &execution.alias };
            named.as_deref() == Some(arn.whole)
        })
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

fn row(execution: &Execution, waits: bool) -> String {
    let status = if waits { PENDING_REDRIVE } else { execution.status().as_str() };
    let mut row = Object::new();
    row.text("executionArn", &execution.arn)
        .text("stateMachineArn", &execution.machine)
        .optional("stateMachineVersionArn", execution.version.as_deref())
        .optional("stateMachineAliasArn", execution.alias.as_deref())
        .optional("mapRunArn", execution.parent.as_ref().map(|parent| &*parent.run))
        .text("name", &execution.name)
        .text("status", status)
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

/// The status of a child of a Map Run that was redriven, until it is its turn.
pub(super) const PENDING_REDRIVE: &str = "PENDING_REDRIVE";
/// Rows looked through at a time for those of a version or an alias.
const AT_ONCE: usize = 1000;
