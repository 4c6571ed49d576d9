//! Counts what would be paid for.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// An operation of a store or a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Create,
    ReadExecution,
    Close,
    Insert,
    Tail,
    Taken,
    Records,
    Tails,
    Join,
    Joined,
    Dispense,
    Beat,
    LastBeat,
    List,
    Running,
    Item,
    Put,
    Remove,
    Items,
    /// One request; see also [`Operation::Message`].
    Send,
    /// One message of a request.
    Message,
    Receive,
    Delete,
    GiveBack,
}

/// How often each operation was asked for, failed ones included.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<BTreeMap<Operation, u64>>);

impl Meter {
    pub(crate) fn count(&self, operation: Operation, times: u64) {
        *self.0.lock().unwrap().entry(operation).or_default() += times;
    }

    /// How often one of these was asked for.
    pub(crate) fn of(&self, operations: &[Operation]) -> u64 {
        let counts = self.0.lock().unwrap();
        operations.iter().filter_map(|operation| counts.get(operation)).sum()
    }
}
