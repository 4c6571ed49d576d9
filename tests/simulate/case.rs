//! A case: a machine and a run of it; judged by the run of the same machine in which nothing happens.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::grow::Machine;
use super::judge::{Given, Story, broken_laws, differences, given, story_of};
use super::render::definition;
use super::run::{Drama, Run};
use super::scene::Scene;
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
    scene: Scene,
    pub(crate) story: Story,
    pub(crate) steps: u64,
}

/// Runs a machine straight.
///
/// # Errors
/// Even so it breaks a law.
pub(crate) fn straight(machine: &Machine) -> Result<Straight, String> {
    let (definition, input) = (definition(machine).to_string(), machine.input.to_string());
    let scene = caught(|| Ok(Scene::of(&definition, &input)))?;
    let world = lived(&scene, &Run::straight())?;
    let broken = broken_laws(&world);
    if !broken.is_empty() {
        return Err(format!("without any fault:\n{}", broken.join("\n")));
    }
    let (story, steps) = (story_of(&world), world.steps);
    Ok(Straight { scene, story, steps })
}

/// Runs a machine as a run says and compares; what was counted.
///
/// # Errors
/// What is not as it must be.
pub(crate) fn compared(machine: &Machine, straight: &Straight, run: &Run) -> Result<Tally, String> {
    let world = lived(&straight.scene, run)?;
    let mut wrong = broken_laws(&world);
    let redrivable = straight.story.end.starts_with("SUCCEEDED");
    let changed = matches!(run.drama, Drama::Redrive(_)) && !redrivable;
    let given = given(machine, run.drama);
    if given > Given::Laws && !changed && !world.unlucky && world.row().is_some() {
        wrong.extend(differences(given, &straight.story, &story_of(&world)));
    }
    if wrong.is_empty() { Ok(counted(&world)) } else { Err(wrong.join("\n")) }
}

fn lived(scene: &Scene, run: &Run) -> Result<World, String> {
    caught(|| {
        let mut world = World::new(scene, run);
        world.live().map(|()| world)
    })
}

/// What something comes to; a panic is an error.
fn caught<T>(something: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(something)).unwrap_or_else(|panic| {
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
