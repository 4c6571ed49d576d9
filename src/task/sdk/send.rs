//! Requests of the protocols on their way through the room that signs and sends.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use hyper::Request as HttpRequest;
use hyper::header::{HeaderName, HeaderValue};

use super::protocol::{Request, Response};
use crate::task::aws::{self, Scope, Sender};

/// Where a request goes, and what its signature is for.
pub(super) struct Target {
    /// Scheme, authority and path before the request's own.
    pub(super) endpoint: String,
    /// What the signature is for.
    pub(super) scope: Scope,
    /// Without signature if there are none.
    pub(super) credentials: Option<Credentials>,
}

/// Sends a request and reads the head of its response.
///
/// # Errors
/// Why there is no response, in words.
pub(super) async fn open(
    sender: &Sender,
    request: Request,
    target: &Target,
) -> Result<HttpResponse, String> {
    let request = assembled(request, target)?;
    let signature = target.credentials.as_ref().map(|credentials| (&target.scope, credentials));
    sender.open(request, signature).await.map_err(|unsent| unsent.to_string())
}

/// A whole response.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) async fn read(response: HttpResponse) -> Result<Response, String> {
    aws::read(response).await.map_err(|unsent| unsent.to_string())
}

/// The request with its host.
fn assembled(request: Request, target: &Target) -> Result<HttpRequest<Vec<u8>>, String> {
    let url = format!("{}{}", target.endpoint, request.target());
    let http = HttpRequest::builder().method(request.method).uri(url).body(request.body);
    let mut http = http.map_err(|error| error.to_string())?;
    for (name, value) in request.headers {
        let pair = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value).ok());
        let invalid = || format!("The value of the header {name} has an invalid format");
        let (header, value) = pair.ok_or_else(invalid)?;
        http.headers_mut().insert(header, value);
    }
    Ok(http)
}
