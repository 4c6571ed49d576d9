//! A case: a machine and a run of it; judged by the run of the same machine in which nothing happens.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::grow::Machine;
use super::judge::{Story, broken_laws, differences, given, story_of};
use super::render::definition;
use super::run::{Drama, Run};
use super::tally::Tally;
use super::world::World;
use crate::support::build::START;
use crate::support::meter::Operation;

/// A machine and a run of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) machine: Machine,
    pub(crate) run: Run,
}

/// The straight run of a machine.
pub(crate) struct Straight {
    pub(crate) definition: String,
    pub(crate) input: String,
    pub(crate) story: Story,
    pub(crate) steps: u64,
}

/// Runs a machine straight.
///
/// # Errors
/// Even so it breaks a law.
pub(crate) fn straight(machine: &Machine) -> Result<Straight, String> {
    let (definition, input) = (definition(machine).to_string(), machine.input.to_string());
    let world = lived(&definition, &input, &Run::straight())?;
    let broken = broken_laws(&world);
    if !broken.is_empty() {
        return Err(format!("without any fault:\n{}", broken.join("\n")));
    }
    let (story, steps) = (story_of(&world), world.steps);
    Ok(Straight { definition, input, story, steps })
}

/// Runs a machine as a run says and compares; what was counted.
///
/// # Errors
/// What is not as it must be.
pub(crate) fn compared(machine: &Machine, straight: &Straight, run: &Run) -> Result<Tally, String> {
    let world = lived(&straight.definition, &straight.input, run)?;
    let mut wrong = broken_laws(&world);
    let redrivable = straight.story.end.starts_with("SUCCEEDED");
    if world.row().is_none() {
        return if wrong.is_empty() { Ok(counted(&world)) } else { Err(wrong.join("\n")) };
    }
    let story = story_of(&world);
    if !world.unlucky && (redrivable || !matches!(run.drama, Drama::Redrive(_))) {
        wrong.extend(differences(given(machine, run.drama), &straight.story, &story));
    }
    if wrong.is_empty() { Ok(counted(&world)) } else { Err(wrong.join("\n")) }
}

fn lived(definition: &str, input: &str, run: &Run) -> Result<World, String> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(definition, input, run);
        world.live().map(|()| world)
    }));
    lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("without a word")))
    })
}

/// A case on its own.
///
/// # Errors
/// What is not as it must be.
pub(crate) fn judged(case: &Case) -> Result<Tally, String> {
    let straight = straight(&case.machine)?;
    compared(&case.machine, &straight, &case.run)
}

fn counted(world: &World) -> Tally {
    let meter = &world.sim.faults.meter;
    let seconds = stepwright::turn::Clock::now(&*world.sim.clock).seconds_since(START);
    Tally {
        executions: world.sim.store.created().len() as u64,
        runs: 1,
        seconds,
        steps: world.steps,
        faults: world.sim.faults.counts(),
        messages: meter.of(&[Operation::Message]),
        transitions: world.sim.store.transitions(),
        differences: 0,
    }
}
