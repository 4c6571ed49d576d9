//! Objects in S3, by the generic client.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_types::DateTime;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use stepwright_core::expr::Value;

use super::{Body, Listed, Listing, Objects, Place, Refused};
use crate::task::sdk::{Call, Opened, Sdk, SdkFailure, ServiceError};

/// Objects in S3.
pub(in crate::task) struct S3 {
    sdk: Arc<Sdk>,
}

/// Names and values of parameters.
type Parameters = Vec<(&'static str, Value)>;

impl S3 {
    /// By this client.
    pub(in crate::task) fn new(sdk: Arc<Sdk>) -> S3 {
        S3 { sdk }
    }

    async fn ask(&self, action: &str, parameters: Parameters) -> Result<Value, Refused> {
        let parameters = Value::object(parameters);
        Box::pin(self.sdk.ask(&call(action, &parameters))).await.map_err(refused)
    }

    async fn get(&self, parameters: Parameters) -> Result<Opened, Refused> {
        let parameters = Value::object(parameters);
        let opened = Box::pin(self.sdk.ask_for_stream(&call("getObject", &parameters))).await;
        opened.map_err(refused)
    }
}

#[async_trait]
impl Objects for S3 {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listing, Refused> {
        let mut parameters = vec![("Bucket", bucket.into()), ("Prefix", prefix.into())];
        parameters.extend(next.map(|next| ("ContinuationToken", next.into())));
        let page = self.ask("listObjectsV2", parameters).await?;
        let contents = page.get("Contents").and_then(Value::as_array).unwrap_or_default();
        let next = page.get("NextContinuationToken").and_then(Value::as_str);
        Ok(Listing {
            objects: contents.iter().map(listed).collect(),
            next: next.map(str::to_owned),
        })
    }

    async fn open(&self, object: &Place) -> Result<Box<dyn Body>, Refused> {
        let Opened { head, body } = self.get(named(object)).await?;
        let tag = head.get("ETag").and_then(Value::as_str).map(str::to_owned);
        Ok(Box::new(Stream { body, tag }))
    }

    async fn size(&self, object: &Place) -> Result<u64, Refused> {
        let head = self.ask("headObject", named(object)).await?;
        let length = head.get("ContentLength").and_then(Value::as_i64);
        let length = length.and_then(|length| u64::try_from(length).ok());
        length.ok_or_else(|| Refused::Unreachable("S3 does not say how large the object is".into()))
    }

    async fn range(&self, object: &Place, from: u64, length: u64) -> Result<Bytes, Refused> {
        let last = from + length.max(1) - 1;
        let mut parameters = named(object);
        parameters.push(("Range", format!("bytes={from}-{last}").into()));
        let body = self.get(parameters).await?.body.collect();
        let body = tokio::time::timeout(PATIENCE, body).await;
        let body = body.map_err(|_| silent())?;
        body.map(|body| body.into_bytes()).map_err(|error| Refused::Unreachable(error.to_string()))
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), Refused> {
        let kind = ("ContentType", content_type(key).into());
        let parameters = [("Bucket", bucket.into()), ("Key", key.into()), kind];
        let parameters = Value::object(parameters);
        let put = Box::pin(self.sdk.ask_with(&call("putObject", &parameters), &bytes)).await;
        put.map(drop).map_err(refused)
    }
}

fn call<'a>(action: &'a str, parameters: &'a Value) -> Call<'a> {
    Call { service: "s3", action, parameters, region: None, role: None, token: "" }
}

fn named(object: &Place) -> Parameters {
    let more = [("VersionId", &object.version), ("ExpectedBucketOwner", &object.owner)];
    let more = more.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?.into())));
    let object = [("Bucket", object.bucket.as_str().into()), ("Key", object.key.as_str().into())];
    object.into_iter().chain(more).collect()
}

/// Of objects that are written: results of Maps are JSON or lines of it.
fn content_type(key: &str) -> &'static str {
    let json = key.ends_with(".json") || key.ends_with(".jsonl");
    if json { "application/json" } else { "application/octet-stream" }
}

fn listed(found: &Value) -> Listed {
    let text = |name| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let size = found.get("Size").and_then(Value::as_i64).unwrap_or_default();
    let modified = DateTime::from_str(text("LastModified"), Format::DateTime);
    Listed {
        etag: text("ETag").to_owned(),
        key: text("Key").to_owned(),
        modified: modified.map_or(0, |at| at.secs()),
        size: u64::try_from(size).unwrap_or_default(),
        class: text("StorageClass").to_owned(),
    }
}

fn refused(failure: SdkFailure) -> Refused {
    let error = match failure {
        SdkFailure::Service(error) => *error,
        SdkFailure::Client { reason, .. } => {
            return Refused::Unreachable(format!("S3 cannot be reached: {reason}"));
        }
        SdkFailure::Configuration(_) => {
            let why = format!("{failure} Or give a directory of buckets: --buckets DIR");
            return Refused::Unreachable(why);
        }
        other => return Refused::Unreachable(other.to_string()),
    };
    let ServiceError { status, code, message, request_id, .. } = error;
    // HEAD is answered without words.
    let (kind, words) = match status {
        404 => ("NoSuchKey", "The specified key does not exist."),
        403 => ("AccessDenied", "Access Denied"),
        _ => ("Unknown", "The request failed"),
    };
    Refused::Service {
        code: code.unwrap_or_else(|| kind.to_owned()),
        message: message.unwrap_or_else(|| words.to_owned()),
        status,
        request: request_id.unwrap_or_else(|| "null".to_owned()),
    }
}

fn silent() -> Refused {
    Refused::Unreachable("S3 sends no more".to_owned())
}

/// The body of an answer.
struct Stream {
    body: ByteStream,
    tag: Option<String>,
}

#[async_trait]
impl Body for Stream {
    fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        let part = tokio::time::timeout(PATIENCE, self.body.next()).await;
        let part = part.map_err(|_| silent())?;
        part.transpose().map_err(|error| Refused::Unreachable(error.to_string()))
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_words_is_told_by_its_status() {
        for (status, code, expected) in [
            (404, None, "NoSuchKey"),
            (403, None, "AccessDenied"),
            (500, None, "Unknown"),
            (404, Some("NoSuchBucket"), "NoSuchBucket"),
        ] {
            let code = code.map(str::to_owned);
            let error = ServiceError { status, code, ..ServiceError::default() };
            let Refused::Service { code, .. } = refused(SdkFailure::Service(error.into())) else {
                panic!("{status} is an answer");
            };
            assert_eq!(code, expected);
        }
    }
}
