//! Execution logs: which history events a level asks for, and the JSON object that stands for each in CloudWatch Logs.
//!
//! ```text
//! {"id":"2","type":"PassStateEntered","details":{…},"previous_event_id":"0","event_timestamp":"1700000000123",
//!  "execution_arn":"arn:…","redrive_count":"0"}
//! ```
//! The object is as AWS writes it (recorded): numbers outside `details` are strings, the time is in milliseconds, and the
//! members of `details` are those of GetExecutionHistory in the order of their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json::{push_number, push_string};
use super::order::Entry;
use super::wire::{Shown, type_name, write_details};
use crate::event::EventKind;

/// `level` of a logging configuration that logs anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Every event.
    All,
    /// What fails, times out or is aborted.
    Error,
    /// How an execution ends if it does not succeed.
    Fatal,
}

/// What an execution logs, for its whole life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// `level`
    #[serde(rename = "l")]
    pub level: Level,
    /// `includeExecutionData`
    #[serde(rename = "d")]
    pub data: bool,
    /// `logGroupArn` of the one destination.
    #[serde(rename = "g")]
    pub group: Arc<str>,
}

impl Level {
    /// The level of that name; `None` for `OFF`.
    pub fn named(name: &str) -> Option<Level> {
        match name {
            "ALL" => Some(Level::All),
            "ERROR" => Some(Level::Error),
            "FATAL" => Some(Level::Fatal),
            _ => None,
        }
    }

    /// Whether an event is logged at this level (AWS's table of event types and levels, which is this rule).
    pub fn covers(self, kind: &EventKind) -> bool {
        let name = type_name(kind);
        match self {
            Level::All => true,
            Level::Error => is_error(name),
            Level::Fatal => name.starts_with("Execution") && is_error(name),
        }
    }
}

/// Appends the log event of an entry, for an execution with this ARN that has been redriven so often.
pub fn write(out: &mut String, entry: &Entry, data: bool, (arn, redrives): (&str, u32)) {
    let kind = &entry.event.kind;
    let millis = entry.time.0.div_euclid(1000);
    out.push_str("{\"id\":\"");
    push_number(out, entry.id);
    out.push_str("\",\"type\":\"");
    out.push_str(type_name(kind));
    out.push_str("\",\"details\":");
    push_details(out, kind, data);
    out.push_str(",\"previous_event_id\":\"");
    push_number(out, entry.previous);
    out.push_str("\",\"event_timestamp\":\"");
    out.push_str(&millis.to_string());
    out.push_str("\",\"execution_arn\":");
    push_string(out, arn);
    out.push_str(",\"redrive_count\":\"");
    push_number(out, u64::from(redrives));
    out.push_str("\"}");
}

/// Bytes that the payloads of one event may take: with them the event stays below what CloudWatch Logs takes, 256 KiB.
pub const PAYLOAD_ROOM: usize = 248 * 1024;

fn is_error(name: &str) -> bool {
    name == "FailStateEntered"
        || ["Failed", "TimedOut", "Aborted"].iter().any(|end| name.ends_with(end))
}

fn push_details(out: &mut String, kind: &EventKind, data: bool) {
    let mut members = String::from("{");
    write_details(&mut members, kind, Shown { data, room: PAYLOAD_ROOM });
    members.push('}');
    let sorted: BTreeMap<String, &RawValue> = serde_json::from_str(&members).unwrap_or_default();
    out.push('{');
    for (i, (name, value)) in sorted.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_string(out, name);
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Failure;
    use crate::event::{Event, Service, StateClass};
    use crate::expr::Document;
    use crate::time::Timestamp;

    #[test]
    fn each_event_is_logged_from_its_level_on() {
        use Level::{All, Error, Fatal};
        let failure = || Failure::new("E", "c");
        let service = || Service { resource_type: "sqs".into(), resource: "sendMessage".into() };
        let text = || Document::from_trusted_text("{}");
        let entered = |class| EventKind::StateEntered { class, name: "S".into(), input: text() };
        let index = |of: fn(Arc<str>, u64) -> EventKind| of("M".into(), 0);
        let table = [
            (EventKind::ExecutionSucceeded { output: text() }, All),
            (EventKind::ExecutionFailed(failure()), Fatal),
            (EventKind::ExecutionTimedOut(failure()), Fatal),
            (EventKind::ExecutionAborted(failure()), Fatal),
            (EventKind::ExecutionRedriven { redrive_count: 1 }, All),
            (entered(StateClass::Pass), All),
            (entered(StateClass::Choice), All),
            (entered(StateClass::Fail), Error),
            (EventKind::StateAborted { class: StateClass::Wait }, Error),
            (EventKind::StateAborted { class: StateClass::Map }, Error),
            (EventKind::LambdaFunctionStarted, All),
            (EventKind::LambdaFunctionScheduleFailed(failure()), Error),
            (EventKind::LambdaFunctionStartFailed(failure()), Error),
            (EventKind::LambdaFunctionFailed(failure()), Error),
            (EventKind::LambdaFunctionTimedOut(failure()), Error),
            (EventKind::TaskStarted { service: service() }, All),
            (EventKind::TaskSubmitted { service: service(), output: text() }, All),
            (EventKind::TaskSubmitFailed { service: service(), failure: failure() }, Error),
            (EventKind::TaskStartFailed { service: service(), failure: failure() }, Error),
            (EventKind::TaskFailed { service: service(), failure: failure() }, Error),
            (EventKind::TaskTimedOut { service: service(), failure: failure() }, Error),
            (EventKind::ActivityStarted { worker_name: None }, All),
            (EventKind::ActivityFailed(failure()), Error),
            (EventKind::ParallelStateStarted, All),
            (EventKind::ParallelStateFailed, Error),
            (EventKind::MapStateSucceeded, All),
            (EventKind::MapStateFailed, Error),
            (index(|name, index| EventKind::MapIterationStarted { name, index }), All),
            (index(|name, index| EventKind::MapIterationSucceeded { name, index }), All),
            (index(|name, index| EventKind::MapIterationFailed { name, index }), Error),
            (index(|name, index| EventKind::MapIterationAborted { name, index }), Error),
        ];
        for (kind, lowest) in table {
            let logged = [All, Error, Fatal].map(|level| level.covers(&kind));
            let expected = [true, lowest != All, lowest == Fatal];
            assert_eq!(logged, expected, "{}", type_name(&kind));
        }
    }

    #[test]
    fn events_are_written_as_aws_does() {
        let class = StateClass::Pass;
        let input = Document::from_trusted_text(r#"{"a": 1}"#);
        let output = Document::from_trusted_text("2");
        let table = [
            (
                EventKind::StateEntered { class, name: "S".into(), input },
                "PassStateEntered",
                r#"{"input":"{\"a\": 1}","inputDetails":{"truncated":false},"name":"S"}"#,
                r#"{"name":"S"}"#,
            ),
            (
                EventKind::StateExited { class, name: "S".into(), output, assigned: None },
                "PassStateExited",
                r#"{"name":"S","output":"2","outputDetails":{"truncated":false}}"#,
                r#"{"name":"S"}"#,
            ),
            (
                EventKind::ExecutionFailed(Failure::new("E", "why")),
                "ExecutionFailed",
                r#"{"cause":"why","error":"E"}"#,
                r#"{"cause":"why","error":"E"}"#,
            ),
            (EventKind::LambdaFunctionStarted, "LambdaFunctionStarted", "{}", "{}"),
        ];
        for (kind, name, with_data, without) in table {
            for (data, details) in [(true, with_data), (false, without)] {
                let expected = format!(
                    r#"{{"id":"7","type":"{name}","details":{details},"previous_event_id":"6","event_timestamp":"1700000000123","execution_arn":"arn:x","redrive_count":"2"}}"#
                );
                assert_eq!(line(kind.clone(), data), expected);
            }
        }
    }

    #[test]
    fn an_event_that_cloudwatch_would_not_take_is_cut_and_says_so() {
        let large = format!("\"{}\"", "\\n".repeat(300_000));
        let document = || Document::from_trusted_text(large.as_str());
        let assigned = format!(r#"{{"v":{large}}}"#);
        let table = [
            EventKind::ExecutionSucceeded { output: document() },
            EventKind::StateExited {
                class: StateClass::Pass,
                name: "S".into(),
                output: document(),
                assigned: Some(Document::from_trusted_text(assigned.as_str())),
            },
        ];
        for kind in table {
            let text = line(kind, true);
            assert!(text.len() <= 256 * 1024 - 26, "{}", text.len());
            assert!(text.len() > 200 * 1024, "what fits is there");
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["details"]["outputDetails"]["truncated"], true);
            let variables = &read["details"]["assignedVariablesDetails"]["truncated"];
            assert_ne!(variables, false);
        }
    }

    fn line(kind: EventKind, data: bool) -> String {
        let time = Timestamp(1_700_000_000_123_456);
        let entry = Entry { id: 7, previous: 6, time, event: Event { kind, previous: None } };
        let mut out = String::new();
        write(&mut out, &entry, data, ("arn:x", 2));
        out
    }
}
