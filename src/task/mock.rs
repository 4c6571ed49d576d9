//! Mocked tasks, by the file of Step Functions Local (`SFN_MOCK_CONFIG`): an execution that is started in a test case has
//! the Task states that the case names answered from the file, and nothing of them is performed.
//!
//! ```json
//! { "StateMachines": { "Orders": { "TestCases": { "Busy": { "Charge": "ChargeFailsTwice" } } } },
//!   "MockedResponses": { "ChargeFailsTwice": { "0-1": { "Throw": { "Error": "Busy", "Cause": "try later" } },
//!                                              "2": { "Return": { "paid": true } } } } }
//! ```
//!
//! The numbers are those of the attempts at a state, from 0.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

use super::job::Look;

/// What a mock file says.
#[derive(Debug, Default)]
pub struct Mocks {
    /// State machine, test case, state, name of its responses.
    cases: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    responses: BTreeMap<String, Vec<(RangeInclusive<u32>, Response)>>,
}

/// What stands in for the work of a task.
#[derive(Clone, Debug, PartialEq)]
enum Response {
    Return(Document),
    Throw(Failure),
}

/// A mock file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("the mock file {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is no mock file.
    #[error("the mock file is not as it should be: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It contradicts itself.
    #[error("the mock file is not as it should be: {0}")]
    Wrong(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    state_machines: BTreeMap<String, Machine>,
    #[serde(default)]
    mocked_responses: BTreeMap<String, BTreeMap<String, Stored>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Machine {
    test_cases: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Stored {
    r#return: Option<Box<RawValue>>,
    throw: Option<Throw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Throw {
    error: Option<String>,
    cause: Option<String>,
}

impl Mocks {
    /// Reads a mock file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<Mocks, Error> {
        let text =
            fs::read_to_string(path).map_err(|why| Error::Unreadable(path.to_owned(), why))?;
        Mocks::parse(&text)
    }

    fn parse(text: &str) -> Result<Mocks, Error> {
        let file: File = serde_json::from_str(text)?;
        let mut responses = BTreeMap::new();
        for (name, stored) in file.mocked_responses {
            let read = stored.into_iter().map(|(numbers, stored)| {
                Ok((attempts(&name, &numbers)?, response(&name, stored)?))
            });
            responses.insert(name.clone(), read.collect::<Result<Vec<_>, Error>>()?);
        }
        let machines = file.state_machines.into_iter();
        let cases: BTreeMap<_, _> =
            machines.map(|(name, machine)| (name, machine.test_cases)).collect();
        let named = cases.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
        for name in named {
            if !responses.contains_key(name) {
                return Err(Error::Wrong(format!("there are no MockedResponses '{name}'")));
            }
        }
        Ok(Mocks { cases, responses })
    }

    /// Whether a state machine has a test case of this name.
    pub fn has_case(&self, machine: &str, case: &str) -> bool {
        self.cases.get(machine).is_some_and(|cases| cases.contains_key(case))
    }

    /// The outcome of a task in a test case; `None` if it is not mocked there.
    pub(super) fn outcome(&self, case: &str, call: &TaskCall) -> Option<TaskOutcome> {
        let machine = call.origin.machine.rsplit(':').next().unwrap_or_default();
        let named = self.cases.get(machine)?.get(case)?.get(&*call.origin.state)?;
        let all = self.responses.get(named)?;
        let response = all.iter().find(|(attempts, _)| attempts.contains(&call.origin.retries));
        let Some((_, response)) = response else {
            let cause = format!(
                "The mocked response '{named}' of the state '{}' has nothing for attempt {}.",
                call.origin.state, call.origin.retries
            );
            return Some(TaskOutcome::Failed(Failure::new(name::TASK_FAILED, cause)));
        };
        Some(match response {
            _ if waits(&call.resource) => {
                let output = match response {
                    Response::Return(output) => output.clone(),
                    Response::Throw(_) => Document::empty_object(),
                };
                TaskOutcome::Submitted { output, handle: handle(response) }
            }
            Response::Return(output) => TaskOutcome::Succeeded(output.clone()),
            Response::Throw(failure) => TaskOutcome::Failed(failure.clone()),
        })
    }
}

/// What becomes of a mocked job or callback; `None` if it is none.
pub(super) fn look(job: &JobCall) -> Option<Look> {
    let mocked = job.handle.value().get(MOCKED)?;
    if let Some(output) = mocked.get("Return") {
        return Some(Look::Succeeded(output.clone().into()));
    }
    let part = |name| mocked.get(name).and_then(Value::as_str).map(Into::into);
    Some(Look::Failed(Failure { error: part("Error"), cause: part("Cause") }))
}

/// Whether the answer to the request is not yet the task's result. A mocked callback is a job that ends at once.
fn waits(resource: &Resource) -> bool {
    matches!(resource, Resource::Service(service) if service.pattern != Pattern::RequestResponse)
}

fn handle(response: &Response) -> Document {
    let text = |text: &Option<std::sync::Arc<str>>| text.clone().map_or(Value::Null, Value::String);
    let mocked = match response {
        Response::Return(output) => Value::object([("Return", output.value().clone())]),
        Response::Throw(failure) => {
            Value::object([("Error", text(&failure.error)), ("Cause", text(&failure.cause))])
        }
    };
    Value::object([(MOCKED, mocked)]).into()
}

/// `0`, or `1-3`.
fn attempts(name: &str, numbers: &str) -> Result<RangeInclusive<u32>, Error> {
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
        _ => Err(Error::Wrong(format!(
            "'{numbers}' of the MockedResponses '{name}' is no number of an attempt and no range of them"
        ))),
    }
}

fn response(name: &str, stored: Stored) -> Result<Response, Error> {
    match (stored.r#return, stored.throw) {
        (Some(output), None) => Ok(Response::Return(Document::parse(output.get())?)),
        (None, Some(Throw { error, cause })) => Ok(Response::Throw(Failure {
            error: error.map(Into::into),
            cause: cause.map(Into::into),
        })),
        _ => Err(Error::Wrong(format!(
            "a response of the MockedResponses '{name}' must have either Return or Throw"
        ))),
    }
}

const MOCKED: &str = "Mocked";

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_core::asl::model::ServiceResource;
    use stepwright_core::engine::{Cursor, ExecutionId, Origin};

    const FILE: &str = r#"{
        "StateMachines": {"Orders": {"TestCases": {"Busy": {"Charge": "Flaky", "Wait": "Answer"}}}},
        "MockedResponses": {
            "Flaky": {"0-1": {"Throw": {"Error": "Busy", "Cause": "later"}}, "2": {"Return": {"paid": [1, 2]}}},
            "Answer": {"0": {"Return": "yes"}, "1": {"Throw": {"Error": "No"}}}
        }
    }"#;

    fn call(state: &str, retries: u32, pattern: Pattern) -> TaskCall {
        TaskCall {
            cursor: Cursor::root(ExecutionId("x".into()), 1),
            resource: Resource::Service(ServiceResource {
                arn: "".into(),
                resource_type: "sqs".into(),
                action: "sendMessage".into(),
                pattern,
            }),
            parameters: Document::empty_object(),
            timeout_seconds: None,
            credentials: None,
            idempotency_token: String::new(),
            origin: Origin {
                machine: "arn:aws:states:r:a:stateMachine:Orders".into(),
                state: state.into(),
                retries,
                ..Origin::default()
            },
        }
    }

    #[test]
    fn attempts_are_answered_by_their_number() {
        let mocks = Mocks::parse(FILE).unwrap();
        let busy = TaskOutcome::Failed(Failure::new("Busy", "later"));
        let paid = TaskOutcome::Succeeded(Document::parse(r#"{"paid": [1, 2]}"#).unwrap());
        let spent = TaskOutcome::Failed(Failure::new(
            "States.TaskFailed",
            "The mocked response 'Flaky' of the state 'Charge' has nothing for attempt 3.",
        ));
        let table = [
            ("Charge", 0, Some(busy.clone())),
            ("Charge", 1, Some(busy)),
            ("Charge", 2, Some(paid)),
            ("Charge", 3, Some(spent)),
            ("Other", 0, None),
        ];
        for (state, retries, expected) in table {
            let outcome = mocks.outcome("Busy", &call(state, retries, Pattern::RequestResponse));
            assert_eq!(outcome, expected, "{state} {retries}");
        }
        let outcome = mocks.outcome("Calm", &call("Charge", 0, Pattern::RequestResponse));
        assert_eq!(outcome, None, "there is no such test case");
    }

    #[test]
    fn what_waits_for_more_than_an_answer_is_submitted_first() {
        let mocks = Mocks::parse(FILE).unwrap();
        let table = [
            (0, Look::Succeeded(Document::parse(r#""yes""#).unwrap())),
            (1, Look::Failed(Failure { error: Some("No".into()), cause: None })),
        ];
        for (retries, expected) in table {
            let call = call("Wait", retries, Pattern::WaitForTaskToken);
            let Some(TaskOutcome::Submitted { handle, .. }) = mocks.outcome("Busy", &call) else {
                panic!("a mocked callback is submitted");
            };
            let job = JobCall {
                cursor: call.cursor,
                resource: call.resource,
                handle,
                credentials: None,
                origin: call.origin,
            };
            assert_eq!(look(&job), Some(expected));
        }
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused() {
        let of = |responses: &str| {
            format!(
                r#"{{"StateMachines":{{"m":{{"TestCases":{{"c":{{"s":"r"}}}}}}}},"MockedResponses":{responses}}}"#
            )
        };
        let table = [
            (of("{}"), "there are no MockedResponses 'r'"),
            (of(r#"{"r":{"0":{}}}"#), "must have either Return or Throw"),
            (of(r#"{"r":{"2-1":{"Return":1}}}"#), "'2-1' of the MockedResponses 'r' is no number"),
            (of(r#"{"r":{"first":{"Return":1}}}"#), "'first' of the MockedResponses 'r'"),
            (of(r#"{"r":{"0":{"Returns":1}}}"#), "unknown field `Returns`"),
            ("{}".to_owned(), "missing field `StateMachines`"),
        ];
        for (text, expected) in table {
            let error = Mocks::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
