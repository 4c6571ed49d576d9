//! Requests and answers of the Step Functions API as its optimized integration shows them: names in Pascal case, in their
//! order, times in milliseconds.

use stepwright_core::expr::Value;
use stepwright_core::expr::value::Map;

/// `StateMachineArn` as `stateMachineArn`.
pub(super) fn camel(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn pascal(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// A time in seconds as one in milliseconds.
pub(super) fn milliseconds(seconds: &Value) -> Value {
    seconds.as_f64().map_or(Value::Null, |seconds| Value::number((seconds * 1000.0).round()))
}

/// The ARN of an execution of a state machine, whose ARN may be that of a version or an alias.
pub(super) fn execution_arn(machine: &str, name: &str) -> String {
    let parts: Vec<&str> = machine.split(':').take(7).collect();
    let base = parts.join(":").replacen(":stateMachine:", ":execution:", 1);
    format!("{base}:{name}")
}

/// DescribeExecution's answer (recorded). Payloads are text, or the JSON that the text is.
pub(super) fn described(answer: &Value, as_json: bool) -> Value {
    let mut shown: Map = answer
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (pascal(name).into(), member(name, value, as_json)))
        .collect();
    shown.sort_unstable_keys();
    Value::Object(shown.into())
}

fn member(name: &str, value: &Value, as_json: bool) -> Value {
    match (name, value) {
        ("startDate" | "stopDate" | "redriveDate", seconds) => milliseconds(seconds),
        ("input" | "output", Value::String(text)) if as_json => {
            Value::parse(text).unwrap_or_else(|_| value.clone())
        }
        (_, Value::Object(members)) => {
            Value::object(members.iter().map(|(name, value)| (pascal(name), value.clone())))
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_described_as_recorded() {
        let answer = r#"{"executionArn":"e","stateMachineArn":"m","name":"n","status":"SUCCEEDED","startDate":1700000000.5,"input":"{}","inputDetails":{"included":true},"stopDate":1700000001,"output":"{\"a\": 1}","outputDetails":{"included":true},"redriveCount":0,"redriveStatus":"NOT_REDRIVABLE"}"#;
        let answer = Value::parse(answer).unwrap();
        let expected = |input: &str, output: &str| {
            format!(
                r#"{{"ExecutionArn":"e","Input":{input},"InputDetails":{{"Included":true}},"Name":"n","Output":{output},"OutputDetails":{{"Included":true}},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","StartDate":1700000000500,"StateMachineArn":"m","Status":"SUCCEEDED","StopDate":1700000001000}}"#
            )
        };
        assert_eq!(described(&answer, false).to_json(), expected(r#""{}""#, r#""{\"a\": 1}""#));
        assert_eq!(described(&answer, true).to_json(), expected("{}", r#"{"a":1}"#));
    }

    #[test]
    fn executions_of_versions_and_aliases_are_those_of_the_machine() {
        let table = ["arn:aws:states:r:a:stateMachine:m", "arn:aws:states:r:a:stateMachine:m:live"];
        for machine in table {
            assert_eq!(execution_arn(machine, "n"), "arn:aws:states:r:a:execution:m:n");
        }
    }
}
