//! Writes a tree down as a definition in the States Language.

use serde_json::{Map as Object, Value as Json, json};

use super::grow::Machine;
use super::tree::{Care, Deed, Flow, Map, Node, Pass, Step, Task, Wait, Work};
use crate::support::build::START;

/// The definition of a machine.
pub(crate) fn definition(machine: &Machine) -> Json {
    let mut definition = flow(&machine.flow, "");
    if let Some(seconds) = machine.timeout {
        definition["TimeoutSeconds"] = json!(seconds);
    }
    definition
}

/// ARNs of the activities of a definition.
pub(crate) fn activities(definition: &str) -> Vec<String> {
    let names = definition.split(ACTIVITY).skip(1);
    let mut names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

pub(crate) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A flow of its own: a whole machine, a branch, an item processor.
fn flow(steps: &Flow, id: &str) -> Json {
    let mut states = Object::new();
    let first = put(steps, None, &mut states);
    let first = first.unwrap_or_else(|| {
        let name = format!("Nothing{id}");
        states.insert(name.clone(), json!({"Type": "Pass", "End": true}));
        name
    });
    json!({"StartAt": first, "States": states})
}

/// Puts the states of a flow that leads to `next`, or to the end; the name of its first state.
fn put(steps: &[Step], next: Option<&str>, states: &mut Object<String, Json>) -> Option<String> {
    let mut next = next.map(str::to_owned);
    for step in steps.iter().rev() {
        put_step(step, next.as_deref(), states);
        next = Some(name(step));
    }
    next
}

fn name(step: &Step) -> String {
    format!("S{}", step.id)
}

/// A state that leads on.
fn onward(mut state: Json, next: Option<&str>) -> Json {
    match next {
        Some(next) => state["Next"] = json!(next),
        None => state["End"] = json!(true),
    }
    state
}

fn put_step(step: &Step, next: Option<&str>, states: &mut Object<String, Json>) {
    let (own, id) = (name(step), step.id);
    let mut state = match &step.node {
        Node::Pass(pass) => put_pass(step, *pass, next, states),
        Node::Broken => onward(broken(step), next),
        Node::Wait(wait) => onward(waiting(step, *wait), next),
        Node::Succeed => json!({"Type": "Succeed"}),
        Node::Fail => json!({"Type": "Fail", "Error": "Bad", "Cause": "worse"}),
        Node::Task(task) => {
            let state = cared(onward(working(step, task), next), step, &task.care, next, states);
            shown(state, step, "$states.result")
        }
        Node::Parallel { branches, care } => {
            let branches: Vec<_> = branches
                .iter()
                .enumerate()
                .map(|(nth, branch)| flow(branch, &format!("{id}b{nth}")))
                .collect();
            let state = onward(json!({"Type": "Parallel", "Branches": branches}), next);
            counted(cared(state, step, care, next, states), step)
        }
        Node::Map(map) => {
            let state = onward(mapping(step, map), next);
            counted(cared(state, step, &map.care, next, states), step)
        }
        Node::Choice { arms, default } => choosing(step, arms, default, next, states),
        Node::Loop { times, body } => looping(step, *times, body, next, states),
    };
    if step.jsonata {
        state["QueryLanguage"] = json!("JSONata");
    }
    states.insert(own, state);
}

/// Puts a result beside the input.
fn shown(mut state: Json, step: &Step, result: &str) -> Json {
    let id = step.id;
    match step.jsonata {
        true => state["Output"] = merged(&format!("\"r{id}\": {result}")),
        false => state["ResultPath"] = json!(format!("$.r{id}")),
    }
    state
}

fn merged(members: &str) -> Json {
    json!(format!("{{% $merge([$states.input, {{{members}}}]) %}}"))
}

/// Puts the number of results beside the input.
fn counted(mut state: Json, step: &Step) -> Json {
    if !step.jsonata {
        state["ResultSelector"] = json!({"count.$": "States.ArrayLength($)"});
    }
    shown(state, step, "$count($states.result)")
}

fn put_pass(
    step: &Step,
    pass: Pass,
    next: Option<&str>,
    states: &mut Object<String, Json>,
) -> Json {
    let id = step.id;
    let mut state = json!({"Type": "Pass"});
    match (pass, step.jsonata) {
        (Pass::Plain, _) => {}
        (Pass::Result, true) => state["Output"] = merged(&format!("\"p{id}\": [1, 2]")),
        (Pass::Result, false) => {
            state["Result"] = json!([1, 2]);
            state["ResultPath"] = json!(format!("$.p{id}"));
        }
        (Pass::Computed, true) => {
            state["Output"] = merged(&format!("\"p{id}\": $states.input.n * 2"));
        }
        (Pass::Computed, false) => {
            state["Parameters"] = json!({"text.$": "States.Format('{}-{}', $.s, $.n)"});
            state["ResultPath"] = json!(format!("$.p{id}"));
        }
        (Pass::Variable, _) => {
            let reader = format!("S{id}b");
            let variable = format!("v{id}");
            let (value, shown) = match step.jsonata {
                true => (
                    json!({variable: "{% $states.input.n + 1 %}"}),
                    json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": merged(&format!("\"p{id}\": $v{id}"))}),
                ),
                false => (
                    json!({format!("{variable}.$"): "$.n"}),
                    json!({"Type": "Pass", "Parameters": {"v.$": format!("$v{id}")}, "ResultPath": format!("$.p{id}")}),
                ),
            };
            states.insert(reader.clone(), onward(shown, next));
            state["Assign"] = value;
            return onward(state, Some(&reader));
        }
    }
    onward(state, next)
}

fn broken(step: &Step) -> Json {
    match step.jsonata {
        true => json!({"Type": "Pass", "Output": "{% $states.input.n + 'x' %}"}),
        false => json!({"Type": "Pass", "Parameters": {"x.$": "$.missing.field"}}),
    }
}

fn waiting(step: &Step, wait: Wait) -> Json {
    match (wait, step.jsonata) {
        (Wait::Seconds(seconds), _) => json!({"Type": "Wait", "Seconds": seconds}),
        (Wait::Timestamp(seconds), _) => {
            let at = START.plus_seconds(seconds as f64).to_string();
            json!({"Type": "Wait", "Timestamp": at})
        }
        (Wait::FromInput, true) => json!({"Type": "Wait", "Seconds": "{% $states.input.n %}"}),
        (Wait::FromInput, false) => json!({"Type": "Wait", "SecondsPath": "$.n"}),
    }
}

/// Names what a task does, so that whoever does it knows.
fn deed(deed: Deed) -> String {
    match deed {
        Deed::Done(seconds) => format!("done{seconds}"),
        Deed::Flaky(times) => format!("flaky{times}"),
        Deed::Bad => "bad0".to_owned(),
        Deed::Late => "late0".to_owned(),
        Deed::Beats(times) => format!("beats{times}"),
        Deed::Silent => "silent0".to_owned(),
    }
}

fn working(step: &Step, task: &Task) -> Json {
    let (sent, of) = match step.jsonata {
        true => (
            "Arguments",
            json!({"id": step.id, "n": "{% $states.input.n %}", "retry": "{% $states.context.State.RetryCount %}"}),
        ),
        false => {
            ("Parameters", json!({"id": step.id, "n.$": "$.n", "retry.$": "$$.State.RetryCount"}))
        }
    };
    let mut state = json!({"Type": "Task"});
    let did = deed(task.work.deed());
    match task.work {
        Work::Function(_, false) => {
            state["Resource"] = json!(format!("{FUNCTION}{did}"));
            state[sent] = of;
        }
        Work::Function(_, true) => {
            state["Resource"] = json!("arn:aws:states:::lambda:invoke");
            state[sent] = json!({"FunctionName": did, "Payload": of});
        }
        Work::Token(_) => {
            let mut of = of;
            match step.jsonata {
                true => of["token"] = json!("{% $states.context.Task.Token %}"),
                false => of["token.$"] = json!("$$.Task.Token"),
            }
            state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
            state[sent] = json!({"FunctionName": did, "Payload": of});
        }
        Work::Activity(_) => {
            state["Resource"] = json!(format!("{ACTIVITY}{did}"));
            state[sent] = of;
        }
        Work::Job(_) => {
            state["Resource"] = json!("arn:aws:states:::batch:submitJob.sync");
            state[sent] = json!({"JobName": did, "JobQueue": "queue", "JobDefinition": "job"});
        }
    }
    match (task.work, task.work.deed()) {
        (Work::Function(..), Deed::Late) => state["TimeoutSeconds"] = json!(5),
        (Work::Job(_), Deed::Late) => state["TimeoutSeconds"] = json!(5_000),
        (_, Deed::Late) => state["TimeoutSeconds"] = json!(5_000),
        (_, Deed::Beats(_) | Deed::Silent) => state["HeartbeatSeconds"] = json!(3_000),
        _ => {}
    }
    state
}

/// Adds retriers and catchers.
fn cared(
    mut state: Json,
    step: &Step,
    care: &Care,
    next: Option<&str>,
    states: &mut Object<String, Json>,
) -> Json {
    if let Some(most) = care.retries {
        let jitter = if step.id.is_multiple_of(3) { "FULL" } else { "NONE" };
        state["Retry"] = json!([{"ErrorEquals": ["Flaky", "Bad", "States.Timeout"], "MaxAttempts": most,
            "IntervalSeconds": 1 + step.id % 5, "BackoffRate": 1.5, "JitterStrategy": jitter}]);
    }
    let Some(caught) = &care.caught else { return state };
    let to = put(caught, next, states).unwrap_or_else(|| {
        let name = format!("S{}caught", step.id);
        states.insert(name.clone(), json!({"Type": "Pass", "End": true}));
        name
    });
    let id = step.id;
    state["Catch"] = match step.jsonata {
        true => {
            let output = merged(&format!("\"e{id}\": $states.errorOutput.Error"));
            json!([{"ErrorEquals": ["States.ALL"], "Output": output, "Next": to}])
        }
        false => {
            json!([{"ErrorEquals": ["States.ALL"], "ResultPath": format!("$.e{id}"), "Next": to}])
        }
    };
    state
}

fn mapping(step: &Step, map: &Map) -> Json {
    let mut processor = flow(&map.body, &step.id.to_string());
    let items: Vec<_> = (0..map.items).collect();
    let mut state = json!({"Type": "Map", "MaxConcurrency": map.lanes});
    match step.jsonata {
        true => {
            state["Items"] = json!(items);
            state["ItemSelector"] = json!({"n": "{% $states.context.Map.Item.Index + 1 %}", "items": items,
                "s": "{% $string($states.context.Map.Item.Value) %}"});
        }
        false => {
            let input = step.id.is_multiple_of(2);
            if input {
                state["ItemsPath"] = json!("$.items");
            } else {
                state["ItemsPath"] = json!("$$.Execution.Input.items");
            }
            state["ItemSelector"] =
                json!({"n.$": "States.MathAdd($$.Map.Item.Index, 1)", "items": items, "s": "y"});
        }
    }
    if let Some(children) = map.distributed {
        let kind = if children.express { "EXPRESS" } else { "STANDARD" };
        processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": kind});
        state["ToleratedFailureCount"] = json!(children.tolerated);
        state["Label"] = json!(format!("L{}", step.id));
    }
    state["ItemProcessor"] = processor;
    state
}

fn choosing(
    step: &Step,
    arms: &[(i64, Flow)],
    default: &Flow,
    next: Option<&str>,
    states: &mut Object<String, Json>,
) -> Json {
    let id = step.id;
    let mut target = |flow: &Flow, which: &str| {
        put(flow, next, states).unwrap_or_else(|| {
            let name = format!("S{id}{which}");
            states.insert(name.clone(), json!({"Type": "Pass", "End": true}));
            name
        })
    };
    let choices: Vec<_> = arms
        .iter()
        .enumerate()
        .map(|(nth, (bound, flow))| {
            let to = target(flow, &format!("a{nth}"));
            match (step.jsonata, nth) {
                (true, _) => {
                    json!({"Condition": format!("{{% $states.input.n > {bound} %}}"), "Next": to})
                }
                (false, 0) => {
                    json!({"Variable": "$.n", "NumericGreaterThan": bound, "Next": to})
                }
                (false, _) => json!({"And": [{"Variable": "$.n", "NumericLessThanEquals": bound},
                    {"Not": {"Variable": "$.s", "StringMatches": "z*"}}], "Next": to}),
            }
        })
        .collect();
    let default = target(default, "d");
    json!({"Type": "Choice", "Choices": choices, "Default": default})
}

/// A counter, the body, the counter's next value, and the way back.
fn looping(
    step: &Step,
    times: u32,
    body: &Flow,
    next: Option<&str>,
    states: &mut Object<String, Json>,
) -> Json {
    let id = step.id;
    let (add, back, out) = (format!("S{id}add"), format!("S{id}back"), format!("S{id}out"));
    let first = put(body, Some(&add), states).unwrap_or_else(|| add.clone());
    let counter = format!("$.c{id}");
    let more = format!("{counter}.v");
    states.insert(
        add,
        json!({"Type": "Pass", "Parameters": {"v.$": format!("States.MathAdd({more}, 1)")}, "ResultPath": counter, "Next": back}),
    );
    states.insert(
        back,
        json!({"Type": "Choice", "Choices": [{"Variable": more, "NumericLessThan": times, "Next": first}], "Default": out}),
    );
    states.insert(out, onward(json!({"Type": "Pass"}), next));
    match step.jsonata {
        true => {
            json!({"Type": "Pass", "Output": merged(&format!("\"c{id}\": {{\"v\": 0}}")), "Next": first})
        }
        false => {
            json!({"Type": "Pass", "Result": {"v": 0}, "ResultPath": counter, "Next": first})
        }
    }
}
