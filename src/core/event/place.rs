//! Where something is: which execution, which frame, which slot, which event.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The key of one run of one execution: a hash of machine ARN and name, and which run of that name it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(pub Arc<str>);

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A frame of an execution: the root is the empty path, each fork adds `SLOT.LANE`: `4.0/2.17` is lane 17 of the fork
/// that lane 0 made at its slot 2, itself forked at the root's slot 4.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameId(pub Arc<str>);

impl FrameId {
    /// The root frame.
    pub fn root() -> FrameId {
        FrameId::default()
    }

    /// Whether this is the root frame.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Lane `lane` of the fork made at `slot` of this frame.
    pub fn child(&self, slot: u64, lane: u32) -> FrameId {
        if self.is_root() {
            return FrameId(format!("{slot}.{lane}").into());
        }
        FrameId(format!("{}/{slot}.{lane}", self.0).into())
    }

    /// The fork that this frame is a lane of: forking frame, slot of the fork, lane. `None` for the root.
    pub fn fork(&self) -> Option<(FrameId, u64, u32)> {
        let (parent, last) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        let (slot, lane) = last.split_once('.')?;
        Some((FrameId(parent.into()), slot.parse().ok()?, lane.parse().ok()?))
    }

    /// Whether `other` lies below this frame.
    pub fn encloses(&self, other: &FrameId) -> bool {
        if self.is_root() {
            return !other.is_root();
        }
        other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A slot of a frame of an execution: what a message wants to write.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// Which execution.
    pub execution: ExecutionId,
    /// Which frame of it.
    pub frame: FrameId,
    /// Which slot of the frame's journal.
    pub slot: u64,
}

/// An event, named before its id is known: the `index`-th event of a record. Ids are given when history is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRef {
    /// Frame of the record.
    #[serde(rename = "f", default, skip_serializing_if = "FrameId::is_root")]
    pub frame: FrameId,
    /// Slot of the record.
    #[serde(rename = "s")]
    pub slot: u64,
    /// Position among the record's events.
    #[serde(rename = "i")]
    pub index: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_knows_the_fork_it_came_from() {
        let outer = FrameId::root().child(4, 0);
        let inner = outer.child(2, 17);
        assert_eq!(inner.to_string(), "4.0/2.17");
        assert_eq!(inner.fork(), Some((outer.clone(), 2, 17)));
        assert_eq!(outer.fork(), Some((FrameId::root(), 4, 0)));
        assert_eq!(FrameId::root().fork(), None);
        assert!(
            outer.encloses(&inner) && FrameId::root().encloses(&outer) && !inner.encloses(&outer)
        );
        assert!(!FrameId("4.0".into()).encloses(&FrameId("4.01".into())));
    }
}
