//! Hands out the item indexes of one Map to its lanes, in the order of asking. Pure; who keeps it must make grants last.

use std::collections::BTreeMap;

/// The dispenser of one fork. All grants are kept: one turn of a lane may finish many items before it writes a record,
/// and after a crash in between the lane asks for all of them again.
#[derive(Debug, Default)]
pub(super) struct Dispenser {
    /// Each lane's grants in the order of slots.
    lanes: BTreeMap<u32, Vec<Grant>>,
    next: Option<u64>,
}

/// What a lane was given for a slot. Sixteen bytes, for each item of each Map that is running.
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
        let mut dispenser = Dispenser::default();
        for (lane, grant) in grants {
            dispenser.keep(lane, grant);
        }
        dispenser
    }

    /// The index for a lane's slot; the very first one is `first`.
    pub(super) fn grant(&mut self, lane: u32, slot: u64, first: u64) -> Answer {
        if let Some(index) = self.granted(lane, slot) {
            return Answer::Known(index);
        }
        let index = self.next.unwrap_or(first);
        self.keep(lane, Grant { slot, index });
        Answer::New(index)
    }

    fn granted(&self, lane: u32, slot: u64) -> Option<u64> {
        let grants = self.lanes.get(&lane)?;
        let place = grants.binary_search_by_key(&slot, |grant| grant.slot).ok()?;
        grants.get(place).map(|grant| grant.index)
    }

    /// Notes a grant that is not known yet.
    fn keep(&mut self, lane: u32, grant: Grant) {
        self.next = self.next.max(Some(grant.index + 1));
        let grants = self.lanes.entry(lane).or_default();
        // A lane's slots grow, so this is nearly always the end.
        let place = grants.partition_point(|known| known.slot < grant.slot);
        grants.insert(place, grant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_dispenser_goes_on_where_it_stopped() {
        let stored = [(0, 4, 2), (1, 3, 3), (0, 2, 4)];
        let stored = stored.map(|(lane, slot, index)| (lane, Grant { slot, index }));
        let mut dispenser = Dispenser::restored(stored);
        let table = [
            (0, 4, Answer::Known(2), "the first"),
            (0, 2, Answer::Known(4), "a slot before it"),
            (1, 3, Answer::Known(3), "another lane"),
            (0, 5, Answer::New(5), "news"),
            (0, 4, Answer::Known(2), "the first, still"),
            (1, 2, Answer::New(6), "a slot for which nobody asked, before one that is known"),
            (1, 3, Answer::Known(3), "the one after it"),
        ];
        for (lane, slot, expected, reason) in table {
            assert_eq!(dispenser.grant(lane, slot, 2), expected, "{reason}");
        }
    }
}
