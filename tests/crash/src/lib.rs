//! `kill -9` of the real `stepwright serve` at random moments, under load, as often as asked for; and the verdict on what
//! is left when all executions have ended.
//!
//! Nothing here knows the engine from inside: a process that is killed, HTTP requests, and an HTTP server in the place of
//! Lambda that counts what it has done *at the end* of each task. What a kill may cost is the outcome of a task under
//! way, which then fails as that of a lost worker; each task here catches that, so every execution must succeed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness fails where it stands"
)]

mod book;
mod chance;
mod lambda;
mod recovery;
mod server;
mod verdict;
mod wire;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use book::Book;
use chance::upto;
use fastrand::Rng;
pub use recovery::{Recovery, recover};
use server::Server;
pub use verdict::Verdict;
use work::Work;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The binary `stepwright`.
    pub binary: PathBuf,
    /// How often it is killed.
    pub kills: usize,
    /// Executions that are kept running meanwhile.
    pub in_flight: usize,
    /// Determines the moments of the kills and the mix of the work, as far as a seed can.
    pub seed: u64,
}

/// What happened.
#[derive(Debug)]
pub struct Report {
    /// What was found wrong, and how much was looked at.
    pub verdict: Verdict,
    /// Kills; some of them hit a server that had not greeted yet.
    pub kills: usize,
    /// Kills before the greeting.
    pub early: usize,
    /// Mean time from the start of a process to its greeting.
    pub start: Duration,
    /// Mean time that a server was left alive, start not counted.
    pub life: Duration,
    /// Mean number of running executions when a server was killed, where it was known.
    pub running: usize,
}

/// Kills as planned, lets everything end, and looks at all of it.
pub async fn run(plan: &Plan) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let book = Arc::new(Book::default());
    let lambda = lambda::start(book.clone()).await;
    let mut server = Server::new(&plan.binary, folder.path(), lambda);
    server.start().await;
    let work = Work::begin(server.port(), &book, plan).await;
    wait_for_load(&book, plan.in_flight).await;
    let mut report = kill(&mut server, plan, &book).await;
    work.end(&book).await;
    report.verdict = verdict::verdict(server.port(), &book).await;
    report.verdict.panics = server.panics();
    server.kill().await;
    report
}

async fn wait_for_load(book: &Book, wanted: usize) {
    let end = Instant::now() + Duration::from_secs(900);
    while book.running() < wanted * 9 / 10 {
        assert!(Instant::now() < end, "only {} executions run", book.running());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn kill(server: &mut Server, plan: &Plan, book: &Book) -> Report {
    let mut random = Rng::with_seed(plan.seed);
    let mut starts = (Duration::ZERO, 0_u32);
    let (mut life, mut early, mut running) = (Duration::ZERO, 0, 0);
    for kill in 0..plan.kills {
        if kill > 0 {
            // Some starts are not waited for: recovery is a moment to be killed in too.
            if random.f64() < 0.2 {
                server.spawn();
                tokio::time::sleep(upto(&mut random, Duration::from_millis(25))).await;
                early += 1;
            } else {
                let begun = Instant::now();
                server.start().await;
                starts = (starts.0 + begun.elapsed(), starts.1 + 1);
            }
        }
        let alive = if random.f64() < 0.05 { LONG } else { SHORT };
        let alive = upto(&mut random, alive);
        tokio::time::sleep(alive).await;
        life += alive;
        running += book.running();
        server.kill().await;
        if kill % 100 == 99 {
            println!(
                "{:>6} kills, {} executions started, {running} running",
                kill + 1,
                book.len(),
                running = book.running()
            );
        }
    }
    server.start().await;
    let kills = u32::try_from(plan.kills).unwrap();
    Report {
        verdict: Verdict::default(),
        kills: plan.kills,
        early,
        start: starts.0 / starts.1.max(1),
        life: life / kills.max(1),
        running: running / plan.kills.max(1),
    }
}

const SHORT: Duration = Duration::from_millis(120);
const LONG: Duration = Duration::from_millis(1_000);
