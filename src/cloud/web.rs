//! Requests to AWS for which no SDK crate is worth its size: plain HTTP, signed with Signature Version 4.

use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use crate::task::aws::{TRACE_HEADER, trace_header};

/// Sends requests.
pub struct Web {
    connector: Connector,
    credentials: SharedCredentialsProvider,
    region: String,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The whole URL.
    pub url: &'a str,
    /// Headers beside `host` and those of the signature.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to sign with.
    #[error(
        "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE ({0})"
    )]
    Credentials(String),
    /// The request is none that can be sent.
    #[error("{url}: {why}")]
    Request {
        /// Where it was to go.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody answered.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// Where it went.
        url: String,
        /// Why, as far as is known.
        why: String,
    },
}

impl Web {
    /// With the credentials that Lambda puts into the environment.
    pub fn inside(region: &str) -> Web {
        Web::with(
            SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
            region,
        )
    }

    /// With the credentials of whoever works at this machine: environment, profile, container, instance.
    pub async fn outside(region: &str) -> Web {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let http = Builder::new().tls_provider(tls).build_https();
        let provider = ProviderConfig::without_region()
            .with_http_client(http)
            .with_region(Some(Region::new(region.to_owned())));
        let chain = DefaultCredentialsChain::builder().configure(provider).build().await;
        Web::with(SharedCredentialsProvider::new(chain), region)
    }

    fn with(credentials: SharedCredentialsProvider, region: &str) -> Web {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let connector = Connector::builder().tls_provider(tls).build();
        Web { connector, credentials, region: region.to_owned() }
    }

    /// Sends a request, signed for a service.
    ///
    /// # Errors
    /// There are no credentials, or nobody answered.
    pub async fn signed(&self, request: &Request<'_>, service: &str) -> Result<Answer, Error> {
        let found = self.credentials.provide_credentials().await;
        let credentials = found.map_err(|error| Error::Credentials(error.to_string()))?;
        let extra = self.signature(request, service, credentials)?;
        self.deliver(request, &extra).await
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn unsigned(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.deliver(request, &[]).await
    }

    /// The headers of the signature.
    fn signature(
        &self,
        request: &Request<'_>,
        service: &str,
        credentials: Credentials,
    ) -> Result<Vec<(String, String)>, Error> {
        let wrong = |why: String| Error::Request { url: request.url.to_owned(), why };
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        if service == "s3" {
            // S3 takes paths as they are.
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| wrong(error.to_string()))?
            .into();
        let body = SignableBody::Bytes(&request.body);
        let headers = request.headers.iter().copied();
        let signable = SignableRequest::new(request.method, request.url, headers, body)
            .map_err(|error| wrong(error.to_string()))?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|error| wrong(error.to_string()))?.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    async fn deliver(
        &self,
        request: &Request<'_>,
        extra: &[(String, String)],
    ) -> Result<Answer, Error> {
        let unreachable = |why: String| Error::Unreachable { url: request.url.to_owned(), why };
        let wrong = |why: String| Error::Request { url: request.url.to_owned(), why };
        let mut out = HttpRequest::new(SdkBody::from(request.body.clone()));
        out.set_uri(request.url).map_err(|error| wrong(error.to_string()))?;
        out.set_method(request.method).map_err(|error| wrong(error.to_string()))?;
        let given = request.headers.iter().copied();
        let extra = extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in given.chain(extra) {
            let set = out.headers_mut().try_insert(name.to_owned(), value.to_owned());
            set.map_err(|error| wrong(error.to_string()))?;
        }
        let length = ("content-length", request.body.len().to_string());
        let trace = trace_header().map(|trace| (TRACE_HEADER, trace));
        for (name, value) in std::iter::once(length).chain(trace) {
            let set = out.headers_mut().try_insert(name, value);
            set.map_err(|error| wrong(error.to_string()))?;
        }
        let called = tokio::time::timeout(LONGEST, self.connector.call(out)).await;
        let answer = called
            .map_err(|_| unreachable("no answer in time".to_owned()))?
            .map_err(|error| unreachable(reason(&error)))?;
        let status = answer.status().as_u16();
        let collected = http_body_util::BodyExt::collect(answer.into_body()).await;
        let body = collected.map_err(|error| unreachable(reason(&*error)))?.to_bytes().to_vec();
        Ok(Answer { status, body })
    }
}

/// The innermost reason of an error.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.last().unwrap_or(error).to_string()
}

const LONGEST: Duration = Duration::from_secs(60);
