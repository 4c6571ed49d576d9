//! DescribeStateMachineAlias.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, machine, publication, target};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, name) = MachineArn::parse_alias(input.required("stateMachineAliasArn")?)?;
    let missing = || Error::no_such_resource(arn.whole);
    let machine = machine::find(api.store(), arn.base).await?.ok_or_else(missing)?.machine;
    let published = publication::of(api.store(), arn.base, &machine).await?;
    let alias = published.aliases.get(name).ok_or_else(missing)?;
    let mut answer = Object::new();
    answer
        .text("stateMachineAliasArn", arn.whole)
        .text("name", name)
        .optional("description", alias.description.as_deref())
        .list("routingConfiguration", &alias.routes, |out, route| {
            let row = Object::new()
                .text("stateMachineVersionArn", &target::version_arn(arn.base, route.version))
                .number("weight", route.weight)
                .finish();
            out.push_str(&row);
        })
        .time("creationDate", alias.created)
        .time("updateDate", alias.updated);
    Ok(answer.finish())
}
