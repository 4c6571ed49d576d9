//! Looks at every world that can come about, and keeps only its fingerprint: 64 bits for a world that would else take a
//! kilobyte, so that a hundred million of them fit into little memory.
//!
//! What two worlds of the same fingerprint would hide is the price; among a hundred million of them two are alike with a
//! probability of one in three thousand. The way to a world is not kept: [`crate::check`] looks for it once more with
//! stateright's own checker where a law is broken.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use stateright::{Expectation, Model, Property};

use crate::fingerprint::fingerprint;
use crate::machine::Protocol;
use crate::world::World;

/// What was seen.
pub struct Explored {
    /// Distinct worlds.
    pub worlds: usize,
    /// Steps from one world to another, or back.
    pub steps: usize,
    /// The first law that was broken.
    pub broken: Option<&'static str>,
    /// A world that should be reachable and is not.
    pub unreached: Option<&'static str>,
}

/// Looks at all worlds, from the latest found on, so that few are waiting to be looked at.
pub fn explore(protocol: &Protocol) -> Explored {
    let properties = protocol.properties();
    let mut unreached: Vec<_> =
        properties.iter().filter(|law| law.expectation == Expectation::Sometimes).collect();
    let mut seen = Seen::default();
    let mut explored = Explored { worlds: 0, steps: 0, broken: None, unreached: None };
    let mut waiting = protocol.init_states();
    let mut actions = Vec::new();
    while let (Some(world), None) = (waiting.pop(), explored.broken) {
        protocol.actions(&world, &mut actions);
        for action in actions.drain(..) {
            let Some(next) = protocol.next_state(&world, action) else { continue };
            explored.steps += 1;
            if !seen.insert(fingerprint(&next)) {
                continue;
            }
            explored.broken = explored.broken.or(broken(protocol, &properties, &next));
            unreached.retain(|law| !(law.condition)(protocol, &next));
            waiting.push(next);
        }
    }
    explored.worlds = seen.worlds();
    explored.unreached = unreached.first().map(|law| law.name);
    explored
}

/// The first law that does not hold in a world.
fn broken(
    protocol: &Protocol,
    properties: &[Property<Protocol>],
    world: &World,
) -> Option<&'static str> {
    let laws = properties.iter().filter(|law| law.expectation == Expectation::Always);
    laws.filter(|law| !(law.condition)(protocol, world)).map(|law| law.name).next()
}

/// Fingerprints, in parts that grow one after the other: a single table would for a moment take three times its size.
struct Seen(Vec<HashSet<u64, BuildHasherDefault<Itself>>>);

const PARTS: usize = 256;

impl Default for Seen {
    fn default() -> Seen {
        Seen(std::iter::repeat_with(HashSet::default).take(PARTS).collect())
    }
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, fingerprint: u64) -> bool {
        self.0[fingerprint as usize % PARTS].insert(fingerprint)
    }

    fn worlds(&self) -> usize {
        self.0.iter().map(HashSet::len).sum()
    }
}

/// A fingerprint is spread well enough to be its own hash, once turned so that the bits all of a part have in common are
/// not the first that a table looks at.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint.rotate_right(8);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
