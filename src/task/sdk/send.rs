//! Signs requests and sends them, once.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::{Request as HttpRequest, Response as HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::protocol::{Request, Response};
use crate::task::aws::{TRACE_HEADER, deepest, trace_header};

/// Where a request goes, and what its signature is for.
pub(super) struct Target {
    /// Scheme, authority and path before the request's own.
    pub(super) endpoint: String,
    /// Region in the scope of the signature.
    pub(super) region: String,
    /// Service in the scope of the signature.
    pub(super) service: String,
    /// Without signature if there are none.
    pub(super) credentials: Option<Credentials>,
    /// The signature leaves out the body.
    pub(super) unsigned_payload: bool,
}

/// Sends requests; connections are made when they are first needed, and kept.
#[derive(Default)]
pub(super) struct Sender {
    connector: OnceLock<Connector>,
}

impl Sender {
    /// Sends a request and reads the head of its response.
    ///
    /// # Errors
    /// Why there is no response, in words.
    pub(super) async fn open(
        &self,
        request: Request,
        target: &Target,
    ) -> Result<HttpResponse, String> {
        let authority = authority(&target.endpoint).to_owned();
        let request = signed(request, target)?;
        let connector = self.connector.get_or_init(connector);
        let sent = connector.call(request).await;
        sent.map_err(|error| {
            let reason = deepest(&error);
            let reason = reason.strip_prefix(LOOKUP).unwrap_or(&reason);
            format!("Unable to execute HTTP request: {authority}: {reason}")
        })
    }

    /// Sends a request and reads its whole response.
    ///
    /// # Errors
    /// Why there is no response, in words.
    pub(super) async fn send(&self, request: Request, target: &Target) -> Result<Response, String> {
        read(self.open(request, target).await?).await
    }
}

/// A whole response.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) async fn read(response: HttpResponse) -> Result<Response, String> {
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
    let body = ByteStream::new(response.into_body()).collect().await;
    let body =
        body.map_err(|error| format!("Unable to unmarshall response: {}", deepest(&error)))?;
    Ok(Response { status, headers, body: body.to_vec() })
}

/// The request as it leaves: with its headers, and signed.
fn signed(mut request: Request, target: &Target) -> Result<HttpRequest, String> {
    let url = format!("{}{}", target.endpoint, request.target());
    request.headers.push(("user-agent".to_owned(), AGENT.to_owned()));
    request.headers.extend(trace_header().map(|trace| (TRACE_HEADER.to_owned(), trace)));
    if let Some(credentials) = &target.credentials {
        let more = signature(&request, &url, target, credentials)?;
        request.headers.extend(more);
    }
    let mut http = HttpRequest::new(SdkBody::from(request.body));
    http.set_method(request.method).map_err(|error| error.to_string())?;
    http.set_uri(url).map_err(|error| error.to_string())?;
    for (name, value) in request.headers {
        let set = http.headers_mut().try_insert(name.clone(), value);
        set.map_err(|_| format!("The value of the header {name} has an invalid format"))?;
    }
    Ok(http)
}

/// The headers of the signature.
fn signature(
    request: &Request,
    url: &str,
    target: &Target,
    credentials: &Credentials,
) -> Result<Vec<(String, String)>, String> {
    let mut settings = SigningSettings::default();
    if target.service.starts_with("s3") {
        // S3 takes paths as they are, and wants to know the body's hash.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let body = if target.unsigned_payload {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        SignableBody::UnsignedPayload
    } else {
        SignableBody::Bytes(&request.body)
    };
    let identity = Identity::from(credentials.clone());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&target.region)
        .name(&target.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(request.method, url, headers, body)
        .map_err(|error| error.to_string())?;
    let signed = sign(signable, &parameters).map_err(|error| error.to_string())?;
    let (instructions, _) = signed.into_parts();
    Ok(instructions.headers().map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

fn connector() -> Connector {
    // Without a limit on answers: the task has its own.
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).build();
    Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

/// Host, and port where it is not the usual one.
fn authority(endpoint: &str) -> &str {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

const AGENT: &str = concat!("stepwright/", env!("CARGO_PKG_VERSION"));
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const LOOKUP: &str = "failed to lookup address information: ";
