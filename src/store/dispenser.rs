//! Hands out the item indexes of one Map to its lanes, in the order of asking. Pure; who keeps it must make grants last.

use std::collections::BTreeMap;

/// The dispenser of one fork. Only the last grant of each lane is kept: a lane asks for its next slot only when the
/// record of the slot before is in, and whoever still asks for an older slot will find it taken whatever is answered.
#[derive(Debug, Default)]
pub(super) struct Dispenser {
    grants: BTreeMap<u32, Grant>,
    next: Option<u64>,
}

/// What a lane was given last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// Slot for which it asked.
    pub(super) slot: u64,
    /// Index that it got.
    pub(super) index: u64,
}

/// Whether a grant is news that must be stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Granted now.
    New(u64),
    /// Granted before.
    Known(u64),
}

impl Dispenser {
    /// A dispenser as stored grants left it.
    pub(super) fn restored(grants: impl IntoIterator<Item = (u32, Grant)>) -> Dispenser {
        let grants: BTreeMap<u32, Grant> = grants.into_iter().collect();
        let next = grants.values().map(|grant| grant.index + 1).max();
        Dispenser { grants, next }
    }

    /// The index for a lane's slot; the very first one is `first`.
    pub(super) fn grant(&mut self, lane: u32, slot: u64, first: u64) -> Answer {
        if let Some(known) = self.grants.get(&lane)
            && slot <= known.slot
        {
            return Answer::Known(known.index);
        }
        let index = self.next.unwrap_or(first);
        self.next = Some(index + 1);
        self.grants.insert(lane, Grant { slot, index });
        Answer::New(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_dispenser_goes_on_where_it_stopped() {
        let mut before = Dispenser::default();
        assert_eq!(before.grant(0, 4, 2), Answer::New(2));
        assert_eq!(before.grant(1, 3, 2), Answer::New(3));
        let mut after = Dispenser::restored(before.grants.clone());
        assert_eq!(after.grant(0, 4, 2), Answer::Known(2));
        assert_eq!(after.grant(0, 5, 2), Answer::New(4));
    }
}
