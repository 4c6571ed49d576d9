//! What must hold in every world that can come about.

use stateright::Property;

use crate::decide::timed;
use crate::machine::{Protocol, quiet};
use crate::path::Path;
use crate::turn::alive;
use crate::world::{Call, Phase, Record, World};

/// All of it, and a few worlds that must be reachable for the rest to mean something.
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always("no promise is broken on the way", |_, world: &World| {
            world.broken.is_none()
        }),
        Property::always("nothing follows an end but a redrive", ends_are_ends),
        Property::always("no task is performed twice for an attempt", |_, world: &World| {
            world.performed.values().all(|times| *times <= 1)
        }),
        Property::always("an answer that was heard is in the journal", answer_is_kept),
        Property::always("a stop that was heard ended the execution", stop_is_kept),
        Property::always("the status row says what the journal says", row_is_true),
        Property::always("nothing is lost: who waits for nothing has ended", nothing_is_lost),
        Property::sometimes("succeeds", |_, world: &World| world.row == Some(Some(Phase::Done))),
    ]
}

fn ends_are_ends(_: &Protocol, world: &World) -> bool {
    world.journals.values().all(|records| {
        records.windows(2).all(|pair| !pair[0].frame.phase.over() || pair[1].redrive > 0)
    })
}

fn answer_is_kept(_: &Protocol, world: &World) -> bool {
    let answered = || world.journals.values().flatten().any(|record| record.answered);
    world.answer != Call::Heard || answered()
}

fn stop_is_kept(_: &Protocol, world: &World) -> bool {
    let root = world.journals.get(&Path::ROOT);
    let stopped = || root.is_some_and(|all| all.iter().any(|r| r.frame.phase == Phase::Aborted));
    world.stop != Call::Heard || stopped()
}

fn row_is_true(_: &Protocol, world: &World) -> bool {
    let Some(Some(closed)) = world.row else { return true };
    let Some(records) = world.journals.get(&Path::ROOT) else { return false };
    // A redrive that is written but not yet in the row has not happened as far as the row goes.
    let known = records.iter().take_while(|record| record.redrive <= world.redrives);
    known.last().is_some_and(|record| record.frame.phase == closed)
}

fn nothing_is_lost(protocol: &Protocol, world: &World) -> bool {
    if !quiet(world) || protocol.sweeps(world) {
        return true;
    }
    matches!(world.row, Some(Some(_))) || asks(protocol, world)
}

/// Whether somebody outside holds a token that waits for ever.
fn asks(protocol: &Protocol, world: &World) -> bool {
    world.journals.iter().any(|(path, records)| {
        let asks = |record: &Record| {
            record.frame.phase == Phase::Pending && !timed(protocol.program, record.frame)
        };
        records.last().is_some_and(asks) && alive(world, *path)
    })
}
