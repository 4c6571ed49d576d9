//! Everything that belongs to one execution: its row, the journals of its frames, its forks, its heartbeats.

use std::collections::{BTreeMap, HashMap, btree_map};
use std::sync::Arc;

use stepwright_core::engine::{Cursor, FrameId, Record};
use stepwright_core::time::Timestamp;

use crate::store::dispenser::{Answer, Dispenser};
use crate::store::{Asking, Execution, Insertion, Joined, Stored, subtree};

/// One execution.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) row: Arc<Execution>,
    frames: BTreeMap<FrameId, BTreeMap<u64, Arc<Record>>>,
    forks: HashMap<(FrameId, u64), ForkEntry>,
    beats: HashMap<(FrameId, u64), Timestamp>,
}

/// What the lanes of a fork have told.
#[derive(Debug, Default)]
pub(super) struct ForkEntry {
    lanes: BTreeMap<u32, bool>,
    failed: u32,
    dispenser: Dispenser,
}

impl Entry {
    pub(super) fn new(row: Execution) -> Entry {
        Entry {
            row: Arc::new(row),
            frames: BTreeMap::new(),
            forks: HashMap::new(),
            beats: HashMap::new(),
        }
    }

    pub(super) fn insert(&mut self, cursor: &Cursor, record: Arc<Record>) -> Insertion {
        let journal = self.frames.entry(cursor.frame.clone()).or_default();
        if let Some(there) = journal.get(&cursor.slot) {
            return Insertion::Exists(there.clone());
        }
        journal.insert(cursor.slot, record);
        Insertion::Inserted
    }

    pub(super) fn tail(&self, frame: &FrameId) -> Option<Arc<Record>> {
        self.frames.get(frame)?.last_key_value().map(|(_, record)| record.clone())
    }

    pub(super) fn records(&self, frame: &FrameId, fork: Option<u64>) -> Vec<Stored> {
        self.journals(frame, fork)
            .flat_map(|(frame, journal)| journal.values().map(|r| (frame.clone(), r.clone())))
            .collect()
    }

    pub(super) fn tails(&self, frame: &FrameId, fork: Option<u64>) -> Vec<Stored> {
        let last = |journal: &BTreeMap<u64, Arc<Record>>| {
            journal.last_key_value().map(|(_, record)| record.clone())
        };
        self.journals(frame, fork)
            .filter_map(|(frame, journal)| Some((frame.clone(), last(journal)?)))
            .collect()
    }

    fn journals(
        &self,
        frame: &FrameId,
        fork: Option<u64>,
    ) -> impl Iterator<Item = (&FrameId, &BTreeMap<u64, Arc<Record>>)> {
        let (from, to) = subtree(frame, fork);
        self.frames.range(from..).take_while(move |(f, _)| to.as_ref().is_none_or(|t| *f < t))
    }

    pub(super) fn fork(&mut self, fork: &Cursor) -> &mut ForkEntry {
        self.forks.entry((fork.frame.clone(), fork.slot)).or_default()
    }

    pub(super) fn joined(&self, fork: &Cursor) -> Joined {
        let fork = self.forks.get(&(fork.frame.clone(), fork.slot));
        fork.map_or_else(Joined::default, ForkEntry::joined)
    }

    pub(super) fn beat(&mut self, ticket: &Cursor, at: Timestamp) {
        let last = self.beats.entry((ticket.frame.clone(), ticket.slot)).or_insert(at);
        *last = at.max(*last);
    }

    pub(super) fn last_beat(&self, ticket: &Cursor) -> Option<Timestamp> {
        self.beats.get(&(ticket.frame.clone(), ticket.slot)).copied()
    }
}

impl ForkEntry {
    pub(super) fn join(&mut self, lane: u32, failed: bool) -> Joined {
        if let btree_map::Entry::Vacant(vacant) = self.lanes.entry(lane) {
            vacant.insert(failed);
            self.failed += u32::from(failed);
        }
        self.joined()
    }

    fn joined(&self) -> Joined {
        let finished = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX);
        if self.failed == 0 {
            return Joined { finished, failed: Vec::new() };
        }
        let failed = self.lanes.iter().filter(|(_, failed)| **failed).map(|(lane, _)| *lane);
        Joined { finished, failed: failed.collect() }
    }

    pub(super) fn dispense(&mut self, asking: Asking) -> u64 {
        match self.dispenser.grant(asking.lane, asking.finished, asking.first) {
            Answer::New(index) | Answer::Known(index) => index,
        }
    }
}
