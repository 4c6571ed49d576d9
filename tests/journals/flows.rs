//! The workflows that are kept on tape: every type of state, everything that a state can wait for, and every way to end.

use serde_json::{Value as Json, json};

use super::world::ACTIVITY;

/// What the world does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    Nothing,
    /// Answers task tokens with success.
    Answers,
    /// Answers them with failure.
    Refuses,
    /// Works for the activity.
    Works,
    /// Works for it, and fails.
    Botches,
    /// Takes its task and is never heard of again.
    Vanishes,
    /// Stops the execution once.
    Stops,
    /// Redrives it once.
    Redrives,
    /// Lowers the concurrency of its Map Run to one.
    Slows,
}

/// A workflow and its world.
pub(super) struct Flow {
    pub(super) name: &'static str,
    pub(super) definition: Json,
    pub(super) input: Json,
    pub(super) outside: Outside,
    /// Which of the events come to pass depends on the order in which lanes go on.
    pub(super) races: bool,
}

/// All of them. A flow that was ever on tape stays here.
pub(super) fn flows() -> Vec<Flow> {
    let mut all = plain();
    all.extend(tasks());
    all.extend(waits());
    all.extend(forks());
    let few = json!({"items": [1, 2, 3]});
    all.extend(runs().into_iter().map(|flow| Flow { input: few.clone(), ..flow }));
    all.extend(ends());
    all
}

fn plain() -> Vec<Flow> {
    vec![
        flow(
            "pass-choice-succeed",
            json!({
                "A": {"Type": "Pass", "Result": {"n": 2}, "ResultPath": "$.made", "Next": "B"},
                "B": {"Type": "Choice", "Choices": [{"Variable": "$.made.n", "NumericEquals": 2, "Next": "C"}], "Default": "D"},
                "C": {"Type": "Succeed"},
                "D": {"Type": "Fail"},
            }),
        ),
        flow(
            "wait",
            json!({
                "A": {"Type": "Wait", "Seconds": 5, "Next": "B"},
                "B": {"Type": "Wait", "Seconds": 90_000, "Next": "C"},
                "C": {"Type": "Pass", "End": true},
            }),
        ),
        flow(
            "variables",
            json!({
                "A": {"Type": "Pass", "Assign": {"x": 1, "y.$": "$.a"}, "Next": "B"},
                "B": {"Type": "Pass", "Parameters": {"x.$": "$x", "start.$": "$$.Execution.StartTime"}, "Next": "C"},
                "C": {"Type": "Succeed"},
            }),
        ),
        Flow {
            definition: json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
                "A": {"Type": "Pass", "Assign": {"total": "{% $sum($states.input.items) %}"}, "Next": "B"},
                "B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "C", "Retry": retry(),
                      "Arguments": {"FunctionName": "echo", "Payload": {"t": "{% $total %}"}}, "Output": "{% $states.result.t %}"},
                "C": {"Type": "Pass", "Output": "{% $states.input %}", "End": true},
            }}),
            ..flow("jsonata", json!({"A": {}}))
        },
        flow(
            "query-failed",
            json!({
                "A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $error('no') %}", "End": true},
            }),
        ),
    ]
}

fn tasks() -> Vec<Flow> {
    let caught = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Z"}]);
    vec![
        flow(
            "task",
            json!({
                "A": {"Type": "Task", "Resource": function("echo"), "TimeoutSeconds": 20, "Retry": retry(), "Next": "B"},
                "B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Retry": retry(),
                      "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "End": true},
            }),
        ),
        flow(
            "retried",
            json!({
                "A": {"Type": "Task", "Resource": function("flaky"), "Retry": retry(), "End": true},
            }),
        ),
        flow(
            "caught",
            json!({
                "A": {"Type": "Task", "Resource": function("broken"), "Catch": caught, "Next": "Z"},
                "Z": {"Type": "Pass", "End": true},
            }),
        ),
        flow(
            "task-timed-out",
            json!({
                "A": {"Type": "Task", "Resource": function("late"), "TimeoutSeconds": 3, "Catch": caught, "Next": "Z"},
                "Z": {"Type": "Pass", "End": true},
            }),
        ),
    ]
}

/// What waits for others.
fn waits() -> Vec<Flow> {
    let token = |more: Json| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
            "Parameters": {"FunctionName": "hand", "Payload": {"token.$": "$$.Task.Token"}}, "Retry": retry()});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with_refuge(state)
    };
    let caught = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Z"}]);
    let job = |seconds: u64, more: Json| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": true,
            "Parameters": {"JobName": "j", "seconds": seconds}});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with_refuge(state)
    };
    vec![
        outside(Outside::Answers, flow("token-answered", token(json!({"HeartbeatSeconds": 600})))),
        outside(
            Outside::Refuses,
            flow("token-refused", token(json!({"Retry": [], "Catch": caught}))),
        ),
        flow("token-expired", token(json!({"TimeoutSeconds": 30, "Retry": [], "Catch": caught}))),
        outside(
            Outside::Works,
            flow(
                "activity",
                json!({
                    "A": {"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 600, "HeartbeatSeconds": 300, "Retry": retry(), "End": true},
                }),
            ),
        ),
        outside(
            Outside::Botches,
            flow(
                "activity-failed",
                with_refuge(json!({
                    "Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 60, "Catch": caught, "End": true,
                })),
            ),
        ),
        outside(
            Outside::Vanishes,
            flow(
                "activity-timed-out",
                with_refuge(json!({
                    "Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 5, "Catch": caught, "End": true,
                })),
            ),
        ),
        flow(
            "job-refused",
            job(
                0,
                json!({"Parameters": {"JobName": "j", "FunctionName": "broken"}, "Catch": caught}),
            ),
        ),
        flow("job", job(2, json!({}))),
        flow("job-given-up", job(4_000, json!({"TimeoutSeconds": 2, "Catch": caught}))),
    ]
}

fn forks() -> Vec<Flow> {
    let double = json!({"StartAt": "D", "States": {"D": {"Type": "Task", "Resource": function("echo"), "Retry": retry(), "End": true}}});
    let mapped = |more: Json| {
        let mut map =
            json!({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": double, "End": true});
        map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"M": map})
    };
    let broken = json!({"StartAt": "D", "States": {"D": {"Type": "Task", "Resource": function("broken"), "End": true}}});
    let failing = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken"}}});
    let slow =
        json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": true}}});
    let caught = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Z"}]);
    let parallel = json!({"Type": "Parallel", "Branches": [double, slow], "ResultPath": "$.both", "Next": "Z"});
    vec![
        flow("parallel", json!({"P": parallel, "Z": {"Type": "Succeed"}})),
        races(flow(
            "parallel-failed",
            json!({
                "P": {"Type": "Parallel", "Branches": [broken, slow], "Catch": caught, "Next": "Z"},
                "Z": {"Type": "Pass", "End": true},
            }),
        )),
        flow("map", mapped(json!({}))),
        flow("map-in-lanes", mapped(json!({"MaxConcurrency": 2}))),
        flow("map-one-by-one", mapped(json!({"MaxConcurrency": 1}))),
        races(flow("map-failed", mapped(json!({"ItemProcessor": failing, "MaxConcurrency": 2})))),
        races(flow(
            "map-aborted",
            mapped(json!({"ItemProcessor": {"StartAt": "C", "States": {
                "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "F"}], "Default": "W"},
                "F": {"Type": "Fail", "Error": "Broken"},
                "W": {"Type": "Wait", "Seconds": 30, "End": true},
            }}})),
        )),
        flow(
            "nested",
            json!({
                "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true, "ItemProcessor":
                    {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [double, slow], "End": true}}}},
            }),
        ),
    ]
}

fn runs() -> Vec<Flow> {
    let map = |state: Json, more: Json| {
        let items = if more.get("ItemReader").is_some() {
            json!({})
        } else {
            json!({"ItemsPath": "$.items"})
        };
        let mut map = json!({"Type": "Map", "Label": "each", "End": true, "MaxConcurrency": 2,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                              "StartAt": "D", "States": {"D": state}}});
        for more in [items, more] {
            map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        json!({"M": map})
    };
    let task = json!({"Type": "Task", "Resource": function("echo"), "Retry": retry(), "End": true});
    let mended = json!({"Type": "Task", "Resource": function("mended"), "Retry": lost(), "End": true,
                        "Parameters": {"redrives.$": "$$.Execution.RedriveCount"}});
    let place = json!({"Bucket": "bucket", "Key": "items.csv"});
    vec![
        races(flow("map-run", map(task.clone(), json!({})))),
        races(flow(
            "map-run-of-objects",
            map(
                task,
                json!({
                    "ItemBatcher": {"MaxItemsPerBatch": 2},
                    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": place,
                                   "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}},
                    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket", "Prefix": "out"}},
                    "ResultSelector": {"written": true},
                }),
            ),
        )),
        races(flow(
            "map-run-failed",
            map(json!({"Type": "Fail", "Error": "Bad"}), json!({"ToleratedFailureCount": 1})),
        )),
        races(outside(Outside::Redrives, flow("map-run-redriven", map(mended, json!({}))))),
        races(outside(
            Outside::Stops,
            flow(
                "map-run-stopped",
                map(json!({"Type": "Wait", "Seconds": 60, "End": true}), json!({})),
            ),
        )),
        races(outside(
            Outside::Slows,
            flow(
                "map-run-slowed",
                map(
                    json!({"Type": "Wait", "Seconds": 60, "End": true}),
                    json!({
                        "MaxConcurrency": 2,
                    }),
                ),
            ),
        )),
    ]
}

fn ends() -> Vec<Flow> {
    let mended = json!({"Type": "Task", "Resource": function("mended"), "Retry": lost(), "End": true,
                        "Parameters": {"redrives.$": "$$.Execution.RedriveCount"}});
    let both = json!([{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}},
                      {"StartAt": "B", "States": {"B": mended}}]);
    vec![
        flow("failed", json!({"A": {"Type": "Fail", "Error": "No", "Cause": "as meant"}})),
        races(outside(
            Outside::Stops,
            flow("stopped", json!({"A": {"Type": "Wait", "Seconds": 600, "End": true}})),
        )),
        Flow {
            definition: json!({"StartAt": "A", "TimeoutSeconds": 20, "States": {"A": {"Type": "Wait", "Seconds": 600, "End": true}}}),
            ..flow("timed-out", json!({"A": {}}))
        },
        outside(Outside::Redrives, flow("redriven", json!({"A": mended}))),
        races(outside(
            Outside::Redrives,
            flow(
                "fork-redriven",
                json!({"P": {"Type": "Parallel", "Branches": both, "End": true}}),
            ),
        )),
    ]
}

fn flow(name: &'static str, states: Json) -> Flow {
    let first = states.as_object().unwrap().keys().next().unwrap().clone();
    let definition = json!({"StartAt": first, "States": states});
    let input = json!({"a": "ü", "items": [1, 2, 3, 4, 5]});
    Flow { name, definition, input, outside: Outside::Nothing, races: false }
}

fn outside(outside: Outside, flow: Flow) -> Flow {
    Flow { outside, ..flow }
}

fn races(flow: Flow) -> Flow {
    Flow { races: true, ..flow }
}

/// The state, and what it may catch into.
fn with_refuge(state: Json) -> Json {
    let catches = state.get("Catch").is_some();
    let mut states = json!({"A": state});
    if catches {
        states["Z"] = json!({"Type": "Pass", "End": true});
    }
    states
}

fn function(name: &str) -> Json {
    json!(format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"))
}

/// A performer that is lost is one more failure.
fn retry() -> Json {
    json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 5}])
}

/// Only for a performer that is lost.
fn lost() -> Json {
    json!([{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "MaxAttempts": 5}])
}
