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
        let (timer, again) = (delivered(body), delivered(body));
        let token = &tokens[&timer.message.cursor.execution];
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
        assert!(!(succeeded && failed), "race {number}: two were told that they had answered");
        for verdict in [handled, once_more] {
            assert!(matches!(verdict, Verdict::Delete | Verdict::GiveBack(_)), "race {number}");
        }
        let winner = match (succeeded, failed) {
            (true, _) => "success",
            (_, true) => "failure",
            _ => "timeout",
        };
        *wins.entry(winner).or_default() += 1;
        let row = world.engine().store.execution(&timer.message.cursor.execution).await.unwrap();
        let events = order::assemble(&world.journal(&row.unwrap()).await);
        let told: Vec<_> = events.iter().map(|e| format!("{:?}", e.event.kind)).collect();
        let ends = ["TaskSucceeded", "TaskFailed", "TaskTimedOut"];
        let ends: Vec<_> =
            ends.iter().filter(|e| told.iter().any(|t| t.starts_with(**e))).collect();
        let times = told.iter().filter(|t| ends.iter().any(|e| t.starts_with(**e))).count();
        assert_eq!((ends.len(), times), (1, 1), "race {number}, won by {winner}: {told:?}");
    }
    println!("{RACES} races on DynamoDB, won by {wins:?}");
    world.work_off().await;
    let rows = world.rows().await;
    let ended = |status| rows.iter().filter(|row| row.status() == status).count();
    let won = |winner| wins.get(winner).copied().unwrap_or(0);
    assert_eq!(ended(Status::Succeeded), won("success"));
    assert_eq!(ended(Status::Failed), won("failure") + won("timeout"));
}
