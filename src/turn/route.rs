//! Where a task is performed: by who holds the message, or by somebody with more time.
//!
//! A process that lives for seconds (a Lambda function with a short timeout, so that what a crash has left is found
//! again soon) must not begin a task that may take a quarter of an hour. Tasks that may take long go to *patient*
//! processes, see [`Outgoing::patient`]. Who sends the message that leads to
//! such a task sends it there at once; where that could not be foreseen, the message is handed over before anything is
//! written. Without [`Routing::quick_seconds`] there is no such distinction.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::asl::model::{Kind, Number, Resource, State, Task};
use stepwright_core::engine::{
    Cursor, Decision, Failure, Frame, JobCall, Message, MessageKind, Phase, TaskCall, TaskOutcome,
    failure,
};
use stepwright_core::time::Timestamp;

use super::{Clock, Engine, Error, Loaded, Verdict};
use crate::queue::{Delivery, Outgoing};
use crate::task::mock::Mocks;
use crate::task::object::Objects;
use crate::task::own::StepFunctions;
use crate::task::{Look, Performer};

/// Which tasks are whose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Routing {
    /// Longest time that a task may take which is performed by whoever holds the message, in seconds. `None`: any.
    pub quick_seconds: Option<f64>,
    /// Whether this process is a patient one.
    pub patient: bool,
}

/// What one invocation of a deployed function changes in the engine of its process.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Names it in claims.
    pub holder: Arc<str>,
    /// When it is killed if it is not done.
    pub deadline: Timestamp,
    /// How long after its deadline its claims are dead for sure, in seconds.
    pub grace_seconds: f64,
    /// How long before its deadline it gives a task up, in seconds.
    pub margin_seconds: f64,
}

impl Engine {
    /// The same engine for one invocation: it claims tasks in its name and until its end, and gives up what does not
    /// end in its time.
    pub fn for_invocation(&self, invocation: &Invocation) -> Engine {
        let mut config = self.config.clone();
        config.holder = invocation.holder.clone();
        config.claim_seconds =
            invocation.deadline.seconds_since(self.clock.now()).max(0.0) + invocation.grace_seconds;
        let until = invocation.deadline.plus_seconds(-invocation.margin_seconds);
        let tasks = Punctual { tasks: self.tasks.clone(), clock: self.clock.clone(), until };
        Engine {
            store: self.store.clone(),
            queue: self.queue.clone(),
            offers: self.offers.clone(),
            tasks: Arc::new(tasks),
            clock: self.clock.clone(),
            config,
            observer: self.observer.clone(),
            log: self.log.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.clone(),
            tokens: self.tokens.clone(),
            definitions: self.definitions.clone(),
            forks: self.forks.clone(),
            nonces: std::sync::atomic::AtomicU64::new(0),
            live: super::Live::default(),
            closing: std::sync::atomic::AtomicBool::new(false),
            routing: self.routing,
            until: Some(until),
        }
    }

    /// The same engine, whose turns are to be over by then.
    pub fn until(self, until: Timestamp) -> Engine {
        Engine { until: Some(until), ..self }
    }

    /// Whether what can go on in another turn should do so.
    pub(super) fn hurried(&self) -> bool {
        self.until.is_some_and(|until| until.seconds_since(self.clock.now()) < HURRY_SECONDS)
    }

    /// The same engine, with tasks told apart by how long they may take.
    pub fn routed(self, routing: Routing) -> Engine {
        Engine { routing, ..self }
    }

    /// What is to be done with a decision, in a turn that may enter so many states yet, has an outcome in hand, and has
    /// written something already.
    pub(super) fn route(
        &self,
        loaded: &Loaded,
        decision: &Decision,
        (states, performed, begun): (u32, bool, bool),
    ) -> Route {
        match self.elsewhere(loaded, decision).filter(|_| states > 0) {
            Some(_) if performed => Route::OutcomeOnly,
            // A message that was just delivered has an invocation of its own already.
            Some(place) if begun || place == Elsewhere::Patient => Route::Elsewhere(place),
            _ => Route::Here,
        }
    }

    /// Whether what a decision leads to is for somebody else, or for another time: a task that it claims, or many results
    /// that it has written.
    fn elsewhere(&self, loaded: &Loaded, decision: &Decision) -> Option<Elsewhere> {
        let quick = self.routing.quick_seconds?;
        let claim = match &decision.frame.phase {
            Phase::Claimed(claim) => claim,
            Phase::Writing(run) => {
                let many = run.units.as_ref().is_some_and(|units| units.count > QUICKLY_WRITTEN);
                return (many && !self.routing.patient).then_some(Elsewhere::Patient);
            }
            _ => return None,
        };
        let task = task_of(loaded.machine.state(decision.frame.flow, &decision.frame.state))?;
        let seconds = claim.timeout_seconds.map_or(f64::INFINITY, |seconds| seconds as f64);
        let long = may_take_long(&task.resource) && seconds > quick;
        if long && !self.routing.patient {
            return Some(Elsewhere::Patient);
        }
        let needed = if long { PATIENT_SECONDS.min(seconds) } else { quick.min(seconds) };
        let left = self.until.map_or(f64::INFINITY, |until| until.seconds_since(self.clock.now()));
        (left < needed).then_some(if long { Elsewhere::Patient } else { Elsewhere::Fresh })
    }

    /// Leaves a task to somebody else: sends the message again as it came, or, if this turn has written something
    /// already, one that goes on from there.
    pub(super) async fn hand_over(
        &self,
        cursor: &Cursor,
        delivered: Option<&Delivery>,
        place: Elsewhere,
    ) -> Result<Verdict, Error> {
        let (message, carried) = match delivered {
            Some(delivery) => (delivery.message.clone(), delivery.carried.clone()),
            None => (Message { cursor: cursor.clone(), kind: MessageKind::Advance }, None),
        };
        let patient = place == Elsewhere::Patient;
        let onward = Outgoing { message, at: None, carried, patient };
        self.queue.send_carrying(vec![onward]).await?;
        Ok(Verdict::Delete)
    }

    /// Whether a message that goes on with a frame leads to a task that may take long.
    pub(super) fn leads_to_long_task(&self, loaded: &Loaded, frame: &Frame) -> bool {
        let Some(quick) = self.routing.quick_seconds else { return false };
        if !matches!(frame.phase, Phase::Ready | Phase::Backoff { .. }) {
            return false;
        }
        let Some(task) = task_of(loaded.machine.state(frame.flow, &frame.state)) else {
            return false;
        };
        let short = matches!(&task.timeout, Some(Number::Literal(seconds)) if *seconds <= quick);
        may_take_long(&task.resource) && !short
    }

    /// The same for a message that follows from a record with this frame.
    pub(super) fn is_for_patient(&self, loaded: &Loaded, frame: &Frame, message: &Message) -> bool {
        match &message.kind {
            MessageKind::Fork(lane) => self.leads_to_long_task(loaded, lane),
            MessageKind::Advance | MessageKind::Timer { .. } => {
                self.leads_to_long_task(loaded, frame)
            }
            MessageKind::Start
            | MessageKind::Join
            | MessageKind::Child
            | MessageKind::Deadline { .. } => false,
        }
    }
}

/// What is to be done with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It is committed here.
    Here,
    /// The outcome in hand is committed without what comes after it.
    OutcomeOnly,
    /// Somebody else is to make it.
    Elsewhere(Elsewhere),
}

/// Who is to perform a task instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// A patient process.
    Patient,
    /// Any, in an invocation of its own.
    Fresh,
}

/// Performs tasks, but gives up when the invocation is about to end: an outcome that says so can be caught and retried
/// at once, a killed worker is found dead only after a while.
struct Punctual {
    tasks: Arc<dyn Performer>,
    clock: Arc<dyn Clock>,
    until: Timestamp,
}

#[async_trait]
impl Performer for Punctual {
    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let left = self.until.seconds_since(self.clock.now()).max(0.0);
        let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
        match tokio::time::timeout(left, self.tasks.perform(call)).await {
            Ok(outcome) => outcome,
            Err(_) => TaskOutcome::Failed(Failure::new(failure::name::TASK_FAILED, TOO_LONG)),
        }
    }

    fn objects(&self) -> Arc<dyn Objects> {
        self.tasks.objects()
    }

    async fn look(&self, job: &JobCall) -> Look {
        self.tasks.look(job).await
    }

    async fn stop(&self, job: &JobCall) {
        self.tasks.stop(job).await;
    }

    fn attach(&self, own: Arc<dyn StepFunctions>) {
        self.tasks.attach(own);
    }

    fn mocks(&self) -> Option<&Mocks> {
        self.tasks.mocks()
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        self.tasks.repeatable(call)
    }
}

fn task_of(state: Option<&State>) -> Option<&Task> {
    match &state?.kind {
        Kind::Task(task) => Some(task),
        _ => None,
    }
}

/// Whether a call may take longer than a few seconds by its nature. Most APIs answer at once; what they start is
/// waited for by token or looked at from time to time.
fn may_take_long(resource: &Resource) -> bool {
    match resource {
        Resource::LambdaFunction(_) => true,
        Resource::Activity(_) => false,
        Resource::Service(service) => SLOW.contains(&&*service.resource_type),
    }
}

/// Services whose answer is somebody else's work.
const SLOW: [&str; 6] =
    ["lambda", "http", "apigateway", "bedrock", "bedrockagentcore", "aws-sdk:lambda"];

/// Results that whoever comes to them writes.
const QUICKLY_WRITTEN: u64 = 200;
/// With less time left than this, nothing is begun that may take seconds.
const HURRY_SECONDS: f64 = 8.0;
/// What a patient process has for a task: Lambda's 15 minutes, less what comes before and after it.
const PATIENT_SECONDS: f64 = 860.0;

const TOO_LONG: &str = "The task did not end within the time that a deployed function has (15 minutes at most). Whether it \
    was done is not known. Work that takes longer is for .waitForTaskToken or an activity.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::object::Nowhere;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    struct WithObjects(Arc<dyn Objects>);

    #[async_trait]
    impl Performer for WithObjects {
        async fn perform(&self, _: &TaskCall) -> TaskOutcome {
            TaskOutcome::TimedOut
        }

        fn objects(&self) -> Arc<dyn Objects> {
            self.0.clone()
        }
    }

    #[test]
    fn an_invocation_has_the_objects_of_its_process() {
        let objects: Arc<dyn Objects> = Arc::new(Nowhere);
        let tasks = Arc::new(WithObjects(objects.clone()));
        let clock = Arc::new(Still);
        let punctual = Punctual { tasks, clock, until: Timestamp::default() };
        assert!(Arc::ptr_eq(&punctual.objects(), &objects));
    }
}
