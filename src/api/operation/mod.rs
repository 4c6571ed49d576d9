//! One file per operation, and the table of them. An operation gets an input whose shape was checked and answers with the
//! JSON of its output.

mod create_activity;
mod create_state_machine;
mod create_state_machine_alias;
mod delete_activity;
mod delete_state_machine;
mod delete_state_machine_alias;
mod delete_state_machine_version;
mod describe_activity;
mod describe_execution;
mod describe_state_machine;
mod describe_state_machine_alias;
mod describe_state_machine_for_execution;
mod get_activity_task;
mod get_execution_history;
mod list_activities;
mod list_executions;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod map_run;
mod publish_state_machine_version;
mod redrive_execution;
mod send_task;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod test_state;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;

use std::pin::Pin;

use super::Api;
use super::error::Error;
use super::input::Input;

/// An operation.
pub(super) struct Operation {
    /// Its name.
    pub(super) name: &'static str,
    /// Does it.
    pub(super) run: for<'a> fn(&'a Api, Input) -> Running<'a>,
}

/// An operation under way.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// The JSON of an operation's output, or the refusal.
type Answer = Result<String, Error>;

/// The operation of this name; `None` if there is none, or it is not built yet.
pub(super) fn find(name: &str) -> Option<&'static Operation> {
    let at = OPERATIONS.binary_search_by_key(&name, |operation| operation.name).ok()?;
    OPERATIONS.get(at)
}

/// All operations that are built, in order of name.
static OPERATIONS: &[Operation] = &[
    Operation { name: "CreateActivity", run: |a, i| Box::pin(create_activity::run(a, i)) },
    Operation { name: "CreateStateMachine", run: |a, i| Box::pin(create_state_machine::run(a, i)) },
    Operation {
        name: "CreateStateMachineAlias",
        run: |a, i| Box::pin(create_state_machine_alias::run(a, i)),
    },
    Operation { name: "DeleteActivity", run: |a, i| Box::pin(delete_activity::run(a, i)) },
    Operation { name: "DeleteStateMachine", run: |a, i| Box::pin(delete_state_machine::run(a, i)) },
    Operation {
        name: "DeleteStateMachineAlias",
        run: |a, i| Box::pin(delete_state_machine_alias::run(a, i)),
    },
    Operation {
        name: "DeleteStateMachineVersion",
        run: |a, i| Box::pin(delete_state_machine_version::run(a, i)),
    },
    Operation { name: "DescribeActivity", run: |a, i| Box::pin(describe_activity::run(a, i)) },
    Operation { name: "DescribeExecution", run: |a, i| Box::pin(describe_execution::run(a, i)) },
    Operation { name: "DescribeMapRun", run: |a, i| Box::pin(map_run::describe(a, i)) },
    Operation {
        name: "DescribeStateMachine",
        run: |a, i| Box::pin(describe_state_machine::run(a, i)),
    },
    Operation {
        name: "DescribeStateMachineAlias",
        run: |a, i| Box::pin(describe_state_machine_alias::run(a, i)),
    },
    Operation {
        name: "DescribeStateMachineForExecution",
        run: |a, i| Box::pin(describe_state_machine_for_execution::run(a, i)),
    },
    Operation { name: "GetActivityTask", run: |a, i| Box::pin(get_activity_task::run(a, i)) },
    Operation {
        name: "GetExecutionHistory",
        run: |a, i| Box::pin(get_execution_history::run(a, i)),
    },
    Operation { name: "ListActivities", run: |a, i| Box::pin(list_activities::run(a, i)) },
    Operation { name: "ListExecutions", run: |a, i| Box::pin(list_executions::run(a, i)) },
    Operation { name: "ListMapRuns", run: |a, i| Box::pin(map_run::list(a, i)) },
    Operation {
        name: "ListStateMachineAliases",
        run: |a, i| Box::pin(list_state_machine_aliases::run(a, i)),
    },
    Operation {
        name: "ListStateMachineVersions",
        run: |a, i| Box::pin(list_state_machine_versions::run(a, i)),
    },
    Operation { name: "ListStateMachines", run: |a, i| Box::pin(list_state_machines::run(a, i)) },
    Operation { name: "ListTagsForResource", run: |a, i| Box::pin(tag_resource::list(a, i)) },
    Operation {
        name: "PublishStateMachineVersion",
        run: |a, i| Box::pin(publish_state_machine_version::run(a, i)),
    },
    Operation { name: "RedriveExecution", run: |a, i| Box::pin(redrive_execution::run(a, i)) },
    Operation { name: "SendTaskFailure", run: |a, i| Box::pin(send_task::failure(a, i)) },
    Operation { name: "SendTaskHeartbeat", run: |a, i| Box::pin(send_task::heartbeat(a, i)) },
    Operation { name: "SendTaskSuccess", run: |a, i| Box::pin(send_task::success(a, i)) },
    Operation { name: "StartExecution", run: |a, i| Box::pin(start_execution::run(a, i)) },
    Operation { name: "StartSyncExecution", run: |a, i| Box::pin(start_sync_execution::run(a, i)) },
    Operation { name: "StopExecution", run: |a, i| Box::pin(stop_execution::run(a, i)) },
    Operation { name: "TagResource", run: |a, i| Box::pin(tag_resource::tag(a, i)) },
    Operation { name: "TestState", run: |a, i| Box::pin(test_state::run(a, i)) },
    Operation { name: "UntagResource", run: |a, i| Box::pin(tag_resource::untag(a, i)) },
    Operation { name: "UpdateMapRun", run: |a, i| Box::pin(map_run::update(a, i)) },
    Operation { name: "UpdateStateMachine", run: |a, i| Box::pin(update_state_machine::run(a, i)) },
    Operation {
        name: "UpdateStateMachineAlias",
        run: |a, i| Box::pin(update_state_machine_alias::run(a, i)),
    },
    Operation {
        name: "ValidateStateMachineDefinition",
        run: |a, i| Box::pin(validate_state_machine_definition::run(a, i)),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::shape;

    #[test]
    fn the_table_is_in_order_of_name_and_each_operation_has_a_shape() {
        assert!(OPERATIONS.is_sorted_by_key(|operation| operation.name));
        for operation in OPERATIONS {
            assert!(shape::of(operation.name).is_some(), "{}", operation.name);
        }
    }
}
