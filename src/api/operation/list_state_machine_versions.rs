//! ListStateMachineVersions, newest first. A machine that is not there has none.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::page::Slice;
use crate::api::{Api, machine, publication, target};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse_unqualified(input.required("stateMachineArn")?)?;
    let mut versions = match machine::find(api.store(), arn.base).await? {
        Some(found) => publication::of(api.store(), arn.base, &found.machine).await?.versions,
        None => Vec::new(),
    };
    versions.reverse();
    let scope = format!("ListStateMachineVersions {}", arn.base);
    let slice = Slice { scope: &scope, key: |version: &publication::Version| version.number };
    let (versions, next_token) = slice.cut(api, &input, versions, |key, shown| key < shown).await?;
    let mut answer = Object::new();
    answer.list("stateMachineVersions", versions, |out, version| {
        let row = Object::new()
            .text("stateMachineVersionArn", &target::version_arn(arn.base, version.number))
            .time("creationDate", version.created)
            .finish();
        out.push_str(&row);
    });
    answer.optional("nextToken", next_token.as_deref());
    Ok(answer.finish())
}
