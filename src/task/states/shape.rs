//! Answers of the Step Functions API as its optimized integration shows them: in the order of their names, times in
//! milliseconds.

use stepwright_core::expr::Value;
use stepwright_core::expr::value::Map;
use stepwright_core::time::Timestamp;

/// A time as one in milliseconds.
pub(super) fn milliseconds(time: &Value) -> Value {
    let seconds = match time {
        Value::String(text) => Timestamp::parse(text).map(Timestamp::epoch_seconds),
        time => time.as_f64(),
    };
    seconds.map_or(Value::Null, |seconds| Value::number((seconds * 1000.0).round()))
}

/// The ARN of an execution of a state machine, whose ARN may be that of a version or an alias.
pub(super) fn execution_arn(machine: &str, name: &str) -> String {
    let parts: Vec<&str> = machine.split(':').take(7).collect();
    let base = parts.join(":").replacen(":stateMachine:", ":execution:", 1);
    format!("{base}:{name}")
}

/// DescribeExecution's answer (recorded). Payloads are text, or the JSON that the text is.
pub(super) fn described(answer: &Value, as_json: bool) -> Value {
    let members = answer.as_object().into_iter().flatten();
    let mut shown: Map = members
        .map(|(name, value)| (name.clone(), member(name, value, as_json)))
        .filter(|(_, value)| *value != Value::Null)
        .collect();
    shown.sort_unstable_keys();
    Value::Object(shown.into())
}

fn member(name: &str, value: &Value, as_json: bool) -> Value {
    match (name, value) {
        ("StartDate" | "StopDate" | "RedriveDate", time) => milliseconds(time),
        ("Input" | "Output", Value::String(text)) if as_json => {
            Value::parse(text).unwrap_or_else(|_| value.clone())
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_described_as_recorded() {
        let answer = r#"{"ExecutionArn":"e","StateMachineArn":"m","Name":"n","Status":"SUCCEEDED","StartDate":"2023-11-14T22:13:20.500Z","Input":"{}","InputDetails":{"Included":true},"StopDate":1700000001,"Output":"{\"a\": 1}","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","Error":null}"#;
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
