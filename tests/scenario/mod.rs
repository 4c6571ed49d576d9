//! Scenarios: a definition, an input and what the functions do; then the status, the output and the history.
//!
//! Each runs straight, with one state per turn and with as many as there are, and then again with faults of every kind
//! by many seeds. All runs must tell the same story.

use serde_json::{Value as Json, json};
use stepwright::turn::Engine;
use stepwright_core::engine::ExecutionId;
use stepwright_core::history::order;

#[allow(dead_code, reason = "the simulation uses the rest")]
pub mod sim;
mod story;

mod callbacks;
mod distributed;
mod failures;
mod forks;
mod hang_ups;
mod interrupts;
mod jobs;
mod laws;
mod outgrown;
mod queries;
mod redrives;
mod sealing;
mod states;
mod waits;

use crate::support::tasks::Act;
use sim::{Risks, Sim, block_on};

/// Seeds with which every scenario is run through faults, for each number of states per turn.
const SEEDS: u64 = 25;

/// As many states per turn as there are.
pub const ALL_STATES: u32 = u32::MAX;

/// A scenario.
#[derive(Clone)]
pub struct Scenario {
    definition: Json,
    input: Json,
    scripts: Vec<(&'static str, Vec<Act>)>,
    alike: Alike,
    redrives: usize,
}

/// What all runs of a scenario have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alike {
    /// The whole story.
    Story,
    /// What happened, in whatever order: lanes run side by side.
    Events,
    /// How it ended: what happened on the way depends on when things came.
    End,
}

impl Scenario {
    /// A machine with this definition.
    pub fn of(definition: Json) -> Scenario {
        Scenario {
            definition,
            input: json!({}),
            scripts: Vec::new(),
            alike: Alike::Story,
            redrives: 0,
        }
    }

    /// A machine that starts with `first` and has these states.
    pub fn states(first: &str, states: Json) -> Scenario {
        Scenario::of(json!({"StartAt": first, "States": states}))
    }

    pub fn input(mut self, input: Json) -> Scenario {
        self.input = input;
        self
    }

    /// Function `name` does these things, one after the other.
    pub fn function(mut self, name: &'static str, acts: &[Act]) -> Scenario {
        self.scripts.push((name, acts.to_vec()));
        self
    }

    /// Lanes run side by side: the order of their events is not given, only what they are.
    pub fn concurrent(self) -> Scenario {
        Scenario { alike: Alike::Events, ..self }
    }

    /// What happens on the way depends on when things come, only the end is given.
    pub fn ends_alike(self) -> Scenario {
        Scenario { alike: Alike::End, ..self }
    }

    /// Each time that it has come to its end it is redriven, so many times.
    pub fn redriven(self, redrives: usize) -> Scenario {
        Scenario { redrives, ..self }
    }

    /// Runs it in all ways and tells the story that all of them tell.
    pub fn story(&self) -> String {
        let straight = self.run(ALL_STATES, 0, Risks::NONE);
        for states in [1, 3, ALL_STATES] {
            assert_eq!(
                self.comparable(&self.run(states, 0, Risks::NONE)),
                self.comparable(&straight),
                "{states} states per turn"
            );
            for seed in 0..SEEDS {
                let faulty = self.run(states, seed, Risks::ALL);
                assert_eq!(
                    self.comparable(&faulty),
                    self.comparable(&straight),
                    "{states} states per turn, seed {seed}"
                );
            }
        }
        self.dies_at_each_await(&straight);
        if self.alike == Alike::Events { self.comparable(&straight) } else { straight }
    }

    /// A turn dies at the first await of the run, then in another run at the second, and so on: all tell the same story.
    fn dies_at_each_await(&self, straight: &str) {
        let mut awaits = 0;
        for states in [1, ALL_STATES] {
            for nth in 0.. {
                let (mut sim, id) = self.begin(states, 0, Risks::NONE);
                sim.dies_at(nth);
                sim.run();
                for _ in 0..self.redrives {
                    sim.redrive(&id);
                    sim.run();
                }
                let died = sim.calm_after_death();
                let told = tell(&sim.engine, &id);
                assert_eq!(
                    self.comparable(&told),
                    self.comparable(straight),
                    "{states} states per turn, a turn dies at await {nth}"
                );
                if !died {
                    break;
                }
                awaits += 1;
            }
        }
        assert!(awaits > 0, "there are awaits to die at");
        println!("died at {awaits} awaits, recovered from each");
    }

    /// One run to its end.
    pub fn run(&self, states: u32, seed: u64, risks: Risks) -> String {
        let (sim, id) = self.ran(states, seed, risks);
        tell(&sim.engine, &id)
    }

    /// A world in which the execution has come to its end.
    pub fn ran(&self, states: u32, seed: u64, risks: Risks) -> (Sim, ExecutionId) {
        let (mut sim, id) = self.begin(states, seed, risks);
        sim.run();
        for _ in 0..self.redrives {
            sim.redrive(&id);
            sim.run();
        }
        sim.calm();
        (sim, id)
    }

    /// A world in which the execution was just started.
    pub fn begin(&self, states: u32, seed: u64, risks: Risks) -> (Sim, ExecutionId) {
        let sim = Sim::new(states, seed, risks);
        for (name, acts) in &self.scripts {
            sim.tasks.script(name, acts);
        }
        let id = sim.start(&self.definition.to_string(), &self.input.to_string());
        (sim, id)
    }

    fn comparable(&self, story: &str) -> String {
        let mut lines: Vec<_> = story.lines().map(without_ids).collect();
        match self.alike {
            Alike::Story => return story.to_owned(),
            Alike::End => lines.truncate(1),
            Alike::Events => lines[1..].sort_unstable(),
        }
        lines.join("\n")
    }
}

/// `7<6 PassStateEntered …` without its ids.
fn without_ids(line: &str) -> &str {
    line.split_once(' ').filter(|(ids, _)| ids.contains('<')).map_or(line, |(_, rest)| rest)
}

/// Status and result, then a line for each event: `id<previous Type detail`.
pub fn tell(engine: &Engine, id: &ExecutionId) -> String {
    let execution = block_on(engine.store.execution(id)).unwrap().expect("the execution is there");
    let mut told = story::end(&execution);
    let records = block_on(engine.journal(&execution)).unwrap();
    for entry in order::assemble(&records) {
        let line = story::line(&entry.event.kind);
        told.push_str(&format!("\n{}<{} {line}", entry.id, entry.previous));
    }
    told
}
