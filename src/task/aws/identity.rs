//! Who calls: credentials of our own and of roles, kept until shortly before they expire. That there are none is known for
//! a while too: to look for them may take seconds, and a busy log would look all the time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use stepwright_core::engine::Failure;

use super::failure::credentials_failure;

/// Credentials by role; without one they are our own.
#[derive(Default)]
pub(crate) struct Identities(Mutex<HashMap<Option<Arc<str>>, Found>>);

/// What a look came to.
#[derive(Clone)]
enum Found {
    Credentials(Credentials),
    None(Failure, Instant),
}

impl Identities {
    /// Credentials for a call. Two first calls at a time may both ask for them.
    ///
    /// # Errors
    /// There are none, or the role cannot be assumed.
    pub(crate) async fn credentials(
        &self,
        provider: Option<SharedCredentialsProvider>,
        role: Option<&Arc<str>>,
    ) -> Result<Credentials, Failure> {
        let known = self.known().get(&role.cloned()).filter(|found| found.holds()).cloned();
        match known {
            Some(Found::Credentials(known)) => return Ok(known),
            Some(Found::None(failure, _)) => return Err(failure),
            None => {}
        }
        let found = match provider {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded("there is no source of credentials")),
        };
        let found = found.map_err(|error| credentials_failure(&error, role).unwrap_or_default());
        let noted = match &found {
            Ok(credentials) => Some(Found::Credentials(credentials.clone())),
            // A role may be granted at any time, and who asks for it will ask again.
            Err(_) if role.is_some() => None,
            Err(failure) => Some(Found::None(failure.clone(), Instant::now())),
        };
        if let Some(noted) = noted {
            self.known().insert(role.cloned(), noted);
        }
        found
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<Arc<str>>, Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    /// Whether it is still to be believed.
    fn holds(&self) -> bool {
        match self {
            Found::Credentials(known) => {
                let soon = SystemTime::now() + EXPIRES_SOON;
                known.expiry().is_none_or(|expiry| expiry > soon)
            }
            Found::None(_, since) => since.elapsed() < LOOK_AGAIN,
        }
    }
}

const EXPIRES_SOON: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    #[test]
    fn credentials_are_used_until_shortly_before_they_expire() {
        let table = [(None, true), (Some(3600), true), (Some(30), false)];
        for (seconds, expected) in table {
            let expiry = seconds.map(|s| SystemTime::now() + Duration::from_secs(s));
            let known = Credentials::new("id", "secret", None, expiry, "test");
            assert_eq!(Found::Credentials(known).holds(), expected, "{seconds:?}");
        }
    }

    /// Counts who asks.
    #[derive(Clone, Debug, Default)]
    struct Nobody(Arc<AtomicUsize>);

    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.0.fetch_add(1, Ordering::Relaxed);
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing here")))
        }
    }

    #[tokio::test]
    async fn credentials_that_are_not_there_are_looked_for_once_in_a_while_and_roles_each_time() {
        let nobody = Nobody::default();
        let role: Arc<str> = "arn:aws:iam::123456789012:role/r".into();
        let identities = Identities::default();
        for (role, looks) in [(None, 1), (None, 1), (Some(&role), 2), (Some(&role), 3)] {
            let provider = SharedCredentialsProvider::new(nobody.clone());
            assert!(identities.credentials(Some(provider), role).await.is_err());
            assert_eq!(nobody.0.load(Ordering::Relaxed), looks);
        }
    }
}
