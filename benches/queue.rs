//! What a message costs the embedded queue, how late its timers are, and what a waiting timer weighs.
//!
//! `cargo bench --bench queue`
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

#[path = "../tests/support/build.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod build;
#[allow(dead_code, reason = "shared by the benchmarks")]
mod process;

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use stepwright::queue::Queue;
use stepwright::queue::embedded::EmbeddedQueue;
use stepwright_core::time::Timestamp;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(pass_through());
    runtime.block_on(waiting());
    runtime.block_on(late());
}

async fn pass_through() {
    const COUNT: u64 = 500_000;
    let queue = EmbeddedQueue::new();
    let start = Instant::now();
    for slot in 0..COUNT {
        queue.send(vec![(build::message(slot), None)]).await.unwrap();
        let delivery = queue.receive().await.unwrap();
        queue.delete(&delivery.receipt).await.unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / COUNT as f64;
    println!("send, receive, delete: {each:.2} us");
}

async fn waiting() {
    const COUNT: u64 = 200_000;
    let queue = EmbeddedQueue::new();
    let (before, start) = (process::resident_megabytes(), Instant::now());
    let due = now().plus_seconds(3600.0);
    for slot in 0..COUNT {
        let at = due.plus_seconds((slot * 7919 % COUNT) as f64);
        queue.send(vec![(build::message(slot), Some(at))]).await.unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / COUNT as f64;
    let bytes = (process::resident_megabytes() - before) * 1e6 / COUNT as f64;
    let start = Instant::now();
    for slot in 0..10_000 {
        queue.send(vec![(build::message(slot), None)]).await.unwrap();
        let delivery = queue.receive().await.unwrap();
        queue.delete(&delivery.receipt).await.unwrap();
    }
    let passing = start.elapsed().as_secs_f64() * 1e6 / 10_000.0;
    println!(
        "{COUNT} waiting: {each:.2} us and {bytes:.0} bytes each; a message beside them {passing:.2} us"
    );
}

async fn late() {
    const COUNT: u64 = 2_000;
    let queue = Arc::new(EmbeddedQueue::new());
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut late = Vec::new();
                for _ in 0..COUNT / 8 {
                    let delivery = queue.receive().await.unwrap();
                    let due = Timestamp(delivery.message.cursor.slot as i64);
                    late.push(now().seconds_since(due) * 1e3);
                    queue.delete(&delivery.receipt).await.unwrap();
                }
                late
            })
        })
        .collect();
    let start = now();
    let due = (0..COUNT).map(|n| start.plus_seconds(0.1 + n as f64 * 0.0011));
    let messages = due.map(|due| (build::message(due.0 as u64), Some(due))).collect();
    queue.send(messages).await.unwrap();
    let mut late = Vec::new();
    for worker in workers {
        late.extend(worker.await.unwrap());
    }
    late.sort_by(f64::total_cmp);
    let at = |share: f64| late.get((late.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    println!("late: median {:.2} ms, 99 % {:.2} ms, 99.9 % {:.2} ms", at(0.5), at(0.99), at(0.999));
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_micros() as i64)
}
