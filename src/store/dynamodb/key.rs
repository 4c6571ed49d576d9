//! Where things lie. Keys are never parsed back except for the frame and the slot of a record.

use stepwright_core::engine::{Cursor, ExecutionId, FrameId};

use super::attribute::Key;
use crate::store::Kind;

/// Lanes of a fork that share a partition key and a join leaf, and leaves or nodes that share a join node.
pub(super) const LANES: u32 = 100;

/// Lanes that share a dispenser.
pub(super) const DISPENSER_LANES: u64 = 40;

/// Sort key of a row.
pub(super) const ROW: &str = "e";

/// Partition key of the list of machines.
pub(super) const MACHINES: &str = "machines";

pub(super) fn row(id: &ExecutionId) -> Key {
    Key { partition: id.0.to_string(), sort: ROW.to_owned() }
}

/// A payload of a row, by a hash of what it is.
pub(super) fn payload(id: &ExecutionId, hash: &str) -> Key {
    Key { partition: id.0.to_string(), sort: format!("p{hash}") }
}

pub(super) fn record(cursor: &Cursor) -> Key {
    in_frame('r', cursor)
}

pub(super) fn beat(ticket: &Cursor) -> Key {
    in_frame('b', ticket)
}

fn in_frame(letter: char, cursor: &Cursor) -> Key {
    Key {
        partition: partition(&cursor.execution, &cursor.frame),
        sort: format!("{letter}{}#{}", cursor.frame, slot(cursor.slot)),
    }
}

/// The partition of a frame: that of its innermost fork in which it, or the lane it is in, is not among the first hundred.
pub(super) fn partition(id: &ExecutionId, frame: &FrameId) -> String {
    let mut inner = frame.clone();
    while let Some((parent, slot, lane)) = inner.fork() {
        if lane >= LANES {
            let fork = Cursor { execution: id.clone(), frame: parent, slot };
            return lanes_partition(&fork, lane / LANES);
        }
        inner = parent;
    }
    id.0.to_string()
}

/// The partition of the `leaf`th hundred lanes of a fork.
pub(super) fn lanes_partition(fork: &Cursor, leaf: u32) -> String {
    match leaf {
        0 => partition(&fork.execution, &fork.frame),
        _ => format!("{}#{}/{}.{leaf}", fork.execution, fork.frame, fork.slot),
    }
}

/// The records of the frames from `from` up to, but without, `to` (`None`: all after it), as bounds of sort keys. Both
/// bounds belong to the range, but no record has the second one as its key.
pub(super) fn records(from: &FrameId, to: Option<&FrameId>) -> (String, String) {
    let to = to.map_or_else(|| "s".to_owned(), |to| format!("r{to}"));
    (format!("r{from}"), to)
}

/// The records of one frame, as bounds of sort keys.
pub(super) fn records_of(frame: &FrameId) -> (String, String) {
    (format!("r{frame}#"), format!("r{frame}#~"))
}

/// The frame of a record.
pub(super) fn frame_of(sort: &str) -> Option<FrameId> {
    let (frame, _) = sort.strip_prefix('r')?.rsplit_once('#')?;
    Some(FrameId(frame.into()))
}

pub(super) fn join_leaf(fork: &Cursor, leaf: u32) -> Key {
    Key {
        partition: lanes_partition(fork, leaf),
        sort: format!("j{}#{}", fork.frame, slot(fork.slot)),
    }
}

pub(super) fn join_node(fork: &Cursor, level: u32, node: u32) -> Key {
    Key {
        partition: partition(&fork.execution, &fork.frame),
        sort: format!("k{}#{}#{level}.{node}", fork.frame, slot(fork.slot)),
    }
}

/// With the first of the lanes that it is for.
pub(super) fn dispenser(fork: &Cursor, group: u64) -> Key {
    let leaf = group.saturating_mul(DISPENSER_LANES) / u64::from(LANES);
    Key {
        partition: lanes_partition(fork, u32::try_from(leaf).unwrap_or(u32::MAX)),
        sort: format!("d{}#{}#{group}", fork.frame, slot(fork.slot)),
    }
}

/// Partition of the registry's item with this key, or of those whose keys begin with this; their keys are sort keys. A kind
/// is a partition, but units of Map Runs, which are many and large, have one for each chunk: their keys up to the dot.
pub(super) fn item(kind: Kind, key: &str) -> String {
    match (kind, key.rsplit_once('.')) {
        (Kind::Units, Some((chunk, _))) => format!("item#{}#{chunk}", kind.name()),
        _ => format!("item#{}", kind.name()),
    }
}

/// A machine that was started.
pub(super) fn machine(arn: &str) -> Key {
    Key { partition: MACHINES.to_owned(), sort: arn.to_owned() }
}

/// Partition key in the index.
pub(super) fn list(machine: &str, status: &str, shard: u32) -> String {
    format!("{machine}#{status}#{shard}")
}

/// Sort key in the index.
pub(super) fn listed(micros: i64, id: &str) -> String {
    format!("{:019}#{id}", micros.max(0))
}

/// Slots in the order of text.
fn slot(slot: u64) -> String {
    format!("{slot:010}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(frame: &str, slot: u64) -> Cursor {
        Cursor { execution: ExecutionId("e.0".into()), frame: FrameId(frame.into()), slot }
    }

    #[test]
    fn the_first_hundred_lanes_lie_with_their_fork_and_the_others_by_hundreds() {
        let table = [
            ("", "e.0"),
            ("4.0", "e.0"),
            ("4.99", "e.0"),
            ("4.100", "e.0#/4.1"),
            ("4.199", "e.0#/4.1"),
            ("4.9999", "e.0#/4.99"),
            ("4.0/2.17", "e.0"),
            ("4.0/2.100", "e.0#4.0/2.1"),
            ("4.250/2.17", "e.0#/4.2"),
            ("4.250/2.17/0.3", "e.0#/4.2"),
            ("4.250/2.300", "e.0#4.250/2.3"),
        ];
        for (frame, expected) in table {
            let at = at(frame, 7);
            assert_eq!(partition(&at.execution, &at.frame), expected, "{frame}");
        }
    }

    #[test]
    fn a_chunk_of_units_has_a_partition_of_its_own() {
        let chunk = "arn:mapRun:a.b/each:1#holder.7/000000000012";
        let own = format!("item#units#{chunk}");
        for key in [format!("{chunk}.0000"), format!("{chunk}.0003"), format!("{chunk}.")] {
            assert_eq!(item(Kind::Units, &key), own, "{key}");
        }
        assert_eq!(item(Kind::MapRun, "arn:mapRun:a.b/each:1"), "item#map-run");
    }

    #[test]
    fn sort_keys_are_in_the_order_of_frames_and_slots_and_tell_the_frame() {
        let order = [
            ("", 0),
            ("", 9),
            ("", 10),
            ("4.1", 0),
            ("4.1", 11),
            ("4.1/2.0", 0),
            ("4.1/2.0/0.3", 0),
            ("4.10", 0),
        ];
        let keys: Vec<_> =
            order.iter().map(|(frame, slot)| record(&at(frame, *slot)).sort).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        for ((frame, _), key) in order.iter().zip(&keys) {
            assert_eq!(&*frame_of(key).unwrap().0, *frame);
            let (from, to) = records_of(&FrameId((*frame).into()));
            let own = keys.iter().filter(|key| from <= **key && **key <= to).count();
            assert_eq!(own, order.iter().filter(|(other, _)| other == frame).count(), "{frame}");
        }
        for other in ["e", "p0", "b4.1#0000000003", "j4.1#0000000003", "r"] {
            assert_eq!(frame_of(other), None, "{other}");
        }
    }
}
