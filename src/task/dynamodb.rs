//! DynamoDB: `getItem`, `putItem`, `updateItem`, `deleteItem`. Items pass as they are: DynamoDB's own JSON is that of the
//! parameters and of the output.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

use super::aws::{Aws, Clients};
use super::metadata::{self, Shown};
use super::naming::Names;
use super::request;
use super::wire::Wire;

/// Reads and writes items.
pub(super) struct DynamoDb {
    clients: Clients<Client>,
}

/// The four actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    Put,
    Update,
    Delete,
}

impl DynamoDb {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> DynamoDb {
        DynamoDb { clients: Clients::new(aws, "DynamoDB", Client::new) }
    }

    /// One action on one item.
    pub(super) async fn perform(&self, action: Action, call: &TaskCall) -> TaskOutcome {
        match self.sent(action, call).await {
            Ok(output) => TaskOutcome::Succeeded(output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn sent(&self, action: Action, call: &TaskCall) -> Result<Document, Failure> {
        let client = self.clients.client(None, call.credentials.as_ref()).await?;
        let table =
            call.parameters.value().get("TableName").map_or_else(String::new, request::text);
        let table = if table.is_empty() { "-" } else { &*table };
        let wire = Wire::sending(body(call.parameters.value()));
        // The client signs, sends and reads errors; the body is ours, and the answer is read from the wire.
        macro_rules! send {
            ($operation:ident) => {{
                let request =
                    client.$operation().table_name(table).customize().interceptor(wire.clone());
                let sent = Box::pin(request.send()).await;
                sent.map(drop).map_err(|error| wire.failure(&error, &NAMES, call))
            }};
        }
        match action {
            Action::Get => send!(get_item),
            Action::Put => send!(put_item),
            Action::Update => send!(update_item),
            Action::Delete => send!(delete_item),
        }?;
        Ok(metadata::of_json(&wire, HEADERS))
    }
}

fn body(parameters: &Value) -> String {
    let mut members = request::members(parameters);
    request::make_plain(&mut members, "ConsistentRead");
    Value::Object(members.into()).to_json()
}

/// Recorded, with their order. DynamoDB signs every answer with `Server: Server`, of which a server that stands in for it
/// makes its own name; and `Connection` is not of the answer but of the connection, as with all other services.
const HEADERS: &[Shown] = &[
    ("Server", Some("Server")),
    ("Connection", Some("keep-alive")),
    ("x-amzn-RequestId", None),
    ("x-amz-crc32", None),
    ("Content-Length", None),
    ("Date", None),
    ("Content-Type", None),
];

const NAMES: Names = Names {
    prefix: "DynamoDB",
    service: "AmazonDynamoDBv2",
    base: "AmazonDynamoDBException",
    classes: &[
        ("ConditionalCheckFailedException", "ConditionalCheckFailedException"),
        ("InternalServerError", "InternalServerErrorException"),
        ("ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceededException"),
        ("LimitExceededException", "LimitExceededException"),
        ("ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException"),
        ("ReplicatedWriteConflictException", "ReplicatedWriteConflictException"),
        ("RequestLimitExceeded", "RequestLimitExceededException"),
        ("ResourceInUseException", "ResourceInUseException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("TransactionConflictException", "TransactionConflictException"),
    ],
};
