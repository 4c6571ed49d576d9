//! One file per operation, and the table of them. An operation gets an input whose shape was checked and answers with the
//! JSON of its output.

mod create_activity;
mod create_state_machine;
mod delete_activity;
mod delete_state_machine;
mod describe_activity;
mod describe_execution;
mod describe_state_machine;
mod describe_state_machine_for_execution;
mod get_activity_task;
mod get_execution_history;
mod list_activities;
mod list_executions;
mod list_state_machines;
mod send_task;
mod start_execution;
mod stop_execution;
mod test_state;
mod update_state_machine;

use std::pin::Pin;

use super::Api;
use super::error::Error;
use super::input::Input;

/// An operation.
pub(super) struct Operation {
    name: &'static str,
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
    Operation { name: "DeleteActivity", run: |a, i| Box::pin(delete_activity::run(a, i)) },
    Operation { name: "DeleteStateMachine", run: |a, i| Box::pin(delete_state_machine::run(a, i)) },
    Operation { name: "DescribeActivity", run: |a, i| Box::pin(describe_activity::run(a, i)) },
    Operation { name: "DescribeExecution", run: |a, i| Box::pin(describe_execution::run(a, i)) },
    Operation {
        name: "DescribeStateMachine",
        run: |a, i| Box::pin(describe_state_machine::run(a, i)),
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
    Operation { name: "ListStateMachines", run: |a, i| Box::pin(list_state_machines::run(a, i)) },
    Operation { name: "SendTaskFailure", run: |a, i| Box::pin(send_task::failure(a, i)) },
    Operation { name: "SendTaskHeartbeat", run: |a, i| Box::pin(send_task::heartbeat(a, i)) },
    Operation { name: "SendTaskSuccess", run: |a, i| Box::pin(send_task::success(a, i)) },
    Operation { name: "StartExecution", run: |a, i| Box::pin(start_execution::run(a, i)) },
    Operation { name: "StopExecution", run: |a, i| Box::pin(stop_execution::run(a, i)) },
    Operation { name: "TestState", run: |a, i| Box::pin(test_state::run(a, i)) },
    Operation { name: "UpdateStateMachine", run: |a, i| Box::pin(update_state_machine::run(a, i)) },
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
