//! GetExecutionHistory: pages of events by their ids, from either end.

use stepwright_core::history::wire;

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::List;
use crate::api::{Api, execution};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = input.required("executionArn")?;
    let execution = execution::require(api, arn).await?;
    let reverse = input.flag("reverseOrder").unwrap_or(false);
    let data = input.flag("includeExecutionData").unwrap_or(true);
    let scope = format!("GetExecutionHistory {arn} {reverse}");
    let list = List { scope: &scope, now: api.now() };
    let shown = match input.text("nextToken") {
        Some(token) => Some(position(&api.pages.open(api.store(), &list, token).await?)?),
        None => None,
    };
    let entries = api.histories.of(&api.engine, &execution).await?;
    let size = input.page_size();
    // A token holds the number of events before (or, from the end, after) the next page.
    let (start, end, next) = if reverse {
        let end = shown.unwrap_or(entries.len()).min(entries.len());
        let start = end.saturating_sub(size);
        (start, end, (start > 0).then_some(start))
    } else {
        let start = shown.unwrap_or(0).min(entries.len());
        let end = start.saturating_add(size).min(entries.len());
        (start, end, (end < entries.len()).then_some(end))
    };
    let page = entries.get(start..end).unwrap_or_default();
    let mut answer = Object::new();
    if reverse {
        answer.list("events", page.iter().rev(), |out, entry| wire::write(out, entry, data));
    } else {
        answer.list("events", page, |out, entry| wire::write(out, entry, data));
    }
    match next {
        Some(next) => {
            let token = api.pages.seal(api.store(), &list, &next.to_string()).await?;
            answer.text("nextToken", &token);
        }
        None => api.histories.forget(&execution.id),
    }
    Ok(answer.finish())
}

fn position(text: &str) -> Result<usize, Error> {
    text.parse().map_err(|_| Error::invalid_page_token())
}
