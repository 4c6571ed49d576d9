//! The journal protocol as a model that is checked exhaustively: every order of events, with so many faults of each kind.
//!
//! It follows the engine (`src/turn.rs` and its rooms) await by await: each of them is a step here, at which a turn can
//! die, be overtaken or stand still. Time is left out: whatever depends on it (whether a tail is fresh, whether a claim is
//! dead) can go either way at any time, which allows more than time does. Messages that are alike are one message.
//!
//! A model that cannot fail proves nothing: [`mutant::Mutant`] lists protocols with one mistake each, and the
//! tests hold that every one is found out.

pub mod calls;
pub mod decide;
pub mod explore;
pub mod fingerprint;
pub mod machine;
pub mod mixes;
pub mod mutant;
pub mod path;
pub mod program;
pub mod properties;
pub mod seal;
pub mod turn;
pub mod world;

use stateright::{Checker, HasDiscoveries, Model};

use machine::Protocol;
use mixes::Case;
use mutant::Mutant;

/// What a check came to.
pub struct Verdict {
    /// Distinct worlds seen.
    pub worlds: usize,
    /// Steps from one to another.
    pub steps: usize,
    /// The first law that was broken.
    pub violation: Option<&'static str>,
    /// A world that should be reachable and is not.
    pub unreached: Option<&'static str>,
}

/// Looks at every world that a program can come to under a mix of faults.
pub fn check((_, program, mix): Case, mutant: Option<Mutant>) -> Verdict {
    let explored = explore::explore(&Protocol { program, mix, mutant });
    let explore::Explored { worlds, steps, broken, unreached } = explored;
    Verdict { worlds, steps, violation: broken, unreached }
}

/// The shortest way to a world in which a law is broken, with that law. All worlds on the way are kept whole, so this takes
/// gigabytes where there are millions of them.
pub fn way((_, program, mix): Case, mutant: Option<Mutant>) -> Option<(&'static str, Vec<String>)> {
    let protocol = Protocol { program, mix, mutant };
    let checker = protocol.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let broken = checker.discoveries().into_iter().find(|(law, _)| *law != "succeeds")?;
    let steps = broken.1.into_actions().iter().map(|action| format!("{action:?}")).collect();
    Some((broken.0, steps))
}
