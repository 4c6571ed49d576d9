//! Bedrock's `invokeModel` with bodies that lie in S3: `Input.S3Uri` is read before the model is asked, and what it answers
//! is written to `Output.S3Uri`, of which the task's output keeps the reference only (source: AWS's developer guide,
//! "Invoke and customize Amazon Bedrock models"; the form of the reference is not recorded). Buckets are those of this home:
//! S3's, or directories of this machine.

use std::sync::Arc;

use stepwright_core::expr::{Map, Value};

use super::Caller;
use crate::task::object::{Objects, Place, Refused};
use crate::task::sdk::{Call, Sdk, SdkFailure};

/// The parameters of the model's API, and where its answer is to go.
///
/// # Errors
/// A place is none, or its object cannot be read.
pub(super) async fn request(
    store: &Store<'_>,
    given: &Value,
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
        members.insert("Body".into(), store.body(&from).await?);
    }
    Ok((Value::Object(members.into()), to))
}

/// Writes the body of an answer to its place; the answer with a reference to it.
///
/// # Errors
/// It cannot be written.
pub(super) async fn keep(store: &Store<'_>, mut answer: Map, to: &Uri) -> Result<Map, SdkFailure> {
    let body = answer.get("Body").cloned().unwrap_or_default();
    let kind = answer.get("ContentType").map(|kind| ("ContentType", kind.clone()));
    store.put(to, body, kind).await?;
    answer.insert("Body".into(), to.whole.as_str().into());
    Ok(answer)
}

/// Where bodies are kept.
pub(super) struct Store<'a> {
    pub(super) sdk: &'a Sdk,
    /// Instead of S3.
    pub(super) local: Option<Arc<dyn Objects>>,
    pub(super) caller: Caller<'a>,
}

impl Store<'_> {
    async fn body(&self, from: &Uri) -> Result<Value, SdkFailure> {
        let Some(local) = &self.local else {
            let named = from.named([]);
            let asked = from.call("getObject", &named, self.caller);
            let found = Box::pin(self.sdk.call(&asked)).await?;
            return Ok(found.get("Body").cloned().unwrap_or_default());
        };
        let place = Place::new(&from.bucket, &from.key);
        let size = local.size(&place).await.map_err(|why| refused(&why))?;
        if size > LARGEST_BODY {
            return Err(client(format!("{} has more than {LARGEST_BODY} bytes", from.whole)));
        }
        let bytes = local.range(&place, 0, size).await.map_err(|why| refused(&why))?;
        let text = std::str::from_utf8(&bytes);
        text.map(Value::from).map_err(|_| client(format!("{} is no text in UTF-8", from.whole)))
    }

    async fn put(
        &self,
        to: &Uri,
        body: Value,
        kind: Option<(&'static str, Value)>,
    ) -> Result<(), SdkFailure> {
        let Some(local) = &self.local else {
            let parameters = to.named([("Body", body)].into_iter().chain(kind));
            let asked = to.call("putObject", &parameters, self.caller);
            return Box::pin(self.sdk.call(&asked)).await.map(drop);
        };
        let text = body.as_str().map_or_else(|| body.to_json(), str::to_owned);
        local.put(&to.bucket, &to.key, text.into()).await.map_err(|why| refused(&why))
    }
}

fn refused(refused: &Refused) -> SdkFailure {
    client(refused.to_string())
}

fn client(reason: String) -> SdkFailure {
    SdkFailure::Client { prefix: "S3".to_owned(), reason }
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

/// InvokeModel takes no larger body.
const LARGEST_BODY: u64 = 25_000_000;
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
