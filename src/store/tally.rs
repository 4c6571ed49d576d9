//! Counts of executions by status, for Map Runs.

use super::Status;

/// How many executions of a list have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    executions: [u64; Status::ALL.len()],
    items: [u64; Status::ALL.len()],
}

impl Tally {
    /// Counts so many more executions with so many items.
    pub fn add(&mut self, status: Status, executions: u64, items: u64) {
        let place = status as usize;
        if let (Some(count), Some(of)) = (self.executions.get_mut(place), self.items.get_mut(place))
        {
            *count += executions;
            *of += items;
        }
    }

    /// Executions with this status.
    pub fn executions(&self, status: Status) -> u64 {
        self.executions.get(status as usize).copied().unwrap_or_default()
    }

    /// Items of those executions.
    pub fn items(&self, status: Status) -> u64 {
        self.items.get(status as usize).copied().unwrap_or_default()
    }

    /// Items of all executions that failed, in whichever way.
    pub fn failed_items(&self) -> u64 {
        [Status::Failed, Status::TimedOut, Status::Aborted].map(|s| self.items(s)).iter().sum()
    }
}
