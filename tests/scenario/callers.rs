//! Callers of the API who go away: each request is cut off at its first await, then at its second, and so on. What they
//! did not hear of is done whole or not at all, asking again is always right, and who only asks writes nothing.

use serde_json::{Value as Json, json};
use stepwright::api::Api;
use stepwright::store::{Execution, Journal, Status};
use stepwright::turn::Clock;
use stepwright_core::engine::ExecutionId;

use super::ALL_STATES;
use super::hang_ups::{dropped_at, each_await};
use super::sim::{Risks, Sim, block_on};
use crate::support::meter::Operation;
use crate::support::tasks::Act;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
const EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:machine:run";
const ROLE: &str = "arn:aws:iam::123456789012:role/machine";

/// An engine and its API.
struct World {
    sim: Sim,
    api: Api,
}

impl World {
    /// A world with a machine, which is not started yet.
    fn of(states: u32, definition: &Json) -> World {
        let sim = Sim::new(states, 0, Risks::NONE);
        let world = World { api: Api::new(sim.engine.clone()), sim };
        let body =
            json!({"name": "machine", "definition": definition.to_string(), "roleArn": ROLE});
        assert_eq!(world.asks("CreateStateMachine", &body).0, 200);
        world
    }

    async fn call(&self, operation: &str, body: &Json) -> (u16, Json) {
        let response = self.api.call(operation, body.to_string().as_bytes()).await;
        (response.status, serde_json::from_str(&response.body).unwrap())
    }

    fn asks(&self, operation: &str, body: &Json) -> (u16, Json) {
        block_on(self.call(operation, body))
    }

    /// Asks and goes away at the `n`-th await; whether the answer was there before.
    fn hangs_up(&self, n: usize, operation: &str, body: &Json) -> bool {
        let heard = dropped_at(n, self.call(operation, body));
        heard.is_some_and(|(status, answer)| {
            assert_eq!(status, 200, "{operation}, await {n}: {answer}");
            true
        })
    }

    /// What a process that starts again does: finds what is owed, and goes on to the end.
    fn recover(&mut self) {
        assert_eq!(block_on(self.sim.engine.sweep()).unwrap().failed, []);
        self.sim.run();
    }

    fn id(&self) -> ExecutionId {
        stepwright::api::execution_id(MACHINE, "run", 0)
    }

    fn row(&self) -> Option<Execution> {
        block_on(self.sim.store.execution(&self.id())).unwrap().map(|row| (*row).clone())
    }

    fn status(&self) -> Option<Status> {
        self.row().map(|row| row.status())
    }

    /// The token that the function was called with.
    fn token(&self) -> String {
        let performed = self.sim.tasks.performed_since(0);
        let sent = performed.last().expect("it was called").sent.clone();
        sent.value().get("Payload").unwrap().get("token").unwrap().as_str().unwrap().to_owned()
    }
}

fn start() -> Json {
    json!({"stateMachineArn": MACHINE, "name": "run", "input": "{\"n\": 1}"})
}

fn run() -> Json {
    json!({"executionArn": EXECUTION})
}

/// One task and a state after it.
fn working() -> Json {
    let work = "arn:aws:lambda:us-east-1:123456789012:function:work";
    json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": work, "Next": "Done"}, "Done": {"Type": "Succeed"}}})
}

/// A task that somebody else answers, who has to send heartbeats.
fn asking() -> Json {
    let payload = json!({"token.$": "$$.Task.Token"});
    json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": payload}, "HeartbeatSeconds": 10, "End": true}}})
}

/// For each number of states per turn: `scene` with a caller who hangs up at the first await, the second, and so on.
fn each_await_of(scene: impl Fn(u32, usize) -> bool) {
    for states in [1, ALL_STATES] {
        let hung_up = each_await(|n| scene(states, n));
        assert!(hung_up > 2, "there are awaits to hang up at: {hung_up}");
    }
}

#[test]
fn an_execution_is_started_whole_or_not_at_all() {
    each_await_of(|states, n| {
        let mut world = World::of(states, &working());
        let heard = world.hangs_up(n, "StartExecution", &start());
        world.recover();
        let begun = world.status();
        assert!(begun.is_some() || !heard, "await {n}: who heard of it can rely on it");
        assert_ne!(begun, Some(Status::Running), "await {n}: what was begun goes on");
        let (status, answer) = world.asks("StartExecution", &start());
        let expected = if begun.is_some() { 400 } else { 200 };
        assert_eq!(status, expected, "await {n}: once ended, its name is taken: {answer}");
        world.recover();
        assert_eq!(world.status(), Some(Status::Succeeded), "await {n}");
        assert_eq!(world.sim.tasks.performed().len(), 1, "await {n}: it ran once");
        heard
    });
}

#[test]
fn the_same_start_while_it_runs_is_the_same_execution() {
    each_await_of(|states, n| {
        let mut world = World::of(states, &asking());
        let heard = world.hangs_up(n, "StartExecution", &start());
        let (status, answer) = world.asks("StartExecution", &start());
        assert_eq!((status, &answer["executionArn"]), (200, &json!(EXECUTION)), "await {n}");
        world.sim.run_until(|sim| !sim.tasks.performed().is_empty());
        assert_eq!(world.sim.store.created().len(), 1, "await {n}: {answer}");
        heard
    });
}

#[test]
fn a_heartbeat_is_noted_or_not_but_a_token_dies_by_silence_alone() {
    each_await_of(|states, n| {
        let mut world = World::waiting_for_answer(states);
        let token = json!({"taskToken": world.token()});
        world.sim.clock.advance(8.0);
        let heard = world.hangs_up(n, "SendTaskHeartbeat", &token);
        world.sim.clock.advance(8.0);
        let (status, answer) = world.asks("SendTaskHeartbeat", &token);
        assert!(status == 200 || answer["__type"] == "TaskTimedOut", "await {n}: {answer}");
        assert!(status == 200 || !heard, "await {n}: who heard of it can rely on it");
        world.recover();
        assert_eq!(world.status(), Some(Status::Failed), "await {n}: silence ends it");
        let lived = world.row().unwrap().closing.unwrap().stopped;
        let lived = lived.seconds_since(world.row().unwrap().started);
        let beats = if status == 200 { 26.0..27.0 } else { 16.0..17.0 };
        assert!(beats.contains(&lived), "await {n}: it lived {lived} s");
        heard
    });
}

#[test]
fn an_answer_counts_once_whoever_goes_away() {
    for (operation, rest, end) in [
        ("SendTaskSuccess", json!({"output": "1"}), Status::Succeeded),
        ("SendTaskFailure", json!({"error": "Bad"}), Status::Failed),
    ] {
        each_await_of(|states, n| {
            let mut world = World::waiting_for_answer(states);
            let mut body = rest.clone();
            body["taskToken"] = json!(world.token());
            let heard = world.hangs_up(n, operation, &body);
            assert_eq!(block_on(world.sim.engine.sweep()).unwrap().failed, []);
            let (status, answer) = world.asks(operation, &body);
            assert!(status == 200 || answer["__type"] == "TaskTimedOut", "await {n}: {answer}");
            assert!(status != 200 || !heard, "await {n}: it counts once");
            world.recover();
            assert_eq!(world.status(), Some(end), "await {n}");
            heard
        });
    }
}

#[test]
fn an_execution_is_stopped_whole_or_not_at_all() {
    each_await_of(|states, n| {
        let mut world = World::waiting_for_answer(states);
        let heard = world.hangs_up(n, "StopExecution", &run());
        assert_eq!(block_on(world.sim.engine.sweep()).unwrap().failed, []);
        assert!(!heard || world.status() == Some(Status::Aborted), "await {n}");
        assert_eq!(world.asks("StopExecution", &run()).0, 200, "await {n}: asked again");
        world.recover();
        assert_eq!(world.status(), Some(Status::Aborted), "await {n}");
        let (status, answer) =
            world.asks("SendTaskSuccess", &json!({"taskToken": world.token(), "output": "1"}));
        assert_eq!((status, &answer["__type"]), (400, &json!("TaskTimedOut")), "await {n}");
        heard
    });
}

#[test]
fn an_execution_is_redriven_once_however_often_it_is_asked_for() {
    each_await_of(|states, n| {
        let mut world = World::of(states, &working());
        world.sim.tasks.script("work", &[Act::Fail("Bad", "worse"), Act::Echo]);
        assert_eq!(world.asks("StartExecution", &start()).0, 200);
        world.sim.run();
        assert_eq!(world.status(), Some(Status::Failed));
        let heard = world.hangs_up(n, "RedriveExecution", &run());
        world.recover();
        if world.status() == Some(Status::Failed) {
            assert!(!heard, "await {n}: who heard of it can rely on it");
            assert_eq!(world.asks("RedriveExecution", &run()).0, 200, "await {n}: asked again");
            world.recover();
        }
        let row = world.row().unwrap();
        assert_eq!(row.status(), Status::Succeeded, "await {n}");
        assert_eq!(row.redriven.map(|redriven| redriven.count), Some(1), "await {n}");
        assert_eq!(world.sim.tasks.performed().len(), 2, "await {n}: tried once more");
        heard
    });
}

#[test]
fn a_machine_is_deleted_with_its_executions_whoever_goes_away() {
    let machine = json!({"stateMachineArn": MACHINE});
    each_await_of(|states, n| {
        let mut world = World::waiting_for_answer(states);
        let heard = world.hangs_up(n, "DeleteStateMachine", &machine);
        world.recover_without_time();
        let begun = world.status() != Some(Status::Running);
        assert!(begun || !heard, "await {n}: who heard of it can rely on it");
        let (status, answer) = world.asks("DescribeStateMachine", &machine);
        let gone = answer["__type"] == "StateMachineDoesNotExist";
        assert!(gone || status == 200, "await {n}: {answer}");
        assert!(!gone || begun, "await {n}: no execution is left behind");
        assert_eq!(world.asks("DeleteStateMachine", &machine).0, 200, "await {n}: asked again");
        world.recover();
        assert_eq!(world.status(), Some(Status::Aborted), "await {n}");
        let (status, answer) = world.asks("DescribeStateMachine", &machine);
        let gone = (400, &json!("StateMachineDoesNotExist"));
        assert_eq!((status, &answer["__type"]), gone, "await {n}");
        heard
    });
}

#[test]
fn who_only_asks_writes_nothing_whether_he_hears_the_answer_or_not() {
    let asked = [
        ("DescribeExecution", run()),
        ("GetExecutionHistory", run()),
        ("DescribeStateMachineForExecution", run()),
        ("ListMapRuns", run()),
        ("DescribeStateMachine", json!({"stateMachineArn": MACHINE})),
        ("ListExecutions", json!({"stateMachineArn": MACHINE})),
        ("ListStateMachineVersions", json!({"stateMachineArn": MACHINE})),
        ("ListStateMachineAliases", json!({"stateMachineArn": MACHINE})),
        ("ListStateMachines", json!({})),
        ("ListActivities", json!({})),
    ];
    for definition in [working(), asking()] {
        let mut world = World::of(ALL_STATES, &definition);
        assert_eq!(world.asks("StartExecution", &start()).0, 200);
        world.sim.run_until(|sim| sim.queue.next_due().is_none_or(|due| due > sim.clock.now()));
        let before = writes(&world);
        for (operation, body) in &asked {
            let hung_up = each_await(|n| world.hangs_up(n, operation, body));
            assert!(hung_up > 0, "{operation} asks the store");
            assert_eq!(writes(&world), before, "{operation}");
        }
    }
}

/// Operations that write.
fn writes(world: &World) -> u64 {
    world.sim.faults.meter.of(&[
        Operation::Create,
        Operation::Close,
        Operation::Insert,
        Operation::Join,
        Operation::Dispense,
        Operation::Beat,
        Operation::Put,
        Operation::Remove,
        Operation::Send,
    ])
}

impl World {
    /// One in which a token is out.
    fn waiting_for_answer(states: u32) -> World {
        let mut world = World::of(states, &asking());
        assert_eq!(world.asks("StartExecution", &start()).0, 200);
        world.recover_without_time();
        assert_eq!(world.status(), Some(Status::Running));
        world
    }

    /// All that can happen at once happens.
    fn recover_without_time(&mut self) {
        self.sim.run_until(|sim| {
            sim.turns() == 0 && sim.queue.next_due().is_none_or(|due| due > sim.clock.now())
        });
    }
}
