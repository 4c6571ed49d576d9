//! SQS: `sendMessage`. A body that is no string is sent as JSON text.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Value};

use super::aws::{Aws, Clients};
use super::metadata::{self, HEADERS};
use super::naming::Names;
use super::request;
use super::wire::Wire;

/// Sends messages to queues.
pub(super) struct Sqs {
    clients: Clients<Place>,
}

impl Sqs {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> Sqs {
        Sqs { clients: Clients::new(aws, "SQS", Place::new) }
    }

    /// Sends one message.
    pub(super) async fn send_message(&self, call: &TaskCall) -> TaskOutcome {
        match self.sent(call).await {
            Ok(output) => TaskOutcome::Succeeded(output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn sent(&self, call: &TaskCall) -> Result<Document, Failure> {
        let url = call.parameters.value().get("QueueUrl").and_then(Value::as_str);
        let url = QueueUrl::read(url.unwrap_or_default());
        let place = self.clients.client(url.region, call.credentials.as_ref()).await?;
        let wire = Wire::sending(body(call.parameters.value()));
        let mut request = place.client.send_message().customize().interceptor(wire.clone());
        if let Some(endpoint) = url.endpoint(place.stands_in) {
            request = request.config_override(Builder::default().endpoint_url(endpoint));
        }
        let sent = Box::pin(request.send()).await;
        sent.map_err(|error| wire.failure(&error, &NAMES, call))?;
        Ok(metadata::of_json(&wire, HEADERS))
    }
}

fn body(parameters: &Value) -> String {
    let mut members = request::members(parameters);
    for name in ["QueueUrl", "MessageBody", "MessageDeduplicationId", "MessageGroupId"] {
        request::make_text(&mut members, name);
    }
    request::make_plain(&mut members, "DelaySeconds");
    Value::Object(members.into()).to_json()
}

/// A client, and whether it goes to an endpoint that stands in for AWS.
#[derive(Clone)]
struct Place {
    client: Client,
    stands_in: bool,
}

impl Place {
    fn new(config: &SdkConfig) -> Place {
        Place { client: Client::new(config), stands_in: config.endpoint_url().is_some() }
    }
}

/// The URL of a queue: a place and, in it, account and name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct QueueUrl<'a> {
    /// Scheme and authority; none if it is no URL.
    place: Option<&'a str>,
    /// Whether there is a path that can name a queue.
    names_queue: bool,
    /// The region in the host's name, for whoever knows no other.
    region: Option<&'a str>,
}

impl<'a> QueueUrl<'a> {
    fn read(url: &'a str) -> QueueUrl<'a> {
        let Some((scheme, rest)) = url.split_once("://") else { return QueueUrl::default() };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || !matches!(scheme, "http" | "https") {
            return QueueUrl::default();
        }
        let region = authority.strip_prefix("sqs.").and_then(|host| host.split('.').next());
        let place = url.get(..scheme.len() + 3 + authority.len());
        QueueUrl { place, names_queue: path.contains('/'), region }
    }

    /// Where the message goes, if not to SQS as it is configured. As on AWS the queue's own host gets it (recorded: one
    /// that does not exist fails by name); but where an endpoint stands in for AWS, that has the queues that can be
    /// named.
    fn endpoint(&self, configured: bool) -> Option<&'a str> {
        self.place.filter(|_| !(configured && self.names_queue))
    }
}

const NAMES: Names = Names {
    prefix: "SQS",
    service: "AmazonSQS",
    base: "AmazonSQSException",
    classes: &[
        ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExistException"),
        ("AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperationException"),
        ("InvalidMessageContents", "InvalidMessageContentsException"),
        ("QueueDoesNotExist", "QueueDoesNotExistException"),
        ("UnsupportedOperation", "UnsupportedOperationException"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_to_the_host_of_its_queue_unless_another_stands_in_for_aws() {
        let table = [
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
                false,
                Some("https://sqs.eu-west-1.amazonaws.com"),
            ),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", true, None),
            ("http://localhost:4566/000000000000/q", true, None),
            ("http://localhost:4566/000000000000/q", false, Some("http://localhost:4566")),
            ("http://no-such-queue", true, Some("http://no-such-queue")),
            ("no-such-queue", true, None),
            ("", false, None),
        ];
        for (url, configured, expected) in table {
            assert_eq!(QueueUrl::read(url).endpoint(configured), expected, "{url}");
        }
        let url = QueueUrl::read("https://sqs.eu-west-1.amazonaws.com/123456789012/q");
        assert_eq!(url.region, Some("eu-west-1"));
    }

    #[test]
    fn the_body_is_text_whatever_it_is_made_of() {
        let table = [
            (
                r#"{"MessageBody":{"a": [1]},"QueueUrl":"q"}"#,
                r#"{"MessageBody":"{\"a\":[1]}","QueueUrl":"q"}"#,
            ),
            (r#"{"MessageBody":7,"DelaySeconds":"5"}"#, r#"{"MessageBody":"7","DelaySeconds":5}"#),
            (r#"{"MessageBody":null,"MessageGroupId":1}"#, r#"{"MessageGroupId":"1"}"#),
        ];
        for (parameters, expected) in table {
            assert_eq!(body(&Value::parse(parameters).unwrap()), expected);
        }
    }
}
