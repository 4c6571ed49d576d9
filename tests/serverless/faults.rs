//! Executions come to their end whatever happens to requests on the way.

use serde_json::json;
use stepwright::store::Status;
use stepwright_core::history::order;

use super::world::{Mode, WORK, World, ten_states};
use crate::support::proxy::Fate;

/// What befalls every other request of the store and the queue. A send whose reply was lost would be made twice, which
/// is another matter: the messages that come twice wait until their visibility timeout is over.
fn every_other(fate: Fate) -> impl Fn(&str, usize) -> Fate + Send + Sync {
    move |operation, before| match operation {
        "ReceiveMessage" | "DeleteMessageBatch" => Fate::Pass,
        "SendMessageBatch" if before % 2 == 0 => match fate {
            Fate::LoseReply => Fate::Half,
            fate => fate,
        },
        _ if before % 2 == 0 => fate,
        _ => Fate::Pass,
    }
}

const FATES: [Fate; 3] = [
    Fate::Refuse(400, "ProvisionedThroughputExceededException"),
    Fate::Refuse(500, "InternalServerError"),
    Fate::LoseReply,
];

#[tokio::test]
async fn states_go_on_through_throttling_and_lost_replies() {
    for (fate, states) in FATES.into_iter().zip([1, u32::MAX, 1]) {
        let mode = Mode { states, batch: 10 };
        let world = World::with(mode, &ten_states(), every_other(fate)).await;
        let Some(world) = world else { return };
        world.run(3, r#"{"order":1}"#).await;
        for row in world.rows().await {
            let closing = row.closing.as_ref().unwrap();
            assert_eq!(closing.status, Status::Succeeded, "{fate:?}");
            assert_eq!(closing.output.as_ref().unwrap().text(), r#"{"order":1}"#, "{fate:?}");
            let events = order::assemble(&world.journal(&row).await);
            assert_eq!(events.len(), 1 + 5 * 2 + 5 * 5 + 1, "{fate:?}: each event once");
        }
    }
}

#[tokio::test]
async fn a_map_joins_through_throttling_and_lost_replies() {
    let each = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": WORK, "Next": "Then"},
        "Then": {"Type": "Pass", "End": true},
    }});
    let map = json!({"Type": "Map", "MaxConcurrency": 104, "ItemProcessor": each, "End": true});
    let definition = json!({"StartAt": "Map", "States": {"Map": map}});
    let items = json!((0..110).collect::<Vec<_>>()).to_string();
    for (fate, states) in [(FATES[0], u32::MAX), (FATES[2], 1)] {
        let mode = Mode { states, batch: 10 };
        let Some(world) = World::with(mode, &definition, every_other(fate)).await else { return };
        world.run(1, &items).await;
        let rows = world.rows().await;
        let closing = rows[0].closing.as_ref().unwrap();
        assert_eq!(closing.output.as_ref().unwrap().text(), items, "{fate:?}");
    }
}
