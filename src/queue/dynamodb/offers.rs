//! Activity tasks on offer: an item each, taken by whoever deletes it. A worker that waits looks once a second: a month
//! of it costs $0.16, less than the function that waits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use stepwright_core::engine::Offer;
use tokio::time::Instant;

use super::{Attributes, Error, PATIENCE, hash, hex, now, number, string, text};
use crate::queue::Offers;
use crate::retry::{told, tried};

/// Activity tasks on offer, for the serverless home.
pub struct DynamoOffers {
    client: Client,
    table: Arc<str>,
}

impl DynamoOffers {
    /// Offers in this table; the one of the timers will do.
    pub fn new(client: Client, table: &str) -> DynamoOffers {
        DynamoOffers { client, table: table.into() }
    }

    /// The oldest offers.
    async fn oldest(&self, activity: &str) -> Result<Vec<Attributes>, Error> {
        let request = self
            .client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("pk = :p")
            .expression_attribute_values(":p", string(partition(activity)))
            .consistent_read(true)
            .limit(LOOKED_AT);
        let found = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        Ok(found.map_err(|error| Error(told(&error)))?.items.unwrap_or_default())
    }

    /// Takes an offer away; `false` if somebody else did.
    async fn remove(&self, activity: &str, place: &str) -> Result<bool, Error> {
        let request = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .key("pk", string(partition(activity)))
            .key("sk", string(place))
            .condition_expression("attribute_exists(pk)");
        match tried(PATIENCE, || request.clone().send()).await.map_err(Error)? {
            Ok(_) => Ok(true),
            // If a reply was lost, it may have been taken here: its task is offered again when it was not started.
            Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Err(error) => Err(Error(told(&error))),
        }
    }

    async fn take_one(&self, activity: &str) -> Result<Option<Offer>, Error> {
        for item in self.oldest(activity).await? {
            if self.remove(activity, text(&item, "sk")?).await? {
                let offer = serde_json::from_str(text(&item, "b")?);
                return offer.map(Some).map_err(|error| Error(error.to_string()));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Offers for DynamoOffers {
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error> {
        let body = serde_json::to_string(&offer).map_err(|error| Error(error.to_string()))?;
        let at = now();
        let item = Attributes::from([
            ("pk".to_owned(), string(partition(activity))),
            ("sk".to_owned(), string(format!("{:019}#{}", at.0, hex(&hash(&body))))),
            ("b".to_owned(), string(body)),
            ("ttl".to_owned(), number(at.0 / 1_000_000 + KEPT_SECONDS)),
        ]);
        let request = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = tried(PATIENCE, || request.clone().send()).await.map_err(Error)?;
        put.map(|_| ()).map_err(|error| Error(told(&error)))
    }

    async fn take(&self, activity: &str, seconds: f64) -> Result<Option<Offer>, Error> {
        let longest = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let until = Instant::now() + longest;
        loop {
            if let Some(offer) = self.take_one(activity).await? {
                return Ok(Some(offer));
            }
            let next = Instant::now() + INTERVAL;
            if next > until {
                return Ok(None);
            }
            tokio::time::sleep_until(next).await;
        }
    }
}

fn partition(activity: &str) -> String {
    format!("A#{activity}")
}

/// Of several workers that look at once, each finds one that the others did not take.
const LOOKED_AT: i32 = 5;
const INTERVAL: Duration = Duration::from_secs(1);

/// No execution takes longer than a year.
const KEPT_SECONDS: i64 = 366 * 86_400;
