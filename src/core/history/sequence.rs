//! The order of history while it grows: records come as they are committed, and each event gets the id that it will have
//! in the whole history. The rule is that of [`super::assemble`], applied piece by piece.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Entry;
use crate::engine::{Phase, Record};
use crate::event::FrameId;
use crate::time::Timestamp;

/// How far the history of one execution has come.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    frames: BTreeMap<FrameId, BTreeMap<u64, Place>>,
    events: u64,
    places: usize,
}

/// Where the events of a record stand.
#[derive(Clone, Copy, Debug)]
struct Place {
    time: Timestamp,
    /// Id of the first one.
    first: u64,
    count: u64,
}

impl Sequence {
    /// The events of these records, in order. Records that were there before add nothing, nor does what a lane did after
    /// its fork had cancelled it. Ids are final if no record comes later with a time before the last one of now.
    pub fn push(&mut self, mut records: Vec<(FrameId, Arc<Record>)>) -> Vec<(FrameId, u64, Entry)> {
        records.sort_by(|(fa, a), (fb, b)| (a.time, fa, a.slot).cmp(&(b.time, fb, b.slot)));
        let mut entries = Vec::new();
        for (frame, record) in records {
            let known = self.frames.get(&frame).is_some_and(|of| of.contains_key(&record.slot));
            if known || record.frame.phase == Phase::Sealed || self.cancelled(&frame, &record) {
                continue;
            }
            self.append(&frame, &record, &mut entries);
        }
        entries
    }

    /// How many records it remembers.
    pub fn places(&self) -> usize {
        self.places
    }

    fn append(&mut self, frame: &FrameId, record: &Record, to: &mut Vec<(FrameId, u64, Entry)>) {
        let (first, count) = (self.events + 1, record.events.len() as u64);
        let place = Place { time: record.time, first, count };
        self.frames.entry(frame.clone()).or_default().insert(record.slot, place);
        self.places += 1;
        self.events += count;
        for (id, event) in (first..).zip(&record.events) {
            let previous = event.previous.as_ref().and_then(|at| {
                let place = self.frames.get(&at.frame)?.get(&at.slot)?;
                let index = u64::from(at.index);
                (index < place.count).then_some(place.first + index)
            });
            let previous = previous.unwrap_or(0);
            let entry = Entry { id, previous, time: record.time, event: event.clone() };
            to.push((frame.clone(), record.slot, entry));
        }
    }

    /// Whether a fork that encloses the frame had gone on when the record was made. Of equal times the outer frame comes
    /// first.
    fn cancelled(&self, frame: &FrameId, record: &Record) -> bool {
        let mut inner = frame.clone();
        while let Some((parent, slot, _)) = inner.fork() {
            let gone_on = self.frames.get(&parent).and_then(|slots| slots.get(&(slot + 1)));
            if gone_on.is_some_and(|place| place.time <= record.time) {
                return true;
            }
            inner = parent;
        }
        false
    }
}
