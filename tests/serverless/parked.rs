//! What is due later than SQS can delay it is parked in a table, and comes to the second: on the real tables and queues of
//! an emulator, on a clock that is moved by hand.

use serde_json::{Value as Json, json};
use stepwright::store::Status;
use stepwright::turn::{Clock, Verdict};
use stepwright_core::engine::Phase;
use stepwright_core::history::order;

use super::world::{Mode, WORK, World, delivered};

const HOUR: f64 = 3_600.0;
/// SQS's longest delay.
const LONGEST: f64 = 900.0;

fn retrying(seconds: f64) -> Json {
    let retry = json!([{"ErrorEquals": ["TryLater"], "IntervalSeconds": seconds as u64, "MaxAttempts": 1, "MaxDelaySeconds": 31_622_399}]);
    json!({"Type": "Task", "Resource": WORK, "Parameters": {"failOnce": true}, "Retry": retry, "End": true})
}

fn waiting(seconds: f64) -> Json {
    json!({"Type": "Wait", "Seconds": seconds as u64, "End": true})
}

#[tokio::test]
async fn what_is_parked_is_sent_once_and_delivered_to_the_second() {
    // State, seconds that it waits, seconds after a full minute at which sweeps come.
    let table = [
        (retrying(901.0), 901.0, 0.0),
        (retrying(HOUR), HOUR, 37.0),
        (waiting(901.0), 901.0, 59.0),
        (waiting(2.0 * HOUR), 2.0 * HOUR, 1.0),
    ];
    for (state, seconds, offset) in table {
        let reason = format!("{state}, sweeps at {offset} s");
        let definition = json!({"StartAt": "S", "States": {"S": state}});
        let mode = Mode { states: 1, batch: 1 };
        let Some(world) = World::new(mode, &definition).await else { return };
        world.run(1, "{}").await;
        let row = world.rows().await.remove(0);
        let tail = world.journal(&row).await.pop().unwrap().1;
        let (Phase::Waiting { until: due } | Phase::Backoff { until: due }) = tail.frame.phase
        else {
            panic!("{reason}: it does not wait: {:?}", tail.frame.phase);
        };
        assert!((due.seconds_since(tail.time) - seconds).abs() < 0.001, "{reason}");
        let parked = world.parked().await;
        assert_eq!(parked.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [due], "{reason}");

        let mut step = offset;
        let (body, delay) = loop {
            let left = due.seconds_since(world.clock().now());
            let sent = world.sweep_after(step).await;
            match sent.as_slice() {
                [] => {
                    assert!(left > LONGEST - 60.0 - step, "{reason}: {left} s before, not sent yet")
                }
                [one] => break one.clone(),
                more => panic!("{reason}: {} messages", more.len()),
            }
            step = 60.0;
        };
        assert_eq!(body, parked[0].1, "{reason}");
        let arrives = world.clock().now().plus_seconds(delay);
        let late = arrives.seconds_since(due);
        assert!((0.0..1.0).contains(&late) && delay <= LONGEST, "{reason}: {late} s late");
        for _ in 0..3 {
            assert_eq!(world.sweep_after(60.0).await, [], "{reason}: once");
            if world.clock().now().plus_seconds(60.0) > due {
                break;
            }
        }

        world.clock().advance_to(arrives);
        assert_eq!(world.engine().handle(&delivered(&body)).await, Verdict::Delete);
        world.work_off().await;
        let row = world.rows().await.remove(0);
        assert_eq!(row.status(), Status::Succeeded, "{reason}");
        let journal = world.journal(&row).await;
        let went_on = journal.iter().find(|(_, r)| r.slot == tail.slot + 1).unwrap().1.time;
        assert!((0.0..1.0).contains(&went_on.seconds_since(due)), "{reason}");
        let events = order::assemble(&journal);
        let attempts = if seconds_of_retry(&definition) { 2 } else { 0 };
        let scheduled = events
            .iter()
            .filter(|e| format!("{:?}", e.event.kind).starts_with("LambdaFunctionScheduled"));
        assert_eq!(scheduled.count(), attempts, "{reason}");
    }
}

fn seconds_of_retry(definition: &Json) -> bool {
    definition["States"]["S"]["Retry"].is_array()
}
