//! What was done and what went wrong, in numbers.

use std::fmt;

use crate::support::fault::Fault;

/// Counted over many runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Executions, children of Map Runs included; without the straight runs.
    pub(crate) executions: u64,
    pub(crate) runs: u64,
    /// Simulated seconds.
    pub(crate) seconds: f64,
    /// Things that happened: deliveries, steps of turns and of callers, time that passed.
    pub(crate) steps: u64,
    /// By kind, in the order of [`Fault::ALL`].
    pub(crate) faults: [u64; Fault::ALL.len()],
    pub(crate) messages: u64,
    /// Records that were inserted.
    pub(crate) transitions: u64,
    pub(crate) differences: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Tally) {
        self.executions += other.executions;
        self.runs += other.runs;
        self.seconds += other.seconds;
        self.steps += other.steps;
        for (mine, others) in self.faults.iter_mut().zip(other.faults) {
            *mine += others;
        }
        self.messages += other.messages;
        self.transitions += other.transitions;
        self.differences += other.differences;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.iter().sum();
        let per = |n: u64, of: u64| n as f64 / of.max(1) as f64;
        writeln!(f, "executions      {} in {} runs", self.executions, self.runs)?;
        writeln!(f, "simulated time  {:.1} years", self.seconds / (365.25 * 86_400.0))?;
        writeln!(f, "transitions     {}", self.transitions)?;
        writeln!(f, "messages        {:.3} per transition", per(self.messages, self.transitions))?;
        writeln!(f, "faults          {faults}, {:.1} per execution", per(faults, self.executions))?;
        for (fault, count) in Fault::ALL.iter().zip(self.faults) {
            writeln!(f, "  {:<13} {count}", format!("{fault:?}"))?;
        }
        write!(f, "differences     {}", self.differences)
    }
}
