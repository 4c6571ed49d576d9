//! Signed calls of AWS services that have no client crate here: AWS JSON over HTTPS, with Signature Version 4.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::header::HeaderValue;
use serde_json::Value as Json;
use stepwright_core::engine::Failure;
use tokio::sync::Mutex;

use super::aws::{Aws, Settings, TRACE_HEADER, deepest, trace_header};

/// A service, as its requests name it.
pub(crate) struct JsonService {
    /// What signatures are for, and the first label of the host.
    pub(crate) name: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// Environment variable with an endpoint for this service alone.
    pub(crate) endpoint: &'static str,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// By the service.
    #[error("{code}: {message}")]
    Service {
        /// HTTP status.
        status: u16,
        /// Error type without its namespace.
        code: String,
        /// What it says.
        message: String,
    },
    /// There was no answer.
    #[error("{0}")]
    Unreachable(String),
    /// There is nothing to sign with, or no region.
    #[error("{0}")]
    Unsigned(String),
}

/// What a look for credentials came to; that there are none is known for a while.
enum Found {
    Credentials(Credentials),
    None(String, Instant),
}

/// Calls services in our name.
pub(crate) struct Signed {
    aws: Aws,
    connector: Connector,
    credentials: Mutex<Option<Found>>,
}

impl Signed {
    /// Nothing is looked up yet.
    pub(crate) fn new(settings: Settings) -> Signed {
        let tls = Provider::Rustls(CryptoMode::Ring);
        Signed {
            aws: Aws::new(settings),
            connector: Connector::builder().tls_provider(tls).build(),
            credentials: Mutex::new(None),
        }
    }

    /// Calls an operation, once. Without `region`, ours.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn call(
        &self,
        service: &JsonService,
        region: Option<&str>,
        (operation, body): (&str, &Json),
    ) -> Result<Json, Refused> {
        let config = self.aws.config(region, None).await.map_err(unsigned)?;
        let own = config.region().map(ToString::to_string).unwrap_or_default();
        let region = region.unwrap_or(&own);
        let endpoint = std::env::var(service.endpoint)
            .ok()
            .filter(|url| !url.is_empty())
            .or_else(|| config.endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| public_endpoint(service.name, region));
        let request = Request::post(format!("{}/", endpoint.trim_end_matches('/')))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{}.{operation}", service.target))
            .body(body.to_string())
            .map_err(|error| Refused::Unreachable(error.to_string()))?;
        let credentials = self.credentials(&config).await?;
        let request = signed(request, &credentials, (service.name, region))?;
        self.send(request).await
    }

    /// Signs a request to another server, in a region (ours if `None`) and a role.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn sign<B: AsRef<[u8]>>(
        &self,
        request: Request<B>,
        (service, region): (&str, Option<&str>),
        role: Option<&Arc<str>>,
    ) -> Result<Request<B>, Refused> {
        let config = self.aws.config(region, role).await.map_err(unsigned)?;
        let own = config.region().map(ToString::to_string).unwrap_or_default();
        let credentials = match role {
            None => self.credentials(&config).await?,
            Some(_) => look(&config).await.map_err(Refused::Unsigned)?,
        };
        signed(request, &credentials, (service, region.unwrap_or(&own)))
    }

    async fn send(&self, request: Request<String>) -> Result<Json, Refused> {
        let unreachable =
            |error: &(dyn std::error::Error + 'static)| Refused::Unreachable(deepest(error));
        let request = HttpRequest::try_from(request.map(SdkBody::from))
            .map_err(|error| unreachable(&error))?;
        let answered = async {
            let response = self.connector.call(request).await.map_err(|e| unreachable(&e))?;
            let status = response.status().as_u16();
            let kind = response.headers().get("x-amzn-errortype").map(str::to_owned);
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| Refused::Unreachable(error.to_string()))?;
            Ok((status, kind, body.to_bytes()))
        };
        let late = |_| Refused::Unreachable("there was no answer in time".into());
        let (status, kind, body) =
            tokio::time::timeout(PATIENCE, answered).await.map_err(late)??;
        let body: Json = serde_json::from_slice(&body).unwrap_or(Json::Null);
        if status < 300 {
            return Ok(body);
        }
        let text =
            |names: &[&str]| names.iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
        let kind = kind.or_else(|| text(&["__type", "code"])).unwrap_or_default();
        let code = kind.split(':').next().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        let message = text(&["message", "Message"]).unwrap_or_default();
        Err(Refused::Service { status, code, message })
    }

    /// Credentials, looked up again when they are about to expire.
    async fn credentials(&self, config: &aws_config::SdkConfig) -> Result<Credentials, Refused> {
        let mut known = self.credentials.lock().await;
        let soon = SystemTime::now() + EXPIRES_SOON;
        match known.as_ref() {
            Some(Found::Credentials(found)) if found.expiry().is_none_or(|at| at > soon) => {
                return Ok(found.clone());
            }
            Some(Found::None(why, at)) if at.elapsed() < LOOK_AGAIN => {
                return Err(Refused::Unsigned(why.clone()));
            }
            _ => {}
        }
        match look(config).await {
            Ok(found) => {
                *known = Some(Found::Credentials(found.clone()));
                Ok(found)
            }
            Err(detail) => {
                let why = format!("there are no AWS credentials ({detail})");
                *known = Some(Found::None(why.clone(), Instant::now()));
                Err(Refused::Unsigned(why))
            }
        }
    }
}

async fn look(config: &aws_config::SdkConfig) -> Result<Credentials, String> {
    match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.map_err(|e| deepest(&e)),
        None => Err("nobody provides any".to_owned()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn unsigned(failure: Failure) -> Refused {
    Refused::Unsigned(failure.cause.as_deref().unwrap_or_default().to_owned())
}

/// The request with its signature for a service in a region.
///
/// # Errors
/// The request cannot be signed.
pub(crate) fn signed<B: AsRef<[u8]>>(
    mut request: Request<B>,
    credentials: &Credentials,
    (service, region): (&str, &str),
) -> Result<Request<B>, Refused> {
    let refused = |error: &dyn std::fmt::Display| Refused::Unsigned(error.to_string());
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| refused(&error))?
        .into();
    let uri = request.uri().to_string();
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(request.body().as_ref());
    let signable = SignableRequest::new(request.method().as_str(), &uri, headers, body)
        .map_err(|error| refused(&error))?;
    let (instructions, _) = sign(signable, &params).map_err(|error| refused(&error))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    if let Some(trace) = trace_header() {
        let trace = HeaderValue::from_str(&trace).map_err(|error| refused(&error))?;
        request.headers_mut().insert(TRACE_HEADER, trace);
    }
    Ok(request)
}

fn public_endpoint(service: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{service}.{region}.{domain}")
}

/// Where the calls of a service go, if the environment says so: its own variable, or the one for all services.
pub(crate) fn endpoint_is_set(service: &JsonService) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    set(service.endpoint) || set("AWS_ENDPOINT_URL")
}

const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_secs(30);
const EXPIRES_SOON: Duration = Duration::from_secs(60);
