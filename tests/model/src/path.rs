//! Which frame: the forks and lanes that lead to it. Small and copied: there are millions of worlds, with many in each.

use std::fmt::{self, Debug, Formatter};

/// The forks and lanes that lead to a frame; the root frame has none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    depth: u8,
    /// Slot of the fork and number of the lane; zeros beyond the depth.
    steps: [(u8, u8); DEEPEST],
}

/// How deep forks are nested at most.
const DEEPEST: usize = 3;

impl Path {
    /// The root frame's.
    pub const ROOT: Path = Path { depth: 0, steps: [(0, 0); DEEPEST] };

    /// A lane of the fork in a slot of this frame.
    pub fn child(mut self, slot: u8, lane: u8) -> Path {
        self.steps[self.depth()] = (slot, lane);
        self.depth += 1;
        self
    }

    /// The frame that forked, the slot of the fork, and which lane of it this is; `None` for the root frame.
    pub fn parent(self) -> Option<(Path, u8, u8)> {
        let depth = self.depth().checked_sub(1)?;
        let (slot, lane) = self.steps[depth];
        Some((self.up_to(depth), slot, lane))
    }

    /// Number of forks that lead to it.
    pub fn depth(self) -> usize {
        usize::from(self.depth)
    }

    /// The frame at a depth on the way to this one.
    pub fn up_to(mut self, depth: usize) -> Path {
        self.steps[depth..].fill((0, 0));
        self.depth = u8::try_from(depth).unwrap_or(u8::MAX);
        self
    }

    /// Whether a fork of another frame led to this one.
    pub fn is_below(self, other: Path, slot: u8) -> bool {
        let depth = other.depth();
        self.depth() > depth && self.up_to(depth) == other && self.steps[depth].0 == slot
    }
}

impl Debug for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.steps[..self.depth()].fmt(f)
    }
}
