//! DescribeStateMachine: a machine as it is now, or one of its versions. An alias stands for the version it routes to
//! first.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, machine, target, variables};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let arn = MachineArn::parse(input.required("stateMachineArn")?)?;
    let target = target::resolve(api.store(), arn, |_| 0).await?;
    let (machine, revision) = (&target.machine, &target.revision);
    let version = target.version.as_ref();
    let mut answer = Object::new();
    answer
        .text("stateMachineArn", arn.whole)
        .text("name", &machine.name)
        .text("status", machine.status())
        .text("type", machine.kind())
        .text("roleArn", &revision.role)
        .time("creationDate", version.map_or(machine.created, |version| version.created))
        .optional("description", version.and_then(|version| version.description.as_deref()))
        .optional("revisionId", revision.shown_id());
    if input.all_data() {
        let definition = machine::definition(api.store(), arn.base, &revision.id).await?;
        answer.text("definition", &definition);
        variables::describe(&mut answer, &definition, machine.express);
    } else {
        answer.text("definition", "{}");
    }
    revision.settings.describe(&mut answer)?;
    Ok(answer.finish())
}
