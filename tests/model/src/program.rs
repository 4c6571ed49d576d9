//! What the modelled execution runs: flows of steps, as small as they can be while every rule of the protocol is used.

/// A step of a flow: what a state is to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Over as soon as it is entered.
    Pass,
    /// Claimed, performed, and its outcome written; it may fail, and is tried again so often.
    Task {
        /// Whether the work can fail.
        fails: bool,
        /// How often it is tried again.
        retries: u8,
    },
    /// Waits for whoever holds its token, or for its timeout if it has one.
    Token {
        /// Whether it has one.
        timed: bool,
    },
    /// Waits for its time, parked beyond the reach of the queue.
    Timer,
    /// Lanes that share items, side by side.
    Fork {
        /// What each lane runs for each of its items.
        flow: u8,
        /// Number of lanes.
        lanes: u8,
        /// Number of items; more than lanes means that lanes ask for the next one.
        items: u8,
    },
}

/// Flows by number; the root frame runs the first.
pub type Program = &'static [&'static [Step]];

/// A task that always works.
pub const TASK: Step = Step::Task { fails: false, retries: 0 };

/// A task that may fail and is tried again once.
pub const FLAKY: Step = Step::Task { fails: true, retries: 1 };

/// A task that may fail for good.
pub const FRAIL: Step = Step::Task { fails: true, retries: 0 };

/// A token that times out.
pub const TOKEN: Step = Step::Token { timed: true };

/// A token that waits for ever.
pub const PATIENT: Step = Step::Token { timed: false };

/// A fork of so many lanes with one item each.
pub const fn fork(flow: u8, lanes: u8) -> Step {
    Step::Fork { flow, lanes, items: lanes }
}

/// A Map of so many items on fewer lanes.
pub const fn map(flow: u8, lanes: u8, items: u8) -> Step {
    Step::Fork { flow, lanes, items }
}
