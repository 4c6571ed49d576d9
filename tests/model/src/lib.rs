//! The journal protocol as a model that is checked exhaustively: every order of events, with so many faults of each kind.
//!
//! It follows the engine (`src/turn.rs` and its rooms) await by await: each of them is a step here, at which a turn can
//! die, be overtaken or stand still. Time is left out: whatever depends on it (whether a tail is fresh, whether a claim is
//! dead) can go either way at any time, which allows more than time does. Messages that are alike are one message.
//!
//! A model that cannot fail proves nothing: [`machine::Mutant`] lists protocols with one mistake each, and the
//! tests hold that every one is found out.

pub mod decide;
pub mod machine;
pub mod mixes;
pub mod program;
pub mod properties;
pub mod turn;
pub mod world;

use stateright::{Checker, HasDiscoveries, Model};

use machine::{Mutant, Protocol};
use mixes::Case;

/// What a check came to.
pub struct Verdict {
    /// Distinct worlds seen.
    pub states: usize,
    /// The first law that was broken, with the way there.
    pub violation: Option<(&'static str, Vec<String>)>,
    /// A world that should be reachable and is not.
    pub unreached: Option<&'static str>,
}

/// Looks at every world that a program can come to under a mix of faults.
pub fn check((_, program, mix): Case, mutant: Option<Mutant>) -> Verdict {
    let protocol = Protocol { program, mix, mutant };
    let checker =
        protocol.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let mut violation = None;
    let mut unreached = Some("succeeds");
    for (name, path) in discoveries {
        if name == "succeeds" {
            unreached = None;
        } else {
            let steps = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
            violation = Some((name, steps));
        }
    }
    Verdict { states: checker.unique_state_count(), violation, unreached }
}
