//! Bedrock's `invokeModel` with bodies that lie in S3: `Input.S3Uri` is read before the model is asked, and what it answers
//! is written to `Output.S3Uri`, of which the task's output keeps the reference only (source: AWS's developer guide,
//! "Invoke and customize Amazon Bedrock models"; the form of the reference is not recorded).

use stepwright_core::expr::{Map, Value};

use super::Caller;
use crate::task::sdk::{Call, Sdk, SdkFailure};

/// The parameters of the model's API, and where its answer is to go.
///
/// # Errors
/// A place is none, or its object cannot be read.
pub(super) async fn request(
    sdk: &Sdk,
    given: &Value,
    caller: Caller<'_>,
) -> Result<(Value, Option<Uri>), SdkFailure> {
    let (from, to) = (uri(given, "Input")?, uri(given, "Output")?);
    if from.is_none() && to.is_none() {
        return Ok((given.clone(), None));
    }
    let mut members: Map = given.as_object().cloned().unwrap_or_default();
    members.shift_remove("Input");
    members.shift_remove("Output");
    if let Some(from) = from {
        if members.contains_key("Body") {
            return Err(SdkFailure::Parameters(vec![ONE_BODY.to_owned()]));
        }
        let found = Box::pin(sdk.call(&from.call("getObject", &from.named([]), caller))).await?;
        members.insert("Body".into(), found.get("Body").cloned().unwrap_or_default());
    }
    Ok((Value::Object(members.into()), to))
}

/// Writes the body of an answer to its place; the answer with a reference to it.
///
/// # Errors
/// It cannot be written.
pub(super) async fn keep(
    sdk: &Sdk,
    mut answer: Map,
    to: &Uri,
    caller: Caller<'_>,
) -> Result<Map, SdkFailure> {
    let body = answer.get("Body").cloned().unwrap_or_default();
    let kind = answer.get("ContentType").map(|kind| ("ContentType", kind.clone()));
    let parameters = to.named([("Body", body)].into_iter().chain(kind));
    Box::pin(sdk.call(&to.call("putObject", &parameters, caller))).await?;
    answer.insert("Body".into(), to.whole.as_str().into());
    Ok(answer)
}

/// `s3://BUCKET/KEY`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri {
    whole: String,
    bucket: String,
    key: String,
}

impl Uri {
    fn parse(text: &str) -> Option<Uri> {
        let (bucket, key) = text.strip_prefix("s3://")?.split_once('/')?;
        let [whole, bucket, key] = [text, bucket, key].map(str::to_owned);
        (!bucket.is_empty() && !key.is_empty()).then_some(Uri { whole, bucket, key })
    }

    fn named(&self, more: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
        let own = [("Bucket", self.bucket.as_str().into()), ("Key", self.key.as_str().into())];
        Value::object(own.into_iter().chain(more))
    }

    fn call<'a>(&self, action: &'a str, parameters: &'a Value, caller: Caller<'a>) -> Call<'a> {
        let Caller { role, token } = caller;
        Call { service: "s3", action, parameters, region: None, role, token }
    }
}

/// The place that a member names.
fn uri(given: &Value, member: &str) -> Result<Option<Uri>, SdkFailure> {
    let Some(place) = given.get(member).filter(|place| **place != Value::Null) else {
        return Ok(None);
    };
    let found = place.get("S3Uri").and_then(Value::as_str).and_then(Uri::parse);
    let invalid = || vec![format!("The value of the field '{member}.S3Uri' has an invalid format")];
    found.map(Some).ok_or_else(|| SdkFailure::Parameters(invalid()))
}

const ONE_BODY: &str = "The fields 'Body' and 'Input' cannot be used together";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_key() {
        let table = [
            ("s3://b/k/1.json", Some(("b", "k/1.json"))),
            ("s3://b", None),
            ("s3:///k", None),
            ("s3://b/", None),
            ("https://b/k", None),
        ];
        for (text, expected) in table {
            let uri = Uri::parse(text);
            let found = uri.as_ref().map(|uri| (&*uri.bucket, &*uri.key));
            assert_eq!(found, expected, "{text}");
        }
    }
}
