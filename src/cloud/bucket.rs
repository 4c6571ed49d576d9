//! Large payloads in a bucket: above some kilobytes S3 is cheaper than DynamoDB.

use async_trait::async_trait;

use super::settings::Settings;
use super::web::{Request, Web};
use crate::store::dynamodb::Blobs;
use crate::task::aws::endpoint::of_environment;
use crate::task::sdk::encoded;

/// A bucket.
pub(super) struct Bucket {
    web: Web,
    /// URL of the bucket, without a slash at its end.
    url: String,
}

impl Bucket {
    /// The bucket that the settings name; `None` if they name none.
    pub(super) fn of(settings: &Settings) -> Option<Bucket> {
        let name = settings.bucket.as_deref()?;
        Some(Bucket { web: Web::inside(&settings.region), url: bucket_url(settings, name) })
    }

    fn object(&self, key: &str) -> String {
        format!("{}/{}", self.url, encoded(key, true))
    }
}

/// URL of a bucket, without a slash at its end.
pub(super) fn bucket_url(settings: &Settings, name: &str) -> String {
    match of_environment("S3") {
        Some(own) => format!("{}/{name}", own.trim_end_matches('/')),
        // A name with dots has no certificate of its own.
        None if name.contains('.') => {
            format!("https://s3.{}.amazonaws.com/{name}", settings.region)
        }
        None => format!("https://{name}.s3.{}.amazonaws.com", settings.region),
    }
}

#[async_trait]
impl Blobs for Bucket {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), String> {
        let url = self.object(key);
        let request = Request { method: "PUT", url: &url, headers: &[], body };
        let answer = self.web.signed(&request, "s3").await.map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{url} answers {}", answer.status)) }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let url = self.object(key);
        let request = Request { method: "GET", url: &url, headers: &[], body: Vec::new() };
        let answer = self.web.signed(&request, "s3").await.map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            status => Err(format!("{url} answers {status}")),
        }
    }
}
