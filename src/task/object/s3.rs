//! S3 by its REST API: five requests, signed by ourselves, for the official crate is larger than all the rest.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use quick_xml::events::Event;
use tokio::sync::Mutex;

use super::{Body, Listed, Listing, Objects, Place, Refused};
use crate::task::aws::{Aws, Settings, TRACE_HEADER, deepest, trace_header};

/// The endpoint that the environment gives for S3, if it gives one.
pub(super) fn endpoint() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"))
}

/// Objects in S3.
pub struct S3 {
    aws: Aws,
    connector: Connector,
    credentials: Mutex<Option<Credentials>>,
}

/// A request before it is signed.
struct Call<'a> {
    method: &'static str,
    bucket: &'a str,
    key: &'a str,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl S3 {
    /// Nothing is looked up yet.
    pub fn new(settings: Settings) -> S3 {
        let tls = Provider::Rustls(CryptoMode::Ring);
        S3 {
            aws: Aws::new(settings),
            connector: Connector::builder().tls_provider(tls).build(),
            credentials: Mutex::new(None),
        }
    }

    /// An answer that is no refusal. What only reads is tried again when there was no sensible answer.
    async fn send(&self, call: &Call<'_>) -> Result<HttpResponse, Refused> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.send_once(call).await {
                Err(Refused::Service { status, .. }) if status < 500 && status != 429 => break,
                Ok(answer) => return Ok(answer),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        self.send_once(call).await
    }

    async fn send_once(&self, call: &Call<'_>) -> Result<HttpResponse, Refused> {
        let unreachable = |error: &(dyn std::error::Error + 'static)| {
            Refused::Unreachable(format!("S3 cannot be reached: {}", deepest(error)))
        };
        let request = self.request(call).await?;
        let request =
            HttpRequest::try_from(request.map(SdkBody::from)).map_err(|e| unreachable(&e))?;
        let answer = tokio::time::timeout(PATIENCE, self.connector.call(request)).await;
        let answer =
            answer.map_err(|late| unreachable(&late))?.map_err(|error| unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let request = answer.headers().get("x-amz-request-id").unwrap_or("null").to_owned();
        let body =
            answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let fields = elements(&body, "Error").into_iter().next().unwrap_or_default();
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let (code, message) = match status {
            // HEAD is answered without words.
            404 => ("NoSuchKey", "The specified key does not exist."),
            403 => ("AccessDenied", "Access Denied"),
            _ => ("Unknown", "The request failed"),
        };
        Err(Refused::Service {
            code: field("Code").unwrap_or_else(|| code.to_owned()),
            message: field("Message").unwrap_or_else(|| message.to_owned()),
            status,
            request,
        })
    }

    /// The signed request. Buckets are part of the path wherever the endpoint is not AWS's own.
    async fn request(&self, call: &Call<'_>) -> Result<Request<Bytes>, Refused> {
        let unsigned = |why: &dyn std::fmt::Display| Refused::Unreachable(why.to_string());
        let config = self.aws.config(None, None).await.map_err(|failure| {
            Refused::Unreachable(failure.cause.as_deref().unwrap_or_default().to_owned())
        })?;
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let given = endpoint().or_else(|| config.endpoint_url().map(str::to_owned));
        let (host, path) = place(given, &region, call);
        let query: Vec<String> = call
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value, false)))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let uri = format!("{host}{path}{mark}{}", query.join("&"));
        let mut request = Request::builder().method(call.method).uri(&uri);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(trace) = trace_header() {
            request = request.header(TRACE_HEADER, trace);
        }
        let mut request = request.body(call.body.clone()).map_err(|error| unsigned(&error))?;
        let identity = self.credentials(&config).await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("s3")
            .time(SystemTime::now())
            .settings(signing())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(&call.body);
        let signable = SignableRequest::new(call.method, &uri, headers, body)
            .map_err(|error| unsigned(&error))?;
        let signed = sign(signable, &params).map_err(|error| unsigned(&error))?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// Credentials, looked up again when they are about to expire.
    async fn credentials(&self, config: &aws_config::SdkConfig) -> Result<Credentials, Refused> {
        let mut known = self.credentials.lock().await;
        let soon = SystemTime::now() + EXPIRES_SOON;
        if let Some(credentials) = known.as_ref()
            && credentials.expiry().is_none_or(|at| at > soon)
        {
            return Ok(credentials.clone());
        }
        let none = || Refused::Unreachable(NO_CREDENTIALS.to_owned());
        let provider = config.credentials_provider().ok_or_else(none)?;
        let found = provider.provide_credentials().await.map_err(|error| {
            Refused::Unreachable(format!("{NO_CREDENTIALS} ({})", deepest(&error)))
        })?;
        *known = Some(found.clone());
        Ok(found)
    }

    fn get<'a>(object: &'a Place, method: &'static str) -> Call<'a> {
        let version = object.version.iter().map(|version| ("versionId", version.clone()));
        let owner = object.owner.iter();
        Call {
            method,
            bucket: &object.bucket,
            key: &object.key,
            query: version.collect(),
            headers: owner.map(|owner| ("x-amz-expected-bucket-owner", owner.clone())).collect(),
            body: Bytes::new(),
        }
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
        let mut query = vec![("list-type", "2".to_owned()), ("prefix", prefix.to_owned())];
        query.extend(next.map(|next| ("continuation-token", next.to_owned())));
        query.sort_unstable();
        let call =
            Call { method: "GET", bucket, key: "", query, headers: Vec::new(), body: Bytes::new() };
        let answer = self.send(&call).await?.into_body().collect().await;
        let answer = answer.map_err(|error| Refused::Unreachable(error.to_string()))?.to_bytes();
        let objects = elements(&answer, "Contents").into_iter().map(listed).collect();
        let whole = elements(&answer, "ListBucketResult").pop().unwrap_or_default();
        let next = whole.into_iter().find(|(name, _)| name == "NextContinuationToken");
        Ok(Listing { objects, next: next.map(|(_, token)| token) })
    }

    async fn open(&self, object: &Place) -> Result<Box<dyn Body>, Refused> {
        let answer = self.send(&S3::get(object, "GET")).await?;
        let tag = answer.headers().get("etag").map(str::to_owned);
        Ok(Box::new(Stream { body: answer.into_body(), tag }))
    }

    async fn size(&self, object: &Place) -> Result<u64, Refused> {
        let answer = self.send(&S3::get(object, "HEAD")).await?;
        let length = answer.headers().get("content-length").and_then(|text| text.parse().ok());
        length.ok_or_else(|| Refused::Unreachable("S3 does not say how large the object is".into()))
    }

    async fn range(&self, object: &Place, from: u64, length: u64) -> Result<Bytes, Refused> {
        let mut call = S3::get(object, "GET");
        let last = from + length.max(1) - 1;
        call.headers.push(("range", format!("bytes={from}-{last}")));
        let answer = self.send(&call).await?.into_body().collect().await;
        Ok(answer.map_err(|error| Refused::Unreachable(error.to_string()))?.to_bytes())
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), Refused> {
        let headers = vec![("content-type", "application/json".to_owned())];
        let call = Call { method: "PUT", bucket, key, query: Vec::new(), headers, body: bytes };
        self.send(&call).await.map(drop)
    }
}

/// Scheme and host, and the path of a request.
fn place(endpoint: Option<String>, region: &str, call: &Call<'_>) -> (String, String) {
    let key = encoded(call.key, true);
    match endpoint {
        Some(endpoint) => {
            (endpoint.trim_end_matches('/').to_owned(), format!("/{}/{key}", call.bucket))
        }
        None => {
            let end = if region.starts_with("cn-") { ".cn" } else { "" };
            // A dot in the name of a bucket would not fit the certificate.
            match call.bucket.contains('.') {
                true => (
                    format!("https://s3.{region}.amazonaws.com{end}"),
                    format!("/{}/{key}", call.bucket),
                ),
                false => (
                    format!("https://{}.s3.{region}.amazonaws.com{end}", call.bucket),
                    format!("/{key}"),
                ),
            }
        }
    }
}

fn signing() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

/// Percent-encoding as signatures want it; `/` stays in paths.
fn encoded(text: &str, path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if path => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The children of each element with this name, as far as they are mere text.
fn elements(xml: &[u8], wanted: &str) -> Vec<Vec<(String, String)>> {
    let text = String::from_utf8_lossy(xml);
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut found, mut path): (Vec<Vec<(String, String)>>, Vec<String>) = Default::default();
    let mut text = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.local_name().as_ref().to_owned();
                if name == wanted {
                    found.push(Vec::new());
                }
                path.push(name);
                text.clear();
            }
            Ok(Event::Text(part)) => text.push_str(&part),
            Ok(Event::GeneralRef(part)) => text.push_str(&entity(&part)),
            Ok(Event::End(_)) => {
                let name = path.pop().unwrap_or_default();
                if path.last().is_some_and(|parent| parent == wanted)
                    && let Some(fields) = found.last_mut()
                {
                    fields.push((name, std::mem::take(&mut text)));
                }
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

fn entity(name: &str) -> String {
    let code = match name.strip_prefix("#x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => name.strip_prefix('#').and_then(|digits| digits.parse().ok()),
    };
    match (name, code.and_then(char::from_u32)) {
        (_, Some(c)) => c.to_string(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("amp", _) => "&".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        _ => format!("&{name};"),
    }
}

fn listed(fields: Vec<(String, String)>) -> Listed {
    let mut listed = Listed::default();
    for (name, value) in fields {
        match name.as_str() {
            "Key" => listed.key = value,
            "ETag" => listed.etag = value,
            "Size" => listed.size = value.parse().unwrap_or_default(),
            "StorageClass" => listed.class = value,
            "LastModified" => listed.modified = seconds(&value),
            _ => {}
        }
    }
    listed
}

/// `2009-10-12T17:50:30.000Z` in seconds since 1970.
fn seconds(moment: &str) -> i64 {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    DateTime::from_str(moment, Format::DateTime).map_or(0, |at| at.secs())
}

/// The body of an answer.
struct Stream {
    body: SdkBody,
    tag: Option<String>,
}

#[async_trait]
impl Body for Stream {
    fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
            let frame = frame.map_err(|_| Refused::Unreachable("S3 sends no more".to_owned()))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(Refused::Unreachable(error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const TRIES: u32 = 4;
const EXPIRES_SOON: Duration = Duration::from_secs(60);
const NO_CREDENTIALS: &str = "There are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; \
    or give a directory of buckets: --buckets DIR";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_host_at_aws_and_in_the_path_elsewhere() {
        let table = [
            (None, "data", "https://data.s3.eu-west-1.amazonaws.com", "/a%20b/%C3%A9.csv"),
            (None, "my.data", "https://s3.eu-west-1.amazonaws.com", "/my.data/a%20b/%C3%A9.csv"),
            (Some("http://127.0.0.1:9/"), "data", "http://127.0.0.1:9", "/data/a%20b/%C3%A9.csv"),
        ];
        for (endpoint, bucket, host, path) in table {
            let place_of = Place::new(bucket, "a b/\u{e9}.csv");
            let call = S3::get(&place_of, "GET");
            let found = place(endpoint.map(str::to_owned), "eu-west-1", &call);
            assert_eq!(found, (host.to_owned(), path.to_owned()), "{endpoint:?} {bucket}");
        }
    }

    #[test]
    fn a_list_is_read_with_its_references() {
        let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"u\"><Name>b</Name>\
            <Contents><Key>a&amp;b&#x2F;c</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>\
            <ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass>\
            <Owner><ID>x</ID></Owner></Contents>\
            <NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        let found: Vec<_> = elements(xml.as_bytes(), "Contents").into_iter().map(listed).collect();
        let expected = Listed {
            etag: "\"e\"".into(),
            key: "a&b/c".into(),
            modified: 1_255_369_830,
            size: 7,
            class: "STANDARD".into(),
        };
        assert_eq!(found, [expected]);
        let whole = elements(xml.as_bytes(), "ListBucketResult").pop().unwrap();
        assert!(whole.contains(&("NextContinuationToken".into(), "t".into())));
    }
}
