//! Requests to the table, each tried again as long as that can help: when the table throttles or is not well, when a
//! reply is lost, when a batch comes back in part.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::attribute::{Attributes, Key, string};
use super::schema::{PARTITION, SORT};
use crate::retry::{self, Backoff};
use crate::store::Error;

/// A table.
#[derive(Clone)]
pub(super) struct Table {
    client: Client,
    name: Arc<str>,
}

/// Items of one partition.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Which.
    pub(super) partition: String,
    /// First and last sort key.
    pub(super) sort: (String, String),
    /// Of an index, with its keys: partition and sort.
    pub(super) index: Option<(&'static str, [&'static str; 2])>,
    /// Last ones first.
    pub(super) backwards: bool,
    /// At most so many.
    pub(super) limit: usize,
}

/// A change of one item.
#[derive(Clone, Debug)]
pub(super) struct Update<'a> {
    /// Which.
    pub(super) key: Key,
    /// `UpdateExpression`
    pub(super) change: &'a str,
    /// `ConditionExpression`
    pub(super) condition: Option<&'a str>,
    /// What `#…` stands for in the expressions.
    pub(super) names: Vec<(&'a str, String)>,
    /// What `:…` stands for in the expressions.
    pub(super) values: Vec<(&'a str, AttributeValue)>,
}

/// What became of a conditional write. If a reply was lost, a refusal may be the write's own doing.
#[derive(Debug)]
pub(super) enum Written {
    /// Done; of an update, the whole item after it.
    Done(Attributes),
    /// The condition does not hold for what is there, if anything is.
    Refused(Option<Attributes>),
}

impl Table {
    pub(super) fn new(client: Client, name: Arc<str>) -> Table {
        Table { client, name }
    }

    /// Writes an item unless there is one with its key.
    pub(super) async fn insert(&self, item: Attributes) -> Result<Written, Error> {
        self.put_if(item, Some("attribute_not_exists(pk)"), Vec::new()).await
    }

    /// Writes an item, if a condition holds for what is there.
    pub(super) async fn put_if(
        &self,
        item: Attributes,
        condition: Option<&str>,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<Written, Error> {
        let request = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(values_of(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match tried(|| request.clone().send()).await? {
            Ok(_) => Ok(Written::Done(Attributes::new())),
            Err(PutItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Written::Refused(refused.item().cloned()))
            }
            Err(other) => Err(unavailable(&other)),
        }
    }

    pub(super) async fn update(&self, update: Update<'_>) -> Result<Written, Error> {
        let names: HashMap<_, _> =
            update.names.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
        let request = self
            .client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(update.key.item()))
            .update_expression(update.change)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_names((!names.is_empty()).then_some(names))
            .set_expression_attribute_values(values_of(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match tried(|| request.clone().send()).await? {
            Ok(done) => Ok(Written::Done(done.attributes.unwrap_or_default())),
            Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Written::Refused(refused.item().cloned()))
            }
            Err(other) => Err(unavailable(&other)),
        }
    }

    /// Removes an item if a condition holds for it; whether it did.
    pub(super) async fn remove_if(
        &self,
        key: &Key,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<bool, Error> {
        let request = self
            .client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key.item()))
            .condition_expression(condition)
            .set_expression_attribute_values(values_of(values));
        match tried(|| request.clone().send()).await? {
            Ok(_) => Ok(true),
            Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Err(other) => Err(unavailable(&other)),
        }
    }

    /// An item, strongly consistent.
    pub(super) async fn item(&self, key: &Key) -> Result<Option<Attributes>, Error> {
        let request = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key.item()))
            .consistent_read(true);
        let found = tried(|| request.clone().send()).await?.map_err(|error| unavailable(&error))?;
        Ok(found.item)
    }

    /// One attribute of an item that never changes once it is there: read the cheap way, and only if that finds nothing
    /// strongly consistent.
    pub(super) async fn constant(
        &self,
        key: &Key,
        attribute: &str,
    ) -> Result<Option<Attributes>, Error> {
        for consistent in [false, true] {
            let request = self
                .client
                .get_item()
                .table_name(&*self.name)
                .set_key(Some(key.item()))
                .projection_expression(attribute)
                .consistent_read(consistent);
            let found =
                tried(|| request.clone().send()).await?.map_err(|error| unavailable(&error))?;
            if found.item.is_some() {
                return Ok(found.item);
            }
        }
        Ok(None)
    }

    /// Whichever of these items there are, strongly consistent, in no order.
    pub(super) async fn items(&self, keys: &[Key]) -> Result<Vec<Attributes>, Error> {
        let mut found = Vec::new();
        for keys in keys.chunks(BATCH) {
            let mut wanted = KeysAndAttributes::builder().consistent_read(true);
            for key in keys {
                wanted = wanted.keys(key.item());
            }
            let wanted = wanted.build().map_err(|error| Error::Unavailable(error.to_string()))?;
            self.batch(wanted, &mut found).await?;
        }
        Ok(found)
    }

    /// Asks again for what a batch left out.
    async fn batch(
        &self,
        wanted: KeysAndAttributes,
        found: &mut Vec<Attributes>,
    ) -> Result<(), Error> {
        let mut backoff = Backoff::within(PATIENCE);
        let mut left = HashMap::from([(self.name.to_string(), wanted)]);
        loop {
            let request = self.client.batch_get_item().set_request_items(Some(left));
            let answer =
                tried(|| request.clone().send()).await?.map_err(|error| unavailable(&error))?;
            found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            left = answer.unprocessed_keys.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            if !backoff.pause().await {
                return Err(Error::Unavailable("the table leaves keys unprocessed".into()));
            }
        }
    }

    /// Items in the order of their sort keys; strongly consistent if not of an index.
    pub(super) async fn query(&self, query: &Query) -> Result<Vec<Attributes>, Error> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = self.page(query, query.limit - found.len(), start).await?;
            found.extend(page.0);
            start = page.1;
            if start.is_none() || found.len() >= query.limit {
                return Ok(found);
            }
        }
    }

    async fn page(
        &self,
        query: &Query,
        limit: usize,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), Error> {
        let (index, [partition, sort]) = match query.index {
            Some((index, keys)) => (Some(index), keys),
            None => (None, [PARTITION, SORT]),
        };
        let request = self
            .client
            .query()
            .table_name(&*self.name)
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression(format!("{partition} = :p AND {sort} BETWEEN :a AND :z"))
            .expression_attribute_values(":p", string(&query.partition))
            .expression_attribute_values(":a", string(&query.sort.0))
            .expression_attribute_values(":z", string(&query.sort.1))
            .consistent_read(index.is_none())
            .scan_index_forward(!query.backwards)
            .set_limit(i32::try_from(limit).ok())
            .set_exclusive_start_key(start);
        let page = tried(|| request.clone().send()).await?.map_err(|error| unavailable(&error))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

impl Query {
    /// All items of a partition between two sort keys, both included.
    pub(super) fn between(partition: String, sort: (String, String)) -> Query {
        Query { partition, sort, index: None, backwards: false, limit: usize::MAX }
    }
}

/// Makes a request until it is answered. The inner error is the service's answer.
async fn tried<T, E, F>(request: impl Fn() -> F) -> Result<Result<T, E>, Error>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
{
    retry::tried(PATIENCE, request).await.map_err(Error::Unavailable)
}

/// A service's answer that nobody expected: no right to use the table, no such table.
fn unavailable<E: ProvideErrorMetadata + std::error::Error>(error: &E) -> Error {
    Error::Unavailable(retry::told(error))
}

fn values_of(values: Vec<(&str, AttributeValue)>) -> Option<HashMap<String, AttributeValue>> {
    let values: HashMap<_, _> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (!values.is_empty()).then_some(values)
}

/// How long a request is tried. A turn has some thirty seconds in all; what it could not do then comes again.
const PATIENCE: Duration = Duration::from_secs(8);

/// BatchGetItem's limit.
const BATCH: usize = 100;
