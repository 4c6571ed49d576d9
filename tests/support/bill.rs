//! What requests cost: counted from what really left the process, by the rules and prices of us-east-1.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use stepwright::store::dynamodb::schema::{INDEX_PARTITION, INDEX_PROJECTED, INDEX_SORT};

use super::proxy::Call;

/// Requests by operation, and the units they are billed by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bill {
    /// How often each operation was asked for.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Write request units of DynamoDB, the index included.
    pub(crate) writes: f64,
    /// Read request units of DynamoDB.
    pub(crate) reads: f64,
    /// Requests to SQS, one for each 64 KB.
    pub(crate) messages: f64,
    /// Invocations of functions, told by whoever makes them.
    pub(crate) invocations: f64,
    /// Dollars for the time of functions, likewise.
    pub(crate) compute: f64,
    /// Bytes of log lines, likewise.
    pub(crate) logged: f64,
}

impl Bill {
    pub(crate) fn of(calls: &[Call]) -> Bill {
        let mut bill = Bill::default();
        for call in calls {
            let refused = call.answer["__type"].as_str().is_some_and(|t| t.ends_with(REFUSED));
            assert!(call.status == 200 || refused, "{call:?}");
            *bill.requests.entry(call.operation.clone()).or_default() += 1;
            bill.add(call);
        }
        bill
    }

    /// Both together.
    pub(crate) fn and(mut self, other: Bill) -> Bill {
        for (operation, times) in other.requests {
            *self.requests.entry(operation).or_default() += times;
        }
        self.writes += other.writes;
        self.reads += other.reads;
        self.messages += other.messages;
        self.invocations += other.invocations;
        self.compute += other.compute;
        self.logged += other.logged;
        self
    }

    fn add(&mut self, call: &Call) {
        let (request, answer) = (&call.request, &call.answer);
        match call.operation.as_str() {
            "PutItem" => {
                let item = &request["Item"];
                self.writes += kilobytes(size(item), 1024.0);
                if item[INDEX_PARTITION].is_object() {
                    self.writes += kilobytes(projected(item), 1024.0);
                }
            }
            "UpdateItem" => {
                // After it was changed, or as it was if it was not.
                let item = [&answer["Attributes"], &answer["Item"]];
                let item = item.into_iter().find(|item| item.is_object()).unwrap_or(&Json::Null);
                self.writes += kilobytes(size(item), 1024.0);
                if request["UpdateExpression"].as_str().unwrap().contains(INDEX_PARTITION) {
                    // The old entry goes, a new one comes.
                    self.writes += 2.0 * kilobytes(projected(item), 1024.0);
                }
            }
            "GetItem" => self.read(size(&answer["Item"]), &request["ConsistentRead"]),
            "Query" => {
                let items = answer["Items"].as_array().unwrap();
                self.read(items.iter().map(size).sum(), &request["ConsistentRead"]);
            }
            "SendMessageBatch" => {
                let entries = request["Entries"].as_array().unwrap();
                let bytes: usize =
                    entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().len()).sum();
                self.messages += kilobytes(bytes, 65_536.0);
            }
            "ReceiveMessage" => {
                let none = Vec::new();
                let received = answer["Messages"].as_array().unwrap_or(&none);
                let bytes: usize =
                    received.iter().map(|message| message["Body"].as_str().unwrap().len()).sum();
                self.messages += kilobytes(bytes, 65_536.0);
            }
            "DeleteMessageBatch" => self.messages += 1.0,
            other => panic!("nobody knows what {other} costs"),
        }
    }

    fn read(&mut self, bytes: usize, consistent: &Json) {
        let units = kilobytes(bytes, 4096.0);
        self.reads += if consistent == &Json::Bool(true) { units } else { units / 2.0 };
    }

    /// Dollars.
    pub(crate) fn dollars(&self) -> f64 {
        self.writes * PRICE_WRITE
            + self.reads * PRICE_READ
            + self.messages * PRICE_SQS
            + self.invocations * PRICE_INVOCATION
            + self.compute
            + self.logged * PRICE_LOGGED
    }
}

/// Units of so many bytes; at least one.
fn kilobytes(bytes: usize, unit: f64) -> f64 {
    (bytes as f64 / unit).ceil().max(1.0)
}

/// Bytes of an item, by DynamoDB's rules: names and values, binary as it is, numbers by two digits.
fn size(item: &Json) -> usize {
    let Some(item) = item.as_object() else { return 0 };
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &Json) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let number = |text: &Json| text.as_str().unwrap().trim_start_matches('-').len().div_ceil(2) + 1;
    match kind.as_str() {
        "S" => value.as_str().unwrap().len(),
        "N" => number(value),
        "B" => value.as_str().unwrap().trim_end_matches('=').len() * 3 / 4,
        "NS" => value.as_array().unwrap().iter().map(number).sum(),
        "M" => 3 + size(value) + value.as_object().unwrap().len(),
        other => panic!("nobody knows the size of a {other}"),
    }
}

/// Bytes of an item's entry in the index: its keys and what is projected.
fn projected(item: &Json) -> usize {
    let kept = ["pk", "sk", INDEX_PARTITION, INDEX_SORT];
    let kept = kept.iter().chain(INDEX_PROJECTED);
    let item: serde_json::Map<_, _> =
        kept.filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect();
    size(&Json::Object(item))
}

/// Costs as much as if it had been done.
const REFUSED: &str = "ConditionalCheckFailedException";

/// List prices of us-east-1 in dollars, without the free tier.
const PRICE_WRITE: f64 = 0.625e-6;
const PRICE_READ: f64 = 0.125e-6;
const PRICE_SQS: f64 = 0.40e-6;
const PRICE_INVOCATION: f64 = 0.20e-6;
const PRICE_LOGGED: f64 = 0.50e-9;

#[test]
fn items_are_weighed_as_dynamodb_weighs_them() {
    let table = [
        (serde_json::json!({"pk": {"S": "abc"}}), 5),
        (serde_json::json!({"n": {"N": "1234"}}), 4),
        (serde_json::json!({"b": {"B": "AAECAw=="}}), 5),
        (serde_json::json!({"s": {"NS": ["1", "22"]}}), 5),
        (serde_json::json!({"m": {"M": {"a": {"N": "7"}}}}), 8),
        (Json::Null, 0),
    ];
    for (item, expected) in table {
        assert_eq!(size(&item), expected, "{item}");
    }
    assert_eq!([0, 1, 1024, 1025].map(|bytes| kilobytes(bytes, 1024.0)), [1.0, 1.0, 1.0, 2.0]);
}
