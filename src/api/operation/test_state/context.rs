//! The context object that a request gives: which members it may have, and of which type.

use stepwright_core::expr::Value;

use crate::api::error::Error;

/// Reads a context object.
///
/// # Errors
/// `ValidationException` for the first member that a context object does not have, or not so.
pub(super) fn read(text: &str) -> Result<Value, Error> {
    let refused =
        |why: String| Error::validation(format!("Invalid Context object provided: {why}"));
    let context = Value::parse(text).map_err(|_| refused("must be valid JSON".to_owned()))?;
    check(&context).map_err(refused)?;
    Ok(context)
}

fn check(context: &Value) -> Result<(), String> {
    let members = context.as_object().ok_or("must be an object")?;
    for (name, value) in members {
        if &**name == "Map" {
            return Err("'Map' field is not supported when mocking a Context object".to_owned());
        }
        let known = PARTS.iter().find(|(part, _)| **part == **name);
        let (part, fields) = known.ok_or_else(|| not_allowed(name))?;
        let inner = value.as_object().ok_or_else(|| format!("{part} must be an object"))?;
        for (name, value) in inner {
            let known = fields.iter().find(|(field, _)| **field == **name);
            let (field, kind) = known.ok_or_else(|| not_allowed(name))?;
            if !kind.holds(value) {
                return Err(format!("{part}.{field} must be {}", kind.wanted()));
            }
        }
    }
    Ok(())
}

fn not_allowed(name: &str) -> String {
    format!("Field '{name}' is not allowed")
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Whole,
    Any,
}

impl Kind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Kind::Text => value.as_str().is_some(),
            Kind::Whole => value.as_i64().is_some(),
            Kind::Any => true,
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Kind::Text => "a string",
            Kind::Whole => "a number",
            Kind::Any => "JSON",
        }
    }
}

type Fields = &'static [(&'static str, Kind)];

/// The parts of a context object that can be given, and their members (AWS: Context object).
const PARTS: [(&str, Fields); 4] = [
    (
        "Execution",
        &[
            ("Id", Kind::Text),
            ("Input", Kind::Any),
            ("Name", Kind::Text),
            ("RoleArn", Kind::Text),
            ("StartTime", Kind::Text),
            ("RedriveCount", Kind::Whole),
            ("RedriveTime", Kind::Text),
        ],
    ),
    ("State", &[("EnteredTime", Kind::Text), ("Name", Kind::Text), ("RetryCount", Kind::Whole)]),
    ("StateMachine", &[("Id", Kind::Text), ("Name", Kind::Text)]),
    ("Task", &[("Token", Kind::Text)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_object_has_the_members_that_it_has_on_aws() {
        let table = [
            ("{}", None),
            (r#"{"Execution": {}, "State": {}, "StateMachine": {}}"#, None),
            (r#"{"Execution": {"Input": [1], "Id": "x"}, "Task": {"Token": "t"}}"#, None),
            (r#"{"State": {"RetryCount": 2}}"#, None),
            (r#"{"State": {"RetryCount": "2"}}"#, Some("State.RetryCount must be a number")),
            (r#"{"Execution": {"Id": 1}}"#, Some("Execution.Id must be a string")),
            (r#"{"Execution": {"Ids": 1}}"#, Some("Field 'Ids' is not allowed")),
            (r#"{"Executions": {}}"#, Some("Field 'Executions' is not allowed")),
            (r#"{"StateMachine": "x"}"#, Some("StateMachine must be an object")),
            (r#"{"Map": {}}"#, Some("'Map' field is not supported when mocking a Context object")),
            ("[]", Some("must be an object")),
            ("{", Some("must be valid JSON")),
        ];
        for (text, expected) in table {
            let found = read(text).err().map(|error| error.message().to_owned());
            let expected = expected.map(|why| format!("Invalid Context object provided: {why}"));
            assert_eq!(found, expected, "{text}");
        }
    }
}
