//! Who may reach a server and who may use it: the options of `serve` about that, and what they must not say.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;

use crate::api::auth::{self, Refusal, Secret};
use crate::local::keys::WatchedKeys;
use crate::local::world::Home;

/// Options about authentication.
#[derive(Debug, Args)]
pub(super) struct Door {
    /// Accept only requests signed with an access key of this installation (see `stepwright keys`); with --in-memory,
    /// with that of $STEPWRIGHT_ACCESS_KEY_ID and $STEPWRIGHT_SECRET_ACCESS_KEY.
    #[arg(long)]
    auth: bool,
    /// Accept every request: the default on this machine. For other machines it takes --allow-remote as well.
    #[arg(long, conflicts_with = "auth")]
    no_auth: bool,
    /// Let other machines in although there is no authentication; only together with --no-auth.
    #[arg(long, requires = "no_auth")]
    allow_remote: bool,
}

/// Why the door cannot be as the options say.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "{0} can be reached from other machines, and whoever reaches it could run anything here: add --auth \
         (`stepwright keys create` makes a key), or say twice that this is meant: --no-auth --allow-remote"
    )]
    Open(SocketAddr),
    #[error(
        "--auth with --in-memory takes its one access key from STEPWRIGHT_ACCESS_KEY_ID and \
         STEPWRIGHT_SECRET_ACCESS_KEY: set both"
    )]
    NoKey,
}

impl Door {
    /// Refuses an address that others can reach, unless there is authentication or its absence is said twice.
    pub(super) fn check(&self, address: SocketAddr) -> Result<(), Error> {
        let here = address.ip().to_canonical().is_loopback();
        if here || self.auth || (self.no_auth && self.allow_remote) {
            return Ok(());
        }
        Err(Error::Open(address))
    }

    /// The keys that open the door; `None` if it stands open.
    pub(super) fn keys(
        &self,
        home: &Home,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Arc<dyn auth::Keys>>, Error> {
        if !self.auth {
            return Ok(None);
        }
        match home {
            Home::Directory(path) => Ok(Some(Arc::new(WatchedKeys::of(path)))),
            Home::Memory => {
                let given = |name| variable(name).filter(|value| !value.is_empty());
                let id = given("STEPWRIGHT_ACCESS_KEY_ID").ok_or(Error::NoKey)?;
                let secret = given("STEPWRIGHT_SECRET_ACCESS_KEY").ok_or(Error::NoKey)?;
                Ok(Some(Arc::new(OneKey { id, secret: Secret::new(&secret) })))
            }
        }
    }
}

/// The key of a server that keeps nothing.
struct OneKey {
    id: String,
    secret: Secret,
}

impl auth::Keys for OneKey {
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        Ok((id == self.id).then(|| self.secret.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Door = Door { auth: true, no_auth: false, allow_remote: false };
    const SILENT: Door = Door { auth: false, no_auth: false, allow_remote: false };
    const ONCE: Door = Door { auth: false, no_auth: true, allow_remote: false };
    const TWICE: Door = Door { auth: false, no_auth: true, allow_remote: true };

    #[test]
    fn other_machines_get_in_only_by_key_or_if_it_is_said_twice() {
        let here = ["127.0.0.1:80", "127.8.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"];
        let anywhere = ["0.0.0.0:80", "[::]:80", "192.168.1.7:80", "[::ffff:10.0.0.1]:80"];
        for (door, remote) in [(CLOSED, true), (SILENT, false), (ONCE, false), (TWICE, true)] {
            for address in here {
                assert!(door.check(address.parse().unwrap()).is_ok(), "{door:?} {address}");
            }
            for address in anywhere {
                let result = door.check(address.parse().unwrap());
                assert_eq!(result.is_ok(), remote, "{door:?} {address}");
            }
        }
        let message = SILENT.check("0.0.0.0:8083".parse().unwrap()).unwrap_err().to_string();
        for expected in ["0.0.0.0:8083", "add --auth", "--no-auth --allow-remote"] {
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_kept_in_memory_has_the_key_of_the_environment() {
        let keys = |id: Option<&str>, secret: Option<&str>| {
            let variable = |name: &str| match name {
                "STEPWRIGHT_ACCESS_KEY_ID" => id.map(str::to_owned),
                "STEPWRIGHT_SECRET_ACCESS_KEY" => secret.map(str::to_owned),
                _ => None,
            };
            CLOSED.keys(&Home::Memory, variable)
        };
        for (id, secret) in
            [(None, None), (Some("a"), None), (None, Some("b")), (Some("a"), Some(""))]
        {
            assert!(matches!(keys(id, secret), Err(Error::NoKey)), "{id:?} {secret:?}");
        }
        let keys = keys(Some("id"), Some("secret")).unwrap().unwrap();
        assert_eq!(keys.secret("id"), Ok(Some(Secret::new("secret"))));
        assert_eq!(keys.secret("other"), Ok(None));
    }
}
