//! Status changes of executions as EventBridge events, in the shape in which AWS tells its own, so that rules need only
//! another `source`. Told if there is an event bus to tell (`STEPWRIGHT_EVENT_BUS`); Express executions are not told of,
//! as on AWS.
//!
//! They are sent before the invocation ends in which the change was committed. Best effort, as on AWS: an invocation
//! that is killed in between tells nobody, a turn that is repeated may tell twice.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use stepwright_core::engine::{Cursor, ExecutionId, Outcome, Phase, Record};
use stepwright_core::event::{Event, EventKind};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::settings::Settings;
use super::web::{Request, Web};
use crate::store::{Execution, Status, Store};
use crate::task::aws::Partition;
use crate::task::aws::endpoint::of_environment;
use crate::turn::Observer;

/// Status changes that have been committed and not been told yet.
pub(super) struct Notices {
    waiting: Arc<Mutex<Vec<Change>>>,
    web: Web,
    bus: String,
    url: String,
}

#[derive(Clone, Debug)]
struct Change {
    execution: ExecutionId,
    /// How it ended and when; `None` if it has begun.
    end: Option<(Outcome, Timestamp)>,
}

impl Notices {
    /// For the event bus that the settings name; `None` if they name none.
    pub(super) fn of(settings: &Settings) -> Option<Notices> {
        let bus = settings.event_bus.clone()?;
        let at_aws = || {
            let suffix = Partition::of(&settings.region).suffix;
            format!("https://events.{}.{suffix}/", settings.region)
        };
        let url = of_environment("EventBridge").unwrap_or_else(at_aws);
        let web = Web::inside(&settings.region);
        Some(Notices { waiting: Arc::default(), web, bus, url })
    }

    /// Notes what is worth telling, as the engine commits its records.
    pub(super) fn observer(&self) -> Observer {
        let waiting = self.waiting.clone();
        Arc::new(move |cursor: &Cursor, record: &Record| {
            if !cursor.frame.is_root() {
                return;
            }
            let execution = cursor.execution.clone();
            let mut changes = Vec::new();
            // A redrive is another beginning.
            if record.slot == 0 || record.events.iter().any(redriven) {
                changes.push(Change { execution: execution.clone(), end: None });
            }
            if let Phase::Done(outcome) = &record.frame.phase {
                changes.push(Change { execution, end: Some((outcome.clone(), record.time)) });
            }
            waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
        })
    }

    /// Tells the event bus.
    pub(super) async fn tell(&self, store: &dyn Store) {
        let changes =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let mut entries = Vec::new();
        for change in changes {
            match store.execution(&change.execution).await {
                Ok(Some(row)) => entries.push(entry(&row, change.end.as_ref(), &self.bus)),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a status change is not told"),
            }
        }
        for batch in entries.chunks(AT_ONCE) {
            if let Err(why) = self.put(batch).await {
                tracing::warn!(why, count = batch.len(), "status changes are not told");
            }
        }
    }

    async fn put(&self, entries: &[Value]) -> Result<(), String> {
        let body = json!({ "Entries": entries }).to_string().into_bytes();
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AWSEvents.PutEvents"),
        ];
        let request = Request { method: "POST", url: &self.url, headers: &headers, body };
        let answer =
            self.web.signed(&request, "events").await.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&answer.body);
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        let failed = told.get("FailedEntryCount").and_then(Value::as_u64).unwrap_or(0);
        if answer.status != 200 || failed > 0 {
            return Err(format!("{} {text}", answer.status));
        }
        Ok(())
    }
}

fn redriven(event: &Event) -> bool {
    matches!(event.kind, EventKind::ExecutionRedriven { .. })
}

/// An entry of PutEvents.
fn entry(row: &Execution, end: Option<&(Outcome, Timestamp)>, bus: &str) -> Value {
    let mut detail = detail(row, end, true);
    let mut text = detail.to_string();
    if text.len() > LONGEST {
        detail = self::detail(row, end, false);
        text = detail.to_string();
    }
    json!({
        "Source": SOURCE,
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [&*row.arn],
        "Detail": text,
        "EventBusName": bus,
    })
}

/// `detail` of AWS's event; `data`: with input and output.
fn detail(row: &Execution, end: Option<&(Outcome, Timestamp)>, data: bool) -> Value {
    let milliseconds = |time: Timestamp| time.0.div_euclid(1000);
    let (status, output, failure) = match end.map(|(outcome, _)| outcome) {
        None => (Status::Running, None, None),
        Some(Outcome::Succeeded(output)) => (Status::Succeeded, Some(output), None),
        Some(Outcome::Failed(failure)) => (Status::Failed, None, Some(failure)),
        Some(Outcome::TimedOut(failure)) => (Status::TimedOut, None, Some(failure)),
        Some(Outcome::Aborted(failure)) => (Status::Aborted, None, Some(failure)),
    };
    let included = json!({ "included": data });
    let text = |document: &Document| document.text().to_owned();
    json!({
        "executionArn": &*row.arn,
        "stateMachineArn": &*row.machine,
        "name": &*row.name,
        "status": status.as_str(),
        "startDate": milliseconds(row.started),
        "stopDate": end.map(|(_, at)| milliseconds(*at)),
        "input": data.then(|| text(&row.input)),
        "inputDetails": included,
        "output": output.filter(|_| data).map(text),
        "outputDetails": output.map(|_| included.clone()),
        "error": failure.and_then(|failure| failure.error.as_deref()),
        "cause": failure.and_then(|failure| failure.cause.as_deref()),
        "stateMachineVersionArn": row.version.as_deref(),
        "stateMachineAliasArn": row.alias.as_deref(),
        "redriveCount": row.redriven.map_or(0, |redriven| redriven.count),
        "redriveDate": row.redriven.map(|redriven| milliseconds(redriven.at)),
    })
}

const SOURCE: &str = "stepwright";
/// AWS leaves data out of events above 248 KiB.
const LONGEST: usize = 248 * 1024;
/// PutEvents takes ten entries, 1 MB together.
const AT_ONCE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_core::engine::Failure;

    fn row(input: &str) -> Execution {
        Execution {
            id: ExecutionId("e".into()),
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:n".into(),
            name: "n".into(),
            machine: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
            revision: "r".into(),
            role: "role".into(),
            input: Document::parse(input).unwrap(),
            started: Timestamp(1_000_500),
            deadline: None,
            trace_header: None,
            version: None,
            alias: None,
            redriven: None,
            closing: None,
            parent: None,
        }
    }

    #[test]
    fn an_event_has_the_shape_of_aws() {
        let failed = Outcome::Failed(Failure::new("E", "because"));
        let detail = detail(&row("{\"a\":1}"), Some(&(failed, Timestamp(2_000_999))), true);
        let expected = json!({
            "executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:n",
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
            "name": "n", "status": "FAILED", "startDate": 1000, "stopDate": 2000,
            "input": "{\"a\":1}", "inputDetails": {"included": true},
            "output": null, "outputDetails": null, "error": "E", "cause": "because",
            "stateMachineVersionArn": null, "stateMachineAliasArn": null,
            "redriveCount": 0, "redriveDate": null
        });
        assert_eq!(detail, expected);
    }

    #[test]
    fn data_that_is_too_large_is_left_out_and_said_to_be() {
        let large = row(&format!("\"{}\"", "x".repeat(LONGEST)));
        let entry = entry(&large, None, "bus");
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail["input"], Value::Null);
        assert_eq!(detail["inputDetails"]["included"], false);
        assert_eq!(detail["status"], "RUNNING");
    }
}
