//! ListStateMachineAliases, in order of name: all of a machine, or those that route to a version.

use std::sync::Arc;

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::Slice;
use crate::api::publication::Alias;
use crate::api::{Api, machine, publication};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse_unlabelled(input.required("stateMachineArn")?)?;
    let machine = machine::require(api.store(), arn).await?.machine;
    let published = publication::of(api.store(), arn.base, &machine).await?;
    let wanted = |alias: &Alias| match (arn.qualifier, arn.version()) {
        (None, _) => true,
        (_, Some(number)) => alias.routes.iter().any(|route| route.version == number),
        (Some(_), None) => false,
    };
    let aliases: Vec<(Arc<str>, Alias)> =
        published.aliases.into_iter().filter(|(_, alias)| wanted(alias)).collect();
    let scope = format!("ListStateMachineAliases {}", arn.whole);
    let slice = Slice { scope: &scope, key: |(name, _): &(Arc<str>, Alias)| name.to_string() };
    let (aliases, next_token) = slice.cut(api, &input, aliases, |key, shown| key > shown).await?;
    let mut answer = Object::new();
    answer.list("stateMachineAliases", aliases, |out, (name, alias)| {
        let row = Object::new()
            .text("stateMachineAliasArn", &format!("{}:{name}", arn.base))
            .time("creationDate", alias.created)
            .finish();
        out.push_str(&row);
    });
    answer.optional("nextToken", next_token.as_deref());
    Ok(answer.finish())
}
