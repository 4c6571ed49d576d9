//! What is asked of Lambda: `Parameters` of `lambda:invoke`, and how functions are named.

use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use stepwright_core::expr::{Document, Map, Value};

/// A call of the Invoke API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// Name, ARN or partial ARN, with or without a qualifier.
    pub(super) function: String,
    /// `Qualifier`
    pub(super) qualifier: Option<String>,
    /// JSON text of `Payload`.
    pub(super) payload: Option<String>,
    /// `InvocationType`
    pub(super) kind: Kind,
    /// `ClientContext`: base64.
    pub(super) client_context: Option<String>,
    /// `LogType: Tail`
    pub(super) log_tail: bool,
}

/// `InvocationType`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Waits for the result.
    #[default]
    RequestResponse,
    /// Does not.
    Event,
    /// Only asks whether it could be called.
    DryRun,
}

impl Request {
    /// A function as resource of a Task.
    pub(super) fn of_function(arn: &str, payload: &str) -> Request {
        Request {
            function: arn.to_owned(),
            payload: Some(payload.to_owned()),
            ..Request::default()
        }
    }

    /// The parameters of `lambda:invoke`.
    pub(super) fn of_parameters(parameters: &Document) -> Result<Request, Failure> {
        let mut problems = Vec::new();
        let empty = Map::new();
        let members = parameters.value().as_object().unwrap_or(&empty);
        let known = |key: &&std::sync::Arc<str>| !FIELDS.contains(&&***key);
        for key in members.keys().filter(known) {
            problems.push(format!("The field '{key}' is not supported by Step Functions"));
        }
        let mut text = |field: &str| match members.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.to_string()),
            Some(_) => {
                problems.push(format!("The value of the field '{field}' has an invalid format"));
                None
            }
        };
        let (function, qualifier) = (text("FunctionName"), text("Qualifier"));
        let (client_context, kind) = (text("ClientContext"), text("InvocationType"));
        let log_type = text("LogType");
        let kind = kind.map_or(Some(Kind::default()), |kind| Kind::read(&kind));
        if kind.is_none() {
            problems
                .push("The value of the field 'InvocationType' has an invalid format".to_owned());
        }
        if function.is_none() && problems.is_empty() {
            problems.push("The field 'FunctionName' is required but was missing".to_owned());
        }
        let (Some(function), Some(kind), true) = (function, kind, problems.is_empty()) else {
            return Err(unusable(parameters, &problems));
        };
        Ok(Request {
            function,
            qualifier,
            payload: members.get("Payload").and_then(payload),
            kind,
            client_context,
            log_tail: log_type.as_deref() == Some("Tail"),
        })
    }

    /// The function's bare name, and the qualifier that stands with it.
    pub(super) fn name(&self) -> (&str, Option<&str>) {
        let name = match self.function.split_once("function:") {
            Some((_, name)) => name,
            None => &self.function,
        };
        match name.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (name, None),
        }
    }

    /// The region that a whole ARN names.
    pub(super) fn region(&self) -> Option<&str> {
        let mut parts = self.function.split(':');
        (parts.next() == Some("arn")).then_some(())?;
        parts.nth(2).filter(|region| !region.is_empty())
    }
}

impl Kind {
    /// As the API spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::RequestResponse => "RequestResponse",
            Kind::Event => "Event",
            Kind::DryRun => "DryRun",
        }
    }

    fn read(text: &str) -> Option<Kind> {
        [Kind::RequestResponse, Kind::Event, Kind::DryRun].into_iter().find(|k| k.as_str() == text)
    }
}

/// The body that a `Payload` becomes (recorded): a string that is JSON text is sent as it stands, `null` is no body.
fn payload(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if Value::parse(text).is_ok() => Some(text.to_string()),
        value => Some(value.to_json()),
    }
}

/// AWS's wording for parameters that no request can be made of (recorded for `apigateway:invoke`).
fn unusable(parameters: &Document, problems: &[String]) -> Failure {
    let cause = format!(
        "The Parameters '{}' could not be used to start the Task: [{}]",
        parameters.text(),
        problems.join(", ")
    );
    Failure::new(name::RUNTIME, cause)
}

const FIELDS: [&str; 6] =
    ["FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_name_arn_or_partial_arn() {
        let table = [
            ("f", ("f", None), None),
            ("f:live", ("f", Some("live")), None),
            ("123456789012:function:f", ("f", None), None),
            ("123456789012:function:f:2", ("f", Some("2")), None),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", ("f", None), Some("eu-west-1")),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST",
                ("f", Some("$LATEST")),
                Some("eu-west-1"),
            ),
        ];
        for (function, name, region) in table {
            let request = Request::of_function(function, "{}");
            assert_eq!((request.name(), request.region()), (name, region), "{function}");
        }
    }

    #[test]
    fn parameters_become_a_request() {
        let text = r#"{"FunctionName":"f","Payload":{"a": [1.0, "ü"]},"Qualifier":"live","InvocationType":"Event","ClientContext":"e30=","LogType":"Tail"}"#;
        let expected = Request {
            function: "f".into(),
            qualifier: Some("live".into()),
            payload: Some(r#"{"a":[1.0,"ü"]}"#.into()),
            kind: Kind::Event,
            client_context: Some("e30=".into()),
            log_tail: true,
        };
        assert_eq!(Request::of_parameters(&Document::parse(text).unwrap()).unwrap(), expected);
        let only = Document::parse(r#"{"FunctionName":"f"}"#).unwrap();
        assert_eq!(Request::of_parameters(&only).unwrap().payload, None);
    }

    #[test]
    fn a_payload_that_is_json_text_is_sent_as_it_stands() {
        let table = [
            (r#"{"a": 1}"#, Some(r#"{"a":1}"#)),
            (r#""{\"a\":  1}""#, Some(r#"{"a":  1}"#)),
            (r#""0""#, Some("0")),
            (r#""\"text\"""#, Some(r#""text""#)),
            (r#""text""#, Some(r#""text""#)),
            ("0.0", Some("0.0")),
            ("null", None),
        ];
        for (given, expected) in table {
            let value = Value::parse(given).unwrap();
            assert_eq!(payload(&value).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn parameters_that_cannot_be_used_say_why() {
        let table = [
            ("{}", "[The field 'FunctionName' is required but was missing]"),
            (
                r#"{"FunctionName":1}"#,
                "[The value of the field 'FunctionName' has an invalid format]",
            ),
            (r#"{"FunctionName":"f","X":1}"#, "[The field 'X' is not supported by Step Functions]"),
            (
                r#"{"FunctionName":"f","InvocationType":"Later"}"#,
                "[The value of the field 'InvocationType' has an invalid format]",
            ),
        ];
        for (text, expected) in table {
            let failure = Request::of_parameters(&Document::parse(text).unwrap()).unwrap_err();
            let cause =
                format!("The Parameters '{text}' could not be used to start the Task: {expected}");
            assert_eq!(failure, Failure::new("States.Runtime", cause));
        }
    }
}
