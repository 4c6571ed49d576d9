//! The order of history: records of all frames, each with its own slots, become one sequence of events with ids.
//!
//! A record's time is later than that of every record it follows from, so sorting by time (then frame, then slot) never
//! puts an effect before its cause, and gives the same order to everyone who has the same records.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Event;
use crate::engine::{EventRef, FrameId, Phase, Record};
use crate::time::Timestamp;

/// An event with its place in the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `id`, from 1.
    pub id: u64,
    /// `previousEventId`
    pub previous: u64,
    /// `timestamp`
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
}

/// All events of an execution in order. Not shown is what a lane did after its fork had cancelled it.
pub fn assemble(records: &[(FrameId, Arc<Record>)]) -> Vec<Entry> {
    let journal = Journal::new(records);
    let mut shown: Vec<(&FrameId, &Record)> = records
        .iter()
        .map(|(frame, record)| (frame, &**record))
        .filter(|(frame, record)| {
            record.frame.phase != Phase::Sealed && !journal.cancelled(frame, record)
        })
        .collect();
    shown.sort_by(|(fa, a), (fb, b)| (a.time, fa, a.slot).cmp(&(b.time, fb, b.slot)));
    let ids = first_ids(&shown);
    let mut entries = Vec::with_capacity(shown.iter().map(|(_, record)| record.events.len()).sum());
    for (_, record) in &shown {
        for event in &record.events {
            let previous = event.previous.as_ref().and_then(|at| ids.resolve(at)).unwrap_or(0);
            let id = entries.len() as u64 + 1;
            entries.push(Entry { id, previous, time: record.time, event: event.clone() });
        }
    }
    entries
}

/// Times of records by frame and slot.
struct Journal<'a>(BTreeMap<&'a FrameId, BTreeMap<u64, Timestamp>>);

impl<'a> Journal<'a> {
    fn new(records: &'a [(FrameId, Arc<Record>)]) -> Journal<'a> {
        let mut frames: BTreeMap<&FrameId, BTreeMap<u64, Timestamp>> = BTreeMap::new();
        // Only records that follow a fork can cancel anything: those are few, and the others need not be looked up.
        let mut forking = false;
        let mut last: Option<&FrameId> = None;
        for (frame, record) in records {
            if last != Some(frame) {
                forking = false;
            }
            if forking {
                frames.entry(frame).or_default().insert(record.slot, record.time);
            }
            forking = matches!(record.frame.phase, Phase::Forked(_));
            last = Some(frame);
        }
        Journal(frames)
    }

    /// Whether a fork that encloses the frame had gone on when the record was made.
    fn cancelled(&self, frame: &FrameId, record: &Record) -> bool {
        let mut inner = frame.clone();
        while let Some((parent, slot, _)) = inner.fork() {
            let gone_on = self.0.get(&parent).and_then(|slots| slots.get(&(slot + 1)));
            if gone_on.is_some_and(|time| *time < record.time) {
                return true;
            }
            inner = parent;
        }
        false
    }
}

/// Id of the first event of each record that is shown.
struct FirstIds<'a>(BTreeMap<&'a FrameId, BTreeMap<u64, (u64, u64)>>);

fn first_ids<'a>(shown: &[(&'a FrameId, &'a Record)]) -> FirstIds<'a> {
    let mut frames: BTreeMap<&FrameId, BTreeMap<u64, (u64, u64)>> = BTreeMap::new();
    let mut next = 1;
    for (frame, record) in shown {
        let count = record.events.len() as u64;
        frames.entry(frame).or_default().insert(record.slot, (next, count));
        next += count;
    }
    FirstIds(frames)
}

impl FirstIds<'_> {
    /// The id of an event; `None` if it is not shown.
    fn resolve(&self, at: &EventRef) -> Option<u64> {
        let (first, count) = self.0.get(&at.frame)?.get(&at.slot)?;
        let index = u64::from(at.index);
        (index < *count).then_some(first + index)
    }
}
