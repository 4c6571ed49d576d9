//! The order of history: records of all frames, each with its own slots, become one sequence of events with ids.
//!
//! A record's time is later than that of every record it follows from, so sorting by time (then frame, then slot) never
//! puts an effect before its cause, and gives the same order to everyone who has the same records.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Phase, Record};
use crate::event::{Event, EventRef, FrameId};
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
            // A seal says that something was cancelled, not when: that is the time of the record that did it.
            if forking && record.frame.phase != Phase::Sealed {
                frames.entry(frame).or_default().insert(record.slot, record.time);
            }
            forking = matches!(record.frame.phase, Phase::Forked(_));
            last = Some(frame);
        }
        Journal(frames)
    }

    /// Whether a fork that encloses the frame had gone on when the record was made. Of equal times the outer frame comes
    /// first.
    fn cancelled(&self, frame: &FrameId, record: &Record) -> bool {
        let mut inner = frame.clone();
        while let Some((parent, slot, _)) = inner.fork() {
            let gone_on = self.0.get(&parent).and_then(|slots| slots.get(&(slot + 1)));
            if gone_on.is_some_and(|time| *time <= record.time) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Fork, Frame, Outcome, Visit};
    use crate::event::EventKind;
    use crate::expr::Document;
    use crate::history::Sequence;

    #[test]
    fn events_of_all_frames_are_ordered_by_time_and_numbered_from_1() {
        let lane = |n| FrameId::root().child(1, n);
        let records = [
            root(0, 10, Phase::Ready, &[None, None]),
            root(1, 20, forked(), &[at("", 0, 1)]),
            root(2, 50, done(), &[at("1.1", 0, 0)]),
            record(lane(0), 0, 31, done(), &[at("", 1, 0)]),
            record(lane(1), 0, 30, done(), &[at("", 1, 0)]),
        ];
        // Each as id, previous id and time.
        let expected = [(1, 0, 10), (2, 0, 10), (3, 2, 20), (4, 3, 30), (5, 3, 31), (6, 4, 50)];
        assert_eq!(shown(&records), expected);
    }

    #[test]
    fn of_equal_times_the_outer_frame_and_then_the_lower_slot_come_first() {
        let lane = FrameId::root().child(0, 0);
        let records = [
            root(0, 10, forked(), &[None]),
            record(lane.clone(), 0, 11, Phase::Ready, &[None]),
            record(lane, 1, 11, done(), &[at("0.0", 0, 0)]),
        ];
        assert_eq!(shown(&records), [(1, 0, 10), (2, 0, 11), (3, 2, 11)]);
    }

    #[test]
    fn what_a_lane_did_after_its_fork_went_on_is_not_shown() {
        let outer = FrameId::root().child(0, 0);
        let inner = outer.child(0, 0);
        let records = [
            root(0, 10, forked(), &[None]),
            root(1, 30, done(), &[None]),
            record(outer.clone(), 0, 20, forked(), &[None]),
            record(outer, 1, 40, done(), &[None]),
            record(inner.clone(), 0, 25, Phase::Ready, &[None]),
            record(inner, 1, 35, done(), &[None]),
        ];
        let times: Vec<i64> = shown(&records).iter().map(|(_, _, time)| *time).collect();
        assert_eq!(times, [10, 20, 25, 30]);
    }

    #[test]
    fn what_a_lane_did_at_the_very_time_at_which_its_fork_went_on_is_not_shown() {
        let lane = FrameId::root().child(0, 0);
        let records = [
            root(0, 10, forked(), &[None]),
            root(1, 30, done(), &[None]),
            record(lane.clone(), 0, 20, Phase::Ready, &[None]),
            record(lane, 1, 30, done(), &[None]),
        ];
        assert_eq!(shown(&records), [(1, 0, 10), (2, 0, 20), (3, 0, 30)]);
    }

    #[test]
    fn below_a_sealed_frame_the_time_of_what_cancelled_it_counts() {
        let outer = FrameId::root().child(0, 0);
        let inner = outer.child(0, 0);
        let records = [
            root(0, 10, forked(), &[None]),
            root(1, 40, done(), &[None]),
            record(outer.clone(), 0, 20, forked(), &[None]),
            record(outer, 1, 25, Phase::Sealed, &[]),
            record(inner, 0, 30, Phase::Ready, &[None]),
        ];
        let times: Vec<i64> = shown(&records).iter().map(|(_, _, time)| *time).collect();
        assert_eq!(times, [10, 20, 30, 40]);
    }

    #[test]
    fn a_seal_is_no_event_and_what_it_would_have_led_to_is_unknown() {
        let lane = FrameId::root().child(0, 0);
        let records = [
            root(0, 10, forked(), &[None]),
            root(1, 30, done(), &[at("0.0", 1, 0), at("", 0, 9), at("7.7", 0, 0)]),
            record(lane, 1, 20, Phase::Sealed, &[None]),
        ];
        assert_eq!(shown(&records), [(1, 0, 10), (2, 0, 30), (3, 0, 30), (4, 0, 30)]);
    }

    type Stored = (FrameId, Arc<Record>);

    /// As a whole, and the same piece by piece in the order of time.
    fn shown(records: &[Stored]) -> Vec<(u64, u64, i64)> {
        let whole = assemble(records);
        let mut ordered = records.to_vec();
        ordered.sort_by(|(fa, a), (fb, b)| (a.time, fa, a.slot).cmp(&(b.time, fb, b.slot)));
        for size in 1..=records.len() {
            let mut sequence = Sequence::default();
            let pieces = ordered.chunks(size).flat_map(|piece| sequence.push(piece.to_vec()));
            let pieces: Vec<Entry> = pieces.map(|(_, _, entry)| entry).collect();
            assert_eq!(pieces, whole, "in pieces of {size}");
            assert!(sequence.push(ordered.clone()).is_empty(), "each comes once");
        }
        whole.iter().map(|e| (e.id, e.previous, e.time.0)).collect()
    }

    fn at(frame: &str, slot: u64, index: u32) -> Option<EventRef> {
        Some(EventRef { frame: FrameId(frame.into()), slot, index })
    }

    fn root(slot: u64, time: i64, phase: Phase, previous: &[Option<EventRef>]) -> Stored {
        record(FrameId::root(), slot, time, phase, previous)
    }

    fn record(
        frame: FrameId,
        slot: u64,
        time: i64,
        phase: Phase,
        previous: &[Option<EventRef>],
    ) -> Stored {
        let state = Frame {
            flow: 0,
            lane: None,
            state: "S".into(),
            input: Document::empty_object(),
            variables: None,
            visit: Visit::default(),
            last: None,
            events_before: 0,
            phase,
        };
        let event = |previous: &Option<EventRef>| Event {
            kind: EventKind::ParallelStateStarted,
            previous: previous.clone(),
        };
        let record = Record {
            format: 1,
            slot,
            time: Timestamp(time),
            guard: "".into(),
            nonce: "".into(),
            frame: state,
            events: previous.iter().map(event).collect(),
            cancels: false,
            lanes: 0,
            results: Vec::new(),
            abandons: None,
        };
        (frame, Arc::new(record))
    }

    fn forked() -> Phase {
        let started = EventRef { frame: FrameId::root(), slot: 0, index: 0 };
        Phase::Forked(Fork {
            lanes: 2,
            input: Document::empty_object(),
            items: None,
            started,
            run: None,
            resumed: None,
        })
    }

    fn done() -> Phase {
        Phase::Done(Outcome::Succeeded(Document::empty_object()))
    }
}
