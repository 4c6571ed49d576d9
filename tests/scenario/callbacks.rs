//! Tasks that someone else answers: `.waitForTaskToken` and activities.

use insta::assert_snapshot;
use serde_json::json;
use stepwright::store::{Journal, Kind, Registry};
use stepwright::turn::{Clock, TokenError};
use stepwright_core::engine::{Answer, ExecutionId, Failure, FrameId, Phase};
use stepwright_core::expr::Document;

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario, tell};
use crate::support::build::START;
use crate::support::tasks::Act;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:pack";

fn waiting() -> Scenario {
    Scenario::states(
        "Ask",
        json!({
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
                "TimeoutSeconds": 100, "HeartbeatSeconds": 10, "End": true,
                "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Silent"}, {"ErrorEquals": ["States.ALL"], "Next": "Refused"}]},
            "Silent": {"Type": "Pass", "Result": "silent", "End": true},
            "Refused": {"Type": "Pass", "End": true}
        }),
    )
}

/// The token that is out.
fn token(sim: &Sim, id: &ExecutionId) -> Option<String> {
    let tail = block_on(sim.store.tail(id, &FrameId::root())).ok()??;
    let Phase::Pending(_) = &tail.frame.phase else { return None };
    let records = block_on(sim.store.records(id, &FrameId::root(), None)).ok()?;
    records.iter().find_map(|(_, record)| match &record.frame.phase {
        Phase::Claimed(claim) => {
            claim.parameters.value().get("Payload")?.get("token")?.as_str().map(str::to_owned)
        }
        _ => None,
    })
}

fn run_until_token(sim: &mut Sim, id: &ExecutionId) -> String {
    sim.run_until(|sim| token(sim, id).is_some());
    token(sim, id).expect("a token is out")
}

#[test]
fn a_token_can_be_answered_once() {
    insta::allow_duplicates! { for states in [1, ALL_STATES] {
        let (mut sim, id) = waiting().begin(states, 0, Risks::NONE);
        let token = run_until_token(&mut sim, &id);
        let success = Answer::Success(Document::from_trusted_text("{\"yes\": 1}"));
        assert_eq!(block_on(sim.engine.answer(&token, success.clone())).unwrap(), Ok(()));
        assert_eq!(
            block_on(sim.engine.answer(&token, success)).unwrap(),
            Err(TokenError::TimedOut)
        );
        assert_eq!(block_on(sim.engine.heartbeat(&token)).unwrap(), Err(TokenError::TimedOut));
        sim.run();
        let story = tell(&sim.engine, &id);
        let shown = story.replace(&token, "TOKEN");
        assert_snapshot!(shown, @r#"
    SUCCEEDED {"yes": 1}
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Ask {}
    3<2 TaskScheduled service={"t":"lambda","r":"invoke.waitForTaskToken"} parameters={"FunctionName":"ask","Payload":{"token":"TOKEN"}} timeout=100 heartbeat=10
    4<3 TaskStarted service={"t":"lambda","r":"invoke.waitForTaskToken"}
    5<4 TaskSubmitted service={"t":"lambda","r":"invoke.waitForTaskToken"} output={"token":"TOKEN"}
    6<5 TaskSucceeded service={"t":"lambda","r":"invoke.waitForTaskToken"} output={"yes":1}
    7<6 TaskStateExited Ask {"yes": 1}
    8<7 ExecutionSucceeded output={"yes":1}
    "#);
    }}
}

#[test]
fn heartbeats_keep_a_token_alive_and_silence_ends_it() {
    let (mut sim, id) = waiting().begin(ALL_STATES, 0, Risks::NONE);
    let token = run_until_token(&mut sim, &id);
    for _ in 0..3 {
        sim.clock.advance(8.0);
        assert_eq!(block_on(sim.engine.heartbeat(&token)).unwrap(), Ok(()));
        for _ in 0..50 {
            sim.run_until(|sim| sim.queue.next_due().is_none_or(|due| due > sim.clock.now()));
        }
    }
    sim.run();
    let story = tell(&sim.engine, &id);
    assert_eq!(story.lines().next().unwrap(), "SUCCEEDED \"silent\"");
    let stopped = sim.execution(&id).closing.as_ref().unwrap().stopped;
    let lived = stopped.seconds_since(START);
    assert!(
        (34.0..35.0).contains(&lived),
        "three heartbeats of 8 s and then 10 s of silence, but it lived {lived} s"
    );
}

/// Its timer may be late, or lost: what it would do is done by whoever comes too late.
#[test]
fn who_answers_after_the_time_of_a_task_is_too_late_even_if_nobody_has_noticed() {
    type Call = fn(&Sim, &str) -> Result<(), TokenError>;
    let success = |sim: &Sim, token: &str| {
        let answer = Answer::Success(Document::empty_object());
        block_on(sim.engine.answer(token, answer)).unwrap()
    };
    let heartbeat = |sim: &Sim, token: &str| block_on(sim.engine.heartbeat(token)).unwrap();
    let calls: [Call; 2] = [success, heartbeat];
    for call in calls {
        let (mut sim, id) = waiting().begin(ALL_STATES, 0, Risks::NONE);
        let token = run_until_token(&mut sim, &id);
        sim.queue.lose_everything();
        sim.clock.advance(8.0);
        assert_eq!(heartbeat(&sim, &token), Ok(()));
        sim.clock.advance(9.0);
        assert_eq!(heartbeat(&sim, &token), Ok(()), "9 s after the one before");
        sim.clock.advance(10.0);
        assert_eq!(call(&sim, &token), Err(TokenError::TimedOut));
        sim.run();
        let story = tell(&sim.engine, &id);
        assert_eq!(story.lines().next().unwrap(), "SUCCEEDED \"silent\"");
    }
}

/// The token of a request that is still being made.
fn early_token(sim: &Sim, id: &ExecutionId) -> Option<String> {
    let tail = block_on(sim.store.tail(id, &FrameId::root())).ok()??;
    let Phase::Claimed(claim) = &tail.frame.phase else { return None };
    claim.parameters.value().get("Payload")?.get("token")?.as_str().map(str::to_owned)
}

#[test]
fn an_answer_that_comes_before_the_request_is_done_goes_on_at_once() {
    insta::allow_duplicates! { for states in [1, ALL_STATES] {
        let slow = waiting().function("ask", &[Act::Take(50.0)]);
        let (mut sim, id) = slow.begin(states, 0, Risks { turns: 2, ..Risks::NONE });
        sim.run_until(|sim| early_token(sim, &id).is_some());
        let token = early_token(&sim, &id).expect("a token is out");
        let success = Answer::Success(Document::from_trusted_text("{\"yes\": 1}"));
        assert_eq!(block_on(sim.engine.answer(&token, success)).unwrap(), Ok(()));
        sim.run();
        assert_snapshot!(tell(&sim.engine, &id).replace(&token, "TOKEN"), @r#"
        SUCCEEDED {"yes": 1}
        1<0 ExecutionStarted input={}
        2<0 TaskStateEntered Ask {}
        3<2 TaskScheduled service={"t":"lambda","r":"invoke.waitForTaskToken"} parameters={"FunctionName":"ask","Payload":{"token":"TOKEN"}} timeout=100 heartbeat=10
        4<3 TaskStarted service={"t":"lambda","r":"invoke.waitForTaskToken"}
        5<4 TaskSucceeded service={"t":"lambda","r":"invoke.waitForTaskToken"} output={"yes":1}
        6<5 TaskStateExited Ask {"yes": 1}
        7<6 ExecutionSucceeded output={"yes":1}
        "#);
        let stopped = sim.execution(&id).closing.as_ref().unwrap().stopped;
        assert!(stopped.seconds_since(START) < 50.0, "it did not wait for the request");
    }}
}

#[test]
fn a_failure_by_token_is_caught_like_any_other() {
    let (mut sim, id) = waiting().begin(1, 0, Risks::NONE);
    let token = run_until_token(&mut sim, &id);
    let failure = Answer::Failure(Failure { error: None, cause: None });
    assert_eq!(block_on(sim.engine.answer(&token, failure)).unwrap(), Ok(()));
    sim.run();
    let story = tell(&sim.engine, &id);
    assert_eq!(story.lines().next().unwrap(), "SUCCEEDED {\"Error\":null,\"Cause\":null}");
}

#[test]
fn a_token_nobody_made_is_invalid() {
    let sim = Sim::new(1, 0, Risks::NONE);
    for token in ["", "garbage", "AQAAAA"] {
        let answer = Answer::Success(Document::empty_object());
        assert_eq!(block_on(sim.engine.answer(token, answer)).unwrap(), Err(TokenError::Invalid));
    }
}

#[test]
fn an_activity_is_worked_on_by_one_worker_and_its_clock_runs_from_then() {
    let scenario = Scenario::states(
        "Pack",
        json!({"Pack": {"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 60, "End": true}}),
    )
    .input(json!({"box": 1}));
    let mut sim = Sim::new(ALL_STATES, 0, Risks::NONE);
    block_on(sim.store.put(Kind::Activity, ACTIVITY, "{}".into(), None)).unwrap();
    let id = sim.start(&scenario.definition.to_string(), &scenario.input.to_string());
    sim.run();
    sim.clock.advance_to(START.plus_seconds(5_000.0));
    let work = block_on(sim.engine.activity_task(ACTIVITY, Some("anna"), 0.0))
        .unwrap()
        .expect("a task is on offer");
    assert_eq!(work.input.text(), "{\"box\":1}");
    assert!(
        block_on(sim.engine.activity_task(ACTIVITY, Some("otto"), 0.0)).unwrap().is_none(),
        "only one worker gets it"
    );
    let done = Answer::Success(Document::from_trusted_text("\"packed\""));
    assert_eq!(block_on(sim.engine.answer(&work.token, done)).unwrap(), Ok(()));
    sim.run();
    assert_snapshot!(tell(&sim.engine, &id), @r#"
    SUCCEEDED "packed"
    1<0 ExecutionStarted input={"box":1}
    2<0 TaskStateEntered Pack {"box":1}
    3<2 ActivityScheduled resource=arn:aws:states:us-east-1:123456789012:activity:pack input={"box":1} timeout=60
    4<3 ActivityStarted worker_name=anna
    5<4 ActivitySucceeded output=packed
    6<5 TaskStateExited Pack "packed"
    7<6 ExecutionSucceeded output=packed
    "#);
}

#[test]
fn an_activity_that_does_not_exist_fails_the_execution() {
    let story = Scenario::states(
        "Pack",
        json!({"Pack": {"Type": "Task", "Resource": ACTIVITY, "End": true}}),
    )
    .story();
    assert_snapshot!(story, @r#"
    FAILED States.Runtime An error occurred while executing the state 'Pack' (entered at the event id #2). The activity arn:aws:states:us-east-1:123456789012:activity:pack does not exist.
    1<0 ExecutionStarted input={}
    2<0 TaskStateEntered Pack {}
    3<2 ExecutionFailed e=States.Runtime c=An error occurred while executing the state 'Pack' (entered at the event id #2). The activity arn:aws:states:us-east-1:123456789012:activity:pack does not exist.
    "#);
}
