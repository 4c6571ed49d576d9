//! ListStateMachines, in order of name.

use super::Answer;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::machine::StateMachine;
use crate::api::output::Object;
use crate::api::page::List;
use crate::api::{Api, arn};
use crate::store::{Item, Kind};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let listing = Listing {
        operation: "ListStateMachines",
        kind: Kind::StateMachine,
        resource: "stateMachine",
    };
    let page = list(api, &input, listing).await?;
    let mut rows = Vec::with_capacity(page.items.len());
    for (arn, item) in &page.items {
        rows.push((arn, StateMachine::read(&item.body)?));
    }
    let mut answer = Object::new();
    answer.list("stateMachines", rows, |out, (arn, machine)| {
        let row = Object::new()
            .text("stateMachineArn", arn)
            .text("name", &machine.name)
            .text("type", machine.kind())
            .time("creationDate", machine.created)
            .finish();
        out.push_str(&row);
    });
    answer.optional("nextToken", page.next_token.as_deref());
    Ok(answer.finish())
}

/// A list of registry items.
pub(super) struct Listing {
    pub(super) operation: &'static str,
    pub(super) kind: Kind,
    /// What the ARNs of the items are.
    pub(super) resource: &'static str,
}

/// A page of one.
pub(super) struct Page {
    /// ARNs and items.
    pub(super) items: Vec<(String, Item)>,
    pub(super) next_token: Option<String>,
}

/// The page that a request asks for.
pub(super) async fn list(api: &Api, input: &Input, listing: Listing) -> Result<Page, Error> {
    let size = input.page_size();
    let list = List { scope: listing.operation, now: api.now() };
    let after = match input.text("nextToken") {
        Some(token) => Some(api.pages.open(api.store(), &list, token).await?),
        None => None,
    };
    let prefix = arn::prefix(&api.engine.config, listing.resource);
    let mut items = api.store().items(listing.kind, &prefix, after.as_deref(), size + 1).await?;
    let more = items.len() > size;
    items.truncate(size);
    let next_token = match items.last() {
        Some((last, _)) if more => Some(api.pages.seal(api.store(), &list, last).await?),
        _ => None,
    };
    Ok(Page { items, next_token })
}
