//! What SQS cannot hold, in DynamoDB: timers further away than its longest delay, and activity tasks on offer to workers
//! that poll. Both lie in one table, with `pk`, `sk` and `ttl` as in the store's table.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use stepwright_core::engine::{Message, Offer};
use stepwright_core::time::Timestamp;

use super::{Error, Offers};

/// Environment variable that names the table of timers and offers.
pub const TIMERS_TABLE_VARIABLE: &str = "STEPWRIGHT_TIMERS_TABLE";

/// Timers that are further away than a queue can delay a message.
pub struct Timers {
    client: Client,
    table: Arc<str>,
}

impl Timers {
    /// Timers in this table.
    pub fn new(client: Client, table: &str) -> Timers {
        Timers { client, table: table.into() }
    }

    /// Keeps a message until it is near its time.
    ///
    /// # Errors
    /// The table is not available.
    pub async fn park(&self, _message: &Message, _due: Timestamp) -> Result<(), Error> {
        let _ = (&self.client, &self.table);
        Err(Error("not built yet".into()))
    }
}

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
}

#[async_trait]
impl Offers for DynamoOffers {
    async fn offer(&self, _: &str, _: Offer) -> Result<(), Error> {
        let _ = (&self.client, &self.table);
        Err(Error("not built yet".into()))
    }

    async fn take(&self, _: &str, _: f64) -> Result<Option<Offer>, Error> {
        Err(Error("not built yet".into()))
    }
}
