//! Whoever answers a task token, and the task's timeout, race for one slot of a journal in DynamoDB: one wins.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use stepwright::store::Status;
use stepwright::turn::Verdict;
use stepwright_core::engine::{Answer, Failure};
use stepwright_core::expr::Document;
use stepwright_core::history::order;

use super::world::{Mode, World, delivered};

const RACES: usize = 120;

#[tokio::test]
async fn a_token_that_races_its_timeout_is_answered_exactly_once() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600, "End": true,
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
    });
    let definition = json!({"StartAt": "T", "States": {"T": task}});
    let mode = Mode { states: 1, batch: 10 };
    let Some(world) = World::new(mode, &definition).await else { return };
    let sent = world.run_to_their_wait(RACES).await;
    let tokens = world.tokens();
    assert_eq!(tokens.len(), RACES);
    let timers: Vec<_> = sent.into_iter().filter(|(_, delay)| *delay > 0.0).collect();
    assert_eq!(timers.len(), RACES, "a timer for each");
    world.clock().advance(601.0);

    let mut wins: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (body, _)) in timers.iter().enumerate() {
        let execution = delivered(body).message.cursor.execution;
        let winner = Box::pin(race(&world, number, (body, &tokens[&execution]))).await;
        *wins.entry(winner).or_default() += 1;
        let row = world.engine().store.execution(&execution).await.unwrap().unwrap();
        let events = order::assemble(&world.journal(&row).await);
        let told = events.iter().map(|entry| format!("{:?}", entry.event.kind));
        let ends: Vec<_> = told.filter(|told| ENDS.iter().any(|e| told.starts_with(e))).collect();
        assert!(
            ends.len() == 1 && ends[0].starts_with(winner),
            "race {number}: {winner}, {ends:?}"
        );
    }
    println!("{RACES} races on DynamoDB, won by {wins:?}");
    world.work_off().await;
    let rows = world.rows().await;
    let ended = |status| rows.iter().filter(|row| row.status() == status).count();
    let won = |winner| wins.get(winner).copied().unwrap_or(0);
    assert_eq!(ended(Status::Succeeded), won(ENDS[0]));
    assert_eq!(ended(Status::Failed), won(ENDS[1]) + won(ENDS[2]));
}

/// Two answers and two deliveries of the timer at nearly the same time; the event that the winner writes.
async fn race(world: &World, number: usize, (timer, token): (&str, &str)) -> &'static str {
    let (timer, again) = (delivered(timer), delivered(timer));
    let engine = world.engine();
    let success = Answer::Success(Document::parse("1").unwrap());
    let failure = Answer::Failure(Failure::new("E", "because"));
    // Who asks first is another one each time.
    let late = |turn: usize| Duration::from_millis(((number + turn) % 4 * 3) as u64);
    let after = tokio::time::sleep;
    let (succeeded, failed, handled, once_more) = tokio::join!(
        async {
            after(late(0)).await;
            engine.answer(token, success).await.unwrap().is_ok()
        },
        async {
            after(late(1)).await;
            engine.answer(token, failure).await.unwrap().is_ok()
        },
        async {
            after(late(2)).await;
            engine.handle(&timer).await
        },
        async {
            after(late(3)).await;
            engine.handle(&again).await
        },
    );
    for verdict in [handled, once_more] {
        assert!(matches!(verdict, Verdict::Delete | Verdict::GiveBack(_)), "race {number}");
    }
    match (succeeded, failed) {
        (true, true) => panic!("race {number}: two were told that they had answered"),
        (true, false) => ENDS[0],
        (false, true) => ENDS[1],
        (false, false) => ENDS[2],
    }
}

const ENDS: [&str; 3] = ["TaskSucceeded", "TaskFailed", "TaskTimedOut"];
