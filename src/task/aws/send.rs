//! Sends a request, once: dressed with agent and trace, signed where there is something to sign it with.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use hyper::Request;
use hyper::header::{HeaderValue, USER_AGENT};

use super::failure::deepest;
use super::signature::{Scope, sign};
use super::trace::{TRACE_HEADER, trace_header};

/// Sends requests; connections are made when they are first needed, and kept.
#[derive(Default)]
pub(crate) struct Sender {
    connector: OnceLock<Connector>,
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// The request is none that can be sent.
    #[error("{0}")]
    Malformed(String),
    /// Nobody answered (recorded: `Unable to execute HTTP request: HOST: Name or service not known`).
    #[error("Unable to execute HTTP request: {authority}: {reason}")]
    Unreachable {
        /// Host, and port where it is not the usual one.
        authority: String,
        /// Why, as far as is known.
        reason: String,
    },
    /// The response broke off.
    #[error("Unable to unmarshall response: {0}")]
    Broken(String),
}

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    /// HTTP status.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

impl Sender {
    /// Sends a request and reads the head of its response.
    ///
    /// # Errors
    /// See [`Unsent`].
    pub(crate) async fn open(
        &self,
        mut request: Request<Vec<u8>>,
        signature: Option<(&Scope, &Credentials)>,
    ) -> Result<HttpResponse, Unsent> {
        let authority = request.uri().authority().map_or_else(String::new, ToString::to_string);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        traced(&mut request);
        if let Some((scope, credentials)) = signature {
            sign(&mut request, scope, credentials).map_err(Unsent::Malformed)?;
        }
        let request = HttpRequest::try_from(request.map(SdkBody::from))
            .map_err(|error| Unsent::Malformed(deepest(&error)))?;
        let sent = self.connector.get_or_init(connector).call(request).await;
        sent.map_err(|error| Unsent::Unreachable { authority, reason: reason(&error) })
    }

    /// Sends a request and reads its whole response.
    ///
    /// # Errors
    /// See [`Unsent`].
    pub(crate) async fn send(
        &self,
        request: Request<Vec<u8>>,
        signature: Option<(&Scope, &Credentials)>,
    ) -> Result<Response, Unsent> {
        read(self.open(request, signature).await?).await
    }
}

/// A whole response.
///
/// # Errors
/// It broke off.
pub(crate) async fn read(response: HttpResponse) -> Result<Response, Unsent> {
    let head = head(&response);
    let body = ByteStream::new(response.into_body()).collect().await;
    let body = body.map_err(|error| Unsent::Broken(deepest(&error)))?;
    Ok(Response { body: body.to_vec(), ..head })
}

/// Status and headers of a response.
pub(crate) fn head(response: &HttpResponse) -> Response {
    let headers = response.headers().iter();
    let headers = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
    Response { status: response.status().as_u16(), headers, body: Vec::new() }
}

/// Puts our trace on a request, whoever sends it.
pub(crate) fn traced<B>(request: &mut Request<B>) {
    let trace = trace_header().and_then(|trace| HeaderValue::try_from(trace).ok());
    if let Some(trace) = trace {
        request.headers_mut().insert(TRACE_HEADER, trace);
    }
}

/// The innermost reason, in Java's words.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let reason = deepest(error);
    reason.strip_prefix(LOOKUP).map(str::to_owned).unwrap_or(reason)
}

fn connector() -> Connector {
    // Without a limit on answers: whoever asks has its own.
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).build();
    Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

const AGENT: &str = concat!("stepwright/", env!("CARGO_PKG_VERSION"));
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const LOOKUP: &str = "failed to lookup address information: ";
