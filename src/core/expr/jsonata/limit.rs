//! The bounds of an evaluation: depth, memory and time, so that no expression can hang or bring down the process.
//!
//! Time is counted in steps, since the core has no clock. Memory is an estimate of what is alive: building a value adds
//! its size, and when a function returns, everything it built except its result is taken off again.

use std::cell::Cell;

use super::error::{Fault, Outcome};

/// The bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of expressions within one function, and levels of calls that are not tail calls.
    pub depth: usize,
    /// Levels of expressions in all; what keeps the native stack from overflowing.
    pub nesting: usize,
    /// Bytes of values built by the expression and still in use, estimated: 8 for an item of an array, 1 for a
    /// character.
    pub memory: usize,
    /// Steps of evaluation; 20 million are about a second.
    pub steps: u64,
}

impl Default for Limits {
    /// As AWS has them: depth about 100, memory about 6.99 MB, a second.
    fn default() -> Limits {
        Limits { depth: 100, nesting: 600, memory: 6_990_506, steps: 20_000_000 }
    }
}

/// What an evaluation has used up.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    steps: Cell<u64>,
    memory: Cell<usize>,
    total: Cell<usize>,
    nesting: Cell<usize>,
    depth: Cell<usize>,
    calls: Cell<usize>,
}

/// Depths at the time of a call, to return to afterwards.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    depth: usize,
}

impl Meter {
    /// A meter at zero.
    pub(crate) fn new(limits: Limits) -> Meter {
        Meter {
            limits,
            steps: Cell::new(limits.steps),
            memory: Cell::new(BASE_MEMORY),
            total: Cell::new(0),
            nesting: Cell::new(0),
            depth: Cell::new(0),
            calls: Cell::new(0),
        }
    }

    /// Goes one expression deeper.
    pub(crate) fn enter(&self) -> Outcome<()> {
        self.spend(1)?;
        let (depth, nesting) = (self.depth.get() + 1, self.nesting.get() + 1);
        self.depth.set(depth);
        self.nesting.set(nesting);
        if depth > self.limits.depth || nesting > self.limits.nesting {
            return Err(Fault::limit(STACK));
        }
        Ok(())
    }

    /// Comes back from [`Meter::enter`].
    pub(crate) fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
        self.nesting.set(self.nesting.get() - 1);
    }

    /// Enters the body of a function: its expressions are counted anew.
    pub(crate) fn call(&self) -> Outcome<Mark> {
        let calls = self.calls.get() + 1;
        self.calls.set(calls);
        if calls > self.limits.depth {
            return Err(Fault::limit(STACK));
        }
        Ok(Mark { depth: self.depth.replace(0) })
    }

    /// Comes back from [`Meter::call`].
    pub(crate) fn finish(&self, mark: Mark) {
        self.calls.set(self.calls.get() - 1);
        self.depth.set(mark.depth);
    }

    /// Takes `steps` from what is left of the time.
    pub(crate) fn spend(&self, steps: u64) -> Outcome<()> {
        match self.steps.get().checked_sub(steps) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(Fault::limit(TIME)),
        }
    }

    /// Bytes that have been built in all, garbage included.
    pub(crate) fn total(&self) -> usize {
        self.total.get()
    }

    /// The most that a single value may come to.
    pub(crate) fn most(&self) -> usize {
        self.limits.memory
    }

    /// Adds memory, and the time it takes to fill it.
    pub(crate) fn allocate(&self, bytes: usize) -> Outcome<()> {
        let used = self.memory.get().saturating_add(bytes);
        if used > self.limits.memory {
            return Err(Fault::limit(MEMORY));
        }
        self.memory.set(used);
        self.total.set(self.total.get().saturating_add(bytes));
        self.spend((bytes / BYTES_PER_STEP) as u64)
    }

    /// Fails if `bytes` more would be too much, without adding them.
    pub(crate) fn foresee(&self, bytes: usize) -> Outcome<()> {
        if self.memory.get().saturating_add(bytes) > self.limits.memory {
            return Err(Fault::limit(MEMORY));
        }
        Ok(())
    }

    /// Memory in use.
    pub(crate) fn memory(&self) -> usize {
        self.memory.get()
    }

    /// Sets memory in use after garbage has been recognised.
    pub(crate) fn set_memory(&self, bytes: usize) {
        self.memory.set(bytes);
    }
}

/// Text of the depth limit.
pub(crate) const STACK: &str = "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive.";
/// Text of the time limit.
pub(crate) const TIME: &str = "Expression evaluation timeout: Check for infinite loop";
/// Text of the memory limit.
pub(crate) const MEMORY: &str =
    "Expression evaluation memory limit exceeded: Check for excessive memory usage";
/// What an evaluation is counted for before it begins: with it 873,782 items of 8 bytes fit and one more does not.
const BASE_MEMORY: usize = 250;
const BYTES_PER_STEP: usize = 64;
