//! Clients of one service, made when they are first needed: one for each role that tasks assume.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_types::origin::Origin;
use stepwright_core::engine::Failure;

use super::aws::Aws;

/// The clients of a service.
pub(super) struct Clients<C> {
    aws: Arc<Aws>,
    /// The variable of Step Functions Local that says where the service is.
    variable: &'static str,
    make: fn(&SdkConfig) -> C,
    made: Mutex<HashMap<Option<Arc<str>>, C>>,
}

impl<C: Clone> Clients<C> {
    /// None yet.
    pub(super) fn new(
        aws: Arc<Aws>,
        variable: &'static str,
        make: fn(&SdkConfig) -> C,
    ) -> Clients<C> {
        Clients { aws, variable, make, made: Mutex::default() }
    }

    /// The client for a role, or for ourselves. `region` is taken if no other is known.
    ///
    /// # Errors
    /// There is no region.
    pub(super) async fn client(
        &self,
        region: Option<&str>,
        role: Option<&Arc<str>>,
    ) -> Result<C, Failure> {
        let key = role.cloned();
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made().get(&key).cloned() {
            return Ok(client);
        }
        let config = self.aws.config(region, role).await?;
        let config = match self.endpoint() {
            Some(endpoint) => told(config, endpoint),
            None => config,
        };
        let client = (self.make)(&config);
        made().insert(key, client.clone());
        Ok(client)
    }

    /// Where the service is, if we were told, beside what the SDK itself looks at.
    fn endpoint(&self) -> Option<String> {
        let given = self.aws.settings().endpoint.clone();
        let given = given.or_else(|| std::env::var(self.variable).ok());
        given.filter(|endpoint| !endpoint.trim().is_empty())
    }
}

/// The configuration with this endpoint, before all that the SDK finds in the environment.
fn told(config: SdkConfig, endpoint: String) -> SdkConfig {
    let mut builder = config.into_builder().endpoint_url(endpoint);
    builder.insert_origin("endpoint_url", Origin::shared_config());
    builder.build()
}
