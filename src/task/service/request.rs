//! What an action of an optimized integration asks of its service. Most are operations of the same name; EMR has names of
//! its own for single steps and clusters, and Bedrock takes and gives JSON.

use stepwright_core::expr::{Map, Value};

use super::template::at;

/// An operation of the generic client and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// The service.
    pub(super) service: &'static str,
    /// The operation in camel case.
    pub(super) action: String,
    /// Its parameters.
    pub(super) parameters: Value,
}

/// The operation for an action.
///
/// # Errors
/// What is wrong with the parameters.
pub(super) fn asked(
    service: &'static str,
    action: &str,
    given: &Value,
) -> Result<Asked, Vec<String>> {
    let plain = |service, action: &str, parameters| Asked {
        service,
        action: action.to_owned(),
        parameters,
    };
    let (action, members) = match (service, action) {
        ("bedrock", "invokeModel") => {
            return Ok(plain("bedrockruntime", action, given.clone()));
        }
        ("emr", "createCluster") => return Ok(plain(service, "runJobFlow", given.clone())),
        ("emr", "terminateCluster") => ("terminateJobFlows", CLUSTERS),
        ("emr", "setClusterTerminationProtection") => ("setTerminationProtection", PROTECTION),
        ("emr", "addStep") => ("addJobFlowSteps", ADD_STEP),
        ("emr", "cancelStep") => ("cancelSteps", CANCEL_STEP),
        (service, action) => return Ok(plain(service, action, given.clone())),
    };
    Ok(plain(service, action, renamed(given, members)?))
}

/// The answer as the action has it.
pub(super) fn answered(service: &str, action: &str, given: &Value, answer: &Value) -> Map {
    let mut members = answer.as_object().cloned().unwrap_or_default();
    let mut put = |name: &str, value: Option<&Value>| {
        members.extend(value.map(|value| (name.into(), value.clone())));
    };
    match (service, action) {
        ("emr", "createCluster") => put("ClusterId", at(answer, "JobFlowId")),
        ("emr", "addStep") => put("StepId", at(answer, "StepIds.0")),
        ("emr", "terminateCluster") => put("ClusterId", given.get("ClusterId")),
        ("emr", "cancelStep") => put("CancelStepsInfo", at(answer, "CancelStepsInfoList.0")),
        ("bedrock", "invokeModel") => {
            let body = at(answer, "Body").and_then(Value::as_str);
            put("Body", body.and_then(|text| Value::parse(text).ok()).as_ref());
        }
        _ => {}
    }
    for (name, of) in [
        ("JobFlowId", "ClusterId"),
        ("StepIds", "StepId"),
        ("CancelStepsInfoList", "CancelStepsInfo"),
    ] {
        if members.contains_key(of) {
            members.shift_remove(name);
        }
    }
    members
}

/// Parameters by other names: from, to, and whether it becomes the only item of a list.
type Renaming = &'static [(&'static str, &'static str, bool)];

fn renamed(given: &Value, members: Renaming) -> Result<Value, Vec<String>> {
    let mut found = Map::new();
    let mut problems = Vec::new();
    for (key, value) in given.as_object().into_iter().flatten() {
        match members.iter().find(|(from, ..)| *from == &**key) {
            Some((_, to, true)) => found.insert((*to).into(), Value::array([value.clone()])),
            Some((_, to, false)) => found.insert((*to).into(), value.clone()),
            None => {
                problems.push(format!("The field '{key}' is not supported by Step Functions"));
                None
            }
        };
    }
    for (from, ..) in members.iter().filter(|(from, ..)| given.get(from).is_none()) {
        if *from != "ExecutionRoleArn" {
            problems.push(format!("The field '{from}' is required but was missing"));
        }
    }
    if problems.is_empty() { Ok(Value::Object(found.into())) } else { Err(problems) }
}

const CLUSTERS: Renaming = &[("ClusterId", "JobFlowIds", true)];
const PROTECTION: Renaming =
    &[("ClusterId", "JobFlowIds", true), ("TerminationProtected", "TerminationProtected", false)];
const ADD_STEP: Renaming = &[
    ("ClusterId", "JobFlowId", false),
    ("Step", "Steps", true),
    ("ExecutionRoleArn", "ExecutionRoleArn", false),
];
const CANCEL_STEP: Renaming = &[("ClusterId", "ClusterId", false), ("StepId", "StepIds", true)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emr_has_names_of_its_own_for_single_steps_and_clusters() {
        let table = [
            (
                "terminateCluster",
                r#"{"ClusterId":"j"}"#,
                "terminateJobFlows",
                r#"{"JobFlowIds":["j"]}"#,
            ),
            (
                "addStep",
                r#"{"ClusterId":"j","Step":{"Name":"s"}}"#,
                "addJobFlowSteps",
                r#"{"JobFlowId":"j","Steps":[{"Name":"s"}]}"#,
            ),
            ("createCluster", r#"{"Name":"n"}"#, "runJobFlow", r#"{"Name":"n"}"#),
        ];
        for (action, given, operation, parameters) in table {
            let asked = asked("emr", action, &Value::parse(given).unwrap()).unwrap();
            assert_eq!((&*asked.action, &*asked.parameters.to_json()), (operation, parameters));
        }
        let problems = asked("emr", "addStep", &Value::parse(r#"{"X":1}"#).unwrap()).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn answers_have_the_names_of_the_action() {
        let table = [
            (
                "createCluster",
                r#"{"ClusterArn":"a","JobFlowId":"j"}"#,
                r#"{"ClusterArn":"a","ClusterId":"j"}"#,
            ),
            ("addStep", r#"{"StepIds":["s"]}"#, r#"{"StepId":"s"}"#),
        ];
        for (action, answer, expected) in table {
            let answer = Value::parse(answer).unwrap();
            let found = answered("emr", action, &Value::Null, &answer);
            assert_eq!(Value::Object(found.into()).to_json(), expected);
        }
    }
}
