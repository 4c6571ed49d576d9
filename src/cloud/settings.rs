//! What a deployed function is told by its environment; `template.yaml` is where it says so.

use std::sync::Arc;

use crate::queue::{
    dynamodb::TIMERS_TABLE_VARIABLE,
    sqs::{self, LONGEST_DELAY_SECONDS},
};
use crate::store::dynamodb::schema;
use crate::task::aws::Partition;

/// The environment of a deployed function, read once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    /// Table of executions.
    pub(super) table: String,
    /// Table of timers and activity offers.
    pub(super) timers_table: String,
    /// URL of the queue.
    pub(super) queue_url: Arc<str>,
    /// URL of the queue of long tasks.
    pub(super) slow_queue_url: Arc<str>,
    /// URL of the queue of messages that could not be handled.
    pub(super) dead_letter_url: Option<String>,
    /// Bucket for large payloads.
    pub(super) bucket: Option<String>,
    /// Region, in ARNs and for clients.
    pub(super) region: String,
    /// Account, in ARNs.
    pub(super) account: String,
    /// States that one turn may enter.
    pub(super) states_per_turn: u32,
    /// How long a message stays invisible once it was received, in seconds.
    pub(super) visibility_seconds: f64,
    /// Longest delay of a message; what is due later is parked. SQS allows 900 s, what stands in for it may allow less.
    pub(super) longest_delay_seconds: f64,
    /// Longest time of a task that is not for the slow worker, in seconds.
    pub(super) quick_task_seconds: f64,
    /// Whether requests over HTTP are signed with keys of this installation; otherwise whoever gets as far as here may
    /// use the API, since AWS has asked who they are.
    pub(super) keys: bool,
    /// Machine that events start which name none.
    pub(super) machine: Option<String>,
    /// Event bus that is told of executions' status changes.
    pub(super) event_bus: Option<String>,
    /// Whether metrics are told to CloudWatch, in lines of the log, and of which stack.
    pub(super) metrics: Option<String>,
    /// Name of the `api` function, which runs Express executions.
    pub(super) api_function: String,
}

/// The environment does not say what it must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// A variable that there must be.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable that must be a number.
    #[error("the environment variable {0} is not a number: {1}")]
    NoNumber(&'static str, String),
}

impl Settings {
    /// From the environment; `variable` gives no empty values.
    ///
    /// # Errors
    /// Something is missing, or not a number.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, Error> {
        let required = |name| variable(name).ok_or(Error::Missing(name));
        let number = |name: &'static str, default: f64| match variable(name) {
            None => Ok(default),
            Some(text) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
                _ => Err(Error::NoNumber(name, text)),
            },
        };
        let states = number("STEPWRIGHT_MAX_STATES_PER_INVOCATION", 1.0)?;
        Ok(Settings {
            table: required(schema::TABLE_VARIABLE)?,
            timers_table: required(TIMERS_TABLE_VARIABLE)?,
            queue_url: required(sqs::QUEUE_VARIABLE)?.into(),
            slow_queue_url: required(sqs::SLOW_QUEUE_VARIABLE)?.into(),
            dead_letter_url: variable("STEPWRIGHT_DEAD_LETTER_QUEUE_URL"),
            bucket: variable(schema::BUCKET_VARIABLE),
            region: required("AWS_REGION")?,
            account: required("STEPWRIGHT_ACCOUNT")?,
            states_per_turn: if states < 1.0 { ENDLESS } else { states as u32 },
            visibility_seconds: number("STEPWRIGHT_VISIBILITY_SECONDS", 360.0)?,
            longest_delay_seconds: number(
                "STEPWRIGHT_LONGEST_DELAY_SECONDS",
                LONGEST_DELAY_SECONDS,
            )?,
            quick_task_seconds: number("STEPWRIGHT_QUICK_TASK_SECONDS", 45.0)?,
            keys: variable("STEPWRIGHT_API_AUTH").is_none_or(|auth| auth != "iam"),
            machine: variable("STEPWRIGHT_STATE_MACHINE"),
            event_bus: variable("STEPWRIGHT_EVENT_BUS"),
            metrics: variable("STEPWRIGHT_METRICS").filter(|stack| stack != "no"),
            api_function: variable("STEPWRIGHT_API_FUNCTION").unwrap_or_default(),
        })
    }

    /// ARN of a machine that is given by ARN or by name.
    pub(super) fn machine_arn(&self, machine: &str) -> String {
        if machine.starts_with("arn:") {
            return machine.to_owned();
        }
        let partition = Partition::of(&self.region).name;
        format!("arn:{partition}:states:{}:{}:stateMachine:{machine}", self.region, self.account)
    }
}

/// `MaxStatesPerInvocation: 0`: as many as there are, within reason.
const ENDLESS: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Settings, Error> {
        let base = [
            ("STEPWRIGHT_TABLE", "t"),
            ("STEPWRIGHT_TIMERS_TABLE", "tt"),
            ("STEPWRIGHT_QUEUE_URL", "q"),
            ("STEPWRIGHT_SLOW_QUEUE_URL", "sq"),
            ("AWS_REGION", "eu-west-1"),
            ("STEPWRIGHT_ACCOUNT", "123456789012"),
        ];
        Settings::read(|name| {
            let all = changes.iter().rev().chain(&base);
            let found = all.clone().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty())
        })
    }

    #[test]
    fn one_state_per_invocation_and_keys_are_the_default() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.states_per_turn, settings.keys), (1, true));
        assert_eq!(
            read(&[("STEPWRIGHT_MAX_STATES_PER_INVOCATION", "0")]).unwrap().states_per_turn,
            ENDLESS
        );
        assert_eq!(
            read(&[("STEPWRIGHT_MAX_STATES_PER_INVOCATION", "7")]).unwrap().states_per_turn,
            7
        );
        assert!(!read(&[("STEPWRIGHT_API_AUTH", "iam")]).unwrap().keys);
        assert!(
            read(&[("STEPWRIGHT_API_AUTH", "none")]).unwrap().keys,
            "what is not known opens nothing"
        );
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        assert_eq!(read(&[("STEPWRIGHT_TABLE", "")]), Err(Error::Missing("STEPWRIGHT_TABLE")));
        let name = "STEPWRIGHT_VISIBILITY_SECONDS";
        for text in ["x", "-1", "inf"] {
            assert_eq!(read(&[(name, text)]), Err(Error::NoNumber(name, text.to_owned())));
        }
    }

    #[test]
    fn a_machine_may_be_given_by_name() {
        let settings = read(&[]).unwrap();
        let arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:order";
        assert_eq!(settings.machine_arn("order"), arn);
        assert_eq!(settings.machine_arn(arn), arn);
    }
}
