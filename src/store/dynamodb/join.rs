//! Join sets: a tree of sets of at most a hundred numbers each, so that no item is written more than a hundred times,
//! and none is ever larger than a write unit. Adding to a set is idempotent. Whoever sees a set full adds it to the one
//! above; whoever sees the topmost one full has seen the fork complete.

use aws_sdk_dynamodb::types::AttributeValue;
use stepwright_core::engine::Cursor;

use super::DynamoStore;
use super::attribute::{Attributes, Key, number, numbers};
use super::key::{self, LANES};
use super::schema::EXPIRY;
use super::table::{Update, Written};
use crate::store::{Error, Joined};

impl DynamoStore {
    /// See [`Journal::join`](crate::store::Journal::join).
    pub(super) async fn join_lane(
        &self,
        fork: &Cursor,
        lane: u32,
        lanes: u32,
        failed: bool,
    ) -> Result<Joined, Error> {
        let leaf = key::join_leaf(fork, lane / LANES);
        let (finished, failures) = self.add(leaf, lane, failed).await?;
        let joined = Joined { finished, failed: failures };
        let mut full = full(finished, lane / LANES, lanes);
        let (mut child, mut children, mut level) = (lane / LANES, lanes.div_ceil(LANES), 1);
        while full && children > 1 {
            let node = key::join_node(fork, level, child / LANES);
            let (finished, _) = self.add(node, child, false).await?;
            full = self::full(finished, child / LANES, children);
            (child, children, level) = (child / LANES, children.div_ceil(LANES), level + 1);
        }
        Ok(if full { Joined { finished: finished.max(lanes), ..joined } } else { joined })
    }

    /// See [`Journal::joined`](crate::store::Journal::joined).
    pub(super) async fn joined_lanes(&self, fork: &Cursor, lanes: u32) -> Result<Joined, Error> {
        let leaves: Vec<_> =
            (0..lanes.div_ceil(LANES).max(1)).map(|leaf| key::join_leaf(fork, leaf)).collect();
        let found = match leaves.as_slice() {
            [only] => self.table.item(only).await?.into_iter().collect(),
            leaves => self.table.items(leaves).await?,
        };
        let mut joined = Joined::default();
        for leaf in &found {
            let (finished, failed) = counted(leaf)?;
            joined.finished += finished;
            joined.failed.extend(failed);
        }
        joined.failed.sort_unstable();
        Ok(joined)
    }

    /// Adds a number to a set; how many are in it then, and which of them failed.
    async fn add(&self, key: Key, member: u32, failed: bool) -> Result<(u32, Vec<u32>), Error> {
        let set = |n: u32| AttributeValue::Ns(vec![n.to_string()]);
        let mut values = vec![(":n", set(member)), (":ttl", number(self.expiry_of_now()))];
        let mut change = "SET #ttl = :ttl ADD done :n".to_owned();
        if failed {
            change.push_str(", bad :b");
            values.push((":b", set(member)));
        }
        let names = vec![("#ttl", EXPIRY.to_owned())];
        let update = Update { key, change: &change, condition: None, names, values };
        match self.table.update(update).await? {
            Written::Done(item) => counted(&item),
            Written::Refused(_) => Err(Error::Unavailable("an addition was refused".into())),
        }
    }
}

/// Whether a set that has so many members is complete: the `place`th of the sets of a hundred that hold `all`.
fn full(members: u32, place: u32, all: u32) -> bool {
    members >= all.saturating_sub(place * LANES).min(LANES)
}

fn counted(item: &Attributes) -> Result<(u32, Vec<u32>), Error> {
    let finished = numbers(item, "done")?.len();
    let mut failed = numbers(item, "bad")?;
    failed.sort_unstable();
    Ok((u32::try_from(finished).unwrap_or(u32::MAX), failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_set_is_full_with_what_is_left() {
        let table = [
            (99, 0, 100, false),
            (100, 0, 100, true),
            (100, 0, 250, true),
            (49, 2, 250, false),
            (50, 2, 250, true),
            (1, 0, 1, true),
            (1, 1, 101, true),
        ];
        for (members, place, all, expected) in table {
            assert_eq!(full(members, place, all), expected, "{members} in set {place} of {all}");
        }
    }
}
