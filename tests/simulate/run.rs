//! One run of a machine: how many workers, how many states per turn, what goes wrong and how often, and what is done to
//! the execution from outside. All of it follows from the run's seed.

use crate::sim::Risks;
use crate::support::fault::{Plan, Spared};
use crate::support::queue::Habits;
use crate::support::random::Random;

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) states: u32,
    pub(crate) risks: Risks,
    pub(crate) drama: Drama,
    pub(crate) spared: Spared,
    /// Whether a sweep is that of a process that starts again, not that of the deployed stack.
    pub(crate) restarts: bool,
    /// Whether records are written and read back on their way.
    pub(crate) rereads: bool,
}

/// What somebody does to the execution, at which step of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drama {
    None,
    /// StopExecution.
    Stop(u64),
    /// StopExecution, and then RedriveExecution; likewise if it failed.
    Redrive(u64),
    /// DeleteStateMachine.
    Delete(u64),
    /// Tokens are answered by two at once, who do not agree.
    Rivals,
    /// Workers die in the middle of tasks.
    Merciless,
}

impl Run {
    /// As nothing happens to it: what it must come to.
    pub(crate) fn straight() -> Run {
        Run {
            seed: 0,
            states: u32::MAX,
            risks: Risks::NONE,
            drama: Drama::None,
            spared: Spared::default(),
            restarts: true,
            rereads: true,
        }
    }

    /// The run of a seed, of a machine whose straight run takes so many steps.
    pub(crate) fn of(seed: u64, steps: u64) -> Run {
        let mut random = Random::seeded(seed ^ 0x0072_756e);
        let states = [1, 1, 3, u32::MAX][random.below(4)];
        let mut at = || 1 + random.below(4 * steps as usize + 20) as u64;
        let at = at();
        let drama = match random.below(16) {
            0 | 1 => Drama::Stop(at),
            2..=4 => Drama::Redrive(at),
            5 => Drama::Delete(at),
            6 => Drama::Rivals,
            7 | 8 => Drama::Merciless,
            _ => Drama::None,
        };
        let risks = risks(&mut random, drama);
        let (restarts, rereads) = (random.chance(0.5), random.chance(0.25));
        Run { seed, states, risks, drama, spared: Spared::default(), restarts, rereads }
    }
}

/// Each kind of fault is there or not, a little or a lot.
fn risks(random: &mut Random, drama: Drama) -> Risks {
    let mut often = |most: f64| match random.below(4) {
        0 => 0.0,
        1 => most * 0.2,
        2 => most * 0.5,
        _ => most,
    };
    let habits = Habits {
        duplicate: often(0.1),
        copy: often(0.05),
        reorder: often(0.5),
        delay: often(0.15),
        latest: 5.0,
        lose: often(0.02),
    };
    Risks {
        crash: often(0.01),
        kill: often(0.004),
        pause: often(0.004),
        skew: often(2.0),
        habits,
        plan: Plan::Random { before: often(0.03), after: often(0.03) },
        workers: 1 + random.below(3),
        turns: 1 + random.below(5),
        // Longer than any turn lives, as in the deployed stack, however often it stands still.
        claim: 900.0,
        spare_tasks: drama != Drama::Merciless,
    }
}
