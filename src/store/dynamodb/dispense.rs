//! Dispensers: which item of a Map a lane gets next, by one write and without conflicts between lanes.
//!
//! A dispenser counts its grants in `n`. For each of its lanes it keeps what the lane was granted since its last record,
//! in attributes with the lane's number: `q` the slot of its next one, `k` the grant for the item that the last one has in
//! hand, and `m` those
//! that the same turn asked for after it. What came before will not be asked for again. Forty lanes share a dispenser,
//! which keeps it within a write unit of 1 KB; several of them divide the items: the third of seven hands out the third,
//! the tenth, and so on.

use aws_sdk_dynamodb::types::AttributeValue;
use stepwright_core::engine::Cursor;

use super::DynamoStore;
use super::attribute::{Attributes, Key, damaged, number, number_if_any, number_in, number_of};
use super::key::{self, DISPENSER_LANES};
use super::schema::EXPIRY;
use super::table::{Update, Written};
use crate::store::{Asking, Error};

impl DynamoStore {
    /// See [`Journal::dispense`](crate::store::Journal::dispense).
    pub(super) async fn grant(&self, fork: &Cursor, asking: Asking) -> Result<u64, Error> {
        let groups = u64::from(asking.lanes).div_ceil(DISPENSER_LANES).max(1);
        let group = u64::from(asking.lane) / DISPENSER_LANES % groups;
        let granted = self.ask(key::dispenser(fork, group), asking).await?;
        Ok(asking.first + group + granted * groups)
    }

    /// The number of the grant.
    async fn ask(&self, key: Key, asking: Asking) -> Result<u64, Error> {
        let of_lane = |letter| format!("{letter}{}", asking.lane);
        let mut names = vec![("#q", of_lane('q')), ("#m", of_lane('m'))];
        let mut values = vec![(":one", number(1)), (":q", number(asking.slot))];
        let (change, condition) = if asking.finished == asking.recorded {
            names.extend([("#k", of_lane('k')), ("#ttl", EXPIRY.to_owned())]);
            values.extend([
                (":zero", number(0)),
                (":none", AttributeValue::M(Attributes::new())),
                (":ttl", number(self.expiry_of_now())),
            ]);
            (
                "SET n = if_not_exists(n, :zero) + :one, #k = if_not_exists(n, :zero), #q = :q, \
                 #m = :none, #ttl = :ttl",
                "attribute_not_exists(#q) OR #q < :q",
            )
        } else {
            names.push(("#s", asking.finished.to_string()));
            ("SET n = n + :one, #m.#s = n", "#q = :q AND attribute_not_exists(#m.#s)")
        };
        let update = Update { key, change, condition: Some(condition), names, values };
        match self.table.update(update).await? {
            Written::Done(item) => Ok(number_in::<u64>(&item, "n")?.saturating_sub(1)),
            Written::Refused(item) => known(&item.unwrap_or_default(), asking),
        }
    }
}

/// The grant that a lane was given before for the same item.
fn known(item: &Attributes, asking: Asking) -> Result<u64, Error> {
    let name = |letter| format!("{letter}{}", asking.lane);
    if number_if_any(item, &name('q'))? != Some(asking.slot) {
        return Err(Error::Unavailable("this lane has gone on without the one who asks".into()));
    }
    if asking.finished == asking.recorded {
        return number_in(item, &name('k'));
    }
    let since = item.get(&name('m')).and_then(|since| since.as_m().ok());
    let granted = since.and_then(|since| since.get(&asking.finished.to_string()));
    granted.and_then(number_of).ok_or_else(|| damaged(item, &name('m')))
}
