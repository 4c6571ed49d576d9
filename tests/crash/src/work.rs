//! The load: executions of every kind, kept at a number, and those who answer tokens, do activities and stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::Plan;
use super::book::{Book, Started};
use fastrand::Rng;

use super::chance::upto;
use super::wire::Client;

/// Kinds of executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A task, a wait, a task.
    Chain,
    /// Tasks and a wait side by side.
    Fork,
    /// A task for each of six items, two at a time.
    Map,
    /// A task that fails at first, and any other time, and is retried.
    Retry,
    /// A task that ends when its token is answered.
    Callback,
    /// A task of an activity.
    Activity,
    /// A wait without end, to be stopped.
    Long,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Chain,
        Kind::Fork,
        Kind::Map,
        Kind::Retry,
        Kind::Callback,
        Kind::Activity,
        Kind::Long,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Chain => "chain",
            Kind::Fork => "fork",
            Kind::Map => "map",
            Kind::Retry => "retry",
            Kind::Callback => "callback",
            Kind::Activity => "activity",
            Kind::Long => "long",
        }
    }

    pub(crate) fn machine(self) -> String {
        format!("arn:aws:states:us-east-1:123456789012:stateMachine:{}", self.name())
    }

    fn definition(self) -> Value {
        let pause = json!({"Type": "Wait", "SecondsPath": "$.wait", "Next": "Last"});
        let last = json!({"Type": "Pass", "End": true});
        let two = |first: Value| json!({"StartAt": "First", "States": {"First": first, "Pause": pause, "Last": last}});
        match self {
            Kind::Chain => {
                let first = task("work", "a", "Pause");
                let (mut second, pause) = (
                    task("work", "b", "Last"),
                    json!({"Type": "Wait", "SecondsPath": "$.wait", "Next": "Second"}),
                );
                second["Next"] = json!("Last");
                json!({"StartAt": "First", "States": {"First": first, "Pause": pause, "Second": second, "Last": last}})
            }
            Kind::Fork => {
                let branch = |suffix: &str| {
                    let (task, end) = (task("work", suffix, suffix), last.clone());
                    json!({"StartAt": "Task ".to_owned() + suffix, "States": {"Task ".to_owned() + suffix: task, suffix: end}})
                };
                let wait = json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "SecondsPath": "$.wait", "End": true}}});
                two(
                    json!({"Type": "Parallel", "Branches": [branch("l"), wait, branch("r")], "ResultPath": null, "Next": "Pause"}),
                )
            }
            Kind::Map => {
                let mut each = task("work", "", "End");
                each["Parameters"] = json!({"key.$": "$.item"});
                two(json!({
                    "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemSelector": {"item.$": "$$.Map.Item.Value"},
                    "ItemProcessor": {"StartAt": "Task", "States": {"Task": each, "End": last}},
                    "ResultPath": null, "Next": "Pause"
                }))
            }
            Kind::Retry => {
                let mut first = task("flaky", "f", "Pause");
                first["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 1_000}]);
                two(first)
            }
            Kind::Callback => {
                let mut first = task("call", "t", "Pause");
                first["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
                first["Parameters"] = json!({"FunctionName": "call", "Payload": {
                    "key.$": "States.Format('{}-t', $.id)", "token.$": "$$.Task.Token"
                }});
                two(first)
            }
            Kind::Activity => {
                let mut first = task("work", "v", "Pause");
                first["Resource"] = json!(ACTIVITY);
                // A worker that was lost with the answer to its poll is found out by the silence.
                first["HeartbeatSeconds"] = json!(5);
                two(first)
            }
            Kind::Long => {
                json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": true}}})
            }
        }
    }
}

/// A task that goes on, whatever becomes of it.
fn task(function: &str, suffix: &str, next: &str) -> Value {
    json!({
        "Type": "Task", "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:{function}"),
        "Parameters": {"key.$": format!("States.Format('{{}}-{suffix}', $.id)")},
        "ResultPath": null, "Next": next,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.lost", "Next": next}]
    })
}

/// Everybody at work.
pub(crate) struct Work {
    port: u16,
    starters: Vec<JoinHandle<()>>,
    wanted: Arc<Semaphore>,
}

impl Work {
    /// Makes the machines and sets everybody to work.
    pub(crate) async fn begin(port: u16, book: &Arc<Book>, plan: &Plan) -> Work {
        let mut client = Client::of(port);
        client.must("CreateActivity", &json!({"name": "work"})).await;
        for kind in Kind::ALL {
            let role = "arn:aws:iam::123456789012:role/any";
            let definition = kind.definition().to_string();
            let machine = json!({"name": kind.name(), "roleArn": role, "definition": definition});
            client.must("CreateStateMachine", &machine).await;
        }
        let wanted = Arc::new(Semaphore::new(0));
        tokio::spawn(count(port, book.clone(), wanted.clone(), plan.in_flight));
        let mut random = Rng::with_seed(plan.seed ^ 0x5eed);
        for worker in 0..4 {
            let random = Rng::with_seed(random.u64(..));
            tokio::spawn(answer_tokens(port, book.clone(), random.clone()));
            tokio::spawn(stop(port, book.clone(), random.clone()));
            tokio::spawn(do_activities(port, book.clone(), format!("w{worker}"), random));
        }
        // The more there are, the longer they wait: a slow machine keeps up with starting them.
        let longest = u64::try_from(plan.in_flight / 20 + 3).unwrap();
        let starters = (0..8)
            .map(|starter| {
                let random = Rng::with_seed(random.u64(..));
                let chance = (starter, random, longest);
                tokio::spawn(start(port, book.clone(), wanted.clone(), chance))
            })
            .collect();
        Work { port, starters, wanted }
    }

    /// Starts nothing more, and waits until all has ended, or until nothing has ended for a long time.
    pub(crate) async fn end(self, book: &Book) {
        self.wanted.close();
        for starter in self.starters {
            // Not before it knows what became of the execution that it is starting.
            starter.await.unwrap();
        }
        let (mut fewest, mut since) = (usize::MAX, Instant::now());
        let mut client = Client::of(self.port);
        while since.elapsed() < PATIENCE {
            let running = running(&mut client).await;
            book.note_running(running);
            if running == 0 {
                return;
            }
            if running < fewest {
                (fewest, since) = (running, Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Keeps the number of running executions up.
async fn count(port: u16, book: Arc<Book>, wanted: Arc<Semaphore>, in_flight: usize) {
    let mut client = Client::of(port);
    loop {
        let running = running(&mut client).await;
        book.note_running(running);
        let missing = in_flight.saturating_sub(running);
        wanted.forget_permits(wanted.available_permits());
        wanted.add_permits(missing);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn running(client: &mut Client) -> usize {
    let mut running = 0;
    for kind in Kind::ALL {
        let mut page = json!({"stateMachineArn": kind.machine(), "statusFilter": "RUNNING", "maxResults": 1000});
        loop {
            let found = client.must("ListExecutions", &page).await;
            running += found["executions"].as_array().unwrap().len();
            if found["nextToken"].is_null() {
                break;
            }
            page["nextToken"] = found["nextToken"].clone();
        }
    }
    running
}

async fn start(
    port: u16,
    book: Arc<Book>,
    wanted: Arc<Semaphore>,
    (starter, mut random, longest): (u32, Rng, u64),
) {
    let mut client = Client::of(port);
    for number in 0.. {
        let Ok(permit) = wanted.acquire().await else { return };
        permit.forget();
        let kind = Kind::ALL[usize::try_from(random.u64(..7)).unwrap()];
        let name = format!("{}-{starter}-{number}", kind.name());
        let items: Vec<_> = (0..6).map(|item| format!("{name}-{item}")).collect();
        let input = json!({"id": name, "wait": random.u64(..longest), "items": items}).to_string();
        let body = json!({"stateMachineArn": kind.machine(), "name": name, "input": input});
        // The same name and input again is the same execution, so whoever got no answer may ask again.
        let answer = client.must("StartExecution", &body).await;
        let arn = answer["executionArn"].as_str().unwrap().to_owned();
        book.started(&name, Started { arn, kind, input });
    }
}

async fn answer_tokens(port: u16, book: Arc<Book>, mut random: Rng) {
    let mut client = Client::of(port);
    loop {
        tokio::time::sleep(upto(&mut random, Duration::from_millis(20))).await;
        let Some((key, token)) = book.token() else { continue };
        succeed(&mut client, &book, key, &token).await;
    }
}

async fn do_activities(port: u16, book: Arc<Book>, worker: String, mut random: Rng) {
    let mut client = Client::of(port);
    let poll = json!({"activityArn": ACTIVITY, "workerName": worker});
    loop {
        let ((status, task), _) = client.insist("GetActivityTask", &poll).await;
        assert_eq!(status, 200, "{task}");
        let Some(token) = task["taskToken"].as_str().filter(|token| !token.is_empty()) else {
            continue;
        };
        let input: Value = serde_json::from_str(task["input"].as_str().unwrap()).unwrap();
        tokio::time::sleep(upto(&mut random, Duration::from_millis(20))).await;
        let key = input["key"].as_str().unwrap().to_owned();
        book.performed(&key);
        succeed(&mut client, &book, key, token).await;
    }
}

/// Answers a token until there is an answer to that. A refusal says that the task is over: it failed as that of a lost
/// worker, or an earlier try was heard.
async fn succeed(client: &mut Client, book: &Book, key: String, token: &str) {
    let output = json!({"answer": key}).to_string();
    let body = json!({"taskToken": token, "output": output});
    let ((status, answer), _) = client.insist("SendTaskSuccess", &body).await;
    if status == 200 {
        book.answered(key);
        return;
    }
    let kind = answer["__type"].as_str().unwrap_or_default();
    assert!(kind.ends_with("TaskTimedOut") || kind.ends_with("TaskDoesNotExist"), "{answer}");
}

async fn stop(port: u16, book: Arc<Book>, mut random: Rng) {
    let mut client = Client::of(port);
    loop {
        tokio::time::sleep(upto(&mut random, Duration::from_millis(200))).await;
        let Some((name, arn)) = book.victim() else { continue };
        client.must("StopExecution", &json!({"executionArn": arn})).await;
        book.stopped(name);
    }
}

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:work";

/// How long nothing may end before what runs counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);
