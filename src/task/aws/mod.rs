//! AWS, as far as all services share it: where it is, who we are, how requests are signed and sent.
//!
//! ```text
//! config, endpoint (where) --+
//! identity (who) ------------+--> signature --> send: with our trace, once
//! ```
//!
//! Everything is looked up when it is first needed. A request is never repeated here: repeating is the business of the
//! workflow's own retriers, and a repeated task would be done twice. What may be repeated is, by `crate::retry`, where it
//! is asked for.

use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use stepwright_core::engine::Failure;
use tokio::sync::OnceCell;

use super::http::Connections;
use super::web::Reach;

mod clients;
mod config;
pub(crate) mod endpoint;
mod failure;
mod identity;
mod partition;
mod send;
mod signature;
mod trace;

pub(super) use clients::Clients;
pub(crate) use failure::{credentials_failure, deepest, for_machine, sources};
pub(crate) use identity::Identities;
pub(crate) use partition::Partition;
pub(crate) use send::{Response, Sender, Unsent, head, read, reason, traced};
pub(crate) use signature::{Scope, presign, sign};
pub use trace::in_trace;
pub(crate) use trace::{TRACE_HEADER, trace_header};

/// How AWS is reached. What is `None` is found in the environment, when it is first needed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Region; by default that of the environment or the profile, else that of the function's ARN.
    pub region: Option<String>,
    /// Endpoint of the Lambda API, over all others; by default `LAMBDA_ENDPOINT` (as Step Functions Local has it), then
    /// `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL` and AWS itself.
    pub lambda_endpoint: Option<String>,
    /// Endpoint of all other services, over all others; by default the variable that Step Functions Local has for the
    /// service, then `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the same of the profile, and AWS itself.
    pub endpoint: Option<String>,
    /// Credentials; by default those of environment, profile, web identity, container or instance, in this order.
    pub credentials: Option<SharedCredentialsProvider>,
    /// Which addresses tasks may reach that name them.
    pub reach: Reach,
    /// Connections of HTTP Tasks on this machine; others are looked up in EventBridge.
    pub connections: Connections,
}

/// The way to AWS: one for all tasks of a process, so that it is looked up once.
pub(super) struct Aws {
    settings: Settings,
    base: OnceCell<SdkConfig>,
    identities: Identities,
    sender: Sender,
}

impl Aws {
    /// Nothing is looked up yet.
    pub(super) fn new(settings: Settings) -> Aws {
        let (identities, sender) = (Identities::default(), Sender::default());
        Aws { settings, base: OnceCell::new(), identities, sender }
    }

    /// The settings as they were given.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The configuration for calls as ourselves or in a role; who makes a client of it keeps the client. `region` is taken
    /// if no other is known.
    ///
    /// # Errors
    /// There is no region.
    pub(super) async fn config(
        &self,
        region: Option<&str>,
        role: Option<&Arc<str>>,
    ) -> Result<SdkConfig, Failure> {
        let base = self.base.get_or_init(|| config::load(&self.settings)).await;
        let config = match (base.region(), region) {
            (Some(_), _) => base.clone(),
            (None, Some(region)) => {
                base.to_builder().region(Region::new(region.to_owned())).build()
            }
            (None, None) => return Err(failure::no_region()),
        };
        match role {
            None => Ok(config),
            Some(role) => Ok(config::assumed(config, role).await),
        }
    }

    /// Where a service is, if not at AWS.
    pub(super) fn endpoint(&self, config: &SdkConfig, service_id: &str) -> Option<String> {
        endpoint::endpoint(&self.settings, config, service_id)
    }

    /// Credentials for a call with a configuration.
    ///
    /// # Errors
    /// There are none, or the role cannot be assumed.
    pub(super) async fn credentials(
        &self,
        config: &SdkConfig,
        role: Option<&Arc<str>>,
    ) -> Result<Credentials, Failure> {
        self.identities.credentials(config.credentials_provider(), role).await
    }

    /// Sends requests.
    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }
}
