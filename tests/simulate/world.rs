//! A world in which one execution lives: the simulator's workers, and everybody who asks the API for something. Callers
//! interleave with the workers at every await, and go away in the middle; who has not heard asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde_json::{Value as Json, json};
use stepwright::api::Api;
use stepwright::store::{Execution, Status};
use stepwright::turn::{Clock, Engine};
use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Phase};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::render::ACTIVITY;
use super::rule::{attempt, named, rule};
use super::run::{Drama, Run};
use super::scene::Scene;
use super::tree::Deed;
use crate::sim::{Sim, block_on};
use crate::support::fault::Fault;
use crate::support::random::Random;

/// A world with its callers.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) run: Run,
    pub(crate) id: ExecutionId,
    pub(crate) steps: u64,
    /// What broke a law on the way.
    pub(crate) broken: Vec<String>,
    /// Whether somebody's bad luck changed the story: a task that was handed to nobody.
    pub(crate) unlucky: bool,
    api: Arc<Api>,
    random: Random,
    calls: Vec<Call>,
    asks: BTreeMap<(Timestamp, u64), Ask>,
    asked: u64,
    /// Performances that were looked at.
    known: usize,
    /// Misfortunes after which only a sweep helps, as far as they were swept.
    swept: u64,
    complaints: u64,
    rounds: u32,
    /// Tokens that were accepted.
    accepted: BTreeSet<String>,
    /// Attempts that were claimed when a stop was acknowledged.
    pub(crate) stopped: Option<u64>,
    redrives: u32,
    /// When a redrive was last under way.
    redriven: u64,
    input: String,
}

/// What somebody wants.
#[derive(Clone, Debug)]
enum Ask {
    Start,
    Answer { token: String, success: bool },
    Beat { token: String, left: u32 },
    Poll { activity: String },
    Stop,
    Redrive,
    Delete,
    Look,
    Sweep,
}

impl Ask {
    fn ends_or_redrives(&self) -> bool {
        matches!(self, Ask::Stop | Ask::Redrive)
    }
}

/// Status and body.
type Heard = Result<(u16, String), String>;

/// A request under way.
struct Call {
    ask: Ask,
    /// The step in which it was made.
    since: u64,
    future: Pin<Box<dyn Future<Output = Heard>>>,
}

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:machine:run";
const MOST_STEPS: u64 = 4_000_000;
/// How long after a misfortune somebody sweeps, in seconds.
const SWEEP_SECONDS: f64 = 1_200.0;
/// How long after a sweep there is another one at the latest while something runs, in seconds.
const ANYWAY_SECONDS: f64 = 5.0 * 86_400.0;

impl World {
    /// A world in which a machine was made and is about to be started.
    pub(crate) fn new(scene: &Scene, run: &Run) -> World {
        let known = scene.definitions.clone();
        let sim = Sim::knowing(known, run.states, run.seed, run.risks);
        sim.tasks.rule(rule);
        sim.faults.spare(run.spared.clone());
        if !run.rereads {
            sim.store.trust();
        }
        scene.set(sim.store.plain());
        let api = Arc::new(Api::new(sim.engine.clone()));
        sim.faults.plan(run.risks.plan);
        let id = stepwright::api::execution_id(MACHINE, "run", 0);
        let start = sim.clock.now();
        let mut world = World {
            sim,
            run: run.clone(),
            id,
            steps: 0,
            broken: Vec::new(),
            unlucky: false,
            api,
            random: Random::seeded(run.seed ^ 0x00ca_1135),
            calls: Vec::new(),
            asks: BTreeMap::new(),
            asked: 0,
            known: 0,
            swept: 0,
            complaints: 0,
            rounds: 0,
            accepted: BTreeSet::new(),
            stopped: None,
            redrives: 0,
            input: scene.input.clone(),
            redriven: 0,
        };
        world.ask(start, Ask::Start);
        world
    }
}

impl World {
    /// Lives until nothing is left to be done.
    ///
    /// # Errors
    /// It does not come to an end.
    pub(crate) fn live(&mut self) -> Result<(), String> {
        while self.steps < MOST_STEPS {
            self.steps += 1;
            self.act_up();
            self.see();
            self.want();
            self.call_up();
            if !self.calls.is_empty() && (self.sim.turns() == 0 || self.random.chance(0.3)) {
                self.listen();
                continue;
            }
            let next = self.asks.keys().next().map(|(at, _)| *at);
            self.sim.alarm = if self.calls.is_empty() { next } else { Some(self.sim.clock.now()) };
            if self.sim.step() || !self.calls.is_empty() {
                continue;
            }
            if let Some(at) = next {
                self.sim.clock.advance_to(at);
            } else if self.row().map_or(self.deleted(), |row| row.closing.is_some()) {
                return Ok(());
            } else if self.rounds == 30 {
                return Err(format!("it is stuck: {:?}", self.tails()));
            } else {
                self.rounds += 1;
                self.ask_in(SWEEP_SECONDS, Ask::Sweep);
            }
        }
        let asked: Vec<_> =
            self.calls.iter().map(|call| &call.ask).chain(self.asks.values()).collect();
        let turns = self.sim.turns();
        Err(format!("it does not come to rest: {turns} turns, {asked:?}, {:?}", self.tails()))
    }

    /// Whether the machine may have been deleted before the execution was started.
    fn deleted(&self) -> bool {
        matches!(self.run.drama, Drama::Delete(_))
    }

    /// The execution as it is stored.
    pub(crate) fn row(&self) -> Option<Arc<Execution>> {
        block_on(self.sim.store.plain().execution(&self.id)).unwrap()
    }

    /// The last records of all frames that have not ended, in short.
    fn tails(&self) -> Vec<String> {
        let root = stepwright_core::engine::FrameId::root();
        let tails = block_on(self.sim.store.plain().tails(&self.id, &root, None)).unwrap();
        let open = tails.iter().filter(|(_, tail)| !tail.frame.phase.over());
        open.map(|(frame, tail)| format!("{frame}:{} {:?}", tail.slot, tail.frame.phase)).collect()
    }

    fn ask(&mut self, at: Timestamp, ask: Ask) {
        self.asked += 1;
        self.asks.insert((at, self.asked), ask);
    }

    fn ask_in(&mut self, seconds: f64, ask: Ask) {
        self.ask(self.sim.clock.now().plus_seconds(seconds), ask);
    }

    /// Somebody interferes when the time has come, and somebody looks at the execution now and then.
    fn act_up(&mut self) {
        let now = self.sim.clock.now();
        match self.run.drama {
            Drama::Stop(at) | Drama::Redrive(at) if at == self.steps => self.ask(now, Ask::Stop),
            Drama::Delete(at) if at == self.steps => self.ask(now, Ask::Delete),
            _ => {}
        }
        if self.run.seed > 0 && self.random.chance(0.002) {
            self.ask(now, Ask::Look);
        }
    }

    /// Redrives an execution that has ended badly, once after its stop and once more.
    fn want(&mut self) {
        let wants = matches!(self.run.drama, Drama::Redrive(_)) && self.redrives < 2;
        if !wants || !self.calls.is_empty() || self.asks.values().any(Ask::ends_or_redrives) {
            return;
        }
        let row = self.row();
        if row.is_some_and(|row| row.closing.is_some() && row.status() != Status::Succeeded) {
            self.redrives += 1;
            self.ask_in(1.0, Ask::Redrive);
        }
    }

    /// Takes note of tokens that were handed out, tasks on offer, and misfortunes.
    fn see(&mut self) {
        for performed in self.sim.tasks.performed_since(self.known) {
            self.known += 1;
            let sent = performed.sent.value();
            let token = sent.get("Payload").and_then(|p| p.get("token")?.as_str());
            if let Some(token) = token {
                let (token, deed) = (token.to_owned(), named(&performed.function));
                self.promise(token, deed, attempt(&performed.sent));
            }
        }
        for arn in self.sim.offers.waiting() {
            let polls = |ask: &Ask| matches!(ask, Ask::Poll { activity } if *activity == arn);
            let polled = self.calls.iter().any(|call| polls(&call.ask));
            if !polled && !self.asks.values().any(polls) {
                self.ask_in(1.0, Ask::Poll { activity: arn });
            }
        }
        let bad = [Fault::Lost, Fault::HungUp, Fault::Kill].map(|kind| self.sim.faults.count(kind));
        let misfortunes = bad.into_iter().sum::<u64>() + self.complaints;
        if misfortunes > self.swept {
            self.swept = misfortunes;
            self.sweep_after(self.sim.clock.now());
        }
    }

    /// Somebody sweeps so long after a misfortune, if not before.
    fn sweep_after(&mut self, misfortune: Timestamp) {
        let at = misfortune.plus_seconds(SWEEP_SECONDS);
        let before = self.asks.iter().take_while(|((asked, _), _)| *asked <= at);
        if !before.map(|(_, ask)| ask).any(|ask| matches!(ask, Ask::Sweep)) {
            self.ask(at, Ask::Sweep);
        }
    }

    /// What waits for a time that is still to come, or has only just come, was not found by a sweep that is over now. The
    /// next one is soon after that time, as if somebody swept all the time.
    fn sweep_again(&mut self) {
        let swept = self.sim.clock.now().plus_seconds(-SWEEP_SECONDS);
        let dues = self.dues();
        if dues.is_empty() {
            return;
        }
        // What a sweep has sent again may have been lost since without anybody's notice.
        let anyway = self.sim.clock.now().plus_seconds(ANYWAY_SECONDS);
        let next = dues.into_iter().filter(|due| *due > swept).min();
        self.sweep_after(next.map_or(anyway, |next| next.min(anyway)));
    }

    /// When frames of executions that run should have gone on.
    fn dues(&self) -> Vec<Timestamp> {
        let (plain, root) = (self.sim.store.plain(), FrameId::root());
        let mut dues = Vec::new();
        for id in block_on(plain.running(None, usize::MAX)).unwrap() {
            let row = block_on(plain.execution(&id)).unwrap();
            dues.extend(row.and_then(|row| row.deadline));
            for (frame, tail) in block_on(plain.tails(&id, &root, None)).unwrap() {
                let beat = |ticket| {
                    let ticket = Cursor { execution: id.clone(), frame, slot: ticket };
                    block_on(plain.last_beat(&ticket)).unwrap()
                };
                dues.extend(match &tail.frame.phase {
                    Phase::Claimed(claim) => Some(claim.until),
                    Phase::Waiting { until } | Phase::Backoff { until } => Some(*until),
                    Phase::Parked { until } => Some(*until),
                    Phase::Polling(job) => Some(job.due(beat(job.ticket))),
                    Phase::Pending(pending) => {
                        pending.due(beat(pending.ticket)).map(|(due, _)| due)
                    }
                    _ => Some(tail.time),
                });
            }
        }
        dues
    }

    /// Who has a token does what the task's name says.
    fn promise(&mut self, token: String, deed: Deed, attempt: u32) {
        let (seconds, success) = match deed {
            Deed::Done(seconds) => (1.0 + f64::from(seconds), true),
            Deed::Flaky(times) => (2.0, attempt >= times),
            Deed::Bad => (2.0, false),
            Deed::Late => (20_000.0, true),
            Deed::Beats(left) => return self.ask_in(BEAT_SECONDS, Ask::Beat { token, left }),
            Deed::Silent => return,
        };
        if self.run.drama == Drama::Rivals {
            self.ask_in(seconds, Ask::Answer { token: token.clone(), success: !success });
        }
        self.ask_in(seconds, Ask::Answer { token, success });
    }

    /// Makes the requests whose time has come.
    fn call_up(&mut self) {
        while let Some(first) = self.asks.first_entry() {
            if first.key().0 > self.sim.clock.now() {
                return;
            }
            let ask = first.remove();
            if matches!(ask, Ask::Redrive) {
                // From when it is asked for, it may have been made.
                self.stopped = None;
            }
            let (api, engine) = (self.api.clone(), self.sim.engine.clone());
            let future: Pin<Box<dyn Future<Output = Heard>>> = match request(&ask, &self.input) {
                Some((operation, body)) => Box::pin(async move {
                    let response = api.call(operation, body.to_string().as_bytes()).await;
                    Ok((response.status, response.body))
                }),
                None => Box::pin(sweep(engine, self.run.restarts)),
            };
            self.calls.push(Call { ask, since: self.steps, future });
        }
    }

    /// A caller comes a step further, or goes away.
    fn listen(&mut self) {
        let chosen = self.random.below(self.calls.len());
        let spared = matches!(self.calls[chosen].ask, Ask::Poll { .. } | Ask::Sweep);
        let leaves = !spared && self.random.chance(self.run.risks.crash);
        if leaves && self.sim.faults.happens(Fault::HungUp) {
            let call = self.calls.swap_remove(chosen);
            return self.ask_in(1.0, call.ask);
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(heard) = self.calls[chosen].future.as_mut().poll(&mut context) {
            let call = self.calls.swap_remove(chosen);
            if matches!(call.ask, Ask::Redrive) {
                self.redriven = self.steps;
            }
            self.hear(call.ask, call.since, heard);
        }
    }

    /// What an answer means to whoever asked.
    fn hear(&mut self, ask: Ask, since: u64, heard: Heard) {
        let (status, body) = match heard {
            Ok((status, body)) if status < 500 => (status, body),
            Err(_) | Ok(_) => {
                self.complaints += 1;
                self.unlucky |= matches!(ask, Ask::Poll { .. });
                // Somebody sweeps again anyway.
                if !matches!(ask, Ask::Sweep) {
                    self.ask_in(1.0, ask);
                }
                return;
            }
        };
        match ask {
            Ask::Answer { token, .. } if status == 200 => self.accepted_now(token),
            Ask::Beat { token, left: 1 } => {
                self.ask_in(BEAT_SECONDS, Ask::Answer { token, success: true });
            }
            Ask::Beat { token, left } => {
                self.ask_in(BEAT_SECONDS, Ask::Beat { token, left: left - 1 });
            }
            Ask::Poll { activity } => self.work(&activity, &body),
            Ask::Stop if status == 200 => self.stopped_now(since),
            Ask::Delete => self.deleted_now(),
            Ask::Sweep => self.sweep_again(),
            _ => {}
        }
    }

    fn accepted_now(&mut self, token: String) {
        if !self.accepted.insert(token) {
            self.broken.push("two answers to one task were accepted".to_owned());
        }
    }

    /// A stop was acknowledged. If somebody has redriven the execution meanwhile, it was the end before that which was told.
    fn stopped_now(&mut self, since: u64) {
        let redrives = |ask: &Ask| matches!(ask, Ask::Redrive);
        if self.redriven >= since
            || self.asks.values().any(redrives)
            || self.calls.iter().any(|call| redrives(&call.ask))
        {
            return;
        }
        self.stopped = Some(self.sim.store.attempts());
        let root = stepwright_core::engine::FrameId::root();
        let tail = block_on(self.sim.store.plain().tail(&self.id, &root)).unwrap();
        if tail.is_none_or(|tail| !tail.frame.phase.over()) {
            self.broken.push("an execution runs on that was stopped".to_owned());
        }
    }

    fn deleted_now(&mut self) {
        if self.row().is_some_and(|row| row.closing.is_none()) {
            // It goes as soon as its executions have ended; asked again until it has.
            self.ask_in(60.0, Ask::Delete);
        }
    }

    /// A worker has got a task.
    fn work(&mut self, arn: &str, body: &str) {
        let body: Json = serde_json::from_str(body).unwrap_or_default();
        let Some(token) = body["taskToken"].as_str() else { return };
        let input = Document::parse(body["input"].as_str().unwrap_or("{}")).unwrap();
        let name = arn.strip_prefix(ACTIVITY).unwrap_or(arn);
        self.promise(token.to_owned(), named(name), attempt(&input));
    }
}

/// What a sweep does: of a process that starts again, or of the deployed stack. Whoever cannot be looked after now does not
/// keep the others waiting.
async fn sweep(engine: Arc<Engine>, restarts: bool) -> Heard {
    let mut failed = Vec::new();
    if restarts {
        failed = engine.sweep().await.map_err(|error| error.to_string())?.failed;
    } else {
        let running = engine.store.running(None, 1_000).await.map_err(|error| error.to_string())?;
        for id in running {
            if engine.look_after(&id, OVERDUE_SECONDS).await.is_err() {
                failed.push(id);
            }
        }
    }
    if failed.is_empty() { Ok((200, String::new())) } else { Err(format!("{failed:?} failed")) }
}

/// The operation that an ask is, and its body.
fn request(ask: &Ask, input: &str) -> Option<(&'static str, Json)> {
    Some(match ask {
        Ask::Start => {
            ("StartExecution", json!({"stateMachineArn": MACHINE, "name": "run", "input": input}))
        }
        Ask::Answer { token, success: true } => {
            ("SendTaskSuccess", json!({"taskToken": token, "output": "{\"done\": true}"}))
        }
        Ask::Answer { token, success: false } => {
            ("SendTaskFailure", json!({"taskToken": token, "error": "Bad", "cause": "worse"}))
        }
        Ask::Beat { token, .. } => ("SendTaskHeartbeat", json!({"taskToken": token})),
        Ask::Poll { activity } => ("GetActivityTask", json!({"activityArn": activity})),
        Ask::Stop => ("StopExecution", json!({"executionArn": EXECUTION, "error": "Enough"})),
        Ask::Redrive => ("RedriveExecution", json!({"executionArn": EXECUTION})),
        Ask::Delete => ("DeleteStateMachine", json!({"stateMachineArn": MACHINE})),
        Ask::Look => ("GetExecutionHistory", json!({"executionArn": EXECUTION})),
        Ask::Sweep => return None,
    })
}

const BEAT_SECONDS: f64 = 2_500.0;
/// As in the deployed stack.
const OVERDUE_SECONDS: f64 = 990.0;
