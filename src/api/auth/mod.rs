//! Who asks? AWS Signature Version 4, verified: pure, with keys and time given to it.
//!
//! ```text
//! headers -> authorization (who, scope, what is signed) -> moment (date and skew)
//!         -> canonical (what was signed) -> signature (does it hold?)
//!                                        -> refusal (if anything does not)
//! ```
//!
//! Promise: a request is accepted only if somebody who holds the secret of an access key signed this method, path,
//! query, body, host, date and target, within five minutes of now. What costs little is checked first, so that a
//! stranger cannot make the server hash.
//!
//! Decisions where AWS leaves room or where this is not AWS:
//! - The service is `states`, which unmodified SDKs sign for whatever the endpoint.
//! - Any region is accepted: it is part of what is signed, but one installation answers for all of them.
//! - A session token is ignored: keys of an installation are long-lived and have none.
//! - The hash of the body is always computed, so `UNSIGNED-PAYLOAD` is never accepted.
//! - A presigned query is not accepted: no client of Step Functions makes one.

mod authorization;
mod canonical;
mod moment;
mod refusal;
mod signature;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use stepwright_core::time::Timestamp;

pub use refusal::Refusal;

use authorization::Authorization;

/// A request as it came, before anybody believes it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path as on the wire, still encoded.
    pub path: &'a str,
    /// Query as on the wire, without `?`.
    pub query: Option<&'a str>,
    /// Names (in any case) and values in the order of the wire.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The whole body.
    pub body: &'a [u8],
}

/// The secret part of an access key. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// From its text.
    pub fn new(text: &str) -> Secret {
        Secret(text.into())
    }

    /// Its text: for sealing it, and for showing it once to whom it is given.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where access keys are looked up.
pub trait Keys: Send + Sync {
    /// The secret of an access key; `None` if there is no such key.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`]: the keys cannot be read now. Nobody is let in then.
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal>;
}

/// Verifies the signature of a request at the time `now`.
///
/// # Errors
/// Why the request is not accepted, in AWS's words.
pub fn verify(request: &Request<'_>, keys: &dyn Keys, now: Timestamp) -> Result<(), Refusal> {
    let authorization = Authorization::read(request)?;
    authorization.check(request, SERVICE)?;
    moment::same_day(authorization.scope.day, authorization.date)?;
    moment::check(authorization.date, authorization.time, now)?;
    let secret = keys.secret(authorization.key)?.ok_or(Refusal::UnknownKey)?;
    let canonical = canonical::request(request, &authorization.signed).ok_or(Refusal::Mismatch)?;
    let text = signature::string_to_sign(authorization.date, authorization.scope, &canonical);
    let key = signature::key(&secret, authorization.scope).ok_or(Refusal::Mismatch)?;
    if signature::holds(&key, &text, authorization.signature) {
        return Ok(());
    }
    Err(Refusal::Mismatch)
}

impl<'a> Request<'a> {
    /// The values of a header, in order.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v)
    }

    /// The value of a header that is there exactly once and is text.
    fn only(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.next().is_none().then(|| std::str::from_utf8(first).ok())?
    }
}

/// The service that clients of Step Functions sign for.
const SERVICE: &str = "states";
