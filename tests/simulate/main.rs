//! `make simulate`: random machines in a world where everything goes wrong, judged by the same machines in a world where
//! nothing does.
//!
//! ```text
//! seed ─▶ grow a machine (tree) ─▶ render the definition ─▶ run it straight: what it must come to
//!                                                         └▶ run it eight times through faults ─▶ judge: same end, same
//!                                                            history up to the orders that AWS leaves open, the laws
//! ```
//!
//! The world is that of the scenarios (`tests/scenario/sim.rs`, `tests/support`): the real turns, API and timers over a
//! store, a queue and a clock that do what the world may do. The same seed is the same run. A seed that fails is shrunk
//! and printed with all that is needed to run it again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail where it stands"
)]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside this binary uses it")]
#![allow(dead_code, reason = "other tests use more of what is shared")]

mod case;
mod grow;
mod judge;
mod render;
mod rule;
mod run;
mod scene;
mod shrink;
mod tally;
mod tree;
mod world;

#[path = "../scenario/sim.rs"]
mod sim;
#[path = "../scenario/story.rs"]
mod story;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use case::{Case, compared, straight};
use run::Run;
use tally::Tally;

fn main() -> ExitCode {
    let Some((first, seeds)) = asked() else { return ExitCode::SUCCESS };
    // What was asked for by its number is all that is wanted.
    let known = if std::env::var_os("SEED").is_none() { &KNOWN[..] } else { &[] };
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    let all = simulate(known.iter().copied().chain(first..first + seeds));
    let took = begun.elapsed().as_secs_f64();
    println!("seeds           {first} to {}, and {} known ones", first + seeds - 1, known.len());
    println!("{all}");
    println!("took            {took:.0} s, {:.0} executions/s", all.executions as f64 / took);
    if all.differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// First seed and number of seeds: `SEEDS=n` and `SEED=k` in the environment, else the slice that is run with the other
/// tests. `None` if other tests are asked for.
fn asked() -> Option<(u64, u64)> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let filtered =
        std::env::args().skip(1).any(|arg| !arg.starts_with('-') && !"simulate".contains(&*arg));
    let listed = std::env::args().any(|arg| arg == "--list");
    if filtered || listed {
        return None;
    }
    let seeds = number("SEEDS").unwrap_or(if number("SEED").is_some() { 1 } else { SLICE });
    Some((number("SEED").unwrap_or(1), seeds.max(1)))
}

/// Runs the machines of these seeds, on all processors.
fn simulate(seeds: impl Iterator<Item = u64> + Send) -> Tally {
    let (next, all) = (Mutex::new(seeds), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while all.lock().unwrap().differences < ENOUGH {
                    let Some(seed) = next.lock().unwrap().next() else { return };
                    let tally = one(seed);
                    let mut all = all.lock().unwrap();
                    let before = all.runs / REPORTED;
                    all.add(&tally);
                    if all.runs / REPORTED > before {
                        println!(
                            "seed {seed}: {} executions, {} differences",
                            all.executions, all.differences
                        );
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

/// The runs of one seed.
fn one(seed: u64) -> Tally {
    let machine = grow::machine(seed);
    let mut tally = Tally::default();
    let straight = match straight(&machine) {
        Ok(straight) => straight,
        Err(why) => {
            println!("seed {seed}: {why}\n{}\n", render::definition(&machine));
            return Tally { differences: 1, ..tally };
        }
    };
    for nth in 0..RUNS {
        let run = Run::of(seed.wrapping_mul(1_000).wrapping_add(nth), straight.steps);
        match compared(&machine, &straight, &run) {
            Ok(counted) => tally.add(&counted),
            Err(why) => {
                tally.differences += 1;
                tell(seed, &why, Case { machine: machine.clone(), run });
                break;
            }
        }
    }
    tally
}

/// Prints what failed, and the smallest case that fails too.
fn tell(seed: u64, why: &str, case: Case) {
    let drama = case.run.drama;
    let small = if std::env::var_os("SHRINK").is_none_or(|word| word != "no") {
        shrink::shrink(case)
    } else {
        case
    };
    let said = case::judged(&small).err().unwrap_or_default();
    println!(
        "seed {seed} ({drama:?}): {why}\n--- shrunk: {}\n{said}\n{}\ninput {}\n",
        format_args!("{:?}", small.run),
        render::definition(&small.machine),
        small.machine.input
    );
}

/// Runs of each machine.
const RUNS: u64 = 8;
/// Seeds that are run with the other tests.
const SLICE: u64 = 500;
/// Seeds with which something went wrong once; they come first.
const KNOWN: [u64; 12] = [
    2_000_013, 2_000_884, 2_001_309, 2_001_495, 2_002_266, 2_002_319, 3_000_279, 5_000_932,
    5_000_949, 5_002_150, 5_003_940, 6_001_986,
];
/// Differences after which there is no point in going on.
const ENOUGH: u64 = 5;
/// Runs after which it is told how far it has come.
const REPORTED: u64 = 200_000;
