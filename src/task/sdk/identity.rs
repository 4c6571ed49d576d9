//! Who calls: credentials of our own and of roles, kept until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use stepwright_core::engine::Failure;

use crate::task::aws::credentials_failure;

/// Credentials by role; without one they are our own.
#[derive(Default)]
pub(super) struct Identities(Mutex<HashMap<Option<Arc<str>>, Credentials>>);

impl Identities {
    /// Credentials for a call. Two first calls at a time may both ask for them.
    ///
    /// # Errors
    /// There are none, or the role cannot be assumed.
    pub(super) async fn credentials(
        &self,
        config: &SdkConfig,
        role: Option<&Arc<str>>,
    ) -> Result<Credentials, Failure> {
        let known = self.known().get(&role.cloned()).filter(|known| fresh(known)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = match config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded("there is no source of credentials")),
        };
        let found = found.map_err(|error| credentials_failure(&error, role).unwrap_or_default())?;
        self.known().insert(role.cloned(), found.clone());
        Ok(found)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<Arc<str>>, Credentials>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(known: &Credentials) -> bool {
    let soon = SystemTime::now() + EXPIRES_SOON;
    known.expiry().is_none_or(|expiry| expiry > soon)
}

const EXPIRES_SOON: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_used_until_shortly_before_they_expire() {
        let table = [(None, true), (Some(3600), true), (Some(30), false)];
        for (seconds, expected) in table {
            let expiry = seconds.map(|s| SystemTime::now() + Duration::from_secs(s));
            let known = Credentials::new("id", "secret", None, expiry, "test");
            assert_eq!(fresh(&known), expected, "{seconds:?}");
        }
    }
}
