//! Dispensers: which item of a Map a lane gets next, by one write and without conflicts between lanes.
//!
//! A dispenser counts its grants in `n`. For each of its lanes it keeps what the lane was granted since its last record:
//! `q` the item that this record has in hand, `k` the grant for it, and `m` those that the same turn asked for after it.
//! What came before will not be asked for again. Forty lanes share a dispenser, which keeps it within a write unit of
//! 1 KB; several of them divide the items: the third of seven hands out the third, the tenth, and so on.

use stepwright_core::engine::Cursor;

use super::DynamoStore;
use super::attribute::{Attributes, Key, damaged, number, number_in, number_of};
use super::key::{self, DISPENSER_LANES};
use super::schema::EXPIRY;
use super::table::{Update, Written};
use crate::store::{Asking, Error};
use aws_sdk_dynamodb::types::AttributeValue;

impl DynamoStore {
    /// See [`Journal::dispense`](crate::store::Journal::dispense).
    pub(super) async fn grant(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        let groups = u64::from(asking.lanes).div_ceil(DISPENSER_LANES).max(1);
        let group = u64::from(asking.lane) / DISPENSER_LANES % groups;
        let key = key::dispenser(fork, group);
        let granted = match self.ask(key.clone(), asking).await? {
            Some(granted) => granted,
            None => {
                self.open_dispenser(&key).await?;
                let opened = self.ask(key, asking).await?;
                opened.ok_or_else(|| Error::Unavailable("a dispenser is just going".into()))?
            }
        };
        Ok(asking.first + group + granted * groups)
    }

    /// The number of the grant; `None` if there is no dispenser yet.
    async fn ask(&self, key: Key, asking: Asking) -> Result<Option<u64>, Error> {
        let lane = asking.lane.to_string();
        let finished = asking.finished.to_string();
        let mut names = vec![("#l", lane.clone())];
        let mut values = vec![(":one", number(1)), (":q", number(asking.recorded))];
        let (change, condition) = if asking.finished == asking.recorded {
            values.push((":none", AttributeValue::M(Attributes::new())));
            (
                "SET n = n + :one, k.#l = n, q.#l = :q, m.#l = :none",
                "attribute_exists(pk) AND (attribute_not_exists(q.#l) OR q.#l < :q)",
            )
        } else {
            names.push(("#s", finished.clone()));
            (
                "SET n = n + :one, m.#l.#s = n",
                "attribute_exists(pk) AND q.#l = :q AND attribute_not_exists(m.#l.#s)",
            )
        };
        let update = Update { key, change, condition: Some(condition), names, values };
        match self.table.update(update).await? {
            Written::Done(item) => Ok(Some(number_in::<u64>(&item, "n")?.saturating_sub(1))),
            Written::Refused(None) => Ok(None),
            Written::Refused(Some(item)) => known(&item, asking).map(Some),
        }
    }

    async fn open_dispenser(&self, key: &Key) -> Result<(), Error> {
        let mut item = key.item();
        item.insert("n".to_owned(), number(0));
        for name in ["k", "q", "m"] {
            item.insert(name.to_owned(), AttributeValue::M(Attributes::new()));
        }
        item.insert(EXPIRY.to_owned(), number(self.expiry_of_now()));
        self.table.insert(item).await.map(|_| ())
    }
}

/// The grant that a lane was given before for the same item.
fn known(item: &Attributes, asking: Asking) -> Result<u64, Error> {
    let lane = asking.lane.to_string();
    let recorded: u64 =
        of_lane(item, "q", &lane).and_then(number_of).ok_or_else(|| damaged(item, "q"))?;
    if recorded != asking.recorded {
        return Err(Error::Unavailable("this lane has gone on without the one who asks".into()));
    }
    let granted = if asking.finished == asking.recorded {
        of_lane(item, "k", &lane)
    } else {
        let since = of_lane(item, "m", &lane).and_then(|since| since.as_m().ok());
        since.and_then(|since| since.get(&asking.finished.to_string()))
    };
    granted.and_then(number_of).ok_or_else(|| damaged(item, "k"))
}

fn of_lane<'a>(item: &'a Attributes, name: &str, lane: &str) -> Option<&'a AttributeValue> {
    item.get(name)?.as_m().ok()?.get(lane)
}
