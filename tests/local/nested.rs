//! Workflows that start workflows, on the engine itself; and test cases with mocked tasks.

use serde_json::{Value, json};

use super::binary::{Server, until};

const START: &str = "arn:aws:states:::states:startExecution";

/// A server with machines by name, and how to run them.
struct World(Server);

impl World {
    fn new(machines: &[(&str, Value)]) -> World {
        let world = World(Server::start(&["--in-memory"]));
        for (name, state) in machines {
            world.create(name, state);
        }
        world
    }

    fn create(&self, name: &str, state: &Value) {
        let definition = json!({"StartAt": "S", "States": {"S": state}}).to_string();
        let role = "arn:aws:iam::123456789012:role/r";
        let body = json!({"name": name, "definition": definition, "roleArn": role});
        assert!(self.0.call("CreateStateMachine", &body).get("stateMachineArn").is_some());
    }

    /// Starts an execution; its ARN.
    fn start(&self, machine: &str, input: &Value) -> String {
        let body = json!({"stateMachineArn": arn(machine), "input": input.to_string()});
        let started = self.0.call("StartExecution", &body);
        started["executionArn"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
    }

    /// The output of an execution, or its error and cause.
    fn run(&self, machine: &str, input: &Value) -> Result<Value, (String, String)> {
        let ended = self.0.ended(&self.start(machine, input));
        let text = |name: &str| ended[name].as_str().unwrap_or_default().to_owned();
        match ended["status"].as_str() {
            Some("SUCCEEDED") => Ok(serde_json::from_str(&text("output")).unwrap()),
            _ => Err((text("error"), text("cause"))),
        }
    }

    fn executions(&self, machine: &str) -> Vec<Value> {
        let listed = self.0.call("ListExecutions", &json!({"stateMachineArn": arn(machine)}));
        listed["executions"].as_array().unwrap().clone()
    }
}

fn arn(machine: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:stateMachine:{machine}")
}

/// The same object with another member.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// A Task that starts the machine `child` in one of the forms.
fn starter(form: &str) -> Value {
    json!({"Type": "Task", "Resource": format!("{START}{form}"), "End": true,
        "Parameters": {"StateMachineArn": arn("child"), "Input.$": "$"}})
}

#[test]
fn a_nested_execution_is_started_and_waited_for_as_its_form_says() {
    let world = World::new(&[
        ("child", json!({"Type": "Pass", "Parameters": {"got.$": "$"}, "End": true})),
        ("fire", starter("")),
        ("text", starter(".sync")),
        ("json", starter(".sync:2")),
    ]);
    let input = json!({"n": 1});
    let fired = world.run("fire", &input).unwrap();
    assert!(fired["ExecutionArn"].as_str().unwrap().contains(":execution:child:"));
    assert!(fired["StartDate"].is_number() && fired["SdkHttpMetadata"]["HttpStatusCode"] == 200);
    let text = world.run("text", &input).unwrap();
    assert_eq!(
        (&text["Input"], &text["Output"]),
        (&json!("{\"n\":1}"), &json!("{\"got\":{\"n\":1}}"))
    );
    let as_json = world.run("json", &input).unwrap();
    assert_eq!((&as_json["Input"], &as_json["Output"]), (&input, &json!({"got": {"n": 1}})));
    let names: Vec<&String> = as_json.as_object().unwrap().keys().collect();
    let expected = [
        "ExecutionArn",
        "Input",
        "InputDetails",
        "Name",
        "Output",
        "OutputDetails",
        "RedriveCount",
        "RedriveStatus",
        "RedriveStatusReason",
        "StartDate",
        "StateMachineArn",
        "Status",
        "StopDate",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_failure_of_a_nested_execution_is_that_of_the_task_with_its_description_as_cause() {
    let world = World::new(&[
        ("child", json!({"Type": "Fail", "Error": "No", "Cause": "because"})),
        ("json", starter(".sync:2")),
    ]);
    let (error, cause) = world.run("json", &json!({})).unwrap_err();
    assert_eq!(error, "States.TaskFailed");
    let cause: Value = serde_json::from_str(&cause).unwrap();
    assert_eq!(
        (&cause["Error"], &cause["Cause"], &cause["Status"]),
        (&json!("No"), &json!("because"), &json!("FAILED"))
    );
    assert_eq!(cause["Input"], "{}");
}

#[test]
fn what_cannot_be_started_is_refused_in_the_words_of_aws() {
    let world = World::new(&[("fire", starter("")), ("json", starter(".sync:2"))]);
    for machine in ["fire", "json"] {
        let (error, cause) = world.run(machine, &json!({})).unwrap_err();
        assert_eq!(error, "StepFunctions.StateMachineDoesNotExistException");
        let expected = format!(
            "State Machine Does Not Exist: '{}' (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: ",
            arn("child")
        );
        assert!(cause.starts_with(&expected), "{cause}");
        assert!(cause.ends_with("; Proxy: null)"), "{cause}");
    }
}

#[test]
fn a_nested_execution_ends_with_the_task_that_waits_for_it() {
    let timed = || {
        let mut state = starter(".sync");
        state["TimeoutSeconds"] = json!(1);
        state
    };
    let world = World::new(&[
        ("child", json!({"Type": "Wait", "Seconds": 600, "End": true})),
        ("json", starter(".sync:2")),
        ("timed", timed()),
    ]);
    let parent = world.start("json", &json!({}));
    until("the child runs", || (!world.executions("child").is_empty()).then_some(()));
    world.0.call("StopExecution", &json!({"executionArn": parent}));
    let aborted = || {
        let all = world.executions("child");
        all.iter().all(|execution| execution["status"] == "ABORTED").then_some(())
    };
    until("the child is stopped with its parent", aborted);
    assert_eq!(world.run("timed", &json!({})).unwrap_err().0, "States.Timeout");
    until("the child is stopped when its task is over", aborted);
    assert_eq!(world.executions("child").len(), 2);
}

#[test]
fn a_nested_execution_can_answer_by_task_token() {
    let answer = json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "End": true,
        "Parameters": {"TaskToken.$": "$.token", "Output": {"done": true}}});
    let ask = json!({"Type": "Task", "Resource": format!("{START}.waitForTaskToken"), "End": true,
        "Parameters": {"StateMachineArn": arn("child"), "Input": {"token.$": "$$.Task.Token"}}});
    let world = World::new(&[("child", answer), ("ask", ask)]);
    assert_eq!(world.run("ask", &json!({})), Ok(json!({"done": true})));
}

#[test]
fn a_server_that_was_killed_goes_on_waiting_and_starts_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", folder.path().to_str().unwrap()];
    let world = World(Server::start(&data));
    world.create("child", &json!({"Type": "Wait", "Seconds": 2, "End": true}));
    world.create("json", &starter(".sync:2"));
    let parent = world.start("json", &json!({"n": 1}));
    until("the child runs", || (!world.executions("child").is_empty()).then_some(()));
    drop(world);
    let world = World(Server::start(&data));
    assert_eq!(world.0.ended(&parent)["status"], "SUCCEEDED");
    assert_eq!(world.executions("child").len(), 1);
}

#[test]
fn tasks_of_a_test_case_are_answered_from_the_mock_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mocks.json");
    let mocks = json!({
        "StateMachines": {"m": {"TestCases": {"Busy": {"S": "Flaky"}, "Job": {"S": "Done"}, "Real": {}}}},
        "MockedResponses": {
            "Flaky": {"0": {"Throw": {"Error": "Busy", "Cause": "later"}}, "1-2": {"Return": {"sent": true}}},
            "Done": {"0": {"Return": {"Output": {"a": 1}}}}
        }
    });
    std::fs::write(&file, mocks.to_string()).unwrap();
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 2}]);
    let states = [
        ("Busy", "sqs:sendMessage", json!({"sent": true})),
        ("Busy", "sqs:sendMessage.waitForTaskToken", json!({"sent": true})),
        ("Job", "states:startExecution.sync:2", json!({"Output": {"a": 1}})),
    ];
    for (case, resource, expected) in states {
        let world = World(Server::start(&["--in-memory", "--mock-config", file.to_str().unwrap()]));
        let state = json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true, "Retry": retry,
            "Parameters": {"QueueUrl": "q", "MessageBody": "m"}});
        let parameters = json!({"StateMachineArn": arn("other")});
        let state = if case == "Job" { with(state, "Parameters", parameters) } else { state };
        world.create("m", &state);
        assert_eq!(world.run(&format!("m#{case}"), &json!({})), Ok(expected), "{resource}");
        let refused = world.0.call("StartExecution", &json!({"stateMachineArn": arn("m#Other")}));
        assert_eq!(refused["__type"], "ValidationException");
    }
}
