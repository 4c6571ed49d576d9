//! Sealing: what a cancelled fork leaves behind writes nothing more, step by step as the engine does it
//! (`src/turn/seal.rs`): the tails below the fork are read at once, then each frame's next slot is taken, that of a lane
//! that has not begun too.

use crate::decide::{beginning, forked, record};
use crate::machine::Protocol;
use crate::mutant::Mutant;
use crate::path::Path;
use crate::world::{Frame, Phase, Record, World};

/// A fork to be sealed: its frame, its slot and its lanes.
pub type Fork = (Path, u8, u8);

/// How far somebody has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sealing {
    /// What it was begun for.
    whole: (Path, u8),
    /// Forks that were not looked at yet.
    forks: Vec<Fork>,
    /// Frames below the fork in hand that were there when it was looked at.
    begun: Vec<Path>,
    /// Frames to be sealed.
    left: Vec<Path>,
}

impl Sealing {
    /// Of all that is below the fork in a slot of a frame.
    pub fn of(protocol: &Protocol, world: &World, path: Path, slot: u8) -> Sealing {
        let forks = open(protocol, world, path, slot).into_iter().collect();
        Sealing { whole: (path, slot), forks, begun: Vec::new(), left: Vec::new() }
    }

    /// Its next step; `false` if it has come to its end.
    pub fn step(&mut self, protocol: &Protocol, world: &mut World) -> bool {
        if let Some(frame) = self.left.pop() {
            if let Some(open) = seal(protocol, world, frame)
                && lanes(open).any(|lane| !self.begun.contains(&lane))
            {
                self.forks.push(open);
            }
            return true;
        }
        let Some(fork) = self.forks.pop() else {
            world.sealed.insert(self.whole);
            return false;
        };
        self.begun =
            world.journals.keys().filter(|path| path.is_below(fork.0, fork.1)).copied().collect();
        self.left = self.begun.clone();
        if !protocol.is(Mutant::SealsWhatHasBegunOnly) {
            self.left.extend(lanes(fork).filter(|lane| !self.begun.contains(lane)));
        }
        true
    }

    /// All of it in one go.
    pub fn whole(mut self, protocol: &Protocol, world: &mut World) {
        while self.step(protocol, world) {}
    }
}

fn lanes((path, slot, lanes): Fork) -> impl Iterator<Item = Path> {
    (0..lanes).map(move |lane| path.child(slot, lane))
}

/// Seals a frame; the fork that was open in it. If it has ended already, the fork that it left open: whoever ended it has
/// perhaps not come to seal that.
fn seal(protocol: &Protocol, world: &mut World, path: Path) -> Option<Fork> {
    let Some((slot, tail)) = world.tail(&path) else {
        world.append(path, record(Frame { phase: Phase::Sealed, ..beginning() }));
        return None;
    };
    if tail.frame.phase.over() {
        let left = tail.cancels && !protocol.is(Mutant::SealsNothingBelowWhatEnded);
        return left.then(|| open(protocol, world, path, slot - 1)).flatten();
    }
    let cancels = tail.frame.phase == Phase::Forked;
    let sealed = Record { cancels, ..record(Frame { phase: Phase::Sealed, ..tail.frame }) };
    world.append(path, sealed);
    cancels.then(|| open(protocol, world, path, slot)).flatten()
}

/// The fork in a slot of a frame.
fn open(protocol: &Protocol, world: &World, path: Path, slot: u8) -> Option<Fork> {
    let record = world.journals.get(&path)?.get(usize::from(slot))?;
    forked(protocol.program, record.frame).map(|(lanes, ..)| (path, slot, lanes))
}
