//! Requests to AWS for which no SDK crate is worth its size, and which start faster without the models of all services.

use std::sync::Arc;
use std::time::Duration;

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::task::aws::{Identities, Scope, Sender, Unsent};

/// Sends requests.
pub struct Web {
    sender: Sender,
    identities: Identities,
    provider: SharedCredentialsProvider,
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
    #[error("{0}")]
    Credentials(Arc<str>),
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

    fn with(provider: SharedCredentialsProvider, region: &str) -> Web {
        let (sender, identities) = (Sender::default(), Identities::default());
        Web { sender, identities, provider, region: region.to_owned() }
    }

    /// Sends a request, signed for a service.
    ///
    /// # Errors
    /// There are no credentials, or nobody answered.
    pub async fn signed(&self, request: &Request<'_>, service: &str) -> Result<Answer, Error> {
        let found = self.identities.credentials(Some(self.provider.clone()), None).await;
        let credentials =
            found.map_err(|failure| Error::Credentials(failure.cause.unwrap_or_default()))?;
        self.deliver(request, Some((&Scope::new(service, &self.region), &credentials))).await
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// Nobody answered.
    pub async fn unsigned(&self, request: &Request<'_>) -> Result<Answer, Error> {
        self.deliver(request, None).await
    }

    async fn deliver(
        &self,
        request: &Request<'_>,
        signature: Option<(&Scope, &Credentials)>,
    ) -> Result<Answer, Error> {
        let url = || request.url.to_owned();
        let mut out = hyper::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            out = out.header(*name, *value);
        }
        let out = out.body(request.body.clone());
        let out = out.map_err(|error| Error::Request { url: url(), why: error.to_string() })?;
        let sent = tokio::time::timeout(LONGEST, self.sender.send(out, signature)).await;
        let late = |_| Error::Unreachable { url: url(), why: "no answer in time".to_owned() };
        let answer = sent.map_err(late)?.map_err(|unsent| match unsent {
            Unsent::Malformed(why) => Error::Request { url: url(), why },
            Unsent::Unreachable { reason: why, .. } | Unsent::Broken(why) => {
                Error::Unreachable { url: url(), why }
            }
        })?;
        Ok(Answer { status: answer.status, body: answer.body })
    }
}

const LONGEST: Duration = Duration::from_secs(60);
