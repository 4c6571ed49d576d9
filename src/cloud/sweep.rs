//! `sweep`, every minute: finds again what nobody works on. Messages can be lost, records cannot. Twice at a time is
//! harmless.
//!
//! | what | when |
//! |---|---|
//! | timers that were too far away for a queue's delay | each time |
//! | dead letters, see [`dead_letters`](super::dead_letters) | each time |
//! | executions that have been running for 12, 24 or 48 minutes | as they come of that age |
//! | executions that have been running for longer than 54 minutes | every hour, beyond a week every day |
//! | what executions older than 30 days have written, so that it does not expire | with them |
//!
//! An execution is looked at, and only what is overdue is sent again: a year's Wait costs a read an hour.

use lambda_runtime::Context;
use serde_json::{Value, json};
use stepwright_core::engine::ExecutionId;
use stepwright_core::time::Timestamp;

use super::world::{World, deadline, unavailable};
use super::{Failed, dead_letters};
use crate::store::{Execution, Kind, ListPosition, ListQuery, Status};
use crate::turn::Engine;

/// Does it once.
///
/// # Errors
/// The store or the queue is not available; the next one is in a minute.
pub(super) async fn sweep(world: &World, context: &Context) -> Result<Value, Failed> {
    let engine = world.engine_for(context).await?;
    let now = engine.clock.now();
    let until = deadline(context).plus_seconds(-RESERVED_SECONDS);
    let timers = world.queue.send_due(now).await.map_err(unavailable)?;
    let dead = dead_letters::redrive(world, &engine).await?;
    let looked_at = executions(world, &engine, now, until).await?;
    Ok(json!({"timers": timers, "deadLetters": dead, "executions": looked_at}))
}

/// Looks at the executions whose turn it is; how many.
async fn executions(
    world: &World,
    engine: &Engine,
    now: Timestamp,
    until: Timestamp,
) -> Result<usize, Failed> {
    let minute = now.0.div_euclid(60_000_000);
    let mut looked_at = 0;
    for machine in machines(world).await? {
        for (youngest, oldest) in bands(minute) {
            let from = now.plus_seconds(-60.0 * youngest);
            let to = oldest.map(|minutes| now.plus_seconds(-60.0 * minutes));
            let mut after = Some(ListPosition { time: from, id: ExecutionId("".into()) });
            while let Some(position) = after.take() {
                let query = ListQuery {
                    machine: machine.as_str().into(),
                    status: Some(Status::Running),
                    after: Some(position),
                    limit: PAGE,
                };
                let page = world.store.list(&query).await.map_err(unavailable)?;
                for found in &page {
                    if to.is_some_and(|to| found.since() <= to) {
                        break;
                    }
                    if engine.clock.now() > until {
                        tracing::warn!(looked_at, "not all executions could be looked at in time");
                        return Ok(looked_at);
                    }
                    looked_at += 1;
                    if let Err(error) = engine.look_after(&found.id, OVERDUE_SECONDS).await {
                        tracing::error!(%error, execution_arn = %found.arn, "an execution cannot be looked after now");
                    }
                    renew(world, found, engine.clock.now()).await;
                }
                let last = page.last().filter(|_| page.len() == PAGE);
                let more = last.filter(|last| to.is_none_or(|to| last.since() > to));
                after = more.map(|last| ListPosition { time: last.since(), id: last.id.clone() });
            }
        }
    }
    Ok(looked_at)
}

/// Keeps what an execution wrote that has been running for longer than a month.
async fn renew(world: &World, found: &Execution, now: Timestamp) {
    if now.seconds_since(found.started) < MONTH_SECONDS {
        return;
    }
    if let Err(error) = world.store.renew(&found.id, now, RENEWED_AT_ONCE).await {
        tracing::error!(%error, execution_arn = %found.arn, "what an execution wrote cannot be renewed now");
    }
}

/// ARNs of all machines.
async fn machines(world: &World) -> Result<Vec<String>, Failed> {
    let mut arns = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = world
            .store
            .items(Kind::StateMachine, "", after.as_deref(), PAGE)
            .await
            .map_err(unavailable)?;
        let Some((last, _)) = page.last() else { return Ok(arns) };
        after = Some(last.clone());
        arns.extend(page.into_iter().map(|(arn, _)| arn));
    }
}

/// The ages in minutes of executions whose turn it is: from, and up to, if there is an end.
fn bands(minute: i64) -> Vec<(f64, Option<f64>)> {
    const WEEK: f64 = 7.0 * 24.0 * 60.0;
    match (minute.rem_euclid(24 * 60), minute.rem_euclid(60), minute.rem_euclid(6)) {
        (0, _, _) => vec![(12.0, None)],
        (_, 0, _) => vec![(12.0, Some(WEEK))],
        (_, _, 0) => vec![(12.0, Some(18.0)), (24.0, Some(30.0)), (48.0, Some(54.0))],
        _ => Vec::new(),
    }
}

/// What should have happened so long ago has been lost: longer than a message may be invisible in a slow worker's hands,
/// and its turn take.
const OVERDUE_SECONDS: f64 = 990.0;
const RESERVED_SECONDS: f64 = 5.0;
const MONTH_SECONDS: f64 = 30.0 * 86_400.0;
/// Items; some seconds of work. There are days in which the rest can be renewed.
const RENEWED_AT_ONCE: usize = 5_000;
const PAGE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// Ages, in minutes, at which an execution is looked at that was started at a minute of a day.
    fn looks(start: i64, up_to: i64) -> Vec<i64> {
        let due = |age: &i64| {
            bands(start + age)
                .iter()
                .any(|(from, to)| *age as f64 >= *from && to.is_none_or(|to| (*age as f64) < to))
        };
        (0..up_to).filter(due).collect()
    }

    #[test]
    fn each_execution_is_looked_at_soon_then_hourly_and_beyond_a_week_daily() {
        for start in [0, 1, 17, 59, 600, 1439] {
            let looks = looks(start, 20 * 24 * 60);
            assert!(looks[0] < 18, "start {start}: first at {}", looks[0]);
            let gaps = |range: std::ops::Range<i64>| {
                let inside: Vec<_> = looks.iter().filter(|age| range.contains(age)).collect();
                inside.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(i64::MAX)
            };
            assert!(gaps(0..9_000) <= 60, "start {start}");
            assert!(gaps(11_600..28_800) <= 24 * 60, "start {start}");
        }
    }
}
