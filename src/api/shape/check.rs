//! The one checker: walks a value beside its shape.

use std::fmt::{self, Display, Write};

use stepwright_core::expr::Value;

use super::super::error::Error;
use super::{Kind, Member, PAYLOAD, Shape};

/// Checks a request against its shape; `payload` is the greatest length of an input or output in force. A `null` member counts as absent, unknown members are ignored.
///
/// # Errors
/// `SerializationException` for the first value of a wrong type, `ValidationException` for all violated constraints.
pub(in crate::api) fn check(shape: &Shape, value: &Value, payload: usize) -> Result<(), Error> {
    types(shape, value).map_err(Error::serialization)?;
    let mut found = Violations { payload, found: Vec::new() };
    let mut path = String::new();
    found.look(shape, value, &mut path);
    found.into_result()
}

/// The first value whose JSON type is not that of its shape, in the words of AWS's deserializer.
fn types(shape: &Shape, value: &Value) -> Result<(), String> {
    match (shape, value) {
        (Shape::Text { .. }, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => Ok(()),
        (Shape::Float { .. }, Value::Int(_) | Value::Float(_)) => Ok(()),
        (Shape::Whole { kind, .. }, Value::Int(n)) if kind.holds(*n) => Ok(()),
        (Shape::List { of, .. }, Value::Array(items)) => {
            items.iter().filter(|item| **item != Value::Null).try_for_each(|item| types(of, item))
        }
        (Shape::Structure(members), Value::Object(map)) => members
            .iter()
            .filter_map(|member| Some((member, map.get(member.name)?)))
            .filter(|(_, value)| **value != Value::Null)
            .try_for_each(|(member, value)| types(member.shape, value)),
        (shape, value) => Err(mismatch(shape, value)),
    }
}

fn mismatch(shape: &Shape, value: &Value) -> String {
    let wanted = match shape {
        Shape::Text { .. } => "String",
        Shape::Whole { kind: Kind::Integer, .. } => "Integer",
        Shape::Whole { kind: Kind::Long, .. } => "Long",
        Shape::Float { .. } => "Float",
        Shape::Flag => "Boolean",
        Shape::List { .. } | Shape::Structure(_) => return collection_expected(value).to_owned(),
    };
    let got = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Int(_) => "NUMBER_VALUE",
        Value::Float(_) => "DECIMAL_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => return LIST_FOUND.to_owned(),
        Value::Object(_) => return MAP_FOUND.to_owned(),
    };
    format!("{got} cannot be converted to {wanted}")
}

fn collection_expected(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => LIST_FOUND,
        Value::Object(_) => MAP_FOUND,
        Value::String(_) => "Unrecognized collection type class java.lang.String",
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            "Unexpected token received from parser"
        }
    }
}

impl Kind {
    fn holds(self, n: i64) -> bool {
        match self {
            Kind::Integer => i32::try_from(n).is_ok(),
            Kind::Long => true,
        }
    }
}

/// Violated constraints, each as AWS words it.
struct Violations {
    /// What stands for [`PAYLOAD`] in lengths.
    payload: usize,
    found: Vec<String>,
}

impl Violations {
    fn look(&mut self, shape: &Shape, value: &Value, path: &mut String) {
        match (shape, value) {
            (Shape::Text { .. }, Value::String(text)) => self.text(shape, text, path),
            (Shape::Whole { min, max, .. }, Value::Int(n)) => {
                self.range(value, (n < min).then_some(min), (n > max).then_some(max), path)
            }
            (Shape::Float { min, max }, number) => {
                let n = number.as_f64().unwrap_or(*min);
                self.range(value, (n < *min).then_some(min), (n > *max).then_some(max), path);
            }
            (Shape::List { of, length }, Value::Array(items)) => {
                self.length(value, false, items.len(), *length, path);
                for (i, item) in items.iter().enumerate() {
                    within(path, format_args!("{}.member", i + 1), |path| {
                        self.present(of, item, path)
                    });
                }
            }
            (Shape::Structure(members), Value::Object(map)) => {
                for member in *members {
                    self.member(member, map.get(member.name).unwrap_or(&Value::Null), path);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, member: &Member, value: &Value, path: &mut String) {
        if *value == Value::Null && !member.required {
            return;
        }
        within(path, format_args!("{}", member.name), |path| {
            self.present(member.shape, value, path)
        });
    }

    /// A value that must be there.
    fn present(&mut self, shape: &Shape, value: &Value, path: &mut String) {
        if *value == Value::Null {
            self.found.push(format!("Value null at '{path}' {FAILED} not be null"));
        } else {
            self.look(shape, value, path);
        }
    }

    fn text(&mut self, shape: &Shape, text: &str, path: &str) {
        let Shape::Text { length, secret, pattern, one_of } = shape else { return };
        let most = if length.1 == PAYLOAD { self.payload } else { length.1 };
        let length = &(length.0, most);
        // Counting characters is only needed where bytes do not settle it.
        if text.len() < length.0 || text.len() > length.1 || length.0 > 1 {
            self.length(&text.into(), *secret, text.chars().count(), *length, path);
        }
        if let Some(pattern) = pattern.filter(|p| !(p.matches)(text)) {
            self.found.push(format!(
                "Value '{text}' at '{path}' {FAILED} satisfy regular expression pattern: {}",
                pattern.text
            ));
        }
        if !one_of.is_empty() && !one_of.contains(&text) {
            self.found.push(format!(
                "Value '{text}' at '{path}' {FAILED} satisfy enum value set: [{}]",
                one_of.join(", ")
            ));
        }
    }

    fn length(
        &mut self,
        value: &Value,
        secret: bool,
        length: usize,
        (min, max): (usize, usize),
        path: &str,
    ) {
        let shown = Shown { value, secret };
        if length < min {
            self.found.push(format!(
                "{shown} at '{path}' {FAILED} have length greater than or equal to {min}"
            ));
        }
        if length > max {
            self.found.push(format!(
                "{shown} at '{path}' {FAILED} have length less than or equal to {max}"
            ));
        }
    }

    fn range<T: Display>(&mut self, value: &Value, low: Option<T>, high: Option<T>, path: &str) {
        let shown = Shown { value, secret: false };
        if let Some(min) = low {
            self.found.push(format!(
                "{shown} at '{path}' {FAILED} have value greater than or equal to {min}"
            ));
        }
        if let Some(max) = high {
            self.found.push(format!(
                "{shown} at '{path}' {FAILED} have value less than or equal to {max}"
            ));
        }
    }

    fn into_result(self) -> Result<(), Error> {
        let found = self.found;
        if found.is_empty() {
            return Ok(());
        }
        let noun = if found.len() == 1 { "error" } else { "errors" };
        Err(Error::validation(format!(
            "{} validation {noun} detected: {}",
            found.len(),
            found.join("; ")
        )))
    }
}

/// `Value 'x'`; a secret is not repeated.
struct Shown<'a> {
    value: &'a Value,
    secret: bool,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            _ if self.secret => f.write_str("Value"),
            Value::String(text) => write!(f, "Value '{text}'"),
            other => write!(f, "Value '{}'", other.to_json()),
        }
    }
}

/// Runs `work` with `path` one step longer.
fn within(path: &mut String, step: fmt::Arguments<'_>, work: impl FnOnce(&mut String)) {
    let length = path.len();
    let dot = if length == 0 { "" } else { "." };
    // Writing into a string cannot fail.
    let _ = write!(path, "{dot}{step}");
    work(path);
    path.truncate(length);
}

const FAILED: &str = "failed to satisfy constraint: Member must";
const LIST_FOUND: &str = "Start of list found where not expected";
const MAP_FOUND: &str = "Start of structure or map found where not expected.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_worded_as_aws_words_them() {
        let table = [
            (
                "ListExecutions",
                r#"{"statusFilter":"succeeded"}"#,
                "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
            ),
            (
                "ListStateMachineAliases",
                r#"{"stateMachineArn":"a","maxResults":1001}"#,
                "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
            ),
            (
                "CreateStateMachine",
                r#"{"roleArn":null,"definition":"{}"}"#,
                "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
            ),
            (
                "CreateActivity",
                r#"{"name":"a","tags":[{"key":"k"},{"key":""}]}"#,
                "1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "SendTaskSuccess",
                r#"{"taskToken":"","output":"{}"}"#,
                "1 validation error detected: Value at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                "StartExecution",
                r#"{"stateMachineArn":"a","traceHeader":"é"}"#,
                r"1 validation error detected: Value 'é' at 'traceHeader' failed to satisfy constraint: Member must satisfy regular expression pattern: \p{ASCII}*",
            ),
            (
                "UpdateMapRun",
                r#"{"mapRunArn":"a","toleratedFailurePercentage":100.5}"#,
                "1 validation error detected: Value '100.5' at 'toleratedFailurePercentage' failed to satisfy constraint: Member must have value less than or equal to 100",
            ),
            (
                "UntagResource",
                r#"{"resourceArn":"a","tagKeys":[null]}"#,
                "1 validation error detected: Value null at 'tagKeys.1.member' failed to satisfy constraint: Member must not be null",
            ),
        ];
        for (operation, body, expected) in table {
            let error = checked(operation, body).unwrap_err();
            assert_eq!((error.kind(), error.message()), ("ValidationException", expected));
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_no_request_at_all() {
        let table = [
            (
                "StartExecution",
                r#"{"stateMachineArn":1}"#,
                "NUMBER_VALUE cannot be converted to String",
            ),
            (
                "StartExecution",
                r#"{"stateMachineArn":{}}"#,
                "Start of structure or map found where not expected.",
            ),
            (
                "ListActivities",
                r#"{"maxResults":"1"}"#,
                "STRING_VALUE cannot be converted to Integer",
            ),
            (
                "ListActivities",
                r#"{"maxResults":1.5}"#,
                "DECIMAL_VALUE cannot be converted to Integer",
            ),
            (
                "ListActivities",
                r#"{"maxResults":99999999999}"#,
                "NUMBER_VALUE cannot be converted to Integer",
            ),
            (
                "CreateActivity",
                r#"{"name":"a","tags":{}}"#,
                "Start of structure or map found where not expected.",
            ),
            (
                "CreateActivity",
                r#"{"name":"a","tags":["x"]}"#,
                "Unrecognized collection type class java.lang.String",
            ),
            ("ListActivities", "[]", "Start of list found where not expected"),
            ("ListActivities", "true", "Unexpected token received from parser"),
        ];
        for (operation, body, expected) in table {
            let error = checked(operation, body).unwrap_err();
            assert_eq!(
                (error.kind(), error.message()),
                ("SerializationException", expected),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_null_or_unknown_is_passed_over() {
        for body in [r#"{"maxResults":null}"#, r#"{"colour":7}"#, r#"{"maxResults":0}"#] {
            assert!(checked("ListActivities", body).is_ok(), "{body}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        let name = "é".repeat(80);
        assert!(checked("CreateActivity", &format!(r#"{{"name":"{name}"}}"#)).is_ok());
        assert!(checked("CreateActivity", &format!(r#"{{"name":"{name}é"}}"#)).is_err());
    }

    #[test]
    fn payloads_are_as_long_as_the_limit_in_force_allows() {
        let shape = super::super::of("StartExecution").unwrap();
        let body = |length| {
            Value::object([
                ("stateMachineArn", Value::from("a")),
                ("input", Value::from("x".repeat(length).as_str())),
            ])
        };
        let table = [
            (PAYLOAD, PAYLOAD, true),
            (PAYLOAD + 1, PAYLOAD, false),
            (PAYLOAD + 1, PAYLOAD * 2, true),
        ];
        for (length, limit, taken) in table {
            assert_eq!(check(shape, &body(length), limit).is_ok(), taken, "{length} {limit}");
        }
        let long_name = Value::object([("stateMachineArn", Value::from("a".repeat(257).as_str()))]);
        assert!(check(shape, &long_name, PAYLOAD * 2).is_err(), "other lengths are not touched");
    }

    fn checked(operation: &str, body: &str) -> Result<(), Error> {
        check(super::super::of(operation).unwrap(), &Value::parse(body).unwrap(), PAYLOAD)
    }
}
