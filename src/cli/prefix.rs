//! What is said at start about the prefix `sync-`, which AWS's SDKs put before the host name for StartSyncExecution and
//! TestState, and which makes of `localhost` a name that nobody knows.

use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

/// What every reader needs to know; nothing for a server that is not on this machine's own address.
pub(super) fn hint(address: SocketAddr) -> Option<String> {
    let local = address.ip().is_loopback() || address.ip().is_unspecified();
    local.then(|| {
        "For StartSyncExecution and TestState set AWS_DISABLE_HOST_PREFIX_INJECTION=true (AWS CLI, boto3); other clients: README"
            .to_owned()
    })
}

/// Tells of an endpoint for which nothing has to be set, if this machine has one: on many systems all names that end in
/// `.localhost` mean the machine itself, on others none does. Asking can take seconds where a name server does not answer,
/// so that is left to a thread that nobody waits for.
pub(super) fn look(address: SocketAddr, tell: impl FnOnce(String) + Send + 'static) {
    if hint(address).is_none() {
        return;
    }
    let port = address.port();
    thread::spawn(move || {
        if [format!("sync-{NAME}").as_str(), NAME].iter().all(|name| means_here((name, port))) {
            tell(format!(
                "Or use the endpoint http://{NAME}:{port}: no client needs a setting for it"
            ));
        }
    });
}

fn means_here(name: (&str, u16)) -> bool {
    let found = name.to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    !found.is_empty() && found.iter().all(|address| address.ip().is_loopback())
}

const NAME: &str = "sfn.localhost";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_machine_says_so() {
        let table =
            [("127.0.0.1:1", true), ("[::1]:1", true), ("0.0.0.0:1", true), ("192.0.2.1:1", false)];
        for (address, expected) in table {
            assert_eq!(hint(address.parse().unwrap()).is_some(), expected, "{address}");
        }
    }

    #[test]
    fn a_name_that_means_another_machine_or_none_is_no_endpoint() {
        assert!(means_here(("127.0.0.1", 1)));
        assert!(!means_here(("192.0.2.1", 1)));
    }
}
