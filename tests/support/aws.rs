//! An AWS emulator, where one is running: tables and queues of a test's own.
//!
//! `make test` starts one and says where; whoever runs `cargo test` alone need not have one, and is told what is left out.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_smithy_types::retry::RetryConfig;
use stepwright::queue::sqs::Queues;
use stepwright::store::dynamodb::{Tables, schema};

/// Where AWS is emulated, or a proxy before it.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    endpoint: String,
}

impl Aws {
    /// The emulator; `None`, with a reason, where there is none.
    ///
    /// # Panics
    /// If there must be one: a test that is left out must not pass for one that has passed.
    pub(crate) fn emulated() -> Option<Aws> {
        static TOLD: Once = Once::new();
        if let Ok(endpoint) = std::env::var(ENDPOINT) {
            return Some(Aws { endpoint });
        }
        assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but {ENDPOINT} is not");
        TOLD.call_once(|| {
            println!("left out: tests on DynamoDB and SQS, for {ENDPOINT} names no emulator (make test starts one)");
        });
        None
    }

    /// The same through a proxy.
    pub(crate) fn at(endpoint: String) -> Aws {
        Aws { endpoint }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(credentials())
            .retry_config(RetryConfig::disabled());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(credentials())
            .retry_config(RetryConfig::disabled());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// A new table of executions, as the template makes it. Nothing in it expires while a test may run, though tests
    /// write of times long ago.
    pub(crate) async fn executions_table(&self) -> Tables {
        let name = unique("executions");
        let projection =
            Projection::builder().projection_type(ProjectionType::Include).set_non_key_attributes(
                Some(schema::INDEX_PROJECTED.iter().map(|name| (*name).to_owned()).collect()),
            );
        let index = GlobalSecondaryIndex::builder()
            .index_name(schema::INDEX)
            .key_schema(key(schema::INDEX_PARTITION, KeyType::Hash))
            .key_schema(key(schema::INDEX_SORT, KeyType::Range))
            .projection(projection.build());
        self.create(&name, Some(index.build().unwrap())).await;
        Tables { retention_days: 100_000, ..Tables::named(&name) }
    }

    /// A new table of timers and offers, as the template makes it.
    pub(crate) async fn timers_table(&self) -> String {
        let name = unique("timers");
        self.create(&name, None).await;
        name
    }

    async fn create(&self, name: &str, index: Option<GlobalSecondaryIndex>) {
        let mut attributes = vec![schema::PARTITION, schema::SORT];
        if index.is_some() {
            attributes.extend([schema::INDEX_PARTITION, schema::INDEX_SORT]);
        }
        let definition = |name| {
            let builder = AttributeDefinition::builder().attribute_name(name);
            builder.attribute_type(ScalarAttributeType::S).build().unwrap()
        };
        let client = self.dynamodb();
        client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes.into_iter().map(definition).collect()))
            .key_schema(key(schema::PARTITION, KeyType::Hash))
            .key_schema(key(schema::SORT, KeyType::Range))
            .set_global_secondary_indexes(index.map(|index| vec![index]))
            .send()
            .await
            .unwrap();
        let expiry =
            TimeToLiveSpecification::builder().enabled(true).attribute_name(schema::EXPIRY);
        let request = client.update_time_to_live().table_name(name);
        request.time_to_live_specification(expiry.build().unwrap()).send().await.unwrap();
    }

    /// A new queue.
    pub(crate) async fn queue(&self) -> Queues {
        let created = self.sqs().create_queue().queue_name(unique("queue")).send().await.unwrap();
        Queues { url: created.queue_url().unwrap().into(), slow_url: None }
    }
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// A name that no other test has.
fn unique(what: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{}-{number}", std::process::id())
}

const ENDPOINT: &str = "STEPWRIGHT_TEST_DYNAMODB";
const REQUIRED: &str = "STEPWRIGHT_TEST_REQUIRED";
