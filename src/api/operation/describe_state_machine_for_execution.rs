//! DescribeStateMachineForExecution: the machine as it was when the execution started.

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, execution, machine, variables};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let execution = execution::require(api, input.required("executionArn")?).await?;
    let arn = MachineArn::parse(&execution.machine)?;
    let revision = machine::revision(api.store(), arn.base, &execution.revision).await?;
    let name = arn.base.rsplit(':').next().unwrap_or_default();
    let mut answer = Object::new();
    answer
        .text("stateMachineArn", arn.base)
        .text("name", name)
        .text("roleArn", &execution.role)
        .time("updateDate", revision.since)
        .optional("revisionId", revision.shown_id());
    if input.all_data() {
        let definition = machine::definition(api.store(), arn.base, &revision.id).await?;
        answer.text("definition", &definition);
        // Only Standard executions can be asked about.
        variables::describe(&mut answer, &definition, false);
    } else {
        answer.text("definition", "{}");
    }
    revision.settings.describe(&mut answer)?;
    Ok(answer.finish())
}
