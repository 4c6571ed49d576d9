//! Large payloads in a bucket: above some kilobytes S3 is cheaper than DynamoDB.

use async_trait::async_trait;

use super::settings::Settings;
use super::web::{Request, Web};
use crate::store::dynamodb::Blobs;

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
        format!("{}/{}", self.url, escaped(key))
    }
}

/// URL of a bucket, without a slash at its end.
pub(super) fn bucket_url(settings: &Settings, name: &str) -> String {
    let own = super::variable("AWS_ENDPOINT_URL_S3").or_else(|| settings.endpoint.clone());
    match own {
        Some(own) => format!("{}/{name}", own.trim_end_matches('/')),
        // A name with dots has no certificate of its own.
        None if name.contains('.') => {
            format!("https://s3.{}.amazonaws.com/{name}", settings.region)
        }
        None => format!("https://{name}.s3.{}.amazonaws.com", settings.region),
    }
}

/// A key as part of a URL; S3 signs it as it is sent.
pub(super) fn escaped(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_escaped_but_for_its_slashes() {
        for (key, expected) in [("x/a.0/b", "x/a.0/b"), ("a b#c", "a%20b%23c"), ("ü", "%C3%BC")] {
            assert_eq!(escaped(key), expected);
        }
    }
}
