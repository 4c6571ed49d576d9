//! State machines in CloudFormation and SAM templates: the custom resource `Custom::StepwrightStateMachine`, whose service is
//! the `start` function. Its properties are those of `AWS::Serverless::StateMachine`.
//!
//! | property | |
//! |---|---|
//! | `Name` | required, for a custom resource gets no generated one; another name makes another machine |
//! | `Definition`, `DefinitionString`, `DefinitionUri` | one of them: an object; a text; an object in S3 (`s3://bucket/key` or `{Bucket, Key, Version}`). Texts and objects in JSON or YAML |
//! | `DefinitionSubstitutions` | values of `${…}` |
//! | `Type`, `RoleArn`, `Logging`, `Tracing`, `Tags` | as usual |
//!
//! `Ref` gives the ARN, `GetAtt` gives `Arn`, `Name` and `RevisionId`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Call, operate};
use super::definition::rendered;
use super::web::{self, Web};
use super::world::{World, unavailable};
use super::{Failed, failure};
use crate::task::aws::Partition;
use crate::task::object::{Place, whole};

/// What CloudFormation asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    #[serde(default)]
    resource_properties: Map<String, Value>,
}

impl Request {
    /// The request in an event; `None` if it is none.
    pub(super) fn of(event: &Value) -> Option<Request> {
        Request::deserialize(event).ok()
    }
}

/// Does what CloudFormation asks for and tells it what came of it.
///
/// # Errors
/// CloudFormation could not be told; it is told when the event is tried again.
pub(super) async fn answer(world: &World, request: &Request) -> Result<Value, Failed> {
    let done = match &*request.request_type {
        "Delete" => delete(world, request).await,
        _ => keep(world, request).await,
    };
    let base = json!({
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
    });
    let Value::Object(mut answer) = base else { return Ok(Value::Null) };
    match done {
        Ok((arn, data)) => {
            answer.insert("Status".to_owned(), "SUCCESS".into());
            answer.insert("PhysicalResourceId".to_owned(), arn.into());
            answer.insert("Data".to_owned(), data);
        }
        Err(error) => {
            let reason = format!("{}: {}", error.error_type, error.error_message);
            tracing::error!(
                reason,
                resource = request.logical_resource_id,
                "a state machine cannot be kept"
            );
            let known = request.physical_resource_id.clone();
            answer.insert("Status".to_owned(), "FAILED".into());
            answer.insert("Reason".to_owned(), reason.into());
            answer.insert(
                "PhysicalResourceId".to_owned(),
                known.unwrap_or_else(|| NONE.to_owned()).into(),
            );
        }
    }
    tell(world, &request.response_url, &Value::Object(answer)).await
}

async fn tell(world: &World, url: &str, answer: &Value) -> Result<Value, Failed> {
    let web = Web::inside(&world.settings.region);
    let body = answer.to_string().into_bytes();
    // The URL is signed for a request without a content type.
    let request = web::Request { method: "PUT", url, headers: &[("content-type", "")], body };
    let told = web.unsigned(&request).await.map_err(unavailable)?;
    if told.status >= 300 {
        return Err(unavailable(format!("CloudFormation's bucket answers {}", told.status)));
    }
    Ok(answer.clone())
}

/// Creates or updates the machine; its ARN and attributes.
async fn keep(world: &World, request: &Request) -> Result<(String, Value), Failed> {
    let properties = &request.resource_properties;
    let name = text(properties, "Name").ok_or_else(|| wrong("Name is missing"))?;
    let arn = world.settings.machine_arn(&name);
    let mut input = Map::new();
    input.insert("definition".to_owned(), definition(world, properties).await?.into());
    let role = text(properties, "RoleArn").or_else(|| text(properties, "Role"));
    let (partition, account) = (Partition::of(&world.settings.region), &world.settings.account);
    let role = role.unwrap_or_else(|| partition.any_role(account));
    input.insert("roleArn".to_owned(), role.into());
    for (property, member) in
        [("Logging", "loggingConfiguration"), ("Tracing", "tracingConfiguration")]
    {
        let given = properties.get(property).map(camel_case);
        input.extend(given.map(|value| (member.to_owned(), value)));
    }
    let replaced = request.physical_resource_id.as_ref().is_some_and(|known| *known == arn);
    let done = if request.request_type == "Update" && replaced {
        input.insert("stateMachineArn".to_owned(), arn.clone().into());
        call(world, "UpdateStateMachine", input).await?
    } else {
        input.insert("name".to_owned(), name.clone().into());
        let kind = text(properties, "Type").unwrap_or_else(|| "STANDARD".to_owned());
        input.insert("type".to_owned(), kind.into());
        input.extend(tags(properties).map(|tags| ("tags".to_owned(), tags)));
        call(world, "CreateStateMachine", input).await?
    };
    let revision = done.get("revisionId").cloned().unwrap_or_else(|| "INITIAL".into());
    Ok((arn.clone(), json!({"Arn": arn, "Name": name, "RevisionId": revision})))
}

async fn delete(world: &World, request: &Request) -> Result<(String, Value), Failed> {
    let arn = request.physical_resource_id.clone().unwrap_or_default();
    if arn.starts_with("arn:") {
        let input = Map::from_iter([("stateMachineArn".to_owned(), arn.clone().into())]);
        call(world, "DeleteStateMachine", input).await?;
    }
    Ok((if arn.is_empty() { NONE.to_owned() } else { arn }, json!({})))
}

async fn call(world: &World, operation: &str, input: Map<String, Value>) -> Result<Value, Failed> {
    let call = Call { operation: operation.to_owned(), input: Some(input.into()) };
    operate(world.api().await?, call).await
}

async fn definition(world: &World, properties: &Map<String, Value>) -> Result<String, Failed> {
    let given =
        ["Definition", "DefinitionString", "DefinitionUri"].map(|name| properties.get(name));
    let text = match given {
        [Some(Value::String(text)), ..] | [None, Some(Value::String(text)), _] => text.clone(),
        [Some(definition), ..] | [None, Some(definition), _] => unquoted(definition).to_string(),
        [None, None, Some(place)] => object(world, place).await?,
        [None, None, None] => {
            return Err(wrong("Definition, DefinitionString or DefinitionUri is missing"));
        }
    };
    let mut values = BTreeMap::new();
    for (name, value) in
        properties.get("DefinitionSubstitutions").and_then(Value::as_object).into_iter().flatten()
    {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        values.insert(name.clone(), value);
    }
    rendered(&text, &values).map_err(|why| wrong(&why))
}

/// An object in S3.
async fn object(world: &World, place: &Value) -> Result<String, Failed> {
    let named = |name| place.get(name).and_then(Value::as_str).map(str::to_owned);
    let found = match place.as_str() {
        Some(uri) => uri
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .map(|(b, k)| (b.to_owned(), k.to_owned())),
        None => named("Bucket").zip(named("Key")),
    };
    let (bucket, key) =
        found.ok_or_else(|| wrong("DefinitionUri is neither s3://BUCKET/KEY nor {Bucket, Key}"))?;
    let object = Place { version: named("Version"), ..Place::new(&bucket, &key) };
    match whole(&*world.objects, &object).await {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(refused) => Err(wrong(&format!("s3://{bucket}/{key}: {refused}"))),
    }
}

/// CloudFormation hands all numbers and truth values over as strings; in a definition they must be what they were.
/// Strings that look like one and are meant as strings belong into `DefinitionString`.
fn unquoted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), field(name, member))).collect()
        }
        Value::Array(items) => items.iter().map(unquoted).collect(),
        other => other.clone(),
    }
}

/// Only fields that the States Language says are numbers or truth values are turned back; data stays as it came.
fn field(name: &str, value: &Value) -> Value {
    let Some(text) = value.as_str() else { return unquoted(value) };
    let numeric = name.starts_with("Numeric") && !name.ends_with("Path");
    if NUMBERS.contains(&name) || numeric {
        return serde_json::from_str::<serde_json::Number>(text)
            .map_or_else(|_| text.into(), Value::Number);
    }
    let truth = FLAGS.contains(&name) || name.starts_with("Is") || name == "BooleanEquals";
    match text {
        "true" if truth => true.into(),
        "false" if truth => false.into(),
        _ => text.into(),
    }
}

fn tags(properties: &Map<String, Value>) -> Option<Value> {
    let given = properties.get("Tags")?;
    Some(match given {
        Value::Object(tags) => {
            tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
        }
        other => camel_case(other),
    })
}

/// CloudFormation's names begin with a capital, the API's do not.
fn camel_case(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (lower(name), camel_case(member))).collect()
        }
        Value::Array(items) => items.iter().map(camel_case).collect(),
        Value::String(text) if text == "true" || text == "false" => (text == "true").into(),
        other => other.clone(),
    }
}

fn lower(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

fn text(properties: &Map<String, Value>, name: &str) -> Option<String> {
    properties.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn wrong(why: &str) -> Failed {
    failure("Stepwright.InvalidProperties", why)
}

/// Physical id of what was never made.
const NONE: &str = "none";
const NUMBERS: &[&str] = &[
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "Seconds",
    "MaxConcurrency",
    "MaxItems",
    "MaxItemsPerBatch",
    "MaxInputBytesPerBatch",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
];
const FLAGS: &[&str] = &["End"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cloudformation_made_strings_of_is_turned_back_where_the_language_says_so() {
        let given = json!({
            "TimeoutSeconds": "30",
            "States": {"A": {"Type": "Choice", "Choices": [{"NumericEquals": "1", "IsPresent": "true", "StringEquals": "1"}]},
                       "B": {"Type": "Wait", "Seconds": "5", "End": "true"},
                       "C": {"Type": "Pass", "Result": {"n": "1", "End": "x"}}}
        });
        let expected = json!({
            "TimeoutSeconds": 30,
            "States": {"A": {"Type": "Choice", "Choices": [{"NumericEquals": 1, "IsPresent": true, "StringEquals": "1"}]},
                       "B": {"Type": "Wait", "Seconds": 5, "End": true},
                       "C": {"Type": "Pass", "Result": {"n": "1", "End": "x"}}}
        });
        assert_eq!(unquoted(&given), expected);
    }

    #[test]
    fn names_of_templates_become_names_of_the_api() {
        let given = json!({"Level": "ALL", "IncludeExecutionData": "true", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": "x"}}]});
        let expected = json!({"level": "ALL", "includeExecutionData": true, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "x"}}]});
        assert_eq!(camel_case(&given), expected);
    }

    #[test]
    fn only_a_request_of_cloudformation_is_one() {
        let request = json!({
            "RequestType": "Create", "ResponseURL": "http://x", "StackId": "s", "RequestId": "r",
            "LogicalResourceId": "M", "ResourceProperties": {"ServiceToken": "t"}
        });
        assert!(Request::of(&request).is_some());
        assert!(Request::of(&json!({"RequestType": "Create"})).is_none());
    }
}
