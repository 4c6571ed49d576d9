//! What an execution costs the store: one creation, one record of 3 KB, one closing. Time, and CPU of the whole process,
//! per execution; one execution after the other, and many at once. Then reads of what is not remembered, and the lanes of
//! a wide fork.
//!
//! `cargo bench --bench store`, or `… -- embedded` for one of the stores. CPU and memory are read from `/proc`; elsewhere they show as 0.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

#[path = "../tests/support/build.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod build;
#[allow(dead_code, reason = "shared by the benchmarks")]
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use stepwright::store::Store;
use stepwright::store::embedded::{Durability, EmbeddedStore};
use stepwright::store::memory::MemoryStore;
use stepwright_core::engine::{FrameId, Phase, Record};
use stepwright_core::expr::Document;

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    println!("store     tasks   executions/s      wall us       CPU us    RSS MB");
    for (tasks, count) in [(1, 300_000), (64, 300_000)] {
        if wanted("memory") {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            runtime.block_on(measure("memory", &store, tasks, count));
        }
    }
    for (tasks, count) in [(1, 2_000), (64, 100_000), (512, 200_000)] {
        for (name, durability) in [("embedded", Durability::Full), ("system", Durability::System)] {
            if !wanted(name) {
                continue;
            }
            let directory = tempfile::tempdir().unwrap();
            let store = EmbeddedStore::open_with(directory.path(), durability).unwrap();
            let store: Arc<dyn Store> = Arc::new(store);
            println!("idle {:.1} MB", process::resident_megabytes());
            runtime.block_on(measure(name, &store, tasks, count));
            runtime.block_on(read(&*store, count));
            runtime.block_on(join(&store, 10_000));
        }
    }
}

async fn measure(name: &str, store: &Arc<dyn Store>, tasks: usize, count: usize) {
    let text = format!("{{\"order\":\"{}\"}}", "x".repeat(2_700));
    let payload = Document::from_trusted_text(text);
    let record = build::record_with(0, "0123456789abcdef", payload, Phase::Ready);
    let next = Arc::new(AtomicUsize::new(0));
    let (start, cpu) = (Instant::now(), process::cpu_seconds());
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (store, next, record) = (store.clone(), next.clone(), record.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    live(&*store, n, record.clone()).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), process::cpu_seconds() - cpu);
    let each = 1e6 / count as f64;
    println!(
        "{name:<9} {tasks:>5} {:>14.0} {:>12.1} {:>12.1} {:>9.1}",
        count as f64 / wall,
        wall * each,
        cpu * each,
        process::resident_megabytes()
    );
}

/// One life. The id is a hash as in real life, so that it lands anywhere in an index.
async fn live(store: &dyn Store, n: usize, record: Arc<Record>) {
    let name = name(n);
    let started = build::at(n as f64 / 1e3);
    store.create(build::execution(&name, started)).await.unwrap();
    store.insert(&build::cursor(&name, "", 0), record).await.unwrap();
    store.close(&build::id(&name), build::succeeded(started)).await.unwrap();
}

fn name(n: usize) -> String {
    let hash = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{n:010}", hash ^ (hash >> 29))
}

/// Rows and last records of executions that have ended.
async fn read(store: &dyn Store, count: usize) {
    const READS: usize = 20_000;
    let start = Instant::now();
    for n in 0..READS {
        let id = build::id(&name(n * 7919 % count));
        store.execution(&id).await.unwrap().unwrap();
        store.tail(&id, &FrameId::root()).await.unwrap().unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / READS as f64;
    println!("          read of a row and a tail {each:.1} us");
}

/// All lanes of a fork, 64 at a time.
async fn join(store: &Arc<dyn Store>, lanes: u32) {
    store.create(build::execution("wide", build::START)).await.unwrap();
    let start = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|first| {
            let store = store.clone();
            tokio::spawn(async move {
                for lane in (first..lanes).step_by(64) {
                    store.join(&build::cursor("wide", "", 0), lane, lanes, false).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(lanes);
    println!("          join of one of {lanes} lanes {each:.1} us");
}
