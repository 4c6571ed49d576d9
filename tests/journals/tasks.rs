//! Functions without memory: what they answer depends on what they are asked only, so that an engine that goes on where
//! another stopped hears what the other would have heard.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use stepwright::task::object::Objects;
use stepwright::task::object::file::Directory;
use stepwright::task::{Look, Performer};
use stepwright::turn::Clock;
use stepwright_core::asl::model::Resource;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

use super::tape::{Tape, Write};
use crate::support::clock::VirtualClock;

/// Performs tasks, and hands tokens to whoever is outside.
pub(super) struct Functions {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) tape: Arc<Tape>,
    /// Directory of buckets.
    pub(super) buckets: PathBuf,
}

#[async_trait]
impl Performer for Functions {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let sent = call.parameters.value();
        let name = match &call.resource {
            Resource::LambdaFunction(arn) | Resource::Activity(arn) => {
                arn.rsplit(':').next().unwrap_or_default().to_owned()
            }
            Resource::Service(_) => text(sent, "FunctionName").unwrap_or("job").to_owned(),
        };
        let payload = sent.get("Payload").cloned().map_or(call.parameters.clone(), Document::from);
        match name.as_str() {
            "echo" => TaskOutcome::Succeeded(payload),
            "flaky" if call.origin.retries < 2 => failed("Flaky", "not yet"),
            "flaky" => TaskOutcome::Succeeded(payload),
            "broken" => failed("Broken", "always"),
            "mended" if count(sent, "redrives") == 0 => failed("Broken", "until it is mended"),
            "mended" => TaskOutcome::Succeeded(payload),
            "late" => TaskOutcome::TimedOut,
            "hand" => {
                let token = text(payload.value(), "token").unwrap();
                self.tape.note(Write::Token(token.to_owned()));
                TaskOutcome::Succeeded(Document::empty_object())
            }
            "job" => {
                let ends = self.clock.now().plus_seconds(count(sent, "seconds") as f64);
                TaskOutcome::Submitted {
                    output: document(&json!({"JobId": "j"})),
                    handle: document(&json!(ends.0)),
                }
            }
            other => failed("NoFunction", other),
        }
    }

    fn objects(&self) -> Arc<dyn Objects> {
        Arc::new(Directory::new(self.buckets.clone()))
    }

    async fn look(&self, job: &JobCall) -> Look {
        let ends: i64 = serde_json::from_str(job.handle.text()).unwrap();
        if self.clock.now().0 < ends {
            Look::Running
        } else {
            Look::Succeeded(document(&json!({"done": true})))
        }
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        matches!(&call.resource, Resource::Service(service) if &*service.resource_type == "batch")
    }
}

fn failed(error: &str, cause: &str) -> TaskOutcome {
    TaskOutcome::Failed(Failure::new(error, cause))
}

fn document(value: &serde_json::Value) -> Document {
    Document::parse(value.to_string()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn count(value: &Value, name: &str) -> u64 {
    let document = value.get(name).cloned().map(Document::from);
    document.and_then(|document| document.text().parse().ok()).unwrap_or(0)
}
