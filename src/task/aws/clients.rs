//! Clients of one service, made when they are first needed: one for each role that tasks assume, and for
//! each region that they name where we have none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use stepwright_core::engine::Failure;

use super::{Aws, endpoint};

/// Region and role.
type Key = (Option<String>, Option<Arc<str>>);

/// The clients of a service.
pub(in crate::task) struct Clients<C> {
    aws: Arc<Aws>,
    /// The id of the service's API.
    service_id: &'static str,
    make: fn(&SdkConfig) -> C,
    made: Mutex<HashMap<Key, C>>,
}

impl<C: Clone> Clients<C> {
    /// None yet.
    pub(in crate::task) fn new(
        aws: Arc<Aws>,
        service_id: &'static str,
        make: fn(&SdkConfig) -> C,
    ) -> Clients<C> {
        Clients { aws, service_id, make, made: Mutex::default() }
    }

    /// The client for a role, or for ourselves. `region` is taken if no other is known.
    ///
    /// # Errors
    /// There is no region.
    pub(in crate::task) async fn client(
        &self,
        region: Option<&str>,
        role: Option<&Arc<str>>,
    ) -> Result<C, Failure> {
        let key = (region.map(str::to_owned), role.cloned());
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made().get(&key).cloned() {
            return Ok(client);
        }
        let config = self.aws.config(region, role).await?;
        let config = match self.aws.endpoint(&config, self.service_id) {
            Some(there) => endpoint::with(config, there),
            None => config,
        };
        let client = (self.make)(&config);
        made().insert(key, client.clone());
        Ok(client)
    }
}
