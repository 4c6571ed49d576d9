//! DescribeStateMachine.

use super::Answer;
use crate::api::Api;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::machine;
use crate::api::output::Object;

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse_unqualified(input.required("stateMachineArn")?)?;
    let machine = machine::require(api.store(), arn).await?.machine;
    let revision = &machine.current;
    let mut answer = Object::new();
    answer
        .text("stateMachineArn", arn.base)
        .text("name", &machine.name)
        .text("status", machine.status())
        .text("type", machine.kind())
        .text("roleArn", &revision.role)
        .time("creationDate", machine.created)
        .optional("revisionId", revision.shown_id());
    if input.all_data() {
        answer.text("definition", &machine::definition(api.store(), arn.base, &revision.id).await?);
    } else {
        answer.text("definition", "{}");
    }
    revision.settings.describe(&mut answer)?;
    Ok(answer.finish())
}
