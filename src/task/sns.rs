//! SNS: `publish`. A message that is no string is sent as JSON text.

use std::sync::Arc;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_sdk_sns::primitives::Blob;
use aws_sdk_sns::types::MessageAttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::value::Map;
use stepwright_core::expr::{Document, Value};

use super::aws::{Aws, Clients};
use super::metadata::{self, HEADERS};
use super::naming::Names;
use super::request;
use super::wire::Wire;

/// Publishes to topics, endpoints and telephones.
pub(super) struct Sns {
    clients: Clients<Client>,
}

impl Sns {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> Sns {
        Sns { clients: Clients::new(aws, "SNS", Client::new) }
    }

    /// Publishes one message.
    pub(super) async fn publish(&self, call: &TaskCall) -> TaskOutcome {
        match self.sent(call).await {
            Ok(output) => TaskOutcome::Succeeded(output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn sent(&self, call: &TaskCall) -> Result<Document, Failure> {
        let given = request::members(call.parameters.value());
        let text = |name: &str| given.get(name).map(request::text);
        let topic = text("TopicArn");
        let region = topic.as_deref().and_then(|arn| arn.split(':').nth(3));
        let client = self.clients.client(region, call.credentials.as_ref()).await?;
        let wire = Wire::default();
        let request = client
            .publish()
            .set_topic_arn(topic.clone())
            .set_target_arn(text("TargetArn"))
            .set_phone_number(text("PhoneNumber"))
            .set_message(text("Message"))
            .set_subject(text("Subject"))
            .set_message_structure(text("MessageStructure"))
            .set_message_deduplication_id(text("MessageDeduplicationId"))
            .set_message_group_id(text("MessageGroupId"))
            .set_message_attributes(attributes(&given)?)
            .customize()
            .interceptor(wire.clone());
        let published = Box::pin(request.send()).await;
        let published = published.map_err(|error| wire.failure(&error, &NAMES, call))?;
        let answer = wire.answer_of_length(written(&published).len());
        Ok(metadata::output(members(&published), &answer, HEADERS))
    }
}

fn members(published: &PublishOutput) -> Map {
    let members =
        [("MessageId", published.message_id()), ("SequenceNumber", published.sequence_number())];
    let there = members.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
    there.collect()
}

/// The answer as SNS writes it.
fn written(published: &PublishOutput) -> String {
    let member = |name: &str, value: Option<&str>| {
        value.map_or_else(String::new, |value| format!("    <{name}>{value}</{name}>\n"))
    };
    format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  <PublishResult>\n{}{}  </PublishResult>\n  \
         <ResponseMetadata>\n{}  </ResponseMetadata>\n</PublishResponse>\n",
        member("MessageId", published.message_id()),
        member("SequenceNumber", published.sequence_number()),
        member("RequestId", Some(REQUEST_ID)),
    )
}

/// Stands for the id of a request, which always has this length.
const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

type Attributes = std::collections::HashMap<String, MessageAttributeValue>;

fn attributes(given: &Map) -> Result<Option<Attributes>, Failure> {
    let Some(all) = given.get("MessageAttributes").and_then(Value::as_object) else {
        return Ok(None);
    };
    let read = all.iter().map(|(name, value)| Ok((name.to_string(), attribute(value)?)));
    read.collect::<Result<_, _>>().map(Some)
}

fn attribute(value: &Value) -> Result<MessageAttributeValue, Failure> {
    let given = request::members(value);
    let binary = given.get("BinaryValue").map(request::text);
    let binary = binary.map(|text| STANDARD.decode(text)).transpose().map_err(|_| {
        NAMES.no_answer("The value of the field 'BinaryValue' has an invalid format")
    })?;
    MessageAttributeValue::builder()
        .set_data_type(given.get("DataType").map(request::text).or_else(|| Some(String::new())))
        .set_string_value(given.get("StringValue").map(request::text))
        .set_binary_value(binary.map(Blob::new))
        .build()
        .map_err(|error| NAMES.no_answer(&error.to_string()))
}

const NAMES: Names = Names {
    prefix: "SNS",
    service: "AmazonSNS",
    base: "AmazonSNSException",
    classes: &[
        ("AuthorizationError", "AuthorizationErrorException"),
        ("EndpointDisabled", "EndpointDisabledException"),
        ("InternalError", "InternalErrorException"),
        ("InvalidParameter", "InvalidParameterException"),
        ("InvalidSecurity", "InvalidSecurityException"),
        ("KMSAccessDenied", "KMSAccessDeniedException"),
        ("KMSDisabled", "KMSDisabledException"),
        ("KMSInvalidState", "KMSInvalidStateException"),
        ("KMSNotFound", "KMSNotFoundException"),
        ("KMSOptInRequired", "KMSOptInRequiredException"),
        ("KMSThrottling", "KMSThrottlingException"),
        ("NotFound", "NotFoundException"),
        ("ParameterValueInvalid", "InvalidParameterValueException"),
        ("PlatformApplicationDisabled", "PlatformApplicationDisabledException"),
        ("ValidationException", "ValidationException"),
    ],
};
