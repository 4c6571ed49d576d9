//! Tasks that follow a script: it says what comes of each call, and every performance is noted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stepwright::task::Performer;
use stepwright::turn::Clock;
use stepwright_core::asl::model::Resource;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;
use tokio::task::yield_now;

use super::clock::VirtualClock;

/// What a function does when it is called.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Returns its input.
    Echo,
    /// Returns this JSON.
    Return(&'static str),
    /// Fails with this error and cause.
    Fail(&'static str, &'static str),
    /// Takes so many seconds and then returns its input.
    Take(f64),
}

/// Functions by name, and what was performed.
pub(crate) struct ScriptedTasks {
    clock: Arc<VirtualClock>,
    scripts: Mutex<HashMap<String, Vec<Act>>>,
    performed: Mutex<Vec<(String, String)>>,
    waiting: Mutex<Vec<Timestamp>>,
}

impl ScriptedTasks {
    pub(crate) fn new(clock: Arc<VirtualClock>) -> ScriptedTasks {
        let (scripts, performed, waiting) = (Mutex::default(), Mutex::default(), Mutex::default());
        ScriptedTasks { clock, scripts, performed, waiting }
    }

    /// Function `name` does these things, one call after the other, the last one for ever.
    pub(crate) fn script(&self, name: &str, acts: &[Act]) {
        self.scripts.lock().unwrap().insert(name.to_owned(), acts.to_vec());
    }

    /// Function names and idempotency tokens of all performances.
    pub(crate) fn performed(&self) -> Vec<(String, String)> {
        self.performed.lock().unwrap().clone()
    }

    /// When the next task that takes its time is done.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.waiting.lock().unwrap().iter().copied().min()
    }
}

/// While it lives, a task is being performed; a turn that dies takes it along.
struct Busy<'a>(&'a ScriptedTasks, Timestamp);

impl Busy<'_> {
    fn new(tasks: &ScriptedTasks, until: Timestamp) -> Busy<'_> {
        tasks.waiting.lock().unwrap().push(until);
        Busy(tasks, until)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting.lock().unwrap();
        if let Some(at) = waiting.iter().position(|at| *at == self.1) {
            waiting.remove(at);
        }
    }
}

/// The name of the called function.
fn function(call: &TaskCall) -> String {
    match &call.resource {
        Resource::LambdaFunction(arn) | Resource::Activity(arn) => {
            arn.rsplit(':').next().unwrap_or("").to_owned()
        }
        Resource::Service(_) => call
            .parameters
            .value()
            .get("FunctionName")
            .and_then(|n| n.as_str())
            .unwrap_or("")
            .to_owned(),
    }
}

#[async_trait]
impl Performer for ScriptedTasks {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let name = function(call);
        self.performed.lock().unwrap().push((name.clone(), call.idempotency_token.clone()));
        let act = {
            let mut scripts = self.scripts.lock().unwrap();
            let acts = scripts.entry(name).or_insert_with(|| vec![Act::Echo]);
            if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() }
        };
        let seconds = if let Act::Take(seconds) = act { seconds } else { 0.0 };
        let most = call.timeout_seconds.map_or(f64::MAX, |s| s as f64);
        let until = self.clock.now().plus_seconds(seconds.min(most));
        let busy = Busy::new(self, until);
        yield_now().await;
        while self.clock.now() < until {
            yield_now().await;
        }
        drop(busy);
        if seconds > most {
            return TaskOutcome::TimedOut;
        }
        let payload = match &call.resource {
            Resource::Service(_) => {
                call.parameters.value().get("Payload").cloned().unwrap_or_default().into()
            }
            _ => call.parameters.clone(),
        };
        match act {
            Act::Echo | Act::Take(_) => TaskOutcome::Succeeded(payload),
            Act::Return(json) => TaskOutcome::Succeeded(Document::from_trusted_text(json)),
            Act::Fail(error, cause) => TaskOutcome::Failed(Failure::new(error, cause)),
        }
    }
}
