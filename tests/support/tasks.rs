//! Tasks that follow a script: it says what comes of each call, and every performance is noted.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use stepwright::task::object::Objects;
use stepwright::task::{Look, Performer};
use stepwright::turn::Clock;
use stepwright_core::asl::model::{Pattern, Resource};
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;
use tokio::task::yield_now;

use super::bucket::Bucket;
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

/// What functions do that have no script: by the call, so that it does not depend on the order of calls.
pub(crate) type Rule = fn(&str, &TaskCall) -> Act;

/// Functions by name, and what was performed.
pub(crate) struct ScriptedTasks {
    clock: Arc<VirtualClock>,
    scripts: Mutex<HashMap<String, Vec<Act>>>,
    rule: Mutex<Option<Rule>>,
    performed: Mutex<Vec<Performed>>,
    waiting: Mutex<Vec<Timestamp>>,
    jobs: Mutex<HashMap<String, Job>>,
    looks: AtomicU64,
    recognises: AtomicBool,
    bucket: Bucket,
}

/// A task that was performed.
#[derive(Clone, Debug)]
pub(crate) struct Performed {
    /// The called function.
    pub(crate) function: String,
    /// The idempotency token of the call.
    pub(crate) token: String,
    /// What was sent to it.
    pub(crate) sent: Document,
}

/// A job that was submitted: what it does, when it ends, and how often it was stopped.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    act: Act,
    ends: Timestamp,
    pub(crate) stops: u32,
}

impl ScriptedTasks {
    /// What was written to S3.
    pub(crate) fn written(&self) -> BTreeMap<String, Bytes> {
        self.bucket.all()
    }

    pub(crate) fn new(clock: Arc<VirtualClock>) -> ScriptedTasks {
        ScriptedTasks {
            clock,
            scripts: Mutex::default(),
            rule: Mutex::default(),
            performed: Mutex::default(),
            waiting: Mutex::default(),
            jobs: Mutex::default(),
            looks: AtomicU64::default(),
            recognises: AtomicBool::default(),
            bucket: Bucket::default(),
        }
    }

    /// Function `name` does these things, one call after the other, the last one for ever.
    pub(crate) fn script(&self, name: &str, acts: &[Act]) {
        self.scripts.lock().unwrap().insert(name.to_owned(), acts.to_vec());
    }

    /// What functions do that have no script.
    pub(crate) fn rule(&self, rule: Rule) {
        *self.rule.lock().unwrap() = Some(rule);
    }

    /// Function names and idempotency tokens of all performances.
    pub(crate) fn performed(&self) -> Vec<(String, String)> {
        let pair = |performed: Performed| (performed.function, performed.token);
        self.performed_since(0).into_iter().map(pair).collect()
    }

    /// All performances but the first `known`.
    pub(crate) fn performed_since(&self, known: usize) -> Vec<Performed> {
        self.performed.lock().unwrap()[known..].to_vec()
    }

    /// The jobs that were submitted, by idempotency token.
    pub(crate) fn jobs(&self) -> HashMap<String, Job> {
        self.jobs.lock().unwrap().clone()
    }

    /// How often a job was looked at.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// From now on the service takes a job that it has already for the same one.
    pub(crate) fn recognise(&self) {
        self.recognises.store(true, Ordering::Relaxed);
    }

    /// What comes of a call: the next thing in the script, or what the rule says.
    fn act(&self, name: &str, call: &TaskCall) -> Act {
        if let Some(acts) = self.scripts.lock().unwrap().get_mut(name) {
            return if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() };
        }
        let rule = *self.rule.lock().unwrap();
        rule.map_or(Act::Echo, |rule| rule(name, call))
    }

    fn submit(&self, call: &TaskCall, act: Act) -> TaskOutcome {
        let token = call.idempotency_token.clone();
        let seconds = if let Act::Take(seconds) = act { seconds } else { 0.0 };
        let job = Job { act, ends: self.clock.now().plus_seconds(seconds), stops: 0 };
        self.jobs.lock().unwrap().entry(token.clone()).or_insert(job);
        let output = Document::from_trusted_text("{\"JobId\":1}");
        let handle = serde_json::json!(token).to_string();
        TaskOutcome::Submitted { output, handle: Document::parse(handle).unwrap() }
    }

    /// How many tasks are taking their time.
    pub(crate) fn busy(&self) -> usize {
        self.waiting.lock().unwrap().len()
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
            .get(if is_job(&call.resource) { "JobName" } else { "FunctionName" })
            .and_then(|n| n.as_str())
            .unwrap_or("")
            .to_owned(),
    }
}

fn is_job(resource: &Resource) -> bool {
    matches!(resource, Resource::Service(service) if service.pattern == Pattern::Sync)
}

#[async_trait]
impl Performer for ScriptedTasks {
    fn objects(&self) -> Arc<dyn Objects> {
        Arc::new(self.bucket.clone())
    }

    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let name = function(call);
        self.performed.lock().unwrap().push(Performed {
            function: name.clone(),
            token: call.idempotency_token.clone(),
            sent: call.parameters.clone(),
        });
        let act = self.act(&name, call);
        if is_job(&call.resource) {
            // The service has the job before its answer is there.
            let outcome = self.submit(call, act);
            yield_now().await;
            yield_now().await;
            return outcome;
        }
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

    async fn look(&self, job: &JobCall) -> Look {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let token = job.handle.value().as_str().unwrap().to_owned();
        yield_now().await;
        let job = self.jobs.lock().unwrap()[&token].clone();
        match job.act {
            _ if self.clock.now() < job.ends => Look::Running,
            Act::Echo | Act::Take(_) => Look::Succeeded(Document::empty_object()),
            Act::Return(json) => Look::Succeeded(Document::from_trusted_text(json)),
            Act::Fail(error, cause) => Look::Failed(Failure::new(error, cause)),
        }
    }

    async fn stop(&self, job: &JobCall) {
        let token = job.handle.value().as_str().unwrap().to_owned();
        yield_now().await;
        self.jobs.lock().unwrap().get_mut(&token).unwrap().stops += 1;
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        is_job(&call.resource) && self.recognises.load(Ordering::Relaxed)
    }
}
