//! Wide Maps on the real store: what their children write lies far apart, and they join exactly.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use stepwright_core::engine::Limits;

use super::world::{Mode, World};
use crate::support::proxy::Fate;

const CHILDREN: usize = 10_000;
/// Lanes that share a partition, and members of a join set.
const HUNDRED: usize = 100;

/// A Map with so many lanes at a time, whose children number what they get.
fn map(concurrency: usize) -> Json {
    let each = json!({"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}});
    json!({"StartAt": "Map", "States": {
        "Map": {"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": each, "End": true}
    }})
}

async fn joined(concurrency: usize, children: usize) -> Option<BTreeMap<(String, String), usize>> {
    let mode = Mode { states: u32::MAX, batch: 10 };
    let world = World::within(Limits::EXTENDED, mode, &map(concurrency), |_, _| Fate::Pass).await?;
    let items = json!((0..children).collect::<Vec<_>>()).to_string();
    let writes = world.writes(&items).await;
    let rows = world.rows().await;
    let closing = rows[0].closing.as_ref().unwrap();
    assert_eq!(closing.output.as_ref().unwrap().text(), items, "each child once, in order");
    Some(writes)
}

#[tokio::test]
async fn ten_thousand_children_join_without_a_hot_item() {
    let Some(writes) = joined(1_000, CHILDREN).await else { return };
    let mut partitions: BTreeMap<&str, usize> = BTreeMap::new();
    for ((partition, _), times) in &writes {
        *partitions.entry(partition).or_default() += times;
    }
    let all: usize = writes.values().sum();
    let ((_, hottest), most) = writes.iter().max_by_key(|(_, times)| **times).unwrap();
    let busiest = *partitions.values().max().unwrap();
    println!(
        "{CHILDREN} children in 1,000 lanes: {all} writes to {} items in {} partitions; at most {most} to an item \
         ({hottest}), {busiest} to a partition",
        writes.len(),
        partitions.len(),
    );
    let joins: Vec<usize> = writes
        .iter()
        .filter(|((_, sort), _)| sort.starts_with('j') || sort.starts_with('k'))
        .map(|(_, times)| *times)
        .collect();
    assert_eq!(joins.len(), 1_000 / HUNDRED + 1, "a set for each hundred lanes, and one above");
    assert!(joins.iter().all(|times| *times <= HUNDRED), "{joins:?}");
    // A dispenser is for forty lanes: they ask once for each child.
    assert!(*most <= 40 * CHILDREN.div_ceil(1_000), "{hottest} {most}");
    // A tenth of all for each hundred of a thousand lanes, and what belongs to the execution itself.
    assert!(busiest <= all / 10 + all / 50, "{busiest} of {all} to one partition");
}

#[tokio::test]
async fn more_than_a_hundred_lanes_that_are_fewer_than_the_children_join_exactly() {
    for (concurrency, children) in [(101, 350), (250, 251), (199, 1_000)] {
        if joined(concurrency, children).await.is_none() {
            return;
        }
    }
}
